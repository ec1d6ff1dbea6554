// What the store keeps for itself, and for more than one part of the program; every other record has its type
// in domain/. Which key leads to which record is in keys.ts.

import type { SourceIdentity } from "../domain/market.ts";

/** The source that a branch is bound to, and its market clock. */
export interface BranchRecord {
  source: SourceIdentity;
  boundAt: string;
  /** Market time of the newest data fetched on this branch; the clock of recorded markets. */
  marketAtMs: number;
}

export interface BlobMeta {
  byteLength: number;
  storedByteLength: number;
  encoding: "identity" | "gzip";
  chunkCount: number;
  /** Last time that someone stored or re-used it; garbage collection waits for a grace after it. */
  touchedAt: string;
}

/** Chunks without a meta record, as a collection met them. */
export interface LeftOverRecord {
  seenAt: string;
  /** Of the first chunk: another one tells that somebody is writing it again. */
  versionstamp: string;
}

export interface TagRecord {
  /** System tags are set by the program and cannot be removed by hand. */
  system: boolean;
  addedAt: string;
  addedBy: string;
}

export interface EdgeRecord {
  role: string;
  /** First version of the range of inputs that the edge covers; the last one is in the key. */
  firstVersion: number;
}

/** How far retention has come: of what is missing up to there nothing is lost by accident. */
export interface ForgottenRecord {
  through: number;
  /** How many records of the kind so far. */
  count: number;
  at: string;
}

/** What a store says of itself. */
export interface SchemaRecord {
  /** The schema that all records follow. */
  version: number;
  /** The first version of the program that knows the newest schema named here. */
  program: string;
  /** While records are brought to a newer schema: to which, and where the store was copied to before. */
  migrating: { to: number; backup: string | null } | null;
}

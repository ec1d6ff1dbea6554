// What a check of the store finds: one thing that is wrong, said so that a person can act on it.

import type { ReadScope } from "../domain/scope.ts";
import type { Transaction } from "../store/kv.ts";

/**
 * `file`: the database file itself. `blob`: bytes that are not what their hash says. `reference`: a record
 * that points to what is not there. `index`: an entry that is missing, wrong, or follows from nothing.
 * `sequence`: a record whose number was given out is missing, or a counter lags behind. `key`: a key that
 * this program does not know.
 */
export type FindingKind = "file" | "blob" | "reference" | "index" | "sequence" | "key";

export interface Finding {
  kind: FindingKind;
  /** Null for blobs and the file, which belong to no branch. */
  project: string | null;
  branch: string | null;
  /** The key after the branch, or the blob's, as JSON; the path of the file. */
  at: string;
  found: string;
  expected: string;
  next: string;
  /** What `--repair` did about it; null for nothing. */
  mended: string | null;
}

/** A finding, and how it is mended in the transaction that looks at it again; null where it cannot be. */
export interface Suspicion {
  finding: Finding;
  mend: { what: string; apply: (tx: Transaction) => void } | null;
}

export const RESTORE = "restore the store from a backup: anomaly restore <file>";
export const REPAIR = "anomaly verify --repair";

export function suspicionOf(
  scope: ReadScope,
  kind: FindingKind,
  key: Deno.KvKey,
  facts: { found: string; expected: string; mend?: Suspicion["mend"] },
): Suspicion {
  const { found, expected, mend = null } = facts;
  const { project, branch } = scope;
  const at = keyText(key.slice(branchParts));
  const next = mend ? REPAIR : RESTORE;
  return { finding: { kind, project, branch, at, found, expected, next, mended: null }, mend };
}

/** The version of the schema, the project and the branch stand before what a record's key says. */
const branchParts = 3;

/** A key as it is shown: its parts as JSON. */
export function keyText(parts: Deno.KvKey): string {
  const plain = parts.map((part) => typeof part === "bigint" ? Number(part) : part);
  return JSON.stringify(plain);
}

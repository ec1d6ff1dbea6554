// What a version was made of, on whatever branch, and which blobs records refer to: the two ways in which
// something is reached that must not be collected.

import type { LineageInput, VersionRecord, VersionRef } from "../domain/asset.ts";
import { type ReadScope, readScope } from "../domain/scope.ts";
import type { BlobRef } from "../domain/asset.ts";
import { keysOf } from "../store/keys.ts";
import type { Store } from "../store/kv.ts";
import { branchPrefix, scanPages } from "../store/scan.ts";
import { NamedRanges } from "./number_ranges.ts";
import { RECORD_KINDS } from "./references.ts";

/** Versions that are read at a time while a range of members is followed. */
const PAGE = 500;

/** The versions of a project from which something leads that stays. */
export class ReachedVersions {
  readonly #reached = new NamedRanges();

  constructor(private readonly store: Store, private readonly project: string) {}

  has(ref: VersionRef): boolean {
    return this.#reached.has(nameOf(ref), ref.version);
  }

  /** Reaches all that a version was made of, and what that was made of. */
  async addInputsOf({ inputs }: Pick<VersionRecord, "inputs">): Promise<void> {
    for (const input of inputs) await this.#addRange(input);
  }

  /** Reaches one version, and all that it was made of. */
  async add(ref: VersionRef): Promise<void> {
    await this.#addRange({ ref, firstVersion: ref.version });
  }

  /** Windows overlap: only what is new in a range is opened. */
  async #addRange(
    { ref, firstVersion }: Pick<LineageInput, "ref" | "firstVersion">,
  ): Promise<void> {
    const fresh = this.#reached.add(nameOf(ref), firstVersion, ref.version);
    const keys = keysOf(readScope(this.project, ref.branch));
    for (const [from, to] of fresh) {
      for (let first = from; first <= to; first += PAGE) {
        const records = await this.store.list(keys.versions(ref.kind, ref.name), {
          limit: PAGE,
          from: [first],
          before: [Math.min(first + PAGE, to + 1)],
        });
        for (const { value } of records) await this.addInputsOf(value);
      }
    }
  }
}

function nameOf({ branch, kind, name }: VersionRef): string {
  return `${branch} ${kind} ${name}`;
}

/** Kinds of records that refer to blobs. */
const KINDS_WITH_BLOBS = Object.entries(RECORD_KINDS)
  .filter(([, line]) => line.blobs !== undefined).map(([kind]) => kind);

/**
 * Hashes as numbers of 52 bits, some 50 bytes each: two that are taken for one keep a blob that could go,
 * and never the other way round.
 */
export class BlobMarks {
  readonly #marks = new Map<number, number>();

  /** @param note a small number that is kept with the mark; the first one stays */
  add(refs: readonly BlobRef[], note = 0): void {
    for (const { sha256 } of refs) {
      const mark = markOf(sha256);
      if (!this.#marks.has(mark)) this.#marks.set(mark, note);
    }
  }

  has(sha256: string): boolean {
    return this.#marks.has(markOf(sha256));
  }

  noteOf(sha256: string): number | undefined {
    return this.#marks.get(markOf(sha256));
  }
}

function markOf(sha256: string): number {
  return parseInt(sha256.slice(0, 13), 16);
}

/** The blobs that a record refers to. */
export function blobsOf(kind: string, record: unknown): BlobRef[] {
  return RECORD_KINDS[kind]?.blobs?.(record) ?? [];
}

/** Marks every blob that a record of a branch refers to. Records for which `goes` holds count as gone. */
export async function markBlobs(
  store: Store,
  scope: ReadScope,
  marks: BlobMarks,
  goes: (kind: string, rest: Deno.KvKeyPart[]) => boolean,
): Promise<void> {
  for (const kind of KINDS_WITH_BLOBS) {
    for await (const page of scanPages(store, [...branchPrefix(scope), kind])) {
      for (const { key, value } of page) {
        if (!goes(kind, key.slice(4))) marks.add(blobsOf(kind, value));
      }
    }
  }
}

// Walking over all keys of a store, page by page: for verifying, collecting and copying it, and for
// nothing that a page or a flow waits for. What is written meanwhile may be seen or not.

import { AppError } from "../domain/errors.ts";
import { type ReadScope, readScope } from "../domain/scope.ts";
import { BLOBS_PREFIX, keysOf, SCHEMA_VERSION } from "./keys.ts";
import type { Store } from "./kv.ts";

/** Records of one page: at most 64 KiB each, and most of them far smaller. */
const PAGE = 500;

export interface ScannedEntry {
  /** The whole key. */
  key: Deno.KvKey;
  value: unknown;
}

/**
 * Every entry below a prefix in key order, one page after another; [] for the whole store.
 *
 * @param options.page entries that are held at a time
 */
export async function* scanPages(
  store: Store,
  prefix: Deno.KvKey,
  { page = PAGE }: { page?: number } = {},
): AsyncGenerator<ScannedEntry[]> {
  let from: Deno.KvKeyPart[] | undefined;
  for (;;) {
    const entries = await readPage(store, prefix, page, from);
    if (entries.length > 0) {
      yield entries.map(({ rest, value }) => ({ key: [...prefix, ...rest], value }));
    }
    if (entries.length < page) return;
    // A key with one part more is the first that can follow.
    from = [...entries.at(-1)!.rest, ""];
  }
}

async function readPage(
  store: Store,
  prefix: Deno.KvKey,
  limit: number,
  from: Deno.KvKeyPart[] | undefined,
) {
  try {
    return await store.list({ parts: prefix }, { limit, ...(from === undefined ? {} : { from }) });
  } catch (error) {
    throw new AppError(
      "internal",
      `Cannot read the keys of ${store.location} behind ${
        JSON.stringify([...prefix, ...from ?? []])
      }: ` +
        `${
          error instanceof Error ? error.message : String(error)
        }. Expected values that Deno wrote. The ` +
        `store is damaged: restore it from a backup.`,
      { cause: error },
    );
  }
}

/** Every branch of every project that holds anything, by name: one read a branch. */
export async function allBranches(store: Store): Promise<ReadScope[]> {
  const scopes: ReadScope[] = [];
  const prefix = { parts: [SCHEMA_VERSION] };
  for (;;) {
    const last = scopes.at(-1);
    const next = await store.list(prefix, {
      limit: 1,
      ...(last === undefined ? {} : { from: [last.project, `${last.branch}\0`] }),
    });
    if (next.length === 0) return scopes;
    const [project, branch] = next[0]!.rest;
    scopes.push(readScope(String(project), String(branch)));
  }
}

/** The first parts after the branch that hold anything on it: one read a kind. */
export async function kindsOn(store: Store, scope: ReadScope): Promise<string[]> {
  const kinds: string[] = [];
  const prefix = { parts: branchPrefix(scope) };
  for (;;) {
    const last = kinds.at(-1);
    const next = await store.list(prefix, {
      limit: 1,
      ...(last === undefined ? {} : { from: [`${last}\0`] }),
    });
    if (next.length === 0) return kinds;
    kinds.push(String(next[0]!.rest[0]));
  }
}

/** The hashes of all blobs, and of chunks that are no blob yet, in order: one read each. */
export async function* blobHashes(store: Store): AsyncGenerator<string> {
  const prefix = { parts: [BLOBS_PREFIX] };
  let from: Deno.KvKeyPart[] = [""];
  for (;;) {
    const [next] = await store.list(prefix, { limit: 1, from });
    if (next === undefined) return;
    const sha256 = String(next.rest[0]);
    yield sha256;
    from = [`${sha256}\0`];
  }
}

/** What the keys of a branch begin with. */
export function branchPrefix(scope: ReadScope): Deno.KvKey {
  return keysOf(scope).branch().parts.slice(0, -1);
}

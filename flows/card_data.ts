// What the cards of all flows read: the versions that a run produced or used, and files by reference.
// Only what was stored by then and never changes, so that a card is the same whenever it is made.

import type { AssetFile, LineageInput, VersionRecord } from "../src/domain/asset.ts";
import { AppError } from "../src/domain/errors.ts";
import type { RunRecord } from "../src/domain/run.ts";
import { readScope } from "../src/domain/scope.ts";
import { numbers, type Table } from "../src/domain/table.ts";
import type { CardContext } from "../src/engine/flow.ts";
import { resolveVersion } from "../src/registry/assets.ts";
import { readBlob } from "../src/store/blobs.ts";
import { decodeTable } from "../src/store/tables.ts";

export function kickerOf({ flow, id, branch }: RunRecord): string {
  return `${flow}, run ${id} on branch ${branch}`;
}

/** The version of an asset that the run produced. */
export function producedVersion(ctx: CardContext, name: string): Promise<VersionRecord> {
  const { registry, run } = ctx;
  const made = run.produced.find((item) => item.name === name);
  if (made === undefined) {
    throw new AppError(
      "not_found",
      `Cannot make the card of run ${run.id}: it produced no ${name}. See: anomaly runs show ${run.id}`,
    );
  }
  const { kind, version } = made;
  return resolveVersion(registry, registry.scopes.write, kind, name, String(version));
}

/** The version that an input names, on whatever branch. */
export function inputVersion(
  { registry }: CardContext,
  input: LineageInput,
): Promise<VersionRecord> {
  const { branch, kind, name, version } = input.ref;
  const scope = readScope(registry.scopes.read.project, branch);
  return resolveVersion(registry, scope, kind, name, String(version));
}

export async function tableOf({ registry }: CardContext, file: AssetFile): Promise<Table> {
  return await decodeTable(await readBlob(registry.store, file));
}

export async function jsonOf<T>({ registry }: CardContext, file: AssetFile): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await readBlob(registry.store, file)));
}

/** Rows in the order of a column, the smallest first; rows without a value last. */
export function orderBy(table: Table, column: string): number[] {
  const values = numbers(table, column);
  const rank = (value: number) => Number.isNaN(value) ? Infinity : value;
  return Array.from(values.keys()).sort((a, b) => rank(values[a]!) - rank(values[b]!));
}

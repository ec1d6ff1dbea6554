// Makes a store as large as years of use would: 100,000 runs, 10,000 models, 8,760 snapshots and 876,000
// predictions, or a share of it; and one of a hundredth of that, to compare with. Run with
// `deno run --allow-all bench/dashboard_store.ts <path> [--share 0.5] [--small <path>]`.

import { parseArgs } from "@std/cli";
import { writeScope } from "../src/domain/scope.ts";
import { HOUR_MS, iso } from "../src/domain/time.ts";
import { readBlob, stageBlob, writeBlob } from "../src/store/blobs.ts";
import { keysOf } from "../src/store/keys.ts";
import { Store } from "../src/store/kv.ts";
import { BulkWriter } from "./dashboard/bulk_writer.ts";
import { BRANCH, type Examples, makeExamples, PROJECT } from "./dashboard/examples.ts";
import { type Amounts, History } from "./dashboard/history.ts";
import { RunWriter } from "./dashboard/run_writer.ts";

/** The whole of it; a share of 1. */
const WHOLE: Amounts = {
  hours: 8760,
  runs: 100_000,
  models: 10_000,
  promotions: 300,
  datasetHours: 24,
  detailedRuns: 2000,
};

const MIN_PROMOTIONS = 40;

export function amountsOf(share: number): Amounts {
  return {
    hours: Math.round(share * WHOLE.hours),
    runs: Math.round(share * WHOLE.runs),
    models: Math.round(share * WHOLE.models),
    // A small store too has a page of these: what is compared is the store's size, not the page's.
    datasetHours: Math.max(1, Math.round(share * WHOLE.datasetHours)),
    promotions: Math.max(MIN_PROMOTIONS, Math.round(share * WHOLE.promotions)),
    detailedRuns: WHOLE.detailedRuns,
  };
}

/** Makes the stores, one after another, from the same examples; what was at a path is deleted. */
export async function makeStores(
  stores: readonly { path: string; share: number }[],
  say: (line: string) => void,
): Promise<void> {
  const started = performance.now();
  const examples = await makeExamples();
  say(`the examples took ${seconds(started)}`);
  for (const { path, share } of stores) {
    const begun = performance.now();
    for (const suffix of ["", "-wal", "-shm"]) await removeIfThere(path + suffix);
    const records = await makeStore(path, amountsOf(share), examples);
    const { size } = await Deno.stat(path);
    say(`${path}: ${records} records in ${seconds(begun)}, ${(size / 2 ** 20).toFixed(0)} MiB`);
  }
  examples.store[Symbol.dispose]();
}

async function makeStore(path: string, amounts: Amounts, examples: Examples): Promise<number> {
  using store = await Store.open(path);
  const scope = writeScope(PROJECT, BRANCH);
  const lastHourMs = Math.floor(Date.now() / HOUR_MS - 1) * HOUR_MS;
  const wallStartMs = lastHourMs - (amounts.hours - 1) * HOUR_MS;
  await copyBlobs(examples, store, iso(wallStartMs));
  const writer = new BulkWriter(store, scope);
  const keys = keysOf(scope);
  const runs = new RunWriter(writer, keys, amounts.runs - amounts.detailedRuns + 1);
  await new History(examples, amounts, writer, keys, runs, wallStartMs).write();
  return writer.count;
}

/** Every version of a kind of file shares the examples' bytes, as the same bytes are stored once. */
async function copyBlobs({ store: from, ...examples }: Examples, to: Store, now: string) {
  const { write } = examples.scopes;
  const refs = new Map<string, { sha256: string; byteLength: number }>();
  collectRefs(examples, refs);
  for (const ref of refs.values()) {
    // Parquet and safetensors are stored as they are; whatever is JSON begins with a bracket.
    const bytes = await readBlob(from, ref);
    const compress = bytes[0] === "{".charCodeAt(0) || bytes[0] === "[".charCodeAt(0);
    await writeBlob(to, write, await stageBlob(bytes, { compress }), now);
  }
}

function collectRefs(value: unknown, refs: Map<string, { sha256: string; byteLength: number }>) {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  const { sha256, byteLength } = value as Record<string, unknown>;
  if (typeof sha256 === "string" && typeof byteLength === "number") {
    refs.set(sha256, { sha256, byteLength });
    return;
  }
  for (const item of Object.values(value)) collectRefs(item, refs);
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) {
  const { _: [path], share = "1", small } = parseArgs(Deno.args, { string: ["share", "small"] });
  if (path === undefined || !(Number(share) > 0 && Number(share) <= 1)) {
    print("Usage: dashboard_store.ts <path> [--share <0 < share ≤ 1>] [--small <path>]");
    Deno.exit(2);
  }
  await makeStores([
    { path: String(path), share: Number(share) },
    ...(typeof small === "string" ? [{ path: small, share: Number(share) / 100 }] : []),
  ], print);
}

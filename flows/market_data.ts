// What the flows that fetch share: opening the branch's source, one fetch, and one parsed snapshot.
// First stop of the data path: raw response → market → features' point-in-time table.

import { z } from "zod";
import type { AssetFile, JsonObject } from "../src/domain/asset.ts";
import { AppError } from "../src/domain/errors.ts";
import type { MarketSource, ParsedResponse, SourceIdentity } from "../src/domain/market.ts";
import type { Table } from "../src/domain/table.ts";
import { iso } from "../src/domain/time.ts";
import type { StepContext } from "../src/engine/flow.ts";
import { pointInTime } from "../src/features/point_in_time.ts";
import { openSource, parseMarkets, parseSourceName } from "../src/market/mod.ts";
import {
  assertSource,
  readBranch,
  type RegistryContext,
  sourceName,
} from "../src/registry/context.ts";
import type { BranchRecord } from "../src/store/records.ts";
import { encodeTable } from "../src/store/tables.ts";

const DEFAULT_SOURCE = "coingecko";
const DEFAULT_SEED = 42;

export const sourceParam = z.string().regex(/^(coingecko|simulated|replay:.+)$/).optional().meta({
  placeholder: "source",
  expected: "coingecko, simulated or replay:<folder>",
}).describe(
  "market to fetch from: coingecko, simulated or replay:<folder> (env ANOMALY_SOURCE, default " +
    "the branch's, else coingecko)",
);
export const numCoinsParam = z.int().min(1).max(1000).optional().describe(
  "coins to ask the market for (default: num_coins of the training config, 100)",
);

type Env = (name: string) => string | undefined;

/**
 * Finds a source that cannot work (unknown name, missing or empty folder, wrong settings) before
 * anything is opened. Which source an unnamed one will be is known later; the default must work.
 */
export async function checkSource(
  params: { source?: string | undefined },
  env: Env,
): Promise<void> {
  const name = await sourceNameOf(askedSource(params, env), null);
  await openSource(name, { env, nowMs: Date.now, seed: seedOf(env) });
}

function askedSource(params: { source?: string | undefined }, env: Env): string | null {
  return params.source ?? (env("ANOMALY_SOURCE") || null);
}

/**
 * What is asked for, else what the branch is bound to, else the live market. Throws `unavailable` where
 * the recordings that the branch is bound to are not where they were last read.
 */
async function sourceNameOf(asked: string | null, bound: SourceIdentity | null): Promise<string> {
  if (asked !== null || bound === null) return asked ?? DEFAULT_SOURCE;
  if (bound.kind !== "replay") return bound.kind;
  const name = sourceName(bound);
  if (await isFolder(name.slice("replay:".length))) return name;
  throw new AppError(
    "unavailable",
    `Cannot go on with the recordings that the branch was last fed from: found no folder at ${name}, ` +
      `expected it there, or to be named. Next: if it has moved, add --source replay:<folder>.`,
    { details: { bound: name } },
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function seedOf(env: Env, bound?: string): number {
  const text = env("ANOMALY_SEED") ?? bound;
  if (text === undefined || text === "") return DEFAULT_SEED;
  const seed = Number(text);
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed;
  throw new AppError(
    "invalid",
    `Cannot use ANOMALY_SEED "${text}": expected an integer from 0 to 4294967295. ` +
      `Next: correct it, or unset it`,
  );
}

interface FetchContext {
  params: { source?: string | undefined; num_coins?: number | undefined };
  configs: { training_config: { num_coins: number } };
  registry: RegistryContext;
  env: Env;
  signal: AbortSignal;
}

/** One answer of the market, kept as it came, with what is needed to register it. */
export type FetchedMarket = {
  market_at_ms: number;
  origin: string;
  source_name: string;
  source: SourceIdentity;
  raw: AssetFile;
  labels: AssetFile | null;
};

/**
 * The source that a branch goes on with: the one asked for, else the one that it is bound to.
 * Throws `conflict` where they differ.
 */
export async function openBranchSource(
  ctx: Pick<FetchContext, "params" | "env" | "registry">,
  branch: string,
  record: BranchRecord | null,
): Promise<MarketSource> {
  const { registry, env, params } = ctx;
  const bound = record?.source ?? null;
  const source = await openSource(await sourceNameOf(askedSource(params, env), bound), {
    env,
    nowMs: () => registry.nowMs(),
    seed: seedOf(env, bound?.kind === "simulated" ? bound.key : undefined),
  });
  assertSource(record, source.identity, branch);
  return source;
}

/** Asks the branch's source for what comes after the branch's market clock. */
export async function fetchMarket<P extends FetchContext["params"]>(
  ctx: StepContext<P>,
): Promise<FetchedMarket> {
  const { registry } = ctx;
  const { write } = registry.scopes;
  const branch = await readBranch(registry, write);
  const source = await openBranchSource(ctx, write.branch, branch);
  const response = await source.fetch({
    numCoins: ctx.params.num_coins ?? ctx.configs.training_config.num_coins,
    afterMs: branch?.marketAtMs ?? null,
    signal: ctx.signal,
    onWait: (message) => ctx.log(message, "warn"),
  });
  const at = iso(response.marketAtMs);
  ctx.log(`fetched ${response.origin}: market at ${at}`);
  return {
    market_at_ms: response.marketAtMs,
    origin: response.origin,
    source_name: parseSourceName(source.name).kind,
    source: source.identity,
    raw: await ctx.putBlob(response.body, "application/json"),
    labels: response.labels.length === 0
      ? null
      : await ctx.putBlob(jsonBytes(response.labels), "application/json"),
  };
}

export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A fetched response, understood: its table, and what was refused or odd. */
export type ParsedMarket = {
  table: AssetFile;
  rows: number;
  refused: number;
  refused_reasons: JsonObject;
  refused_rows: AssetFile | null;
  notes: JsonObject;
};

/** Parses a fetched response row by row and keeps the small table. */
export async function parseMarket(
  ctx: StepContext<unknown>,
  fetched: FetchedMarket,
): Promise<{ parsed: ParsedMarket; table: Table }> {
  const response = parseMarkets(await ctx.readBlob(fetched.raw));
  const table = pointInTime(response.rows, fetched.market_at_ms);
  const reasons = countReasons(response);
  const { length: refused } = response.refused;
  ctx.log(
    `${response.rows.length} rows taken, ${refused} refused` +
      (refused > 0 ? `: ${listCounts(reasons)}` : ""),
    refused > 0 ? "warn" : "info",
  );
  if (Object.keys(response.notes).length > 0) {
    ctx.log(`kept, but odd: ${listCounts(response.notes)}`);
  }
  const parsed: ParsedMarket = {
    table: await ctx.putBlob(encodeTable(table), "application/vnd.apache.parquet"),
    rows: response.rows.length,
    refused,
    refused_reasons: reasons,
    refused_rows: refused === 0
      ? null
      : await ctx.putBlob(jsonBytes(response.refused), "application/json"),
    notes: response.notes,
  };
  return { parsed, table };
}

function countReasons(response: ParsedResponse): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of response.refused) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function listCounts(counts: Record<string, number>): string {
  return Object.entries(counts).map(([what, count]) => `${what} (${count})`).join(", ");
}

// What a word may mean: a version, a run, a coin, a flow, a feature, a data asset. By key or by short range
// only, so that it costs the same however much is stored.

import { ASSET, DATA_ASSETS } from "../../src/domain/asset.ts";
import { wordsOf } from "../../src/domain/drivers.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { listAliases } from "../../src/registry/aliases.ts";
import { getVersion, latestVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { getRun } from "../../src/registry/runs.ts";
import { namesOf } from "./annotations.ts";
import { batchRows, newestBatches } from "./batches.ts";
import { snapshotRows } from "./snapshots.ts";

const MAX_HITS = 30;
const MAX_COINS = 12;
const MAX_TEXT = 100;

export interface Hit {
  kind: "model" | "run" | "data" | "coin" | "flow" | "feature";
  /** As the market or the program names it; not yet made safe to show. */
  title: string;
  note: string;
  /** The page of it, without the branch. */
  path: string;
}

/** What the text may mean on a branch, the surest first. */
export async function search(
  registry: RegistryContext,
  scope: ReadScope,
  { text, flows }: { text: string; flows: readonly Flow[] },
): Promise<Hit[]> {
  const wanted = text.trim().slice(0, MAX_TEXT).toLowerCase();
  if (wanted === "") return [];
  const found = await Promise.all([
    findModels(registry, scope, wanted),
    findRun(registry, scope, flows, wanted),
    findDataVersion(registry, scope, wanted),
    findCoins(registry, scope, wanted),
    findFlows(flows, wanted),
    findAssets(wanted),
    findFeatures(registry, scope, wanted),
  ]);
  return found.flat().slice(0, MAX_HITS);
}

/** "7", "v7", "champion", "@champion" */
async function findModels(
  registry: RegistryContext,
  scope: ReadScope,
  wanted: string,
): Promise<Hit[]> {
  const name = ASSET.detector;
  const number = numberIn(/^v?(\d{1,15})$/, wanted);
  const record = number && await getVersion(registry, scope, "model", name, number);
  const alias = wanted.replace(/^@/, "");
  const holders = number === null ? await listAliases(registry, scope, name) : [];
  return [
    ...(record
      ? [{
        kind: "model" as const,
        title: `v${number}`,
        note: record.description,
        path: `/models/${number}`,
      }]
      : []),
    ...holders.filter((holder) => alias !== "" && holder.alias.startsWith(alias)).map((holder) => ({
      kind: "model" as const,
      title: `v${holder.version}`,
      note: holder.alias,
      path: `/models/${holder.version}`,
    })),
  ];
}

/** "779", "run 779", "run:779", "train/12", "TrainDetectorFlow/12" */
async function findRun(
  registry: RegistryContext,
  scope: ReadScope,
  flows: readonly Flow[],
  wanted: string,
): Promise<Hit[]> {
  const [, flowText, digits] = /^(?:run[ :]|([a-z_]+)\/)?(\d{1,15})$/.exec(wanted) ?? [];
  if (digits === undefined) return [];
  const run = await getRun(registry, scope, Number(digits));
  const flow = flows.find(({ name, originalName }) =>
    flowText === name || flowText === originalName.toLowerCase()
  );
  if (run === null || (flowText !== undefined && run.flow !== flow?.name)) return [];
  return [{
    kind: "run",
    title: `run ${run.id}`,
    note: `${run.flow}, ${run.status}`,
    path: `/runs/${run.id}`,
  }];
}

/** "training_dataset v3", "market_snapshot 17" */
async function findDataVersion(
  registry: RegistryContext,
  scope: ReadScope,
  wanted: string,
): Promise<Hit[]> {
  const [, word, digits] = /^([a-z_]+)[ /]v?(\d{1,15})$/.exec(wanted) ?? [];
  const name = DATA_ASSETS.find((asset) => asset === word);
  if (name === undefined) return [];
  const record = await getVersion(registry, scope, "data", name, Number(digits));
  if (record === null) return [];
  const { version, description } = record;
  return [{
    kind: "data",
    title: `${name} v${version}`,
    note: description,
    path: `/data/${name}/${version}`,
  }];
}

/** Coins of the newest predictions, or of the newest snapshot where nothing was scored yet. */
async function findCoins(
  registry: RegistryContext,
  scope: ReadScope,
  wanted: string,
): Promise<Hit[]> {
  const coins = await newestCoins(registry, scope);
  const names = (coin: Coin) =>
    [coin.coinId, coin.symbol, coin.name].map((name) => name.toLowerCase());
  const begins = coins.filter((coin) => names(coin).some((name) => name.startsWith(wanted)));
  const contains = coins.filter((coin) =>
    !begins.includes(coin) && names(coin).some((name) => name.includes(wanted))
  );
  const exact = (coin: Coin) => Number(names(coin).includes(wanted));
  return [...begins.toSorted((a, b) => exact(b) - exact(a)), ...contains].slice(0, MAX_COINS)
    .map(({ coinId, symbol, name }) => ({
      kind: "coin",
      title: name,
      note: symbol === "" ? coinId : `${symbol.toUpperCase()}, ${coinId}`,
      path: `/coins/${encodeURIComponent(coinId)}`,
    }));
}

interface Coin {
  coinId: string;
  symbol: string;
  name: string;
}

async function newestCoins(registry: RegistryContext, scope: ReadScope): Promise<readonly Coin[]> {
  const [batch] = await newestBatches(registry, scope, { limit: 1 });
  if (batch !== undefined) return await batchRows(registry, batch);
  const snapshot = await latestVersion(registry, scope, "data", ASSET.snapshot);
  return snapshot === null ? [] : await snapshotRows(registry, snapshot);
}

function findFlows(flows: readonly Flow[], wanted: string): Hit[] {
  return flows
    .filter(({ name, originalName }) =>
      spoken(name).includes(spoken(wanted)) || originalName.toLowerCase().includes(wanted)
    )
    .map(({ name, summary }) => ({
      kind: "flow",
      title: name,
      note: summary,
      path: `/flows/${name}`,
    }));
}

function findAssets(wanted: string): Hit[] {
  return DATA_ASSETS.filter((name) => spoken(name).includes(spoken(wanted)))
    .map((name) => ({ kind: "data", title: name, note: "data asset", path: `/data/${name}` }));
}

/** Features of the newest dataset, by name and by what they are called. */
async function findFeatures(
  registry: RegistryContext,
  scope: ReadScope,
  wanted: string,
): Promise<Hit[]> {
  const dataset = await latestVersion(registry, scope, "data", ASSET.trainingDataset);
  return (dataset ? namesOf(dataset, "feature_names") : [])
    .map((name) => ({ name, words: wordsOf(name) }))
    .filter(({ name, words }) =>
      spoken(name).includes(spoken(wanted)) || words.label.toLowerCase().includes(wanted)
    )
    .map(({ name, words }) => ({
      kind: "feature",
      title: words.label,
      note: words.meaning,
      path: `/features#${name}`,
    }));
}

/** Names with _ as people type them. */
function spoken(name: string): string {
  return name.replaceAll("_", " ");
}

function numberIn(form: RegExp, text: string): number | null {
  const number = Number(form.exec(text)?.[1]);
  return number > 0 ? number : null;
}

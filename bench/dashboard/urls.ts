// A URL for every page of the dashboard, with things that are in the store in place of the parameters.

import type { Server } from "../../dashboard/server.ts";
import { ASSET } from "../../src/domain/asset.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { keysOf } from "../../src/store/keys.ts";
import type { Store } from "../../src/store/kv.ts";
import { BRANCH, PROJECT } from "./examples.ts";

/** The same page of two stores is known by its name. */
export interface PageUrl {
  name: string;
  path: string;
}

/** What there is to look at: the newest of everything. */
export interface Sights {
  model: number;
  dataset: number;
  /** By flow. */
  runs: Readonly<Record<string, number>>;
  coin: string;
}

export async function sightsOf(store: Store): Promise<Sights> {
  const scope = writeScope(PROJECT, BRANCH);
  const keys = keysOf(scope);
  const newest = { limit: 1, reverse: true };
  const runs: Record<string, number> = {};
  for (const flow of ["ingest", "build_dataset", "train", "evaluate", "promote", "score"]) {
    // The failed ones are fewer, and other pages.
    const ids = await store.list(keys.runsOfFlow(flow), { limit: 50, reverse: true });
    const found = await store.getMany(ids.map(({ rest }) => keys.run(Number(rest[0]))));
    runs[flow] = found.find((run) => run?.status === "completed")?.id ?? Number(ids[0]?.rest[0]);
  }
  const [model] = await store.list(keys.versions("model", ASSET.detector), newest);
  const [dataset] = await store.list(keys.versions("data", ASSET.trainingDataset), newest);
  const [scores] = await store.list(keys.coinScoresOf(0), newest);
  return {
    model: model!.value.version,
    dataset: dataset!.value.version,
    runs,
    coin: scores?.value.coins[0]?.coinId ?? "sim-quoridane",
  };
}

/** Routes that are no pages: probes, files, streams, how one gets in, what programs ask, downloads. */
const NO_PAGE =
  /^\/(health|ready|static\/.*|live|login|logout|api\/.*|\*)$|\.json$|\/files?(\/:role)?$/;

/** Pages whose parameters are in the query, or that are looked at in more than one way. */
function extraUrls({ model, runs, dataset, coin }: Sights): Record<string, string[]> {
  return {
    "/models/compare": [`/models/compare?a=${model - 1}&b=champion`],
    "/runs/cards": [
      `/runs/cards?a=${runs.train}&b=${runs.evaluate}`,
      `/runs/cards?a=${runs.score}&b=${runs.score! - 1}`,
    ],
    "/search": [`/search?q=v${model}`, `/search?q=${coin}`],
    "/data/:name": [`/data/${ASSET.snapshot}`, `/data/${ASSET.trainingDataset}`],
    "/data/:name/:version": [
      `/data/${ASSET.snapshot}/latest`,
      `/data/${ASSET.trainingDataset}/${dataset}`,
    ],
    "/runs/:id": ["score", "train", "build_dataset"].map((flow) => `/runs/${runs[flow]}`),
  };
}

/** One or more URLs for each page; a route whose parameters nobody here knows is in `unknown`. */
export function urlsOf(
  routes: Server["routes"],
  sights: Sights,
): { pages: PageUrl[]; unknown: string[] } {
  const paths = new Set(
    routes.filter(({ method }) => method === "GET").map(({ path }) => path)
      .filter((path) => !NO_PAGE.test(path)),
  );
  const pages: PageUrl[] = [];
  const unknown: string[] = [];
  for (const route of paths) {
    const urls = extraUrls(sights)[route] ?? [filled(route, sights)];
    urls.forEach((url, i) => {
      if (url === null) unknown.push(route);
      else pages.push({ name: urls.length > 1 ? `${route} (${i + 1})` : route, path: url });
    });
  }
  return { pages, unknown };
}

function filled(route: string, sights: Sights): string | null {
  const path = route
    .replace(/^\/models\/:\w+/, `/models/${sights.model - 1}`)
    .replace(/^\/runs\/:\w+/, `/runs/${sights.runs.score}`)
    .replace(/^(\/predictions)?\/coins\/:\w+/, `$1/coins/${sights.coin}`)
    .replace(/^\/data\/:\w+/, `/data/${ASSET.trainingDataset}`)
    .replace(/^\/(data\/\w+)\/:\w+/, `/$1/${sights.dataset}`)
    .replace(/^\/flows\/:\w+/, "/flows/train")
    .replace(/^\/features\/:\w+/, "/features/price_change_pct_1h");
  return path.includes(":") ? null : path;
}

/** The same page under a URL that was never asked for, so that it is rendered anew. */
export function renderedAnew(path: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}anew=${++asked}`;
}

let asked = 0;

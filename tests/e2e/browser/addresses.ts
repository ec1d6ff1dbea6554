// Where every page is to be seen: for each path of PAGES the addresses that show what is different about
// it. A page that is not in this table fails a check, so that none is forgotten.

import { CHAMPION, PROMOTABLE, REFUSED } from "./stores.ts";

/** Runs and coins that a store happens to have. */
export interface Known {
  /** A completed run of each flow. */
  runs: Record<string, number>;
  coin: string;
}

/** Reads from the twins of its pages what there is to look at. */
export async function knownOf(origin: string): Promise<Known> {
  const read = async (path: string) => await (await fetch(origin + path)).json();
  const runs: Record<string, number> = {};
  for (const flow of ["ingest", "score", "train", "evaluate", "promote", "validate_outcomes"]) {
    const list = (await read(`/runs.json?flow=${flow}`)).runs;
    runs[flow] = list[0]?.id;
  }
  const { live } = await read("/predictions/live.json");
  return { runs, coin: live.coins[0].coin_id };
}

/** Name of a picture, and the address that it is of. */
export type Addresses = Record<string, string>;

export function addressesOf({ runs, coin }: Known): Record<string, Addresses> {
  const id = encodeURIComponent(coin);
  return {
    "/": { overview: "/" },
    "/models": { models: "/models", "models-refused": "/models?status=candidate" },
    "/models/compare": { compare: `/models/compare?a=${PROMOTABLE}&b=${CHAMPION}` },
    "/models/:ref": {
      "model-champion": `/models/${CHAMPION}`,
      "model-refused": `/models/${REFUSED}`,
      "model-promotable": `/models/${PROMOTABLE}`,
    },
    "/models/:ref/lineage": { lineage: `/models/${CHAMPION}/lineage` },
    "/predictions": { predictions: "/predictions" },
    "/predictions/live": { "predictions-live": "/predictions/live" },
    "/coins": { coins: "/coins" },
    "/coins/:id": { coin: `/coins/${id}` },
    "/runs": { runs: "/runs", "runs-of-train": "/runs?flow=train" },
    "/runs/cards": { cards: "/runs/cards" },
    "/runs/:id": Object.fromEntries(
      Object.entries(runs).map(([flow, run]) => [`run-${flow}`, `/runs/${run}`]),
    ),
    "/runs/:id/log": { log: `/runs/${runs.evaluate}/log` },
    "/flows": { flows: "/flows" },
    "/flows/:name": { flow: "/flows/train", "flow-promote": "/flows/promote" },
    "/data": { data: "/data" },
    "/data/:name": { "data-asset": "/data/market_snapshot" },
    "/data/:name/:version": {
      "data-snapshot": "/data/market_snapshot/latest",
      "data-dataset": "/data/training_dataset/1",
      "data-evaluation": "/data/evaluation_results/latest",
    },
    "/events": { events: "/events", "events-decisions": "/events?name=decisions" },
    "/audit": { audit: "/audit" },
    "/features": { features: "/features" },
    "/search": { search: "/search?q=v1", "search-nothing": "/search?q=no+such+thing" },
  };
}

/** What is no page of PAGES and looks like one all the same. */
export function otherAddresses(): Addresses {
  return {
    api: "/api/docs",
    login: "/login",
    refusal: "/models/999",
    empty: "/?branch=other",
    "empty-models": "/models?branch=other",
    "empty-predictions": "/predictions?branch=other",
    "empty-coins": "/coins?branch=other",
    "empty-runs": "/runs?flow=train&branch=other",
    "empty-data": "/data?branch=other",
  };
}

// Every look that the server offers, on a branch where the whole chain has run: what it answers, in which
// shape, and that looking changes nothing. A route that is not in the table fails.

import { assert, assertEquals } from "@std/assert";
import { withPipeline } from "../flows/pipeline.ts";
import { dashboardOn, ORIGIN } from "./dashboard.ts";

/** Route → an address of it, and a key that its twin has. */
const PAGES: Record<string, [address: string, key: string]> = {
  "/": ["/", "pipeline"],
  "/models": ["/models", "list"],
  "/models/compare": ["/models/compare?a=1&b=1", "a"],
  "/models/:ref": ["/models/champion", "version"],
  "/models/:ref/lineage": ["/models/1/lineage", "version"],
  "/predictions": ["/predictions?days=3", "episodes"],
  "/predictions/live": ["/predictions/live", "live"],
  "/coins": ["/coins?sort=price", "live"],
  "/coins/:id": ["/coins/coin-1", "scores"],
  "/features": ["/features", "features"],
  "/runs": ["/runs?flow=train", "runs"],
  "/runs/cards": ["/runs/cards?a=1", "offered"],
  "/runs/:id": ["/runs/1", "run"],
  "/runs/:id/log": ["/runs/1/log", "lines"],
  "/flows": ["/flows", "flows"],
  "/flows/:name": ["/flows/TrainDetectorFlow", "runs"],
  "/data": ["/data", "coverage"],
  "/data/:name": ["/data/market_snapshot", "versions"],
  "/data/:name/:version": ["/data/training_dataset/latest", "version"],
  "/events": ["/events?name=decisions", "events"],
  "/audit": ["/audit", "acts"],
  "/search": ["/search?q=coin-1", "hits"],
  "/api/docs": ["/api/docs", ""],
  // The document, which its own tests hold.
  "/api/docs.json": ["/api/docs", ""],
};

/** Other looks: route → an address, and the type of what it gives. */
const OTHERS: Record<string, [address: string, type: string]> = {
  "/health": ["/health", "application/json"],
  "/ready": ["/ready", "application/json"],
  "/login": ["/login", "text/html"],
  "/live": ["/live", "text/event-stream"],
  "/runs/:id/card": ["/runs/1/card", "text/html"],
  "/models/:ref/file": ["/models/1/file", "application/safetensors"],
  "/data/:name/:version/files/:role": [
    "/data/market_snapshot/1/files/table",
    "application/vnd.apache.parquet",
  ],
};

Deno.test("every look answers, in its shape, and changes nothing", async () => {
  await withPipeline(async ({ registry, ingest, buildDataset, run }) => {
    await ingest(12);
    await buildDataset();
    await run("train");
    await run("evaluate");
    await run("promote", { version: "1", force: true, reason: "for the test" });
    for (let hour = 0; hour < 4; hour++) {
      await ingest(1);
      await run("score");
    }
    const stop = new AbortController();
    const dashboard = await dashboardOn(registry, { signal: stop.signal });
    const looks = new Set(
      dashboard.routes.filter(({ method }) => method === "GET").map(({ path }) => path)
        .filter((path) => !/^\/(api\/v1|static)\//.test(path) && !path.includes("*")),
    );
    const known = [...Object.keys(PAGES), ...Object.keys(OTHERS)];
    assertEquals([...looks].filter((path) => !known.includes(path)), []);
    const before = await registry.store.revision(registry.scopes.write);
    for (const [address, key] of Object.values(PAGES)) {
      const page = await dashboard.page(address);
      const html = await page.text();
      assertEquals(page.status, 200, `${address}: ${html.slice(0, 3000)}`);
      // What the policy forbids would not be seen.
      assert(!/\sstyle="|<style|<script(?![^>]*\ssrc=)|\son\w+="/.test(html), address);
      assert(/<h1>[^<]/.test(html) || /<h1><\w/.test(html), address);
      if (key === "") continue;
      const [path, query] = address.split("?");
      const twin = `${path === "/" ? "/overview" : path}.json${query ? `?${query}` : ""}`;
      const json = await dashboard.json<Record<string, unknown>>(twin);
      assert(key in json, `${twin}: ${Object.keys(json)}`);
    }
    for (const [address, type] of Object.values(OTHERS)) {
      const answer = await dashboard.fetch(new Request(ORIGIN + address));
      assertEquals(answer.status, 200, address);
      assertEquals(answer.headers.get("content-type")?.split(";")[0], type, address);
      await answer.body?.cancel();
    }
    stop.abort();
    assertEquals(await registry.store.revision(registry.scopes.write), before);
  });
});

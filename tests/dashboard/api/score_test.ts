// Scoring over the API: the same numbers as the stored model gives by itself, and refusals that name
// what is wrong with all rows at once.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadDetector } from "../../../flows/detectors.ts";
import { ASSET } from "../../../src/domain/asset.ts";
import { toMatrix } from "../../../src/domain/table.ts";
import { readTable } from "../../../src/registry/assets.ts";
import type { TestDashboard } from "../dashboard.ts";
import { ask, type Refused } from "./api.ts";
import { withWorld } from "./world.ts";

type Row = Record<string, number | null>;

interface Scores {
  version: number;
  threshold: number;
  feature_names: string[];
  scores: number[];
  decisions: number[];
  flags: boolean[];
}

function score<Body = Scores>(dashboard: TestDashboard, body: unknown) {
  return ask<Body>(dashboard, "/score", { method: "POST", body });
}

/** A row that has every feature of the newest model. */
async function plainRow(dashboard: TestDashboard): Promise<Row> {
  const { body } = await ask<{ items: { name: string; dropped: boolean }[] }>(
    dashboard,
    "/features",
  );
  const used = body.items.filter((item) => !item.dropped);
  return Object.fromEntries(used.map((item) => [item.name, 0]));
}

Deno.test("POST /score gives the stored model's own scores, null for a missing value, in any order", () =>
  withWorld(async (dashboard, pipeline) => {
    const { registry } = pipeline;
    const detector = await loadDetector(registry, await pipeline.model("1"));
    const table = await readTable(registry, await pipeline.data(ASSET.trainingDataset));
    const X = toMatrix(table, detector.featureNames);
    X.values[0] = NaN;
    const expected = detector.scoreSamples(X);
    const rows = Array.from({ length: X.rowCount }, (_, i): Row => {
      const entries = detector.featureNames.map((name, j): [string, number | null] => {
        const value = X.values[i * X.columnCount + j]!;
        return [name, Number.isNaN(value) ? null : value];
      });
      return Object.fromEntries(i % 2 === 0 ? entries : entries.reverse());
    });
    const { status, body } = await score(dashboard, { model: "champion", rows });
    assertEquals(status, 200);
    assertEquals(body.scores, Array.from(expected));
    assertEquals([body.version, body.threshold], [1, detector.offset]);
    assertEquals(body.feature_names, [...detector.featureNames]);
    assertEquals(body.flags, body.decisions.map((decision) => decision < 0));
    assertEquals(
      body.decisions,
      body.scores.map((value) => value - detector.offset),
    );
    assert(body.flags.includes(true) && body.flags.includes(false));
  }));

Deno.test("POST /score takes an alias or a version, and is the champion's without", () =>
  withWorld(async (dashboard) => {
    const rows = [await plainRow(dashboard)];
    for (const [model, version] of [["champion", 1], ["latest", 2], ["v2", 2]] as const) {
      const { body } = await score(dashboard, { model, rows });
      assertEquals(body.version, version, model);
    }
    assertEquals((await score(dashboard, { rows })).body.version, 1);
    assertEquals((await score(dashboard, { model: "nobody", rows })).status, 404);
  }));

Deno.test("POST /score refuses rows once for all of them, naming what is missing and what is unknown", () =>
  withWorld(async (dashboard) => {
    const row = await plainRow(dashboard);
    const { price_change_pct_24h: _one, ...lacking } = row;
    const { status, body } = await score<Refused>(dashboard, {
      rows: [row, lacking, { ...lacking, price_chnge_pct_24h: 1 }],
    });
    assertEquals([status, body.error.code], [400, "invalid"]);
    const { message } = body.error;
    assertStringIncludes(message, "price_change_pct_24h is missing in rows 2 and 3");
    assertStringIncludes(
      message,
      "price_chnge_pct_24h in row 3 is no feature (did you mean price_change_pct_24h?)",
    );
  }));

Deno.test("POST /score refuses no rows, too many, and what is no number", () =>
  withWorld(async (dashboard) => {
    const row = await plainRow(dashboard);
    const cases: [unknown, string][] = [
      [{ rows: [] }, "rows"],
      [{ rows: Array.from({ length: 10_001 }, () => ({})) }, "rows"],
      [{ rows: [{ ...row, price_change_pct_24h: "1" }] }, 'is "1", expected a number or null'],
      [{ rows: [[1, 2]] }, "rows.0"],
      [[], "expected an object"],
    ];
    for (const [body, text] of cases) {
      const answer = await score<Refused>(dashboard, body);
      assertEquals(answer.status, 400, text);
      assertStringIncludes(answer.body.error.message, text);
    }
  }));

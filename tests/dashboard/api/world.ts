// A store as the flows leave it, small: snapshots, a dataset, two models of which one is champion, its
// predictions, and one hour that is decided.

import { scoreRows } from "../../../flows/score_rows.ts";
import type { Row } from "../../evaluation/outcome_records.ts";
import { type Pipeline, withPipeline } from "../../flows/pipeline.ts";
import { dashboardOn, type TestDashboard } from "../dashboard.ts";
import { decideHour, scoreHour } from "../reading/scored_market.ts";

const HOURS = 40;

/** A flag that a crash followed, and a quiet coin. */
const ROWS: Row[] = [["coin-0", true, -20, -0.7], ["coin-1", false, 1, -0.4]];

export async function withWorld(
  work: (dashboard: TestDashboard, pipeline: Pipeline) => Promise<void>,
): Promise<void> {
  await withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(HOURS - 1);
    await pipeline.buildDataset();
    await pipeline.run("train");
    await pipeline.run("evaluate");
    await pipeline.run("promote", { version: "1", reason: "the first" });
    await pipeline.ingest(1);
    await pipeline.run("score");
    await pipeline.run("train");
    await pipeline.run("evaluate");
    await scoreHour(registry, 2, ROWS);
    await decideHour(registry, 2, ROWS);
    await work(await dashboardOn(registry, { scoreRows }), pipeline);
  }, { hours: HOURS });
}

// score: the champion of a snapshot's moment scores it, and challengers do so in shadow. Predictions,
// their due time and the event are one commit.

import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { Table } from "../../src/domain/table.ts";
import { readScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { defineFlow, type StepContext, WithEffects } from "../../src/engine/flow.ts";
import { snapshotFeatures, WARM_UP_HOURS } from "../../src/features/temporal.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import { stageBatch } from "../../src/registry/predictions.ts";
import { recentSnapshots } from "../snapshots.ts";
import { scoreBatch, type ScoredBatch } from "./batch.ts";
import { requireModel, select, type Selected } from "./select.ts";

/** Coins that an event names; the others are in the predictions. */
const MAX_NAMED_COINS = 10;

const params = z.strictObject({
  snapshot_version: z.string().min(1).default("latest").describe("snapshot to score"),
});

export const score = defineFlow({
  name: "score",
  originalName: "ScoreSnapshotFlow",
  summary: "Score a snapshot with the champion of its moment.",
  description:
    "Challengers (aliases challenger-*, at most three) score the same rows in shadow. A snapshot that " +
    "a version has scored is not scored by it again.",
  examples: ["anomaly score", "anomaly score --snapshot_version 17"],
  consumes: `a ${ASSET.snapshot} with the day before it, the champion, challengers`,
  produces: "predictions",
  card: async (ctx) => (await import("./card.tsx")).card(ctx),
  publishes: ["anomalies_detected"],
  on: [{
    event: "snapshot_ready",
    bind: (payload) => ({ snapshot_version: String(payload.version) }),
  }],
  params,
  lookUp: async (registry, given) => {
    const { read } = registry.scopes;
    await resolveVersion(registry, read, "data", ASSET.snapshot, given.snapshot_version);
  },
  subject: async (registry, { snapshot_version }) => {
    const { read } = registry.scopes;
    const snapshot = await resolveVersion(registry, read, "data", ASSET.snapshot, snapshot_version);
    return { snapshot_version: String(snapshot.version) };
  },
  next: (run) => run.summary.champion === null ? "anomaly status" : "anomaly predictions",
})
  .step("select", async (ctx) => await select(ctx))
  .step("score", async (ctx, selected) => {
    const { snapshot, scorers } = selected;
    const rows = scorers.length === 0 ? null : await featureRows(ctx, snapshot);
    const scored: ScoredBatch[] = [];
    for (const scorer of scorers) {
      try {
        const record = await requireModel(ctx.registry, scorer);
        scored.push(await scoreBatch(ctx, { snapshot, rows: rows!, scorer, record }));
      } catch (error) {
        if (scorer.role === "champion" || !(error instanceof AppError)) throw error;
        // In shadow it must not keep the champion from being heard; scoring again adds what is missing.
        ctx.log(`${scorer.alias} v${scorer.version} did not score: ${error.message}`, "warn");
      }
    }
    for (const { batch } of scored) {
      ctx.log(`${batch.alias} v${batch.version} flags ${batch.flagged} of ${batch.rows} coins`);
    }
    return record(ctx, selected, scored);
  })
  .build();

/** The snapshot's features by the day before it: the same bits as a dataset's. */
async function featureRows(
  ctx: StepContext<unknown>,
  { branch, market_at_ms }: Selected["snapshot"],
): Promise<Table> {
  const { registry } = ctx;
  const scope = readScope(registry.scopes.read.project, branch);
  const snapshots = await recentSnapshots(registry, scope, {
    fromMs: market_at_ms - WARM_UP_HOURS * HOUR_MS,
    toMs: market_at_ms,
  });
  // The index has one snapshot a market time, and the newest of the span is the one to score.
  return snapshotFeatures(snapshots.slice(0, -1), snapshots.at(-1)!);
}

function record(ctx: StepContext<unknown>, { snapshot }: Selected, scored: ScoredBatch[]) {
  const marketAt = new Date(snapshot.market_at_ms).toISOString();
  const champion = scored.find(({ batch }) => batch.role === "champion");
  const batches = scored.map(({ batch }) => ({
    version: batch.version,
    role: batch.role,
    alias: batch.alias,
    threshold: batch.threshold,
    expected_score: batch.expectedScore,
    rows: batch.rows,
    flagged: batch.flagged,
    table: batch.table,
  }));
  return new WithEffects({ batches }, async ({ tx, publish, summarize }) => {
    const isNew = new Map<ScoredBatch, boolean>();
    for (const one of scored) {
      isNew.set(one, await stageBatch(ctx.registry, tx, one.batch, one.coins));
    }
    if (champion && champion.batch.flagged > 0 && isNew.get(champion)) {
      await publish("anomalies_detected", marketAt, {
        snapshot_version: snapshot.version,
        model: champion.batch.model,
        version: champion.batch.version,
        rows: champion.batch.rows,
        flagged: champion.batch.flagged,
        coins: mostAbnormal(champion),
      });
    }
    summarize({
      snapshot_version: snapshot.version,
      market_at: marketAt,
      champion: champion?.batch.version ?? null,
      rows: champion?.batch.rows ?? 0,
      flagged: champion?.batch.flagged ?? 0,
      challengers: scored.filter((one) => one !== champion).map(({ batch }) => batch.version),
      new_batches: [...isNew.values()].filter((value) => value).length,
    });
  });
}

/** Ids of the flagged coins, the lowest score first. */
function mostAbnormal({ coins }: ScoredBatch): string[] {
  return coins.filter((coin) => coin.flagged).sort((a, b) => a.score - b.score)
    .slice(0, MAX_NAMED_COINS).map((coin) => coin.coinId);
}

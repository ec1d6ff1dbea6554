// The share of coins that the champion flags, over time, in the band that the gates allow.

import type { FC } from "hono/jsx";
import type { AliasEntry } from "../../src/domain/asset.ts";
import type { EvaluationConfig } from "../../src/domain/config.ts";
import type { PredictionBatch } from "../../src/domain/prediction.ts";
import { count } from "../../src/cards/format.ts";
import { RateChart } from "../charts/rate.tsx";
import { Command } from "../components/command.tsx";
import { Nothing, Panel, type PanelProps } from "../components/panel.tsx";
import { changesIn } from "../reading/champion.ts";
import type { View } from "../view.ts";

export const RATE_DAYS = 7;

export interface RateProps {
  view: View;
  fromMs: number;
  toMs: number;
  batches: readonly Pick<PredictionBatch, "marketAtMs" | "rows" | "flagged">[];
  history: readonly AliasEntry[];
  span?: PanelProps["span"];
}

export const AnomalyRate: FC<RateProps> = (
  { view, fromMs, toMs, batches, history, span = "c8" },
) => {
  const band = bandOf(view.configs.eval_config);
  const over = batches.filter((batch) => rateOf(batch) > band.max).length;
  const coins = batches.length === 0
    ? ""
    : `, n ≈ ${
      count(Math.round(batches.reduce((sum, b) => sum + b.rows, 0) / batches.length))
    } coins each`;
  return (
    <Panel
      id="rate"
      title="Anomaly rate"
      scope={`share of coins flagged per hourly snapshot, ${RATE_DAYS} days${coins}`}
      end={batches.length === 0 ? undefined : `${over} of ${batches.length} h above the band`}
      span={span}
    >
      <RateChart
        points={batches.map((batch) => ({ atMs: batch.marketAtMs, rate: rateOf(batch) }))}
        band={band}
        fromMs={fromMs}
        toMs={toMs}
        changes={changesIn(history, { fromMs, toMs })}
      />
      {batches.length > 0 ? "" : (
        <>
          <Nothing>
            Nothing was scored in these days: a snapshot is scored by whoever was champion when it
            came.
          </Nothing>
          <Command text={view.command("ingest --follow")} />
        </>
      )}
    </Panel>
  );
};

export function rateOf({ rows, flagged }: Pick<PredictionBatch, "rows" | "flagged">): number {
  return rows === 0 ? 0 : flagged / rows;
}

export function bandOf(config: EvaluationConfig): { min: number; max: number } {
  return { min: config.min_anomaly_rate, max: config.max_anomaly_rate };
}

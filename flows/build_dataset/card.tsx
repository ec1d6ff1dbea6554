// The card of a dataset: which hours and coins are in it, what is missing, and whether what a model will
// be judged by looks like what it learns from.

import { ASSET, type VersionRecord } from "../../src/domain/asset.ts";
import { wordsOf } from "../../src/domain/drivers.ts";
import { type DatasetHistograms, HISTOGRAMS } from "../../src/domain/histograms.ts";
import type { CardContext } from "../../src/engine/flow.ts";
import { Histogram, TimeStrip } from "../../src/cards/charts.tsx";
import { count, instant, percent } from "../../src/cards/format.ts";
import { cardPage, Facts, Panel, Rows } from "../../src/cards/page.tsx";
import { jsonOf, kickerOf, producedVersion, tableOf } from "../card_data.ts";
import { datasetHistograms } from "./histograms.ts";

const SHOWN_FEATURES = 12;

/** The report as `build_dataset` stores it. */
interface Report {
  training: Part;
  holdout: Part;
  embargoed_row_count: number;
  dropped_coins: string[];
  gaps: { from_at: string; to_at: string; hours: number }[];
  hours_without_snapshot: number;
}

interface Part {
  row_count: number;
  coin_count: number;
  snapshot_count: number;
  first_at: string;
  last_at: string;
  missing_rate: Record<string, number>;
}

export async function card(ctx: CardContext): Promise<string> {
  const training = await producedVersion(ctx, ASSET.trainingDataset);
  const holdout = await producedVersion(ctx, ASSET.evalHoldout);
  const report = await jsonOf<Report>(ctx, training.files.report!);
  const histograms = await histogramsOf(ctx, training, holdout);
  const features = histograms.features
    .flatMap(({ feature, bins, shift }) => bins === null ? [] : [{ feature, bins, shift: shift! }])
    .sort((a, b) => b.shift - a.shift);
  const { gaps } = report;
  const learnedRows = report.training.row_count;
  const judgedRows = report.holdout.row_count;
  return cardPage({
    kicker: kickerOf(ctx.run),
    finding: gaps.length === 0
      ? `${count(learnedRows)} rows to learn from, without a gap`
      : `${count(learnedRows)} rows to learn from, with ${gaps.length} gaps`,
    lead: `${training.name} v${training.version} has ${report.training.coin_count} coins, ` +
      `${holdout.name} v${holdout.version} ${count(judgedRows)} later rows to judge by; ` +
      `${report.dropped_coins.length} coins were left out for too few snapshots.`,
    body: (
      <>
        <Panel title="Time" scope="gaps of over 90 minutes in orange">
          <TimeStrip
            title="Ranges of the training and holdout parts"
            fromMs={Date.parse(report.training.first_at)}
            toMs={Date.parse(report.holdout.last_at)}
            parts={[spanOf("training", report.training), spanOf("holdout", report.holdout)]}
            gaps={gaps.map((gap) => ({
              fromMs: Date.parse(gap.from_at),
              toMs: Date.parse(gap.to_at),
            }))}
          />
          <Facts
            facts={[
              ["training", rangeOf(report.training)],
              ["holdout", rangeOf(report.holdout)],
              ["embargoed rows between them", count(report.embargoed_row_count)],
              ["hours without a snapshot", count(report.hours_without_snapshot)],
            ]}
          />
        </Panel>
        <Panel
          title="Training against holdout"
          scope={`the ${Math.min(SHOWN_FEATURES, features.length)} features that differ most`}
        >
          <div class="pair">
            {features.slice(0, SHOWN_FEATURES).map(({ feature, bins, shift }) => (
              <figure>
                <figcaption>
                  {`${wordsOf(feature).label}: ${percent(shift)} lie elsewhere`}
                </figcaption>
                <Histogram
                  title={wordsOf(feature).label}
                  bins={{ ...bins, counts: bins.training }}
                  other={{
                    bins: { ...bins, counts: bins.holdout },
                    name: "holdout",
                    ownName: "training",
                  }}
                />
              </figure>
            ))}
          </div>
          <p class="note">Bars: training. Line: holdout. Both as shares of their rows.</p>
        </Panel>
        <Panel title="Missing values" scope="share of rows">
          <Rows
            caption="A missing value stays missing until a model puts its training median there."
            columns={[
              { name: "feature" },
              { name: "training", isNumeric: true },
              { name: "holdout", isNumeric: true },
            ]}
            rows={histograms.features.map((one) => [
              wordsOf(one.feature).label,
              percent(one.training_missing),
              percent(one.holdout_missing),
            ])}
          />
        </Panel>
      </>
    ),
  });
}

function spanOf(name: string, part: Part) {
  return { name, fromMs: Date.parse(part.first_at), toMs: Date.parse(part.last_at) };
}

function rangeOf(part: Part): string {
  return `${instant(part.first_at)} to ${instant(part.last_at)}, ${
    count(part.row_count)
  } rows of ${part.coin_count} coins in ${part.snapshot_count} snapshots`;
}

/** As they were stored with the pair; of one from before that, counted from its rows. */
async function histogramsOf(
  ctx: CardContext,
  training: VersionRecord,
  holdout: VersionRecord,
): Promise<DatasetHistograms> {
  const stored = training.files[HISTOGRAMS];
  if (stored !== undefined) return await jsonOf<DatasetHistograms>(ctx, stored);
  const [learned, judged] = await Promise.all([
    tableOf(ctx, training.files.table!),
    tableOf(ctx, holdout.files.table!),
  ]);
  return datasetHistograms(learned, judged, (training.annotations.feature_names as string[]) ?? []);
}

// The card of a scoring: which coins of the snapshot are abnormal, and why; challengers beside.

import type { AssetFile } from "../../src/domain/asset.ts";
import type { PredictionRole } from "../../src/domain/prediction.ts";
import { numbers, type Table, texts } from "../../src/domain/table.ts";
import type { CardContext } from "../../src/engine/flow.ts";
import { Histogram } from "../../src/cards/charts.tsx";
import { decimal, instant, percent } from "../../src/cards/format.ts";
import { binValues } from "../../src/cards/histogram.ts";
import { cardPage, Panel, Rows } from "../../src/cards/page.tsx";
import { kickerOf, orderBy, tableOf } from "../card_data.ts";
import { FlaggedRows } from "../flagged_rows.tsx";

const SHOWN_ROWS = 40;

/** A batch as the step hands it on. */
interface Batch {
  version: number;
  role: PredictionRole;
  alias: string;
  threshold: number;
  expected_score: number;
  rows: number;
  flagged: number;
  table: AssetFile;
}

export async function card(ctx: CardContext): Promise<string> {
  const batches = ctx.artifacts.batches as unknown as Batch[];
  const champion = batches.find(({ role }) => role === "champion");
  const at = instant(String(ctx.run.summary.market_at));
  if (champion === undefined) {
    return cardPage({
      kicker: kickerOf(ctx.run),
      finding: "Nobody was champion, so nothing was alerted to",
      lead: `The snapshot of ${at} was scored by ${batches.length} challengers.`,
      body: "",
    });
  }
  const table = await tableOf(ctx, champion.table);
  const { flagged, rows, threshold, version } = champion;
  return cardPage({
    kicker: kickerOf(ctx.run),
    finding: `${flagged} of ${rows} coins look abnormal`,
    lead: `By champion v${version}, at ${at}. A coin that is typical in every feature scores ${
      decimal(champion.expected_score)
    }; one below ${decimal(threshold)} is flagged. What follows is known a day later.`,
    body: (
      <>
        <Panel title="Scores" scope="lower is more abnormal">
          <Histogram
            title="Scores of the snapshot's coins"
            bins={binValues(numbers(table, "score"), 40)!}
            threshold={{ at: threshold, label: `threshold ${decimal(threshold)}` }}
            height={120}
          />
        </Panel>
        <Panel title="Flagged coins" scope={`${flagged} of ${rows}`}>
          <FlaggedRows
            caption={flagged > SHOWN_ROWS
              ? `The ${SHOWN_ROWS} most abnormal first.`
              : "The most abnormal first."}
            rows={flaggedOf(table).slice(0, SHOWN_ROWS)}
          />
        </Panel>
        {batches.length > 1 ? <Challengers batches={batches} /> : ""}
      </>
    ),
  });
}

function flaggedOf(table: Table) {
  const names = texts(table, "name");
  const scores = numbers(table, "score");
  const prices = numbers(table, "current_price");
  const drivers = texts(table, "drivers");
  return orderBy(table, "score").filter((row) => drivers[row] !== null).map((row) => ({
    name: names[row] ?? "",
    marketAt: null,
    score: scores[row]!,
    price: prices[row]!,
    drivers: JSON.parse(drivers[row]!),
  }));
}

function Challengers({ batches }: { batches: readonly Batch[] }) {
  return (
    <Panel title="Challengers" scope="in shadow, on the same rows">
      <Rows
        caption="Nobody is alerted to what they flag."
        columns={[
          { name: "alias" },
          { name: "version", isNumeric: true },
          { name: "threshold", isNumeric: true },
          { name: "flagged", isNumeric: true },
          { name: "share", isNumeric: true },
        ]}
        rows={batches.map((batch) => [
          batch.alias,
          `v${batch.version}`,
          decimal(batch.threshold),
          String(batch.flagged),
          percent(batch.flagged / batch.rows),
        ])}
      />
    </Panel>
  );
}

// The card of an ingest: what the market looked like, and what of its answer could not be used.

import { ASSET } from "../../src/domain/asset.ts";
import { wordsOf } from "../../src/domain/drivers.ts";
import type { RefusedRow } from "../../src/domain/market.ts";
import { numbers, type Table, texts } from "../../src/domain/table.ts";
import type { CardContext } from "../../src/engine/flow.ts";
import { POINT_IN_TIME_FEATURES } from "../../src/features/point_in_time.ts";
import { type HeatCell, Heatmap, Histogram } from "../../src/cards/charts.tsx";
import { change, count, instant } from "../../src/cards/format.ts";
import { binValues } from "../../src/cards/histogram.ts";
import { cardPage, Facts, Foreign, Panel, Rows } from "../../src/cards/page.tsx";
import { jsonOf, kickerOf, producedVersion, tableOf } from "../card_data.ts";

const MAX_REFUSED = 50;
/** Bounds of the three steps of a change to either side, %. */
const STEPS = [1, 5, 15];

export async function card(ctx: CardContext): Promise<string> {
  const snapshot = await producedVersion(ctx, ASSET.snapshot);
  const table = await tableOf(ctx, snapshot.files.table!);
  const refused = snapshot.files.refused
    ? await jsonOf<RefusedRow[]>(ctx, snapshot.files.refused)
    : [];
  const changes = numbers(table, "price_change_pct_24h");
  const falls = changes.filter((pct) => pct < 0).length;
  const known = changes.filter((pct) => !Number.isNaN(pct)).length;
  const { notes, source, origin } = snapshot.annotations;
  return cardPage({
    kicker: kickerOf(ctx.run),
    finding: `${count(falls)} of ${count(known)} coins fell over 24 h`,
    lead: `${count(table.rowCount)} coins of the market at ${instant(snapshot.marketAt)}, ` +
      (refused.length === 0 ? "no row refused." : `${count(refused.length)} rows refused.`),
    body: (
      <>
        <Panel title="24 h price change" scope="by market cap; falls in ink, rises in blue">
          <Heatmap
            title="24 h price change by coin"
            desc={`${falls} fell, ${known - falls} did not, ${table.rowCount - known} unknown`}
            cells={cellsOf(table)}
          />
          <p class="note">Steps at 1, 5 and 15 %. A cell's title has its number.</p>
        </Panel>
        <Panel title="Features" scope="of this snapshot alone">
          <div class="pair">
            {POINT_IN_TIME_FEATURES.map((name) => (
              <Feature name={name} values={numbers(table, name)} />
            ))}
          </div>
        </Panel>
        <Panel
          title="Refused rows"
          scope={`${refused.length} of ${refused.length + table.rowCount}`}
        >
          {refused.length === 0 ? <p class="note">Every row of the answer could be used.</p> : (
            <Rows
              caption={refused.length > MAX_REFUSED ? `The first ${MAX_REFUSED}.` : "All of them."}
              columns={[{ name: "row", isNumeric: true }, { name: "coin" }, { name: "reason" }]}
              rows={refused.slice(0, MAX_REFUSED).map(({ index, coinId, reason }) => [
                String(index),
                <Foreign text={coinId ?? "–"} />,
                <Foreign text={reason} />,
              ])}
            />
          )}
        </Panel>
        <Panel title="Answer">
          <Facts
            facts={[
              ["source", <Foreign text={String(source)} />],
              ["origin", <Foreign text={String(origin)} />],
              [
                "raw response",
                `${snapshot.files.raw!.sha256.slice(0, 12)}, ${
                  count(snapshot.files.raw!.byteLength)
                } bytes`,
              ],
              ...Object.entries(notes ?? {}).map(([what, times]): [string, string] => [
                what,
                String(times),
              ]),
            ]}
          />
        </Panel>
      </>
    ),
  });
}

function Feature({ name, values }: { name: string; values: Float64Array }) {
  const bins = binValues(values, 24);
  const { label } = wordsOf(name);
  const missing = values.filter((value) => Number.isNaN(value)).length;
  return (
    <figure>
      <figcaption>{label + (missing > 0 ? `, ${missing} unknown` : "")}</figcaption>
      {bins ? <Histogram title={label} bins={bins} /> : <p class="note">No coin has it.</p>}
    </figure>
  );
}

function cellsOf(table: Table): HeatCell[] {
  const symbols = texts(table, "symbol");
  const names = texts(table, "name");
  return Array.from(numbers(table, "price_change_pct_24h"), (pct, i) => ({
    text: symbols[i] ?? "",
    title: `${names[i] ?? ""}: ${change(pct)}`,
    step: Number.isNaN(pct)
      ? null
      : Math.sign(pct) * STEPS.filter((bound) => Math.abs(pct) >= bound).length,
  }));
}

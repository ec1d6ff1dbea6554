// The coins that look abnormal now, the most abnormal first, and what drove each: a panel of the
// overview, whose table is also that of a whole snapshot.

import type { Child, FC } from "hono/jsx";
import type { DriverPhrase } from "../../src/domain/drivers.ts";
import { DEFAULT_CRASH_PCT } from "../../src/domain/outcomes.ts";
import { change, count, decimal, price } from "../../src/cards/format.ts";
import { Sparkline, ThresholdBar } from "../charts/rows.tsx";
import { Command } from "../components/command.tsx";
import { type Column, Nothing, Panel, Table } from "../components/panel.tsx";
import { CoinLink, ModelLink, RunLink, shortTime } from "../components/refs.tsx";
import { coinName } from "../components/text.ts";
import { type Live, type LiveCoin, readLive } from "../reading/live.ts";
import type { View } from "../view.ts";

export type { Live, LiveCoin };

/** The flags of the newest scored snapshot; null where nothing was scored yet. */
export function loadLive(view: View, { limit }: { limit: number }): Promise<Live | null> {
  const { registry } = view;
  return readLive(registry, registry.scopes.write, {
    limit,
    rule: { crashThresholdPct: DEFAULT_CRASH_PCT },
  });
}

export const LiveAnomalies: FC<{ view: View; live: Live | null; span?: "c8" | "c12" }> = (
  { view, live, span = "c8" },
) => (
  <Panel
    id="live"
    title="Live anomalies"
    scope={live === null ? undefined : <Scored view={view} live={live} />}
    end={live === null ? undefined : (
      <a href={view.href("/predictions/live")}>
        {live.flagged === 0 ? `all ${count(live.scored)} coins` : `all ${count(live.flagged)}`}
      </a>
    )}
    span={span}
  >
    {live === null
      ? <NothingScored view={view} />
      : live.flagged === 0
      ? <NothingFlagged view={view} live={live} />
      : <LiveTable view={view} live={live} caption={captionOf(view, live)} />}
    {live === null || live.flagged <= live.coins.length ? "" : (
      <p class="more">
        <a href={view.href("/predictions/live")}>
          {more(live.flagged - live.coins.length)}
        </a>
      </p>
    )}
  </Panel>
);

/** "snapshot 06:00, scored by v7, run 781" */
export const Scored: FC<{ view: View; live: Live }> = ({ view, live }) => (
  <>
    snapshot <time datetime={live.marketAt}>{shortTime(view, live.marketAt)}</time>, scored by{" "}
    <ModelLink view={view} version={live.version} />, <RunLink view={view} id={live.runId} />
  </>
);

function captionOf(view: View, live: Live): Child {
  const verb = live.flagged === 1 ? "is" : "are";
  return (
    <>
      {`${count(live.flagged)} of ${count(live.scored)} coins ${verb} below the threshold `}
      {`${decimal(live.threshold)} of `}
      <ModelLink view={view} version={live.version} />
      , the most abnormal first.
    </>
  );
}

function more(rest: number): string {
  return `${count(rest)} more flagged ${rest === 1 ? "coin" : "coins"}`;
}

export const NothingScored: FC<{ view: View }> = ({ view }) => (
  <>
    <Nothing>No snapshot was scored here yet: that takes a champion and a snapshot.</Nothing>
    <Command text={view.command("score")} />
  </>
);

const NothingFlagged: FC<{ view: View; live: Live }> = ({ view, live }) => (
  <Nothing>
    {`None of ${count(live.scored)} coins is below the threshold ${decimal(live.threshold)} of `}
    <ModelLink view={view} version={live.version} />
    {`; the nearest has ${decimal(live.lowestScore)}.`}
  </Nothing>
);

export interface LiveTableProps {
  view: View;
  live: Live;
  caption: Child;
  /** One more column at the end: its heading, and what each coin has in it. */
  last?: { name: string; cell: (coin: LiveCoin) => Child };
}

const COLUMNS: Column[] = [
  { name: "Coin" },
  { name: "Price", isNumeric: true },
  { name: "48 h" },
  { name: "24 h", isNumeric: true },
  { name: "Past the threshold", class: "wb" },
  { name: "Score", isNumeric: true },
  { name: "What drove it", class: "why" },
];

export const LiveTable: FC<LiveTableProps> = ({ view, live, caption, last }) => {
  const domain = domainOf(live);
  return (
    <Table
      caption={caption}
      columns={last ? [...COLUMNS, { name: last.name }] : COLUMNS}
      narrow={[undefined, undefined, undefined, undefined, undefined, undefined, "full", "full"]}
      rows={live.coins.map((coin) => [
        <CoinLink view={view} {...coin} />,
        price(coin.price),
        <Course coin={coin} />,
        change(coin.changePct24h),
        <ThresholdBar score={coin.score} threshold={live.threshold} domain={domain} />,
        <Score value={coin.score} flagged={coin.flagged} />,
        <Reasons reasons={coin.reasons} />,
        ...(last ? [last.cell(coin)] : []),
      ])}
    />
  );
};

/** The same in all rows: what is shown, and some of the side that is not abnormal. */
function domainOf(live: Live): [low: number, high: number] {
  const { coins, lowestScore, highestScore, threshold } = live;
  const low = Math.min(lowestScore, threshold);
  const beside = threshold + 0.3 * (threshold - low);
  return [low, coins.every((coin) => coin.flagged) ? beside : Math.max(highestScore, beside)];
}

/** Orange and bold only where it is a flag. */
export const Score: FC<{ value: number; flagged: boolean }> = ({ value, flagged }) =>
  flagged ? <b class="flag">{decimal(value)}</b> : <>{decimal(value)}</>;

const Course: FC<{ coin: LiveCoin }> = ({ coin }) => (
  <Sparkline
    label={`${coinName(coin)} price, 48\u00a0h, ${change(coin.changePct24h)} in 24\u00a0h`}
    points={coin.course.map(({ atMs, price }) => ({ atMs, value: price }))}
    end={coin.flagged ? "flag" : "none"}
  />
);

/** A line each: what happened, then what it is held against. */
export const Reasons: FC<{ reasons: readonly DriverPhrase[] }> = ({ reasons }) => (
  <>
    {reasons.map(({ what, against }, i) => (
      <>
        {i === 0 ? "" : <br />}
        <b>{what}</b>
        {against === "" ? "" : ` (${against})`}
      </>
    ))}
  </>
);

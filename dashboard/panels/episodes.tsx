// Alert episodes as a table: what a person was alerted to, the price around it, and what followed.

import type { Child, FC } from "hono/jsx";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import type { Standing, Verdict } from "../../src/domain/outcomes.ts";
import { change, count, decimal, price } from "../../src/cards/format.ts";
import { HOUR_MS, iso } from "../../src/domain/time.ts";
import { ReturnBar, Sparkline } from "../charts/rows.tsx";
import { NumberedPager } from "../components/numbered_pager.tsx";
import { Outcome, returnOf } from "../components/outcome_words.tsx";
import { type Column, Nothing, Panel, Table } from "../components/panel.tsx";
import { CoinLink, shortTime } from "../components/refs.tsx";
import { coinName } from "../components/text.ts";
import { minuteOf } from "../components/times.ts";
import { AFTER_MS, BEFORE_MS, type Course } from "../reading/episode_courses.ts";
import type { AlertEpisode, ShownEpisode } from "../reading/episodes.ts";
import { hrefWith, type View } from "../view.ts";

/** Returns that the bars show, %. */
const RETURNS = [-50, 20] as const;

export const OUTCOME_FILTERS = ["hit", "false_alarm", "unresolved", "not_due"] as const;
export type OutcomeFilter = typeof OUTCOME_FILTERS[number];
export const SORTS = ["newest", "lowest"] as const;

/** By what followed the flag of an episode that fell the most. */
export function hasOutcome({ worst }: AlertEpisode, wanted: OutcomeFilter | undefined): boolean {
  if (wanted === undefined) return true;
  return wanted === ("dueAt" in worst ? "not_due" : worst.verdict);
}

export interface EpisodeList {
  rows: { episode: ShownEpisode; course: Course[] }[];
  /** Of those that the filter leaves. */
  total: number;
  open: number;
}

export interface EpisodesProps {
  view: View;
  list: EpisodeList;
  crashPct: number;
  /** "7 days" */
  spanName: string;
  sort: typeof SORTS[number];
  outcome: OutcomeFilter | undefined;
  page: number;
  pageSize: number;
  /** The coin whose rows are the chosen ones. */
  coinId: string | null;
}

export const EpisodesPanel: FC<EpisodesProps> = (props) => {
  const { view, list, spanName, sort, outcome, page, pageSize } = props;
  const other = sort === "newest" ? "lowest" : "newest";
  return (
    <Panel
      id="episodes"
      title="Episodes"
      scope={`${count(list.total)} in ${spanName}, ${count(list.open)} open`}
      end={
        <a href={hrefWith(view, { sort: other === "newest" ? undefined : other, page: undefined })}>
          {other === "lowest" ? "lowest score first" : "newest first"}
        </a>
      }
      span="c12"
    >
      <OutcomeFilterLinks view={view} outcome={outcome} />
      {list.rows.length === 0
        ? (
          <Nothing>
            {outcome === undefined
              ? "No coin was flagged in this time."
              : `No episode in this time has that outcome: ${wordsOf(outcome)}.`}
          </Nothing>
        )
        : <EpisodeTable {...props} />}
      <NumberedPager view={view} page={page} size={pageSize} total={list.total} />
    </Panel>
  );
};

function wordsOf(outcome: OutcomeFilter): string {
  return outcome.replace("_", " ");
}

const OutcomeFilterLinks: FC<{ view: View; outcome: OutcomeFilter | undefined }> = (
  { view, outcome },
) => (
  <nav class="choice" aria-label="Outcome">
    {[undefined, ...OUTCOME_FILTERS].map((one) => (
      <a
        href={hrefWith(view, { outcome: one, page: undefined })}
        aria-current={one === outcome ? "true" : undefined}
      >
        {one === undefined ? "all outcomes" : wordsOf(one)}
      </a>
    ))}
  </nav>
);

const COLUMNS: Column[] = [
  { name: "Coin" },
  { name: "First flag", isNumeric: true },
  { name: "Price" },
  { name: "Length", isNumeric: true },
  { name: "Price then", isNumeric: true, class: "l" },
  { name: "Lowest score", isNumeric: true },
  {
    name: `Return, ${change(RETURNS[0])} to ${change(RETURNS[1])}`.replaceAll(".0", ""),
    class: "wb",
  },
  { name: `+${HORIZON_HOURS}\u00a0h`, isNumeric: true },
  { name: "Outcome" },
];

const EpisodeTable: FC<EpisodesProps> = ({ view, list, crashPct, coinId }) => (
  <Table
    caption={captionOf(crashPct)}
    columns={COLUMNS}
    narrow={[
      undefined,
      undefined,
      undefined,
      undefined,
      "from",
      "lowest",
      undefined,
      undefined,
      "full",
    ]}
    rows={list.rows.map(({ episode, course }) => ({
      ...(episode.coinId === coinId ? { class: "sel" } : {}),
      cells: [
        <CoinLink view={view} {...episode} />,
        <FirstFlag view={view} episode={episode} />,
        <EpisodeCourse episode={episode} course={course} />,
        lengthOf(episode),
        price(episode.price),
        <span class="flag">{decimal(episode.lowestScore)}</span>,
        <ReturnBar
          returnPct={returnOf(episode.first)}
          crashPct={crashPct}
          horizonHours={HORIZON_HOURS}
          domain={RETURNS}
        />,
        change(returnOf(episode.first)),
        <EpisodeOutcome view={view} episode={episode} />,
      ],
    }))}
  />
);

function captionOf(crashPct: number): string {
  return `Consecutive flags of a coin are one episode, shaded in its price from 24\u00a0h before to ` +
    `48\u00a0h after its first flag. Returns are of the first flag; dashed: crash at ${
      change(crashPct)
    }. An episode is a hit where a crash followed any of its flags.`;
}

/** Leads to the snapshot of the flag. */
const FirstFlag: FC<{ view: View; episode: ShownEpisode }> = ({ view, episode }) => {
  const at = iso(episode.fromMs);
  return (
    <a href={view.href("/predictions/live", { at: minuteOf(at) })}>
      <time datetime={at}>{shortTime(view, at)}</time>
    </a>
  );
};

const EpisodeCourse: FC<{ episode: ShownEpisode; course: Course[] }> = ({ episode, course }) => (
  <Sparkline
    label={`${coinName(episode)} price, 24\u00a0h before to 48\u00a0h after the first flag`}
    points={course.map(({ atMs, price }) => ({ atMs, value: price }))}
    fromMs={episode.fromMs - BEFORE_MS}
    toMs={episode.fromMs + AFTER_MS}
    flagged={{ fromMs: episode.fromMs, toMs: episode.toMs + HOUR_MS / 2 }}
  />
);

/** From the first flag to the last, both counted. */
export function lengthOf(
  { fromMs, toMs, isOpen }: Pick<AlertEpisode, "fromMs" | "toMs" | "isOpen">,
): string {
  const hours = Math.round((toMs - fromMs) / HOUR_MS) + 1;
  return `${count(hours)}\u00a0h${isOpen ? " so far" : ""}`;
}

/** Of the whole episode; says so where its first flag would say another thing. */
export const EpisodeOutcome: FC<
  { view: View; episode: Pick<AlertEpisode, "first" | "worst"> }
> = ({ view, episode }) => {
  const { first, worst } = episode;
  const isOfFirst = verdictIn(first) === verdictIn(worst);
  return (
    <>
      <Outcome view={view} outcome={worst} />
      {isOfFirst ? "" : later(worst)}
    </>
  );
};

function later(worst: Standing): Child {
  return <span class="dim small">{` a later flag, ${change(returnOf(worst))}`}</span>;
}

function verdictIn(standing: Standing): Verdict | null {
  return "dueAt" in standing ? null : standing.verdict;
}

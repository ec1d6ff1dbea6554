// Snapshots by hour, with what is missing, and what the last answers of the market were like.

import type { Child, FC } from "hono/jsx";
import type { JsonObject } from "../../src/domain/asset.ts";
import { count, duration, instant, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { SnapshotCalendar } from "../charts/calendar.tsx";
import { Command } from "../components/command.tsx";
import { Facts, Foreign, Nothing, Panel } from "../components/panel.tsx";
import { ageText, RunLink, VersionLink } from "../components/refs.tsx";
import { RunState } from "../components/run_words.tsx";
import { State, type StateKind } from "../components/state.tsx";
import { fileSize } from "../components/text.ts";
import type { DataModel } from "../reading/data_overview.ts";
import { gapWords } from "../reading/coverage.ts";
import type { SnapshotLine } from "../reading/data_assets.ts";
import { hrefWith, type View } from "../view.ts";
import { fileHref } from "./version_facts.tsx";

const SHOWN_GAPS = 5;
const SHOWN_REASONS = 6;

const STATES: Record<DataModel["freshness"]["state"], [StateKind, string]> = {
  fresh: ["ok", "fresh"],
  late: ["warn", "late"],
  stale: ["warn", "stale"],
  empty: ["idle", "none yet"],
};

/** How far back the calendar may be asked for. */
const CHOICE_OF_DAYS = [7, 14, 31] as const;

export const CalendarPanel: FC<{ view: View; model: DataModel; days: number }> = (
  { view, model: { coverage, snapshots }, days },
) => {
  const { fromMs, toMs, expected, present, gaps } = coverage;
  if (fromMs === null || toMs === null) {
    return (
      <Panel id="snapshots" title="Snapshots" scope={`by hour, ${days} days`} class="sg">
        <Nothing>Nothing was ingested on this branch yet: no hour has a snapshot.</Nothing>
        <Command text={view.command("ingest")} />
      </Panel>
    );
  }
  const byHour = new Map(snapshots.map((line) => [line.atMs, line]));
  return (
    <Panel
      id="snapshots"
      title="Snapshots"
      scope={`by hour, the last ${days} days of the market; each cell leads to its snapshot`}
      end={gaps.length === 0 ? <State kind="ok" word="no gap" /> : (
        <State
          kind="warn"
          word={gaps.length === 1
            ? `1 gap, ${expected - present}\u00a0h`
            : `${gaps.length} gaps, ${expected - present}\u00a0h`}
        />
      )}
    >
      <nav class="choice" aria-label="Days of the calendar">
        {CHOICE_OF_DAYS.map((choice) => (
          <a
            href={hrefWith(view, { days: choice })}
            aria-current={choice === days ? "true" : undefined}
          >
            {`${choice} days`}
          </a>
        ))}
      </nav>
      <SnapshotCalendar
        hours={snapshots}
        fromMs={fromMs}
        toMs={toMs}
        href={({ atMs }) => view.href(`/data/market_snapshot/${byHour.get(atMs)?.version ?? ""}`)}
      />
      <p class="key">
        <span>Filled: a snapshot; its orange part: rows refused.</span>
        <span>Outlined: none came.</span>
        {gaps.length === 0
          ? ""
          : <span>{`Gaps: ${gaps.slice(-SHOWN_GAPS).reverse().map(gapWords).join("; ")}.`}</span>}
      </p>
    </Panel>
  );
};

export const IngestPanel: FC<{ view: View; model: DataModel }> = ({ view, model }) => {
  const { freshness, newest, lastIngest, snapshots } = model;
  const [kind, word] = STATES[freshness.state];
  const facts: [Child, Child][] = [];
  if (newest !== null) {
    const { annotations } = newest;
    facts.push(
      ["Newest", <VersionLink view={view} name={newest.name} version={newest.version} />],
      ["Market time", instant(newest.marketAt)],
      ["Recorded", <time datetime={newest.recordedAt}>{ageText(view, newest.recordedAt)}</time>],
      [
        "Source",
        <Foreign text={`${annotations.source ?? UNDEFINED}, ${annotations.origin ?? ""}`} />,
      ],
      [
        "Rows",
        `${count(Number(annotations.rows ?? 0))} taken, ${
          count(Number(annotations.refused ?? 0))
        } refused`,
      ],
      [
        "Raw answer",
        newest.files.raw === undefined ? UNDEFINED : (
          <a href={fileHref(view, newest, "raw")}>
            {`JSON, ${fileSize(newest.files.raw.byteLength)}`}
          </a>
        ),
      ],
    );
  }
  facts.push([
    "Expected",
    freshness.expectedEveryMs === null
      ? "no further one: nothing here carries this market on"
      : `every ${duration(freshness.expectedEveryMs)}, next ${instant(freshness.dueAt)}`,
  ]);
  if (lastIngest !== null) {
    facts.push([
      "Last ingest",
      <>
        <RunState run={lastIngest} /> <RunLink view={view} id={lastIngest.id} />
      </>,
    ]);
  }
  return (
    <Panel
      id="ingest"
      title="Ingest"
      scope={<a href={view.href("/flows/ingest")}>flow ingest</a>}
      end={<State kind={kind} word={word} />}
    >
      <Facts facts={facts} />
      <div class="hr"></div>
      <h3>Refused rows, and why</h3>
      <Refused lines={snapshots} />
    </Panel>
  );
};

const Refused: FC<{ lines: readonly SnapshotLine[] }> = ({ lines }) => {
  const reasons = [...countReasons(lines.map(({ refusedReasons }) => refusedReasons))];
  if (reasons.length === 0) {
    return <p class="dim">None in the days shown: every row could be used.</p>;
  }
  reasons.sort(([, a], [, b]) => b - a);
  return (
    <Facts
      facts={reasons.slice(0, SHOWN_REASONS).map(([reason, rows]) => [
        count(rows),
        <Foreign text={plainText(reason)} />,
      ])}
    />
  );
};

/** Reason → rows, over all. */
export function countReasons(all: readonly JsonObject[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const reasons of all) {
    for (const [reason, rows] of Object.entries(reasons)) {
      counts.set(reason, (counts.get(reason) ?? 0) + Number(rows));
    }
  }
  return counts;
}

// The overview: is it healthy, and what comes next?

import type { Child } from "hono/jsx";
import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { gateRows } from "../../src/domain/gates.ts";
import { DEFAULT_CRASH_PCT, type OutcomeMetrics } from "../../src/domain/outcomes.ts";
import type { PredictionBatch } from "../../src/domain/prediction.ts";
import type { EventRecord } from "../../src/domain/run.ts";
import { count, duration, instant, percent } from "../../src/cards/format.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { waitingFor } from "../../src/engine/dueness.ts";
import { latestVersion } from "../../src/registry/assets.ts";
import { modelStatus } from "../../src/registry/evaluations.ts";
import { listEvents } from "../../src/registry/events.ts";
import { capitalized } from "../components/text.ts";
import { LatestGates } from "../panels/latest_gates.tsx";
import { AnomalyRate, bandOf, RATE_DAYS, rateOf } from "../panels/anomaly_rate.tsx";
import { ChampionPanel } from "../panels/champion.tsx";
import { FirstSteps } from "../panels/first_steps.tsx";
import { type Live, LiveAnomalies, loadLive } from "../panels/live_anomalies.tsx";
import { Pipeline } from "../panels/pipeline.tsx";
import { RecentEvents } from "../panels/recent_events.tsx";
import { nextStep, type Step } from "../next_step.ts";
import { type Content, definePage } from "../page.ts";
import { batchesIn, CHAMPIONS } from "../reading/batches.ts";
import {
  type ChampionState,
  championState,
  type NewestModel,
  newestModel,
} from "../reading/champion.ts";
import { clockMs } from "../reading/days.ts";
import { outcomeDays } from "../reading/outcomes.ts";
import { type FlowState, pipelineState } from "../reading/pipeline.ts";
import type { Freshness } from "../../src/engine/freshness.ts";
import { freshnessOn } from "../health.ts";
import { type LeftOpen, leftOpen } from "../reading/open_work.ts";
import { type RunRow } from "../reading/runs.ts";
import type { View } from "../view.ts";

const SHOWN_ANOMALIES = 15;
const SHOWN_EVENTS = 8;
const MIN_EVENTS = 4;

interface Model {
  freshness: Freshness;
  pipeline: FlowState[];
  champion: ChampionState;
  newest: NewestModel | null;
  /** The days of the rate, up to the market's now; null on a branch without data. */
  span: { fromMs: number; toMs: number } | null;
  rates: Pick<PredictionBatch, "marketAtMs" | "rows" | "flagged">[];
  /** Of the champions of those days; null where nothing is decided. */
  outcomes: OutcomeMetrics | null;
  live: Live | null;
  events: EventRecord[];
  /** Of flows whose last run failed. */
  failures: RunRow[];
  /** Runs that stand still, and events that were given up. */
  open: LeftOpen;
  waiting: string[];
  next: Step | null;
}

export const overview = definePage({
  path: "/",
  query: z.object({}),
  load,
  render: (view, model) =>
    model.pipeline.every(({ last }) => last === null)
      ? emptyBranch(view, model)
      : branchPage(view, model),
});

async function load(view: View): Promise<Model> {
  const { registry, deps, configs, nowMs, runsSchedules } = view;
  const { write, read } = registry.scopes;
  const atMs = await clockMs(registry, write);
  const span = atMs === null ? null : { fromMs: atMs - RATE_DAYS * DAY_MS, toMs: atMs };
  const schedules = runsSchedules ? deps.project.schedules : {};
  const [pipeline, champion, newest, batches, outcomes, live, events, freshness, dataset, open] =
    await Promise.all([
      pipelineState(registry, write, {
        flows: deps.flows,
        configs,
        schedules,
        nowMs,
        leaseNowMs: deps.leaseNowMs(),
      }),
      championState(registry, write),
      newestModel(registry, write),
      span === null ? [] : batchesIn(registry, write, CHAMPIONS, span),
      span === null ? null : outcomeDays(registry, write, {
        ...span,
        whose: CHAMPIONS,
        rule: { crashThresholdPct: DEFAULT_CRASH_PCT },
      }),
      loadLive(view, { limit: SHOWN_ANOMALIES }),
      listEvents(registry, write, { limit: SHOWN_EVENTS }),
      freshnessOn(registry, deps, runsSchedules),
      latestVersion(registry, read, "data", ASSET.trainingDataset),
      leftOpen(view),
    ]);
  const waiting = dataset !== null ? [] : await waitingFor(deps.flows, registry);
  const failures = pipeline.flatMap(({ last }) => last?.status === "failed" ? [last] : []);
  const rates = batches.map(({ marketAtMs, rows, flagged }) => ({ marketAtMs, rows, flagged }));
  const model = {
    freshness,
    pipeline,
    champion,
    newest,
    span,
    rates,
    outcomes: outcomes === null || outcomes.days.length === 0 ? null : outcomes.total,
    live,
    events,
    failures,
    open,
    waiting,
  };
  return { ...model, next: await nextOf(view, model, dataset !== null) };
}

async function nextOf(
  view: View,
  { freshness, pipeline, champion, newest, failures, open, waiting, rates }: Omit<Model, "next">,
  hasDataset: boolean,
): Promise<Step | null> {
  const { registry } = view;
  const [failure] = failures.toSorted((a, b) => b.id - a.id);
  const status = newest &&
    await modelStatus(registry, registry.scopes.write, ASSET.detector, newest.record.version);
  return nextStep({
    isEmpty: pipeline.every(({ last }) => last === null),
    failure: failure
      ? { id: failure.id, flow: failure.flow, step: failure.error?.step ?? null }
      : null,
    stranded: open.stranded.find(({ goesOn }) => !goesOn) ?? null,
    parked: open.parked[0] ?? null,
    stale: freshness.state === "stale" ? freshness.sentence : null,
    hasSnapshot: freshness.marketAt !== null,
    hasDataset,
    waiting,
    scheduled: pipeline.filter(({ dueAt }) => dueAt !== null).map(({ flow }) => flow),
    model: newest && {
      version: newest.record.version,
      status: status!,
      isJudged: newest.evaluation !== null,
      isBlocked: newest.blockers.length > 0,
    },
    champion: champion.entry?.version ?? null,
    hoursOutside: hoursOutside(rates, bandOf(view.configs.eval_config)),
  });
}

function branchPage(view: View, model: Model): Content {
  const { champion, newest, span, rates, outcomes, live, events, failures, next } = model;
  return {
    title: "Overview",
    section: "overview",
    finding: findingOf(model),
    lead: leadOf(view, model),
    next: next && { ...next, command: view.command(next.command) },
    body: (
      <>
        <Pipeline view={view} flows={model.pipeline} />
        <AnomalyRate
          view={view}
          fromMs={span?.fromMs ?? view.nowMs - RATE_DAYS * DAY_MS}
          toMs={span?.toMs ?? view.nowMs}
          batches={rates}
          history={champion.history}
        />
        <ChampionPanel view={view} champion={champion} newest={newest} outcomes={outcomes} />
        <LiveAnomalies view={view} live={live} span="c8" />
        <div class="c4 stack">
          <LatestGates
            view={view}
            hasModel={newest !== null}
            evaluation={newest?.evaluation ?? null}
            rows={newest?.evaluation ? gateRows(newest.evaluation) : []}
          />
          <RecentEvents
            view={view}
            events={events}
            failures={failures}
            limit={eventsBeside(live?.coins.length ?? 0)}
          />
        </div>
      </>
    ),
  };
}

/** As many as stand beside so many anomalies without leaving a blank below them. */
function eventsBeside(anomalies: number): number {
  return Math.max(MIN_EVENTS, Math.min(SHOWN_EVENTS, anomalies - 5));
}

/** "35 of 99 coins look abnormal"; what is missing where nothing can be said of coins. */
function findingOf({ freshness, live, champion, newest }: Model): string {
  if (freshness.state === "stale") {
    return `No snapshot since ${instant(freshness.marketAt)}`;
  }
  if (live !== null) {
    if (live.flagged === 0) return `None of ${count(live.scored)} coins looks abnormal`;
    return `${count(live.flagged)} of ${count(live.scored)} coins ${
      live.flagged === 1 ? "looks" : "look"
    } abnormal`;
  }
  if (champion.entry !== null) {
    return `v${champion.entry.version} is champion, and has scored nothing yet`;
  }
  if (newest !== null) return "No champion yet";
  return freshness.marketAt === null ? "No data yet" : "Snapshots are coming in; no model yet";
}

function leadOf(view: View, model: Model): Child {
  const { live, champion, newest, freshness, failures, waiting, rates } = model;
  const band = bandOf(view.configs.eval_config);
  const failed = failures.length === 0
    ? ""
    : failures.length === 1
    ? ` One flow's last run failed: ${failures[0]!.flow}.`
    : ` The last runs of ${failures.length} flows failed.`;
  if (live === null) {
    const wait = waiting.length > 0 ? ` ${capitalized(waiting.join("; "))}.` : "";
    return `${freshness.sentence}${wait}${failed}`;
  }
  const rate = live.scored === 0 ? 0 : live.flagged / live.scored;
  const hours = hoursOutside(rates, band);
  return (
    <>
      Champion <b>{`v${live.version}`}</b> flags <b>{percent(rate)}</b>
      {` of the market; its gates allow ${percent(band.min)} to ${percent(band.max)}. `}
      {hours === 0 ? "" : (
        <>
          The rate has been outside for <b>{duration(hours * HOUR_MS).replaceAll(" ", "\u00a0")}</b>
          .{" "}
        </>
      )}
      {newestWords(champion, newest)}
      {freshness.state === "fresh" ? freshWords(freshness) : freshness.sentence}
      {failed}
    </>
  );
}

/** "v9, the newest version, was refused. " */
function newestWords({ entry }: ChampionState, newest: NewestModel | null): string {
  if (newest === null || entry === null || newest.record.version <= entry.version) return "";
  const { record: { version }, evaluation, blockers } = newest;
  if (evaluation === null) return `v${version}, the newest version, was not judged yet. `;
  return blockers.length === 0
    ? `v${version} passed every gate and may be promoted. `
    : `v${version}, the newest version, may not be promoted. `;
}

function freshWords({ isWatched, source, marketAt }: Freshness): string {
  if (isWatched) return "Data is fresh.";
  return `The market is ${source === "simulated" ? "simulated" : "recorded"}, and stands at ${
    instant(marketAt)
  }.`;
}

/** Snapshots in a row, up to the newest, whose rate the gates would not allow. */
function hoursOutside(rates: Model["rates"], { min, max }: { min: number; max: number }): number {
  const inside = rates.findLastIndex((batch) => rateOf(batch) >= min && rateOf(batch) <= max);
  return rates.length - 1 - inside;
}

function emptyBranch(view: View, model: Model): Content {
  const firstDue = model.pipeline.find(({ flow }) => flow === "ingest")?.dueAt ?? null;
  return {
    title: "Overview",
    section: "overview",
    finding: "Nothing here yet",
    lead: (
      <>
        Branch <b>{view.branch}</b>{" "}
        has no snapshot, no model and no run. The store is open and empty.{" "}
        {firstDue === null ? "" : `The first snapshot comes by itself, ${instant(firstDue)}. `}
        The shortest way to a working picture is the demo: ten days of a simulated market in some
        seconds, offline.
      </>
    ),
    next: {
      title: "Start here",
      text: "Ingests, trains, evaluates, promotes, then goes on hour by hour.",
      command: "./anomaly demo --serve",
    },
    body: (
      <>
        <FirstSteps view={view} />
        <AnomalyRate
          view={view}
          fromMs={view.nowMs - RATE_DAYS * DAY_MS}
          toMs={view.nowMs}
          batches={model.rates}
          history={[]}
          span="c12"
        />
      </>
    ),
  };
}

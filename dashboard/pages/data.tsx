// Data: is it fresh, and is it complete?

import type { FC } from "hono/jsx";
import { z } from "zod";
import { ASSET, DATA_ASSETS, type VersionRecord } from "../../src/domain/asset.ts";
import { count, plainText } from "../../src/cards/format.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import type { Freshness } from "../../src/engine/freshness.ts";
import { latestVersion, listSnapshots, listVersions } from "../../src/registry/assets.ts";
import { homeOf } from "../../src/registry/context.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { Foreign } from "../components/panel.tsx";
import { VersionLink } from "../components/refs.tsx";
import { freshnessOn } from "../health.ts";
import { definePage, type NextAction } from "../page.ts";
import {
  AssetsPanel,
  BranchesPanel,
  DatasetsPanel,
  EvaluationsPanel,
} from "../panels/data_versions.tsx";
import { CalendarPanel, IngestPanel } from "../panels/snapshots.tsx";
import { coverageOf, gapWords } from "../reading/coverage.ts";
import { holdingsOf, snapshotLines } from "../reading/data_assets.ts";
import { rowOf } from "../reading/runs.ts";
import type { DataModel } from "../reading/data_overview.ts";
import type { View } from "../view.ts";

/** Of the calendar: a week, as far as a dataset reaches back; more where it is asked for. */
const SHOWN_DAYS = 7;
const SHOWN_DATASETS = 8;
const SHOWN_EVALUATIONS = 8;
const SHOWN_BRANCHES = 12;

export const data = definePage({
  path: "/data",
  query: z.object({
    days: z.coerce.number().int().min(1).max(31).default(SHOWN_DAYS)
      .describe("days of the calendar of snapshots"),
  }),
  load: async (view, { days }): Promise<DataModel> => {
    const { registry, deps, branch } = view;
    const own = (await deps.setupOf(undefined)).scopes.write.branch;
    const { read, write } = registry.scopes;
    const [freshness, newest, trainings, holdouts, evaluations, assets, ingests, names] =
      await Promise.all([
        freshnessOn(registry, deps, branch === own),
        latestVersion(registry, read, "data", ASSET.snapshot),
        listVersions(registry, read, "data", ASSET.trainingDataset, { limit: SHOWN_DATASETS }),
        listVersions(registry, read, "data", ASSET.evalHoldout, { limit: SHOWN_DATASETS }),
        listVersions(registry, write, "data", ASSET.evaluationResults, {
          limit: SHOWN_EVALUATIONS,
        }),
        Promise.all(DATA_ASSETS.map(async (name) => {
          const scope = homeOf(registry, name);
          const latest = await latestVersion(registry, scope, "data", name);
          return { name, branch: scope.branch, latest };
        })),
        listRuns(registry, read, { flow: "ingest", limit: 1 }),
        registry.store.branchNames(read.project),
      ]);
    const span = await spanOf(view, newest, freshness, days);
    const snapshots = span === null ? [] : await snapshotLines(registry, read, span);
    return {
      freshness,
      coverage: coverageOf(snapshots, span),
      snapshots,
      newest,
      lastIngest: ingests[0] === undefined ? null : rowOf(ingests[0]),
      datasets: trainings.map((training) => ({
        training,
        holdout: holdouts.find(({ runId }) => runId === training.runId) ?? null,
      })),
      evaluations,
      assets,
      branches: await holdingsOf(registry, names.slice(0, SHOWN_BRANCHES)),
      moreBranches: Math.max(0, names.length - SHOWN_BRANCHES),
    };
  },
  render: (view, model, { days }) => ({
    title: "Data",
    section: "data",
    finding: findingOf(model),
    lead: <Lead view={view} model={model} days={days} />,
    next: nextOf(view, model),
    body: (
      <>
        <div class="stack c8">
          <CalendarPanel view={view} model={model} days={days} />
          <DatasetsPanel view={view} datasets={model.datasets} />
          <EvaluationsPanel view={view} evaluations={model.evaluations} />
        </div>
        <div class="stack c4">
          <IngestPanel view={view} model={model} />
          <AssetsPanel view={view} assets={model.assets} />
          <BranchesPanel view={view} branches={model.branches} more={model.moreBranches} />
        </div>
      </>
    ),
  }),
});

/** The last days of the market up to its newest snapshot, or to now where one is late. */
async function spanOf(
  { registry, nowMs }: View,
  newest: VersionRecord | null,
  { state, source }: Freshness,
  days: number,
): Promise<{ fromMs: number; toMs: number } | null> {
  const newestMs = newest?.marketAt ? Date.parse(newest.marketAt) : null;
  if (newestMs === null) return null;
  const isOverdue = source === "coingecko" && (state === "late" || state === "stale");
  const toMs = isOverdue ? Math.max(newestMs, nowMs) : newestMs;
  const firstDayMs = Math.floor(toMs / DAY_MS) * DAY_MS - (days - 1) * DAY_MS;
  const { read } = registry.scopes;
  const [first] = await listSnapshots(registry, read, { fromMs: firstDayMs, toMs, limit: 1 });
  // Hours before the branch's first snapshot were never to have one.
  const before = await listSnapshots(registry, read, { fromMs: 0, toMs: firstDayMs, limit: 1 });
  return { fromMs: before.length > 0 ? firstDayMs : first?.marketAtMs ?? newestMs, toMs };
}

function findingOf({ freshness, coverage: { expected, present, gaps } }: DataModel): string {
  if (freshness.state === "empty") return "There is no snapshot yet";
  const hours = `${count(present)} of ${count(expected)} hours have a snapshot`;
  const last = gaps.at(-1);
  if (freshness.state !== "fresh") return freshness.sentence.replace(/[;.].*$/, "");
  if (last === undefined) {
    return expected === 1
      ? "The first hour has its snapshot"
      : `All ${count(expected)} hours have a snapshot`;
  }
  return gaps.length === 1
    ? `${hours}; one gap ${gapWords(last)}`
    : `${hours}; ${gaps.length} gaps, the last ${gapWords(last)}`;
}

const Lead: FC<{ view: View; model: DataModel; days: number }> = ({ view, model, days }) => {
  const { freshness, snapshots, newest, coverage } = model;
  if (newest === null) {
    return <>A snapshot is what the market said at one time; everything else is made of them.</>;
  }
  const refused = snapshots.reduce((sum, line) => sum + line.refused, 0);
  const rows = snapshots.reduce((sum, line) => sum + line.rows, 0);
  return (
    <>
      <Foreign text={freshness.sentence} /> {freshness.state === "fresh"
        ? ""
        : `${count(coverage.present)} of ${count(coverage.expected)} hours have a snapshot. `}
      In the last {days} days <b>{count(refused)}</b> of <b>{count(rows + refused)}</b>{" "}
      rows were refused. Newest:{" "}
      <VersionLink view={view} name={newest.name} version={newest.version} />.
    </>
  );
};

function nextOf(view: View, { freshness }: DataModel): NextAction | null {
  if (freshness.state === "fresh") return null;
  const isEmpty = freshness.state === "empty";
  return {
    title: isEmpty ? "Start here" : "Take a snapshot now",
    text: isEmpty
      ? "Asks the market once, about 1 s; add --source simulated to do without it."
      : plainText("What was missed stays missing: only the market’s present can be asked for."),
    command: view.command("ingest"),
  };
}

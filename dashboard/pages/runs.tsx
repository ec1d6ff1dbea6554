// Runs: what has run, what failed and what to do about it, newest first.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { RUN_STATUSES, type RunStatus } from "../../src/domain/run.ts";
import { count, plainText } from "../../src/cards/format.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { listTaggedRuns } from "../../src/registry/runs.ts";
import { Command } from "../components/command.tsx";
import { FilterForm } from "../components/filter_form.tsx";
import { PAGE_SIZE, pageOf, Pager, pagerParams } from "../components/pager.tsx";
import { Foreign, Nothing, Panel } from "../components/panel.tsx";
import { Age, ageText, RunLink } from "../components/refs.tsx";
import { causeIn, commandIn } from "../components/run_words.tsx";
import { definePage, type NextAction } from "../page.ts";
import { RunTable } from "../panels/run_list.tsx";
import { type Attended, attended, type LeftOpen, leftOpen } from "../reading/open_work.ts";
import { flowRuns, listed, type ListedRun, lookBack, type RunRow } from "../reading/runs.ts";
import { hrefWith, type View } from "../view.ts";

/** How far a page that is filtered by state looks back, and the finding for a failure. */
const LOOKED_AT = 1000;
/** The same where a tag narrows the runs, each of which is read by itself. */
const LOOKED_AT_TAGGED = 200;
const RECENT_MS = 24 * HOUR_MS;
const WORDS: Record<RunStatus, string> = {
  running: "running",
  failed: "failed",
  interrupted: "interrupted",
  completed: "done",
};

const query = z.object({
  ...pagerParams,
  flow: z.string().optional().describe("only runs of this flow, by either name"),
  status: z.enum(RUN_STATUSES).optional().describe("only runs in this state"),
  tag: z.string().max(100).optional().describe("only runs with this tag"),
});
type Query = z.output<typeof query>;

interface Recent {
  /** Runs of the last 24 hours, or the newest that were looked at. */
  total: number;
  isCut: boolean;
  failed: number;
  running: number;
  newest: RunRow | null;
  lastFailure: RunRow | null;
  /** Whether its flow has completed a run since. */
  isOver: boolean;
}

interface Model {
  runs: Attended<ListedRun>[];
  olderBefore: number | null;
  /** How many runs were looked at for a filter; null where an index gave them. */
  lookedAt: number | null;
  flow: string | null;
  recent: Recent;
  stranded: LeftOpen["stranded"];
}

export const runs = definePage({
  path: "/runs",
  query,
  load: async (view, asked): Promise<Model> => {
    const flow = asked.flow === undefined ? null : findFlow(view.deps.flows, asked.flow).name;
    const [list, recent, { stranded }] = await Promise.all([
      listRows(view, asked, flow),
      recentRuns(view),
      leftOpen(view),
    ]);
    const { shown, olderBefore, lookedAt } = list;
    return { runs: await attended(view, shown), olderBefore, lookedAt, flow, recent, stranded };
  },
  render: (view, model, asked) => ({
    title: "Runs",
    section: "runs",
    finding: findingOf(view, model.recent),
    lead: <Lead view={view} recent={model.recent} />,
    next: nextOf(view, model),
    body: (
      <Panel
        id="runs"
        title="Runs"
        scope={scopeOf(model.flow, asked)}
        end={
          <>
            <a href={view.href("/flows")}>flows</a> ·{" "}
            <a href={view.href("/runs/cards")}>two cards side by side</a>
          </>
        }
        span="c12"
      >
        <Filter view={view} asked={asked} flow={model.flow} />
        {model.runs.length === 0 ? <Empty view={view} model={model} asked={asked} /> : (
          <RunTable
            view={view}
            runs={model.runs}
            caption={model.lookedAt === null
              ? `Runs ${model.runs.at(-1)!.id} to ${model.runs[0]!.id}.`
              : `${model.runs.length} found among the ${count(model.lookedAt)} runs looked at.`}
          />
        )}
        <Pager view={view} olderBefore={model.olderBefore} before={asked.before} />
      </Panel>
    ),
  }),
});

/** A page of runs by the narrowest index that there is. */
async function listRows({ registry, deps }: View, asked: Query, flow: string | null) {
  const scope = registry.scopes.write;
  const { before, status, tag } = asked;
  const older = before === undefined ? {} : { before };
  const flows = flow === null ? deps.flows.map(({ name }) => name) : [flow];
  const tagged = async (options: Parameters<typeof listTaggedRuns>[2]) =>
    await listed(registry, scope, await listTaggedRuns(registry, scope, options));
  if (status === undefined) {
    const range = { limit: PAGE_SIZE + 1, ...older };
    const rows = tag !== undefined
      ? await tagged({ flows, tag, ...range })
      : flow === null
      ? await lookBack(registry, scope, range)
      : await flowRuns(registry, scope, flow, range);
    return { ...pageOf(rows, ({ id }) => id), lookedAt: null };
  }
  const limit = tag === undefined ? LOOKED_AT : LOOKED_AT_TAGGED;
  const read = tag === undefined
    ? await lookBack(registry, scope, { limit, ...older })
    : await tagged({ flows, tag, limit, ...older });
  const found = read.filter((run) => run.status === status && (flow === null || run.flow === flow));
  const { shown, olderBefore } = pageOf(found, ({ id }) => id);
  const isCut = read.length === limit && read.at(-1)!.id > 1;
  return {
    shown,
    olderBefore: olderBefore ?? (isCut ? read.at(-1)!.id : null),
    lookedAt: read.length,
  };
}

async function recentRuns({ registry, nowMs }: View): Promise<Recent> {
  const since = nowMs - RECENT_MS;
  let hasFailed = false;
  const read = await lookBack(registry, registry.scopes.write, {
    limit: LOOKED_AT,
    until: (run) => {
      hasFailed ||= run.status === "failed";
      return hasFailed && Date.parse(run.startedAt) < since;
    },
  });
  const recent = read.filter(({ startedAt }) => Date.parse(startedAt) >= since);
  const lastFailure = read.find(({ status }) => status === "failed") ?? null;
  return {
    total: recent.length,
    isCut: recent.length === LOOKED_AT,
    failed: recent.filter(({ status }) => status === "failed").length,
    running: read.filter(({ status }) => status === "running").length,
    newest: read[0] ?? null,
    lastFailure,
    isOver: lastFailure !== null &&
      read.some((run) =>
        run.id > lastFailure.id && run.flow === lastFailure.flow && run.status === "completed"
      ),
  };
}

function findingOf(view: View, { total, isCut, failed, newest }: Recent): string {
  if (newest === null) return "Nothing has run yet";
  if (total === 0) return `Last run ${ageText(view, newest.startedAt)}, none since`;
  const runs = isCut ? `the last ${count(total)} runs` : `the last 24 hours’ ${count(total)} runs`;
  if (failed > 0) return `${count(failed)} of ${runs} failed`;
  return total === 1 ? "The last 24 hours’ one run did not fail" : `None of ${runs} failed`;
}

const Lead: FC<{ view: View; recent: Recent }> = ({ view, recent }) => {
  const { newest, lastFailure, running, isOver } = recent;
  if (newest === null) return <>Every run leaves its steps, log, result and card here.</>;
  return (
    <>
      {running > 0
        ? (
          <>
            <b>{count(running)}</b>
            {running === 1 ? " is going on. " : " are going on. "}
          </>
        )
        : ""}
      {"Newest: "}
      <RunLink view={view} id={newest.id} /> (<code>{newest.flow}</code>),{" "}
      <Age view={view} at={newest.startedAt} />.{" "}
      {lastFailure === null ? `No failure among the ${count(LOOKED_AT)} newest.` : (
        <>
          Last failure: <RunLink view={view} id={lastFailure.id} />{" "}
          (<code>{lastFailure.flow}</code>){" "}
          <b>
            <Age view={view} at={lastFailure.startedAt} />
          </b>
          {isOver
            ? `; ${lastFailure.flow} has completed since.`
            : `; ${lastFailure.flow} has not completed since.`}
        </>
      )}
    </>
  );
};

/** A run that stands still, or a failure that nothing has made good yet. */
function nextOf(view: View, { recent, stranded }: Model): NextAction | null {
  const { newest, lastFailure, isOver } = recent;
  const still = stranded.find(({ goesOn }) => !goesOn);
  if (still !== undefined) {
    return {
      title: `Run ${still.id} ${still.isCrashed ? "crashed" : "was interrupted"}`,
      text: `Its finished steps stand; ${still.flow} goes on from there, in a new run.`,
      command: view.command(`runs resume ${still.id}`),
    };
  }
  if (newest === null) {
    return {
      title: "Start here",
      text: "Takes one snapshot of the market, about 1 s.",
      command: view.command("ingest"),
    };
  }
  if (lastFailure === null || lastFailure.error === null || isOver) return null;
  return {
    title: `Run ${lastFailure.id} failed`,
    text: <Foreign text={causeIn(lastFailure.error.message)} />,
    command: view.command(commandIn(lastFailure.error.message) ?? lastFailure.flow),
  };
}

function scopeOf(flow: string | null, { status, tag }: Query): string {
  const parts = [
    flow === null ? "of every flow" : `of ${flow}`,
    status === undefined ? null : WORDS[status],
    tag === undefined ? null : `with tag ${plainText(tag)}`,
    "newest first",
  ];
  return parts.filter((part) => part !== null).join(", ");
}

const Filter: FC<{ view: View; asked: Query; flow: string | null }> = ({ view, asked, flow }) => (
  <FilterForm view={view} action="/runs" button="Show">
    <label class="field">
      Flow
      <select name="flow" data-submits>
        <option value="">all flows</option>
        {view.deps.flows.map(({ name }) => (
          <option value={name} selected={name === flow}>{name}</option>
        ))}
      </select>
    </label>
    <label class="field">
      State
      <select name="status" data-submits>
        <option value="">all states</option>
        {RUN_STATUSES.map((one) => (
          <option value={one} selected={one === asked.status}>{WORDS[one]}</option>
        ))}
      </select>
    </label>
    <label class="field">
      Tag
      <input name="tag" value={asked.tag} maxlength={100} placeholder="champion" />
    </label>
  </FilterForm>
);

const Empty: FC<{ view: View; model: Model; asked: Query }> = ({ view, model, asked }) =>
  model.recent.newest === null
    ? (
      <>
        <Nothing>{`Nothing has run on branch ${plainText(view.branch)}.`}</Nothing>
        <Command text={view.command("ingest")} />
      </>
    )
    : (
      <Nothing>
        {`No such run${
          model.lookedAt === null ? "" : ` among the ${count(model.lookedAt)} looked at`
        }${asked.before === undefined ? "" : ` before run ${asked.before}`}. `}
        <a
          href={hrefWith(view, {
            flow: undefined,
            status: undefined,
            tag: undefined,
            before: undefined,
          })}
        >
          All runs
        </a>
      </Nothing>
    );

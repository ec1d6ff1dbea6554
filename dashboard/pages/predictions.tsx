// Predictions: was it right? What flags were worth over a span, by day, and episode by episode.

import type { Child, FC } from "hono/jsx";
import { z } from "zod";
import { DEFAULT_CRASH_PCT, type OutcomeMetrics } from "../../src/domain/outcomes.ts";
import { change, count, duration, instant, percent } from "../../src/cards/format.ts";
import { PREDICTION_ROLES } from "../../src/domain/prediction.ts";
import { iso } from "../../src/domain/time.ts";
import { FilterForm } from "../components/filter_form.tsx";
import { numberedParams } from "../components/numbered_pager.tsx";
import { ModelLink } from "../components/refs.tsx";
import { SpanFields, spanName, spanOf, spanParams } from "../components/span_fields.tsx";
import { coinName } from "../components/text.ts";
import { definePage, type NextAction } from "../page.ts";
import { CoursePanel } from "../panels/coin_course.tsx";
import { EpisodesPanel, hasOutcome, OUTCOME_FILTERS, SORTS } from "../panels/episodes.tsx";
import { OutcomeDays, OutcomeTable } from "../panels/outcomes.tsx";
import type { Whose } from "../reading/batches.ts";
import { clockMs, type Span } from "../reading/days.ts";
import { type Judgement, judgementOf } from "../reading/judgement.ts";
import { hrefWith, type View } from "../view.ts";

const PAGE_SIZE = 20;
/** "One in 2.1" is harder to see than a share. */
const MOSTLY = 0.4;
/** Where a fall begins to be called a crash: what the panel offers, %. */
const THRESHOLDS = [-10, DEFAULT_CRASH_PCT, -25];

const query = z.object({
  ...spanParams,
  ...numberedParams,
  role: z.enum(PREDICTION_ROLES).default("champion")
    .describe("whose scores: of whoever was champion then, or of challengers"),
  version: z.coerce.number().int().min(1).optional()
    .describe("only scores of this version, in whatever role"),
  crash: z.coerce.number().min(-100).max(0).default(DEFAULT_CRASH_PCT)
    .describe("a fall of so much or more within 24 hours is a crash, %"),
  outcome: z.enum(OUTCOME_FILTERS).optional().describe("only episodes with this outcome"),
  sort: z.enum(SORTS).default("newest").describe("how episodes are sorted"),
  coin: z.string().min(1).optional().describe("the coin whose price and score are drawn"),
});

type Query = z.output<typeof query>;

interface Model extends Judgement {
  span: Span;
}

export const predictions = definePage({
  path: "/predictions",
  query,
  load: async ({ registry, nowMs }, asked): Promise<Model> => {
    const scope = registry.scopes.write;
    const clock = await clockMs(registry, scope) ?? nowMs;
    const span = spanOf(asked, clock);
    const judgement = await judgementOf(registry, scope, {
      ...span,
      whose: whoseOf(asked),
      rule: { crashThresholdPct: asked.crash },
      order: asked.sort,
      include: (episode) => hasOutcome(episode, asked.outcome),
      limit: PAGE_SIZE,
      skip: (asked.page - 1) * PAGE_SIZE,
      coinId: asked.coin,
      clockMs: clock,
    });
    return { span, ...judgement };
  },
  render: (view, model, asked) => ({
    title: "Predictions and outcomes",
    section: "predictions",
    finding: findingOf(model),
    lead: <Lead view={view} model={model} asked={asked} />,
    next: nextOf(view, model),
    body: <Body view={view} model={model} asked={asked} />,
  }),
});

function whoseOf({ role, version }: Query): Whose {
  return version === undefined ? { role } : { version };
}

function nameOf({ role, version }: Query): string {
  if (version !== undefined) return `v${version}`;
  return role === "champion" ? "the champion" : "challengers";
}

/** "One flag in 15 came before a crash" */
function findingOf({ scored, hasAny, outcomes: { total } }: Model): string {
  if (!hasAny) return "Nothing was scored yet";
  if (scored.batches === 0) return "Nothing was scored in this time";
  if (total.resolved === 0) {
    return `${count(scored.flagged)} ${
      scored.flagged === 1 ? "flag" : "flags"
    } so far, none judged yet`;
  }
  const { hits, precision: { n, value } } = total;
  if (n === 0) return `No flag in ${count(total.resolved)} judged scores`;
  if (n === 1) return `The one flag came before ${hits === 0 ? "no" : "a"} crash`;
  if (hits === 0) return `None of ${count(n)} flags came before a crash`;
  if (hits === n) return `All ${count(n)} flags came before a crash`;
  return value! > MOSTLY
    ? `${percent(value)} of flags came before a crash`
    : `One flag in ${oneIn(value!)} came before a crash`;
}

/** 0.067 → "15", 0.133 → "7.5" */
function oneIn(share: number): string {
  const times = 1 / share;
  return times >= 9.95 ? count(times) : times.toFixed(1).replace(".0", "");
}

const Lead: FC<{ view: View; model: Model; asked: Query }> = ({ view, model, asked }) => {
  const { scored, hasAny, due, outcomes: { total }, course } = model;
  if (!hasAny) {
    return (
      <>A champion and a snapshot make scores; a day later it is known what they were worth.</>
    );
  }
  if (scored.batches === 0) {
    return (
      <>
        No score lies between {instant(iso(model.span.fromMs))} and {instant(iso(model.span.toMs))}.
        {" "}
        <a href={view.href("/predictions")}>The last 7 days</a>
      </>
    );
  }
  if (total.resolved === 0) {
    return (
      <>
        <b>{count(scored.flagged)}</b> of {count(scored.rows)} scores{" "}
        {scored.flagged === 1 ? "is a flag" : "are flags"}, in{" "}
        <b>{scored.batches === 1 ? "one snapshot" : `${count(scored.batches)} snapshots`}</b>.{" "}
        {due === null
          ? "None of them waits to be judged."
          : due.isOverdue
          ? `The first could be judged since ${instant(due.at)}.`
          : `The first can be judged at ${instant(due.at)}.`}
      </>
    );
  }
  return (
    <>
      {chanceOf(total)} <Whom view={view} asked={asked} /> caught <b>{count(total.hits)}</b> of{" "}
      {count(total.crashes)} falls of {`${Math.abs(asked.crash)}\u00a0%`} or more and missed{" "}
      <b>{count(total.missed)}</b>. {percent(total.coverage === null ? null : 1 - total.coverage)}
      {" "}
      is unresolved.
      {course === null || course.halvedAfterMs === null ? "" : halved(course)}
    </>
  );
};

/** What flags at random would be worth. */
function chanceOf({ crash_rate, crashes, precision }: OutcomeMetrics): string {
  if (crash_rate === null || crashes === 0) return "No coin crashed.";
  if (precision.value !== null && precision.value > MOSTLY) {
    return `Chance would be ${percent(crash_rate)}.`;
  }
  return `Chance would be one in ${oneIn(crash_rate)}.`;
}

const Whom: FC<{ view: View; asked: Query }> = ({ view, asked: { version, role } }) => {
  if (version !== undefined) return <ModelLink view={view} version={version} />;
  return role === "champion" ? <>The champion</> : <>Challengers</>;
};

function halved(course: NonNullable<Model["course"]>): Child {
  return (
    <>
      {" "}
      <bdi>{coinName(course)}</bdi> was flagged <b>{duration(course.halvedAfterMs!)}</b>{" "}
      before its price had halved.
    </>
  );
}

function nextOf(view: View, { due, hasAny }: Model): NextAction | null {
  if (!hasAny) {
    return {
      title: "Do this next",
      text: "Scoring needs a champion and a snapshot; it takes about a second.",
      command: view.command("score"),
    };
  }
  if (due === null || !due.isOverdue) return null;
  return {
    title: "Do this next",
    text: `Scores that are due since ${
      instant(due.at)
    } wait to be judged; it takes about a second.`,
    command: view.command("validate_outcomes"),
  };
}

const Body: FC<{ view: View; model: Model; asked: Query }> = ({ view, model, asked }) => {
  const { span, outcomes: { total, days }, due, changes, versions, course, episodes } = model;
  const end = (
    <>
      crash at {THRESHOLDS.map((pct, i) => (
        <>
          {i === 0 ? "" : " · "}
          <a
            href={hrefWith(view, { crash: pct === DEFAULT_CRASH_PCT ? undefined : pct })}
            aria-current={pct === asked.crash ? "true" : undefined}
          >
            {change(pct).replace(".0", "")}
          </a>
        </>
      ))}
    </>
  );
  return (
    <>
      <Filter view={view} asked={asked} />
      <CoursePanel
        view={view}
        course={course}
        span="c7"
        end={<a href={view.href("/coins")}>all coins</a>}
      />
      <OutcomeTable
        name={nameOf(asked)}
        metrics={total}
        crashPct={asked.crash}
        due={due}
        end={end}
      />
      <OutcomeDays view={view} span={span} days={days} changes={changes} versions={versions} />
      <EpisodesPanel
        view={view}
        list={episodes}
        crashPct={asked.crash}
        spanName={spanName(view, asked, span)}
        sort={asked.sort}
        outcome={asked.outcome}
        page={asked.page}
        pageSize={PAGE_SIZE}
        coinId={course?.coinId ?? null}
      />
    </>
  );
};

const Filter: FC<{ view: View; asked: Query }> = ({ view, asked }) => (
  <FilterForm view={view} action="/predictions" button="Show" span="c12">
    <SpanFields query={asked} />
    <label class="field">
      Scores of
      <select name="role" data-submits>
        <option value="champion" selected={asked.role === "champion"}>the champion</option>
        <option value="challenger" selected={asked.role === "challenger"}>challengers</option>
      </select>
    </label>
    <label class="field">
      or version
      <input class="short" name="version" inputmode="numeric" value={asked.version ?? ""} />
    </label>
    <label class="field">
      Crash, %
      <input class="short" name="crash" inputmode="numeric" value={String(asked.crash)} />
    </label>
    {asked.outcome ? <input type="hidden" name="outcome" value={asked.outcome} /> : ""}
    {asked.sort === "newest" ? "" : <input type="hidden" name="sort" value={asked.sort} />}
    {asked.coin ? <input type="hidden" name="coin" value={asked.coin} /> : ""}
  </FilterForm>
);

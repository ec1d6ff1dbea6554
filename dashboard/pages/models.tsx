// Models: which version is champion, which comes next, and what stands in its way.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { type AliasEntry, ASSET, type ModelStatus } from "../../src/domain/asset.ts";
import type { GateRow } from "../../src/domain/gates.ts";
import { count, decimal, instant, percent, plainText } from "../../src/cards/format.ts";
import { type Blocker, promotionBlockers } from "../../src/registry/promotion.ts";
import { Command } from "../components/command.tsx";
import { expected, held } from "../components/gates.tsx";
import { BranchField } from "../components/frame.tsx";
import { PAGE_SIZE, Pager, pagerParams } from "../components/pager.tsx";
import { Foreign, Nothing, Panel, Table } from "../components/panel.tsx";
import { ageText, At, ModelLink, RunLink, StatusTag } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import { RefLink } from "../components/version_ref.tsx";
import { besideExpected, standingWords, wayOn } from "../model_words.ts";
import { definePage, type NextAction } from "../page.ts";
import { championState } from "../reading/champion.ts";
import { findModels, type FoundModels, type ModelRow, modelRows } from "../reading/models.ts";
import { hrefWith, type View } from "../view.ts";

const STATUSES = ["candidate", "evaluated", "revoked"] as const satisfies readonly ModelStatus[];

/** Newest versions among which the next candidate is looked for: revoked ones are stepped over. */
const NEWEST = 5;

interface Model {
  champion: { row: ModelRow; entry: AliasEntry } | null;
  /** The newest version after the champion that may still become it. */
  candidate: { row: ModelRow; blockers: Blocker[] } | null;
  list: FoundModels;
}

export const models = definePage({
  path: "/models",
  query: z.object({
    ...pagerParams,
    status: z.enum(STATUSES).optional().describe("only versions that stand there"),
  }),
  load: async (view, { before, status }): Promise<Model> => {
    const { registry } = view;
    const scope = registry.scopes.write;
    const [{ entry, record }, list, newest] = await Promise.all([
      championState(registry, scope),
      findModels(registry, scope, {
        limit: PAGE_SIZE,
        ...(before === undefined ? {} : { before }),
        ...(status === undefined ? {} : { status }),
      }),
      findModels(registry, scope, { limit: NEWEST }),
    ]);
    const next = newest.rows.find((row) =>
      row.status !== "revoked" && row.version > (entry?.version ?? 0)
    );
    const [rows, blockers] = await Promise.all([
      record === null ? [] : modelRows(registry, scope, [record]),
      next === undefined
        ? []
        : promotionBlockers(registry, registry.store, ASSET.detector, next.version),
    ]);
    return {
      champion: entry && rows[0] ? { row: rows[0], entry } : null,
      candidate: next === undefined ? null : { row: next, blockers },
      list,
    };
  },
  render: (view, model, { before, status }) => ({
    title: "Models",
    section: "models",
    finding: findingOf(model),
    lead: <Lead view={view} model={model} />,
    next: nextOf(view, model),
    body: <List view={view} model={model} before={before} status={status} />,
  }),
});

function findingOf({ champion, candidate, list }: Model): string {
  const next = candidate &&
    standingWords(candidate.row.version, candidate.row.judged, candidate.blockers);
  if (champion === null) {
    if (next === null) return list.lookedAt === 0 ? "No model yet" : "Nobody is champion";
    return `Nobody is champion; ${next}`;
  }
  const holder = `v${champion.row.version} is champion`;
  return next === null ? `${holder}; nothing newer waits` : `${holder}; ${next}`;
}

const Lead: FC<{ view: View; model: Model }> = ({ view, model: { champion, candidate } }) => {
  if (champion === null && candidate === null) {
    return <>A model is trained on a dataset, or, where there is none yet, on fresh data.</>;
  }
  const worst = candidate?.row.judged?.worst;
  return (
    <>
      {champion === null ? "" : (
        <>
          {`v${champion.row.version} is champion since ${instant(champion.entry.marketAt)}, ${
            champion.entry.action === "promote" ? "promoted" : "returned"
          } ${ageText(view, champion.entry.recordedAt)} by `}
          <Foreign text={champion.entry.actor} />
          {champion.row.judged === null ? ". " : (
            <>
              ; it flags <b>{percent(champion.row.judged.anomalyRate)}</b> of its holdout.{" "}
            </>
          )}
        </>
      )}
      {worst && candidate ? <InTheWay candidate={candidate.row} worst={worst} /> : ""}
    </>
  );
};

const InTheWay: FC<{ candidate: ModelRow; worst: GateRow }> = (
  { candidate, worst },
) => (
  <>
    {`v${candidate.version}: ${worst.label.toLowerCase()} is `}
    <b>{held(worst)}</b>, expected {expected(worst)}.
  </>
);

function nextOf(view: View, { champion, candidate, list }: Model): NextAction | null {
  if (candidate === null) {
    if (champion !== null || list.lookedAt > 0) return null;
    return {
      title: "Start here",
      text: "Trains on the latest dataset, or on what the market says now.",
      command: view.command("train --follow"),
    };
  }
  const { row, blockers } = candidate;
  if (blockers.length === 0) {
    return {
      title: "Do this next",
      text: (
        <>
          {`v${row.version} passed every gate. `}
          <a href={`${view.href(`/models/${row.version}`)}#promote`}>
            See what promoting it would do
          </a>
          , or:
        </>
      ),
      command: view.command(`promote --version ${row.version}`),
    };
  }
  return {
    title: row.judged === null ? "Do this next" : "Why not",
    text: (
      <>
        {`${standingWords(row.version, row.judged, blockers)}. `}
        <a href={view.href("/models/compare", { a: row.version })}>
          {champion === null ? "Look closer" : `Beside v${champion.row.version}`}
        </a>
      </>
    ),
    command: view.command(wayOn(row.version, blockers)),
  };
}

const List: FC<
  { view: View; model: Model; before: number | undefined; status: ModelStatus | undefined }
> = ({ view, model, before, status }) => {
  const { champion, list } = model;
  const others = list.rows.filter((row) => row.version !== champion?.row.version);
  const rows = champion === null ? others : [champion.row, ...others];
  return (
    <Panel
      id="models"
      title="Versions"
      scope={`${status === undefined ? "" : `${status}, `}newest first`}
      end={<a href={view.href("/models/champion")}>history of champion</a>}
      span="c12"
    >
      <Filter view={view} status={status} />
      {rows.length === 0 ? <Empty view={view} status={status} lookedAt={list.lookedAt} /> : (
        <Table
          class="fold"
          caption={captionOf(model, status)}
          columns={[
            { name: "Version" },
            { name: "Gates" },
            { name: "Flags of its holdout", isNumeric: true, class: "l" },
            { name: "Silhouette", isNumeric: true },
            { name: "Learned from" },
            { name: "Compare", isHidden: true },
          ]}
          narrow={[undefined, "full", "flags", "silhouette", "full", "full"]}
          rows={rows.map((row) => cellsOf(view, row, champion?.row.version ?? null))}
        />
      )}
      <Pager view={view} olderBefore={list.olderBefore} before={before} />
    </Panel>
  );
};

function captionOf({ champion, list }: Model, status: ModelStatus | undefined): string {
  const pinned = champion === null ? "" : " The champion stands first.";
  const found = status === undefined
    ? `${count(list.rows.length)} versions.`
    : `${count(list.rows.length)} found among ${count(list.lookedAt)} versions looked at.`;
  return `${found}${pinned} Gates: of the latest evaluation, with the first that failed.`;
}

function cellsOf(view: View, row: ModelRow, champion: number | null) {
  const { judged, learnedFrom } = row;
  return [
    <>
      <ModelLink view={view} version={row.version} /> <StatusTag status={row.status} />
      {row.aliases.filter((alias) => alias !== "champion").map((alias) => (
        <>
          {" "}
          <span class="tag">{plainText(alias)}</span>
        </>
      ))}
    </>,
    <Gates judged={judged} />,
    percent(judged?.anomalyRate ?? null),
    decimal(judged?.silhouette ?? null),
    <>
      {learnedFrom.dataset === null
        ? "fresh data"
        : <RefLink view={view} of={learnedFrom.dataset} />}
      <span class="dim">
        {learnedFrom.rows === null ? "" : `, ${count(learnedFrom.rows)} rows`}
      </span>
      <br />
      <small class="dim">
        {`${plainText(row.algorithm)}, up to `}
        <At view={view} at={learnedFrom.marketAt} />
        {", "}
        <RunLink view={view} id={row.runId} />
      </small>
    </>,
    champion === null || champion === row.version
      ? ""
      : <a href={view.href("/models/compare", { a: row.version })}>{`compare with v${champion}`}
      </a>,
  ];
}

const Gates: FC<{ judged: ModelRow["judged"] }> = ({ judged }) => {
  if (judged === null) return <State kind="skip" word="not judged" />;
  const { gates: { passed, failed, total, hardFailed }, worst } = judged;
  const state = failed === 0
    ? <State kind="ok" word={`${passed} of ${total}`} />
    : <State kind={hardFailed > 0 ? "fail" : "warn"} word={`${failed} of ${total} failed`} />;
  if (worst === null) return state;
  return (
    <>
      {state} <small class="dim">{`${worst.label}: ${besideExpected(worst)}`}</small>
    </>
  );
};

const Filter: FC<{ view: View; status: ModelStatus | undefined }> = ({ view, status }) => (
  <form class="filter" method="get" action="/models">
    <label class="field">
      Status
      <select name="status" data-submits>
        <option value="">all versions</option>
        {STATUSES.map((one) => <option value={one} selected={one === status}>{one}</option>)}
      </select>
    </label>
    <BranchField view={view} />
    <button class="btn go" type="submit">Show</button>
  </form>
);

const Empty: FC<{ view: View; status: ModelStatus | undefined; lookedAt: number }> = (
  { view, status, lookedAt },
) =>
  status === undefined
    ? (
      <>
        <Nothing>No model was trained on this branch yet.</Nothing>
        <Command text={view.command("train --follow")} />
      </>
    )
    : (
      <Nothing>
        {`No version is ${status} among the ${count(lookedAt)} looked at. `}
        <a href={hrefWith(view, { status: undefined, before: undefined })}>All versions</a>
      </Nothing>
    );

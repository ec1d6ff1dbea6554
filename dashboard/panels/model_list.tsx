// The versions as a table: the champion first, then newest first, each with its gates and what it learned from.

import type { FC } from "hono/jsx";
import type { ModelStatus } from "../../src/domain/asset.ts";
import { count, decimal, percent, plainText } from "../../src/cards/format.ts";
import { Command } from "../components/command.tsx";
import { FilterForm } from "../components/filter_form.tsx";
import { besideExpected } from "../components/model_words.ts";
import { Pager } from "../components/pager.tsx";
import { Nothing, Panel, Table } from "../components/panel.tsx";
import { At, ModelLink, RefLink, RunLink, StatusTag } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import type { FoundModels, ModelRow } from "../reading/models.ts";
import { hrefWith, type View } from "../view.ts";

/** Those that a list can be asked for; there is one champion at most. */
export const STATUSES = [
  "candidate",
  "evaluated",
  "revoked",
] as const satisfies readonly ModelStatus[];

export interface ModelListProps {
  view: View;
  champion: ModelRow | null;
  list: FoundModels;
  before: number | undefined;
  status: ModelStatus | undefined;
}

export const ModelList: FC<ModelListProps> = ({ view, champion, list, before, status }) => {
  const others = list.rows.filter((row) => row.version !== champion?.version);
  const rows = champion === null ? others : [champion, ...others];
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
          caption={captionOf(champion, list, status)}
          columns={[
            { name: "Version" },
            { name: "Gates" },
            { name: "Flags of its holdout", isNumeric: true, class: "l" },
            { name: "Silhouette", isNumeric: true },
            { name: "Learned from" },
            { name: "Compare", isHidden: true },
          ]}
          narrow={[undefined, "full", "flags", "silhouette", "full", "full"]}
          rows={rows.map((row) => cellsOf(view, row, champion?.version ?? null))}
        />
      )}
      <Pager view={view} olderBefore={list.olderBefore} before={before} />
    </Panel>
  );
};

function captionOf(
  champion: ModelRow | null,
  list: FoundModels,
  status: ModelStatus | undefined,
): string {
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
  <FilterForm view={view} action="/models">
    <label class="field">
      Status
      <select name="status" data-submits>
        <option value="">all versions</option>
        {STATUSES.map((one) => <option value={one} selected={one === status}>{one}</option>)}
      </select>
    </label>
  </FilterForm>
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

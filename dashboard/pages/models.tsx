// Models: which version is champion, which comes next, and what stands in its way.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { type AliasEntry, ASSET } from "../../src/domain/asset.ts";
import type { GateRow } from "../../src/domain/gates.ts";
import { instant, percent } from "../../src/cards/format.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import { getVersion } from "../../src/registry/assets.ts";
import { type Blocker, promotionBlockers } from "../../src/registry/promotion.ts";
import { expected, held } from "../../src/cards/gate_numbers.ts";
import { standingWords, wayOn } from "../components/model_words.ts";
import { pagerParams } from "../components/pager.tsx";
import { Foreign } from "../components/panel.tsx";
import { ageText } from "../components/refs.tsx";
import { definePage, type NextAction } from "../page.ts";
import { ModelList, STATUSES } from "../panels/model_list.tsx";
import { findModels, type FoundModels, type ModelRow, modelRows } from "../reading/models.ts";
import type { View } from "../view.ts";

/** A month of daily ones. */
const SHOWN_MODELS = 25;

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
    const isFirst = before === undefined && status === undefined;
    const [entry, list, head] = await Promise.all([
      championEntry(view),
      findModels(registry, scope, {
        limit: SHOWN_MODELS,
        ...(before === undefined ? {} : { before }),
        ...(status === undefined ? {} : { status }),
      }),
      isFirst ? null : findModels(registry, scope, { limit: NEWEST }),
    ]);
    const newest = (head ?? list).rows.slice(0, NEWEST);
    const next = newest.find((row) =>
      row.status !== "revoked" && row.version > (entry?.version ?? 0)
    );
    const [rows, blockers] = await Promise.all([
      entry === null ? [] : championRow(view, entry.version, list.rows),
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
    body: (
      <ModelList
        view={view}
        champion={model.champion?.row ?? null}
        list={model.list}
        before={before}
        status={status}
      />
    ),
  }),
});

async function championEntry({ registry }: View): Promise<AliasEntry | null> {
  const scope = registry.scopes.write;
  const [entry] = await aliasHistory(registry, scope, ASSET.detector, CHAMPION, 1);
  return entry ?? null;
}

/** From the list where it is in it; none where the version is gone. */
async function championRow(
  { registry }: View,
  version: number,
  listed: readonly ModelRow[],
): Promise<ModelRow[]> {
  const row = listed.find((one) => one.version === version);
  if (row) return [row];
  const scope = registry.scopes.write;
  const record = await getVersion(registry, scope, "model", ASSET.detector, version);
  return record === null ? [] : await modelRows(registry, scope, [record]);
}

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

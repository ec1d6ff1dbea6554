// Promoting a version: the verdict first, what stands in the way, what it would do and how it is undone, and
// only then the form.

import type { FC } from "hono/jsx";
import type { AliasRecord } from "../../src/domain/asset.ts";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import { type GateRow, isAgainstChampion } from "../../src/domain/gates.ts";
import { count, decimal, instant, percent, plainText } from "../../src/cards/format.ts";
import type { Blocker } from "../../src/registry/promotion.ts";
import { FormMarks } from "../acts/form.tsx";
import { Command } from "../components/command.tsx";
import { FilterForm } from "../components/filter_form.tsx";
import { expected, held } from "../../src/cards/gate_numbers.ts";
import { needsJudging, wayOn } from "../components/model_words.ts";
import { Facts, Panel } from "../components/panel.tsx";
import { State } from "../components/state.tsx";
import type { FlagsNow } from "../reading/promotion_effect.ts";
import type { View } from "../view.ts";

export interface PromotePanelProps {
  view: View;
  version: number;
  alias: string;
  offered: readonly string[];
  /** Of the alias; null where nobody holds it. */
  holder: AliasRecord | null;
  blockers: readonly Blocker[];
  gates: readonly GateRow[];
  evaluation: EvaluationRecord | null;
  flags: FlagsNow | null;
}

export const PromotePanel: FC<PromotePanelProps> = (props) => {
  const { version, alias, holder, blockers } = props;
  const isHolder = holder?.version === version;
  return (
    <Panel id="promote" title={`Promote v${version}`} class="sg">
      {isHolder
        ? (
          <>
            <p class="big">
              <State kind="ok" word={`Is ${alias}`} />
            </p>
            <p class="dim">{`since ${instant(holder.marketAt ?? holder.setAt)}`}</p>
            <ChooseAlias {...props} />
          </>
        )
        : (
          <>
            <Verdict {...props} />
            {blockers.every(({ forceable }) => forceable)
              ? (
                <>
                  <div class="hr" />
                  <h3>Effect, if promoted</h3>
                  <ChooseAlias {...props} />
                  <Effect {...props} />
                  <div class="hr" />
                  <Form {...props} />
                </>
              )
              : <p class="small dim">This cannot be forced.</p>}
          </>
        )}
    </Panel>
  );
};

const Verdict: FC<PromotePanelProps> = ({ view, version, blockers, gates, evaluation }) => {
  if (blockers.length === 0) {
    return (
      <>
        <p class="big ok">
          <State kind="ok" word="May be promoted" />
        </p>
        <p>
          {`Its latest evaluation passed every hard gate, against ${
            evaluation?.comparedTo ? `champion v${evaluation.comparedTo.version}` : "no champion"
          }.`}
        </p>
        {evaluation?.needsPerson
          ? (
            <p class="dim small">
              The champion could not be scored on these rows: this is for a person to decide.
            </p>
          )
          : ""}
      </>
    );
  }
  const cause = marketMoved(gates, evaluation);
  return (
    <>
      <p class="big fail">
        <State kind="refused" word="Refused" />
      </p>
      <p>{`Cannot promote anomaly_detector v${version}. In the way:`}</p>
      <ol class="rs">
        {blockers.map((blocker) => <Reason blocker={blocker} gates={gates} />)}
      </ol>
      {cause === null ? "" : <p class="dim small">{cause}</p>}
      {needsJudging(blockers) ? "" : <Command text={view.command(wayOn(version, blockers))} />}
    </>
  );
};

/** Key, value, expected; what is no gate says it in a sentence. */
const Reason: FC<{ blocker: Blocker; gates: readonly GateRow[] }> = ({ blocker, gates }) => {
  const gate = gates.find(({ name }) => name === blocker.reason);
  return (
    <li>
      <code>{blocker.reason}</code>
      {gate === undefined ? <span class="says dim">{plainText(blocker.message)}</span> : (
        <>
          <b>{held(gate)}</b>
          <span class="dim">expected {expected(gate)}</span>
        </>
      )}
    </li>
  );
};

/** Where the champion fails the same gates on the same rows, it is not the candidate's doing. */
export function marketMoved(
  gates: readonly GateRow[],
  evaluation: EvaluationRecord | null,
): string | null {
  const failed = gates.filter((row) => row.hard && row.status === "failed");
  const own = failed.filter(({ name }) => !isAgainstChampion(name));
  const champion = evaluation?.comparedTo;
  if (!champion || own.length === 0 || own.length < failed.length) return null;
  const isShared = own.every(({ champion, comparison, threshold }) =>
    champion !== null && (comparison === "<=" ? champion > threshold : champion < threshold)
  );
  return isShared
    ? `v${champion.version} gives ${decimal(own[0]!.champion)} on the same rows: the market moved.`
    : null;
}

const ChooseAlias: FC<PromotePanelProps> = ({ view, version, alias, offered }) => (
  <FilterForm view={view} action={`/models/${version}#promote`}>
    <label class="field">
      Alias
      <select name="alias" data-submits>
        {offered.map((one) => <option value={one} selected={one === alias}>{one}</option>)}
      </select>
    </label>
  </FilterForm>
);

const Effect: FC<PromotePanelProps> = (
  { version, alias, holder, evaluation, flags },
) => {
  const champion = evaluation?.champion ?? null;
  const before = holder === null ? "nobody" : `v${holder.version}`;
  return (
    <Facts
      facts={[
        [`Alias ${alias}`, `${before} → v${version}; the run tag moves along`],
        ["Scores", scoresText(alias)],
        ...(champion === null || evaluation?.comparedTo?.version !== holder?.version ? [] : [[
          "Flags of its holdout",
          `${percent(champion.anomalyRate)} → ${percent(evaluation!.candidate.anomalyRate)} of ${
            count(champion.rowCount)
          } rows`,
        ] as [string, string]]),
        ...(flags === null ? [] : [[
          "Flags now",
          `${count(flags.champion)} → ${count(flags.own)} of ${count(flags.coins)} coins`,
        ] as [string, string]]),
        [
          "Undo",
          holder === null
            ? "promote another, or revoke it"
            : `roll ${alias} back to v${holder.version}`,
        ],
      ]}
    />
  );
};

function scoresText(alias: string): string {
  if (alias === "champion") return "every snapshot from the next one on, and alerts";
  return alias.startsWith("challenger-")
    ? "every snapshot from the next one on, in shadow"
    : "nothing: a name to find it by";
}

const Form: FC<PromotePanelProps> = ({ view, version, alias, holder, blockers }) => {
  const isOpen = blockers.length === 0;
  const reasons = blockers.length === 1 ? "1 reason" : `${blockers.length} reasons`;
  return (
    <form class="sg" method="post" action={view.href(`/models/${version}/promote`)}>
      <FormMarks view={view} />
      <input type="hidden" name="alias" value={alias} />
      <input type="hidden" name="expect" value={holder === null ? "none" : `v${holder.version}`} />
      <label class="field">
        {isOpen ? "Reason, for the history" : "Reason, needed to force"}
        <input name="reason" autocomplete="off" maxlength={1000} required={!isOpen} />
      </label>
      <p class="bts">
        <button class="btn" type="submit" disabled={!isOpen}>{`Promote v${version}`}</button>
        {isOpen ? "" : (
          <button class="btn danger" type="submit" name="force" value="true">
            {`Force v${version}`}
          </button>
        )}
      </p>
      <p class="small dim">
        {isOpen
          ? "Recorded in the history, the events and the audit log, with your name and reason."
          : `Forcing overrides ${reasons} and is recorded as forced, with your name and reason.`}
      </p>
    </form>
  );
};

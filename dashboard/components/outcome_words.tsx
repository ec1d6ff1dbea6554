// What became of a flag or a score, as a state: glyph, word, colour.

import type { FC } from "hono/jsx";
import type { Standing, Verdict } from "../../src/domain/outcomes.ts";
import { change } from "../../src/cards/format.ts";
import { shortTime } from "./refs.tsx";
import { State, type StateKind } from "./state.tsx";
import type { View } from "../view.ts";

const VERDICTS: Record<Verdict, [StateKind, string]> = {
  hit: ["ok", "hit"],
  false_alarm: ["skip", "false alarm"],
  missed: ["warn", "missed"],
  quiet: ["skip", "quiet, right"],
  unresolved: ["idle", "unresolved"],
};

/** "hit", "false alarm", or when it is due. */
export const Outcome: FC<{ view: View; outcome: Standing }> = ({ view, outcome }) => {
  if ("dueAt" in outcome) {
    return <State kind="idle" word={`due ${shortTime(view, outcome.dueAt)}`} />;
  }
  const [kind, word] = VERDICTS[outcome.verdict];
  return <State kind={kind} word={word} />;
};

/** "hit −20.1 %" */
export const OutcomeWithReturn: FC<{ view: View; outcome: Standing }> = ({ view, outcome }) => {
  const pct = returnOf(outcome);
  return (
    <>
      <Outcome view={view} outcome={outcome} />
      {pct === null ? "" : <span class="dim">{` ${change(pct)}`}</span>}
    </>
  );
};

/** Its return, %; null while it is not due, and where it will never be known. */
export function returnOf(outcome: Standing): number | null {
  return "dueAt" in outcome ? null : outcome.returnPct;
}

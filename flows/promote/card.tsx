// The card of a promotion: what changed, and why it was allowed.

import type { Child } from "hono/jsx";
import type { AliasEntry } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { CardContext } from "../../src/engine/flow.ts";
import { getAliasEntry } from "../../src/registry/alias_history.ts";
import { getEvaluation } from "../../src/registry/evaluations.ts";
import { instant } from "../../src/cards/format.ts";
import { cardPage, Facts, Foreign, Panel } from "../../src/cards/page.tsx";
import { kickerOf } from "../card_data.ts";
import { GateRows } from "../gate_rows.tsx";

export async function card(ctx: CardContext): Promise<string> {
  const { registry, run } = ctx;
  const { write } = registry.scopes;
  const { model, alias, history_seq: seq } = run.summary as {
    model: string;
    alias: string;
    history_seq?: number;
  };
  const entry = seq === undefined ? null : await getAliasEntry(registry, write, model, alias, seq);
  if (entry === null) {
    throw new AppError(
      "not_found",
      `Cannot make the card of run ${run.id}: it names no entry of the history of ${alias}. ` +
        `See: anomaly models history --alias ${alias}`,
    );
  }
  const evaluation = entry.evaluationId === null
    ? null
    : await getEvaluation(registry, write, model, entry.version, entry.evaluationId);
  const before = entry.previousVersion === null ? "nobody" : `v${entry.previousVersion}`;
  return cardPage({
    kicker: kickerOf(run),
    finding: `v${entry.version} is ${alias} after ${before}`,
    lead: entry.forced
      ? `It was forced over ${entry.overridden.join(", ").replaceAll("_", " ")}.`
      : `Its latest evaluation passed every hard gate, made against ${
        evaluation?.comparedTo ? `champion v${evaluation.comparedTo.version}` : "no champion"
      }.`,
    body: (
      <>
        <Panel title="What changed">
          <Facts facts={changeFacts(entry, alias, model)} />
        </Panel>
        <Panel title="Why it was allowed">
          {evaluation === null
            ? <p class="note">It has no evaluation: only force allowed it.</p>
            : (
              <GateRows
                gates={evaluation.gates}
                caption={`Evaluation ${evaluation.id} by run ${evaluation.runId}, on ${evaluation.evalSource}.`}
              />
            )}
        </Panel>
      </>
    ),
  });
}

function changeFacts(entry: AliasEntry, alias: string, model: string): [string, Child][] {
  return [
    ["alias and run tag", alias],
    ["from", entry.previousVersion === null ? "nobody" : `${model} v${entry.previousVersion}`],
    ["to", `${model} v${entry.version}, of training run ${entry.runId}`],
    ["market time", instant(entry.marketAt)],
    ["recorded", instant(entry.recordedAt)],
    ["by", <Foreign text={entry.actor} />],
    ["reason", entry.reason === "" ? "none given" : <Foreign text={entry.reason} />],
    ["forced", entry.forced ? "yes" : "no"],
  ];
}

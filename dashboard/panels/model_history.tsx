// What happened to aliases and to a version, newest first: promotions, rollbacks, evaluations.

import type { Child, FC } from "hono/jsx";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import { plainText, UNDEFINED } from "../../src/cards/format.ts";
import { GateVerdict } from "../components/gates.tsx";
import { Foreign, Nothing, Panel, Table } from "../components/panel.tsx";
import { At, ModelLink, RunLink } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import type { NamedEntry } from "../reading/lineage_graph.ts";
import type { View } from "../view.ts";

export interface HistoryPanelProps {
  view: View;
  /** "champion", "champion, staging". */
  aliases: readonly string[];
  entries: readonly NamedEntry[];
  evaluations: readonly EvaluationRecord[];
}

interface Line {
  recordedAt: string;
  cells: Child[];
}

export const HistoryPanel: FC<HistoryPanelProps> = ({ view, aliases, entries, evaluations }) => {
  const newest = new Map<string, number>();
  for (const { alias, entry } of entries) {
    newest.set(alias, Math.max(entry.seq, newest.get(alias) ?? 0));
  }
  const lines = [
    ...entries.map((one) => entryLine(view, one, newest.get(one.alias) === one.entry.seq)),
    ...evaluations.map((one) => evaluationLine(view, one)),
  ].sort((a, b) => a.recordedAt < b.recordedAt ? 1 : a.recordedAt > b.recordedAt ? -1 : 0);
  return (
    <Panel
      id="history"
      title={`History of ${plainText(aliases.join(", "))}`}
      scope="with the evaluations of this version, newest first"
      end={<a href={view.href("/audit")}>audit log</a>}
      span="c12"
    >
      {lines.length === 0 ? <Nothing>Nobody ever held it.</Nothing> : (
        <Table
          caption={<span class="vh">{`${lines.length} entries`}</span>}
          columns={[
            { name: "Version" },
            { name: "Market time" },
            { name: "What" },
            { name: "Result" },
            { name: "Run" },
            { name: "By, reason" },
          ]}
          narrow={[undefined, undefined, undefined, undefined, undefined, "full"]}
          rows={lines.map(({ cells }) => cells)}
        />
      )}
    </Panel>
  );
};

function entryLine(view: View, { alias, entry }: NamedEntry, isHolder: boolean): Line {
  const name = plainText(alias);
  const before = entry.previousVersion === null ? "" : `, after v${entry.previousVersion}`;
  const result = entry.forced
    ? <State kind="warn" word={`forced, ${name}`} />
    : isHolder
    ? <State kind="ok" word={name} />
    : <span class="dim">{`was ${name}`}</span>;
  return {
    recordedAt: entry.recordedAt,
    cells: [
      <ModelLink view={view} version={entry.version} />,
      <At view={view} at={entry.marketAt} />,
      `${entry.action}${before}`,
      result,
      entry.actingRunId === null ? UNDEFINED : <RunLink view={view} id={entry.actingRunId} />,
      <span class="dim">
        <Foreign text={entry.actor} />
        {entry.reason === "" ? "" : (
          <>
            : “<Foreign text={entry.reason} />”
          </>
        )}
      </span>,
    ],
  };
}

function evaluationLine(view: View, evaluation: EvaluationRecord): Line {
  const { comparedTo } = evaluation;
  return {
    recordedAt: evaluation.recordedAt,
    cells: [
      <ModelLink view={view} version={evaluation.version} />,
      <At view={view} at={evaluation.marketAt} />,
      `evaluate, against ${comparedTo ? `v${comparedTo.version}` : "no champion"}`,
      <GateVerdict gates={evaluation.gates} />,
      <RunLink view={view} id={evaluation.runId} />,
      <span class="dim">{`on ${plainText(evaluation.evalSource)}`}</span>,
    ],
  };
}

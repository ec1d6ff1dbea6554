// The champion in a panel: since when, what it learned, what its flags were worth, and who comes next.

import type { FC } from "hono/jsx";
import type { OutcomeMetrics } from "../../src/domain/outcomes.ts";
import { count, decimal, instant, UNDEFINED } from "../../src/cards/format.ts";
import { Command } from "../components/command.tsx";
import { Facts, Foreign, Nothing, Panel } from "../components/panel.tsx";
import { ageText, ModelLink, RunLink, VersionLink } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import type { ChampionState, NewestModel } from "../reading/champion.ts";
import type { View } from "../view.ts";
import { rateWords } from "./outcomes.tsx";

export interface ChampionProps {
  view: View;
  champion: ChampionState;
  newest: NewestModel | null;
  /** Of the champion's flags in the last days; null where nothing is decided yet. */
  outcomes: OutcomeMetrics | null;
}

export const ChampionPanel: FC<ChampionProps> = ({ view, champion, newest, outcomes }) => {
  const { entry, record } = champion;
  const end = <a href={view.href("/models/champion")}>history</a>;
  if (entry === null || record === null) {
    return (
      <Panel id="champion" title="Champion" span="c4">
        <Nothing>Nobody is champion on this branch, so no snapshot is scored.</Nothing>
        <Command text={view.command(newest ? "promote --version latest" : "train")} />
      </Panel>
    );
  }
  const { algorithm, training_rows, offset, model_config } = record.annotations;
  const config = model_config as Record<string, unknown> | undefined;
  const input = record.inputs.find(({ role }) => role === "training_dataset");
  return (
    <Panel id="champion" title="Champion" end={end} span="c4">
      <p class="big">
        <ModelLink view={view} version={entry.version} /> <span class="tag champ">champion</span>
        {entry.forced ? <State kind="warn" word="forced" /> : ""}
      </p>
      <p class="dim">
        {`since ${instant(entry.marketAt)}, ${
          entry.action === "promote" ? "promoted" : "returned"
        } ${ageText(view, entry.recordedAt)} by `}
        <Foreign text={entry.actor} />
        {entry.actingRunId === null ? "" : (
          <>
            , <RunLink view={view} id={entry.actingRunId} />
          </>
        )}
      </p>
      <div class="hr" />
      <Facts
        facts={[
          ["Algorithm", settings(String(algorithm), config)],
          [
            "Learned from",
            (
              <>
                {input === undefined
                  ? "fresh data"
                  : <VersionLink view={view} name={input.ref.name} version={input.ref.version} />}
                {`, ${count(Number(training_rows))} rows`}
              </>
            ),
          ],
          ["Threshold", `${decimal(Number(offset))}, lower is more abnormal`],
          ["Precision", rateOfCases(outcomes, "precision", "flags")],
          ["Recall", rateOfCases(outcomes, "recall", "crashes")],
          ["Next", <NextVersion view={view} newest={newest} champion={entry.version} />],
        ]}
      />
    </Panel>
  );
};

/** "isolation_forest, 100 trees, contamination 0.1" */
function settings(algorithm: string, config: Record<string, unknown> = {}): string {
  const { n_estimators, n_neighbors, contamination } = config;
  const size = n_estimators === undefined
    ? n_neighbors === undefined ? "" : `, ${n_neighbors} neighbours`
    : `, ${n_estimators} trees`;
  return `${algorithm}${size}${
    contamination === undefined ? "" : `, contamination ${contamination}`
  }`;
}

/** Of its decided flags; "–" where none was decided yet. */
function rateOfCases(
  outcomes: OutcomeMetrics | null,
  rate: "precision" | "recall",
  cases: string,
): string {
  return outcomes === null
    ? `${UNDEFINED}, no ${cases} decided yet`
    : rateWords(outcomes[rate], outcomes.hits, cases);
}

const NextVersion: FC<{ view: View; newest: NewestModel | null; champion: number }> = (
  { view, newest, champion },
) => {
  if (newest === null || newest.record.version <= champion) {
    return <span class="dim">no newer version</span>;
  }
  const { record, evaluation, blockers } = newest;
  const failed = evaluation?.gates.filter((gate) => gate.status === "failed").length ?? 0;
  const state = evaluation === null
    ? <State kind="idle" word="not evaluated" />
    : blockers.length === 0
    ? <State kind="ok" word="may be promoted" />
    : <State kind="refused" word="refused" />;
  return (
    <>
      <ModelLink view={view} version={record.version} /> {state}
      {failed === 0 ? "" : `, ${failed} of ${evaluation!.gates.length} gates failed`}
    </>
  );
};

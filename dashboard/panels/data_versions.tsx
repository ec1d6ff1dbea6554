// What was made of the snapshots: dataset pairs, evaluation results, how many versions there are, and
// what other branches hold.

import type { FC } from "hono/jsx";
import type { JsonObject, VersionRecord } from "../../src/domain/asset.ts";
import { count, decimal, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { Command } from "../components/command.tsx";
import { Foreign, Nothing, Panel, type Row, Table } from "../components/panel.tsx";
import { At, ModelLink, RunLink, shortTime, VersionLink } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import type { DataModel } from "../reading/data_overview.ts";
import { numberOf, timeOf } from "../reading/annotations.ts";
import type { View } from "../view.ts";

export const DatasetsPanel: FC<{ view: View; datasets: DataModel["datasets"] }> = (
  { view, datasets },
) => (
  <Panel
    id="datasets"
    title="Datasets"
    scope="pairs: what models learn from, and the later rows that they are judged by"
    end={<a href={view.href("/data/training_dataset")}>all</a>}
    class="sg"
  >
    {datasets.length === 0
      ? (
        <>
          <Nothing>No dataset was built yet.</Nothing>
          <Command text={view.command("build_dataset")} />
        </>
      )
      : (
        <Table
          caption="Newest first. Times are the market’s; missing hours have no snapshot within the window."
          columns={[
            { name: "Training" },
            { name: "Window" },
            { name: "Rows", isNumeric: true },
            { name: "Coins", isNumeric: true },
            { name: "Holdout" },
            { name: "Rows", isNumeric: true },
            { name: "Missing", isNumeric: true },
            { name: "Built by" },
          ]}
          narrow={[
            undefined,
            undefined,
            "rows",
            "coins",
            "holdout",
            "rows",
            "missing",
            undefined,
          ]}
          rows={datasets.map(({ training, holdout }): Row => ({
            cells: [
              <VersionLink
                view={view}
                name={training.name}
                version={training.version}
                text={`v${training.version}`}
              />,
              windowOf(view, training),
              counted(training, "row_count"),
              counted(training, "coin_count"),
              holdout === null ? UNDEFINED : (
                <VersionLink
                  view={view}
                  name={holdout.name}
                  version={holdout.version}
                  text={`v${holdout.version}`}
                />
              ),
              holdout === null ? UNDEFINED : counted(holdout, "row_count"),
              missingHours(training),
              <RunLink view={view} id={training.runId} />,
            ],
          }))}
        />
      )}
  </Panel>
);

function windowOf(view: View, version: VersionRecord): string {
  const at = (name: string) => shortTime(view, timeOf(version, name));
  return `${at("first_at")} to ${at("last_at")}`;
}

function counted(version: VersionRecord, name: string): string {
  return decimal(numberOf(version, name), 0);
}

const missingHours = (training: VersionRecord) => {
  const hours = numberOf(training, "hours_without_snapshot");
  if (hours === null) return UNDEFINED;
  return hours === 0 ? "0\u00a0h" : <span class="warn">{`${count(hours)}\u00a0h`}</span>;
};

export const AssetsPanel: FC<{ view: View; assets: DataModel["assets"] }> = ({ view, assets }) => (
  <Panel id="assets" title="Assets" scope="versions are never changed">
    <Table
      class="plain"
      caption="As many versions as the newest one’s number says."
      columns={[
        { name: "Asset" },
        { name: "Versions", isNumeric: true },
        { name: "Newest" },
      ]}
      rows={assets.map(({ name, branch, latest }) => [
        <a href={view.href(`/data/${name}`)}>
          <code>{name}</code>
        </a>,
        latest === null ? "0" : count(latest.version),
        latest === null ? UNDEFINED : (
          <>
            <At view={view} at={latest.marketAt ?? latest.recordedAt} />
            {branch === view.branch ? "" : <Foreign text={` of ${branch}`} />}
          </>
        ),
      ])}
    />
  </Panel>
);

export const EvaluationsPanel: FC<{ view: View; evaluations: readonly VersionRecord[] }> = (
  { view, evaluations },
) => (
  <Panel
    id="evaluations"
    title="Evaluation results"
    scope="what a model’s gates were decided by"
    end={<a href={view.href("/data/evaluation_results")}>all</a>}
    class="sg"
  >
    {evaluations.length === 0
      ? (
        <>
          <Nothing>No model was evaluated yet.</Nothing>
          <Command text={view.command("evaluate")} />
        </>
      )
      : (
        <Table
          caption="Newest first."
          columns={[
            { name: "Result" },
            { name: "Model" },
            { name: "On" },
            { name: "Gates" },
            { name: "Anomaly rate", isNumeric: true },
            { name: "Run" },
          ]}
          narrow={[undefined, "model", "on", undefined, "rate", undefined]}
          rows={evaluations.map(({ version, name, annotations, runId }): Row => ({
            class: annotations.passed === false ? "bad" : "",
            cells: [
              <VersionLink view={view} name={name} version={version} text={`v${version}`} />,
              <ModelLink view={view} version={Number(annotations.candidate_version)} />,
              <Foreign text={String(annotations.eval_source ?? UNDEFINED)} />,
              annotations.passed === false
                ? <State kind="fail" word={failedWords(annotations)} />
                : <State kind="ok" word="passed" />,
              decimal(gateValue(annotations, "max_anomaly_rate")),
              <RunLink view={view} id={runId} />,
            ],
          }))}
        />
      )}
  </Panel>
);

function gatesIn({ gates }: JsonObject): JsonObject[] {
  return Array.isArray(gates)
    ? gates.filter((gate): gate is JsonObject => typeof gate === "object" && gate !== null)
    : [];
}

function failedWords(annotations: JsonObject): string {
  const gates = gatesIn(annotations);
  const failed = gates.filter((gate) => gate.status === "failed");
  return `${failed.length} of ${gates.length} failed`;
}

function gateValue(annotations: JsonObject, name: string): number | null {
  const value = gatesIn(annotations).find((gate) => gate.name === name)?.value;
  return typeof value === "number" ? value : null;
}

export const BranchesPanel: FC<
  { view: View; branches: DataModel["branches"]; more: number }
> = ({ view, branches, more }) => (
  <Panel id="branches" title="Other branches" scope="of this store">
    {branches.length === 0 ? <Nothing>No branch holds any data yet.</Nothing> : (
      <Table
        class="plain"
        caption={more === 0
          ? "What each branch holds; this one is marked."
          : `What each branch holds; ${more} more are not shown. This one is marked.`}
        columns={[
          { name: "Branch" },
          { name: "Snapshots", isNumeric: true },
          { name: "Last", isNumeric: true },
          { name: "Datasets", isNumeric: true },
        ]}
        rows={branches.map((one): Row => ({
          class: one.branch === view.branch ? "sel" : "",
          cells: [
            <>
              <a href={view.href("/data", { branch: one.branch })}>
                <bdi>{plainText(one.branch)}</bdi>
              </a>
              <small class="dim sub">
                <Foreign text={one.source?.replace(/[: ].*/, "") ?? "no data"} />
              </small>
            </>,
            count(one.snapshots),
            <At view={view} at={one.lastAt} />,
            count(one.datasets),
          ],
        }))}
      />
    )}
  </Panel>
);

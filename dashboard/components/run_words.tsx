// What a run is and found, in a few words: its state, who or what started it, its result, its command.

import type { Child, FC } from "hono/jsx";
import { ASSET, type JsonObject } from "../../src/domain/asset.ts";
import type { RunStatus } from "../../src/domain/run.ts";
import { count, decimal, plainText, UNDEFINED } from "../../src/cards/format.ts";
import type { RunProcess } from "../../src/registry/leases.ts";
import { isCrashed } from "../reading/open_work.ts";
import type { ListedRun, RunRow } from "../reading/runs.ts";
import type { View } from "../view.ts";
import { VersionLink } from "./refs.tsx";
import { State, type StateKind } from "./state.tsx";

const STATES: Record<RunStatus, [StateKind, string]> = {
  running: ["run", "running"],
  completed: ["ok", "done"],
  failed: ["fail", "failed"],
  interrupted: ["warn", "interrupted"],
};

export const RunState: FC<
  { run: Pick<RunRow, "status" | "flow" | "summary"> & { process?: RunProcess | null } }
> = ({ run }) => {
  if (isCrashed(run)) return <State kind="fail" word="crashed" />;
  // It did what it was asked to; the model is what failed.
  const isRefusal = run.flow === "evaluate" && run.status === "completed" &&
    run.summary.passed === false;
  const [kind, word] = isRefusal ? ["warn", "gates failed"] as const : STATES[run.status];
  return <State kind={kind} word={word} />;
};

/** How long it took, or has been running, ms. */
export function runMs(view: View, run: Pick<RunRow, "startedAt" | "finishedAt">): number {
  const end = run.finishedAt === null ? view.nowMs : Date.parse(run.finishedAt);
  return Math.max(0, end - Date.parse(run.startedAt));
}

/** The events page, beginning at an event. */
export const EventLink: FC<{ view: View; id: number; text?: string }> = ({ view, id, text }) => (
  <a href={view.href("/events", { before: id + 1 })}>{text ?? `event ${id}`}</a>
);

/** An event, a schedule, or a person by name. */
export const StartedBy: FC<
  { view: View; run: Pick<ListedRun, "triggeredBy" | "user" | "isScheduled"> }
> = ({ view, run }) =>
  run.triggeredBy !== null
    ? <EventLink view={view} id={run.triggeredBy} />
    : run.isScheduled
    ? <>schedule</>
    : <bdi>{plainText(run.user)}</bdi>;

export const Made: FC<{ view: View; run: Pick<RunRow, "produced"> }> = ({ view, run }) => (
  <>
    {run.produced.length === 0 ? UNDEFINED : run.produced.map(({ name, version }, i) => (
      <>
        {i === 0 ? "" : ", "}
        <VersionLink view={view} name={name} version={version} />
      </>
    ))}
  </>
);

/** What it found; null for a flow or a summary that says nothing. */
export function resultWords({ flow, summary, produced }: RunRow): Child {
  const number = (name: string) => count(Number(summary[name] ?? NaN));
  if (Object.keys(summary).length === 0) return null;
  switch (flow) {
    case "ingest":
      return `${number("rows")} coins, ${number("refused")} refused`;
    case "score":
      return summary.champion === null || summary.champion === undefined
        ? "no champion to score with"
        : `${number("flagged")} of ${number("rows")} flagged by v${number("champion")}`;
    case "build_dataset":
      return `${number("training_rows")} rows to train on, ${number("holdout_rows")} to judge by`;
    case "train":
      return `training rate ${decimal(Number(summary.training_rate ?? NaN))} on ${
        number("training_rows")
      } rows`;
    case "evaluate":
      return gatesWords(summary);
    case "promote":
      return `v${number("version")} is ${plainText(String(summary.alias))}, before: ${
        summary.previous_version === null ? "nobody" : `v${number("previous_version")}`
      }${summary.forced === true ? ", forced" : ""}`;
    case "validate_outcomes":
      return `${number("resolved")} decided, ${number("unresolved")} unresolved, ${
        number("waiting")
      } batches wait`;
    default:
      return produced.length === 0 ? null : `${produced.length} versions`;
  }
}

function gatesWords(summary: JsonObject): string {
  const failed = Array.isArray(summary.failed_gates) ? summary.failed_gates : [];
  const of = `v${count(Number(summary.version))}`;
  if (summary.passed !== false) return `${of} passed every gate`;
  return `${of}: ${failed.map((name) => plainText(String(name))).join(", ")} failed`;
}

/**
 * The first command that a message names, without the program's name and the flags that lead to a store;
 * null for none. Messages may quote what came from outside, and a command is copied into a shell: it ends
 * before whatever a shell would take for more than words.
 */
export function commandIn(message: string): string | null {
  const found = /\b(?:Next|See):.*?\banomaly ([\w@%+=:/ '-]*[\w'])/s.exec(message)?.[1];
  return found === undefined ? null : found.replace(/ --(kv|branch) \S+/g, "");
}

/** A message without its commands, which stand beside it. */
export function causeIn(message: string): string {
  return plainText(message).replace(/\s*(Next|See): .*$/s, "");
}

/** Inputs of a run that made nothing whose lineage would say them. */
export function namedInputs({ flow, summary }: RunRow): { name: string; version: number }[] {
  if (flow !== "score") return [];
  return [
    { name: ASSET.snapshot, version: Number(summary.snapshot_version ?? NaN) },
    { name: ASSET.detector, version: Number(summary.champion ?? NaN) },
  ].filter(({ version }) => Number.isInteger(version));
}

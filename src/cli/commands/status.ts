// status: where am I, and what next.

import { z } from "zod";
import { ASSET } from "../../domain/asset.ts";
import { MAX_CHALLENGERS, type PredictionBatch } from "../../domain/prediction.ts";
import { iso } from "../../domain/time.ts";
import { waitingFor } from "../../engine/dueness.ts";
import { durabilityOf } from "../../engine/durability.ts";
import { aliasHistory } from "../../registry/alias_history.ts";
import { aliasHolder, CHAMPION } from "../../registry/aliases.ts";
import { latestVersion } from "../../registry/assets.ts";
import {
  marketTime,
  readBranch,
  type RegistryContext,
  sourceName,
} from "../../registry/context.ts";
import { latestEvaluation, modelStatus } from "../../registry/evaluations.ts";
import { type OpenWork, openWork } from "../../registry/open_work.ts";
import { listBatches } from "../../registry/predictions.ts";
import { listRuns } from "../../registry/runs.ts";
import { defineCommand, hint, openSession, type OpenStore } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { age, facts, instant } from "../text.ts";

export const status = defineCommand({
  name: "status",
  group: "look",
  summary: "Where am I, and what next.",
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly status", "anomaly status --json"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry, plan } = session;
    const { write, read } = registry.scopes;
    const state = await gather(registry);
    const waiting = await waitingFor(app.flows, registry);
    const { holder } = durabilityOf(plan.project.project);
    const open = await openWork(registry, write, holder.nowMs());
    const now = registry.nowMs();
    const next = hint(call, openCommand(open) ?? nextCommand(state, waiting));
    const { snapshot, dataset, model, champion, scored, lastRun } = state;
    const text = facts([
      [
        "branch",
        `${write.branch} (${plan.scopes.environment})` +
        (read.branch === write.branch ? "" : `, reads ${read.branch}`),
      ],
      ["store", storeText(registry.store)],
      ["market", state.source ? `${state.source}, ${instant(state.marketAt)}` : "no data yet"],
      [
        "snapshots",
        snapshot ? `${snapshot.version}, the last one of ${instant(snapshot.marketAt)}` : "none",
      ],
      ["dataset", dataset ? `v${dataset.version}, ${dataset.description}` : waiting[0] ?? "none"],
      ["model", model ? `v${model.version}, ${state.modelStatus}, ${model.description}` : "none"],
      [
        "champion",
        champion
          ? `v${champion.version}, promoted ${age(champion.recordedAt, now)}` +
            (state.evaluatedAt ? `, evaluated ${age(state.evaluatedAt, now)}` : ", never evaluated")
          : "none",
      ],
      ...(state.comparedWith === null
        ? []
        : [["compared with", `v${state.comparedWith}, champion of ${read.branch}`] as const]),
      [
        "flagged",
        scored
          ? `${scored.flagged} of ${scored.rows} coins by v${scored.version}, at ` +
            instant(iso(scored.marketAtMs))
          : "nothing was scored yet",
      ],
      [
        "last run",
        lastRun
          ? `${lastRun.id}, ${lastRun.flow}, ${lastRun.status}, ${age(lastRun.startedAt, now)}`
          : "none",
      ],
      ...openFacts(open),
      ["next", next],
    ]);
    const json = {
      branch: write.branch,
      read_branch: read.branch,
      environment: plan.scopes.environment,
      store: registry.store.location,
      store_absent: registry.store.absent,
      ...state,
      waiting,
      open,
      next,
    };
    return { json, text };
  },
});

/** Where the store is; a mistyped path would else look like a store that is merely empty. */
export function storeText({ location, absent }: OpenStore): string {
  return location + (absent ? " (not there yet; the first command that writes makes it)" : "");
}

/** What waits for somebody; no line where nothing does. */
function openFacts({ pending, parked, stranded }: OpenWork): [string, string][] {
  const lines: [string, string][] = [];
  if (pending > 0) {
    lines.push(["events", `${eventsWait(pending)} for a process that serves`]);
  }
  const [given] = parked;
  if (given !== undefined) lines.push(["parked", parkedWords(given) + moreWords(parked.length)]);
  const [run] = stranded;
  if (run !== undefined) lines.push(["stranded", strandedWords(run) + moreWords(stranded.length)]);
  return lines;
}

export function eventsWait(count: number): string {
  return count === 1 ? "1 event waits" : `${count} events wait`;
}

export function parkedWords({ eventId, consumer, error }: OpenWork["parked"][number]): string {
  return `event ${eventId} is parked for ${consumer}${error === null ? "" : `: ${error.message}`}`;
}

export function strandedWords(
  { id, flow, isCrashed, goesOn }: OpenWork["stranded"][number],
): string {
  const what = isCrashed ? "has crashed" : "was interrupted";
  return `run ${id} (${flow}) ${what}, and ` +
    (goesOn ? "waits for a process that serves" : "nobody has gone on with it");
}

function moreWords(count: number): string {
  return count > 1 ? `; and ${count - 1} more` : "";
}

/** What was left undone comes first; null where nothing was. */
function openCommand({ parked, stranded }: OpenWork): string | null {
  const run = stranded.find(({ goesOn }) => !goesOn);
  if (run !== undefined) return `anomaly runs resume ${run.id}`;
  return parked.length > 0 ? "anomaly events list --parked" : null;
}

async function gather(registry: RegistryContext) {
  const { write, read } = registry.scopes;
  const model = await latestVersion(registry, write, "model", ASSET.detector);
  const champion = (await aliasHistory(registry, write, ASSET.detector, CHAMPION, 1))[0] ?? null;
  const judged = champion &&
    await latestEvaluation(registry.store, write, ASSET.detector, champion.version);
  const lastJudgement = model &&
    await latestEvaluation(registry.store, write, ASSET.detector, model.version);
  const branch = await readBranch(registry, read);
  return {
    source: branch && sourceName(branch.source),
    marketAt: await marketTime(registry, read),
    snapshot: await latestVersion(registry, read, "data", ASSET.snapshot),
    dataset: await latestVersion(registry, read, "data", ASSET.trainingDataset),
    model,
    modelStatus: model && await modelStatus(registry, write, ASSET.detector, model.version),
    champion,
    /** Version that `evaluate` compares with, where that is another branch's champion. */
    comparedWith: write.branch === read.branch
      ? null
      : (await aliasHolder(registry.store, read, ASSET.detector, CHAMPION))?.version ?? null,
    /** The newest batch of predictions by a champion. */
    scored: await newestScored(registry),
    evaluatedAt: judged?.recordedAt ?? null,
    modelJudgedAt: lastJudgement?.recordedAt ?? null,
    lastRun: (await listRuns(registry, write, { limit: 1 }))[0] ?? null,
  };
}

/** The champion's newest batch: among the newest of all models, which are few an hour. */
async function newestScored(registry: RegistryContext): Promise<PredictionBatch | null> {
  const range = { limit: 1 + MAX_CHALLENGERS, reverse: true };
  const batches = await listBatches(registry, registry.scopes.write, range);
  return batches.find((batch) => batch.role === "champion") ?? null;
}

function nextCommand(state: Awaited<ReturnType<typeof gather>>, waiting: string[]): string {
  const { model, modelStatus, modelJudgedAt, champion, snapshot, dataset } = state;
  if (!model && !snapshot) return "anomaly train";
  if (!dataset && snapshot) return waiting.length > 0 ? "anomaly ingest" : "anomaly build_dataset";
  if (!model) return "anomaly train";
  if (modelStatus === "candidate") {
    // Judged and still a candidate: a gate failed, and judging again would not change that.
    return modelJudgedAt === null
      ? `anomaly evaluate --candidate_version ${model.version}`
      : `anomaly models why ${model.version}`;
  }
  if (modelStatus === "evaluated") return `anomaly promote --version ${model.version}`;
  return champion ? "anomaly ingest" : "anomaly train";
}

// Where things stand: a branch at a glance, and all branches.

import { z } from "@hono/zod-openapi";
import { ASSET } from "../../../src/domain/asset.ts";
import { readScope } from "../../../src/domain/scope.ts";
import { iso } from "../../../src/domain/time.ts";
import { waitingFor } from "../../../src/engine/dueness.ts";
import { aliasHistory } from "../../../src/registry/alias_history.ts";
import { aliasHolder, CHAMPION } from "../../../src/registry/aliases.ts";
import { latestVersion } from "../../../src/registry/assets.ts";
import {
  clockOf,
  readBranch,
  type RegistryContext,
  sourceName,
} from "../../../src/registry/context.ts";
import { latestEvaluation, modelStatus } from "../../../src/registry/evaluations.ts";
import { freshnessOn } from "../../health.ts";
import { newestBatches } from "../../reading/batches.ts";
import { type FlowState, pipelineState } from "../../reading/pipeline.ts";
import type { View, Views } from "../../view.ts";
import { briefVersion } from "../lineage.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { statusSchema } from "../schemas/market.ts";
import { branchSchema } from "../schemas/runs.ts";
import { limitParam } from "../schemas/shapes.ts";

const model = ASSET.detector;

const status = defineOperation({
  method: "get",
  path: "/status",
  group: "market",
  summary: "Where a branch stands, and what is next",
  answer: statusSchema,
  answers: "Market, champion, judgement, freshness, flows",
  example: { path: "/status" },
  handle: async ({ view, views }) => {
    const { registry, setup } = view;
    const { write, read } = registry.scopes;
    const [branch, market, models, flows, freshness, waiting] = await Promise.all([
      readBranch(registry, read),
      marketOf(registry),
      modelsOf(registry),
      flowsOf(view, views),
      freshnessOn(registry, view.deps, await isOwn(view, views)),
      waitingFor(view.deps.flows, registry),
    ]);
    return {
      branch: write.branch,
      readBranch: read.branch,
      environment: setup.environment,
      source: branch && sourceName(branch.source),
      marketAt: branch && iso(clockOf(registry, branch)),
      freshness,
      ...market,
      ...models,
      flows: flows.map(({ flow, last, start, dueAt, isLate }) => ({
        flow,
        lastRun: last && {
          id: last.id,
          status: last.status,
          startedAt: last.startedAt,
          finishedAt: last.finishedAt,
        },
        startsBy: start.by,
        dueAt,
        isLate,
      })),
      waiting,
      next: firstDue(flows),
    };
  },
});

async function marketOf(registry: RegistryContext) {
  const { write, read } = registry.scopes;
  const [snapshot, dataset, [batch]] = await Promise.all([
    latestVersion(registry, read, "data", ASSET.snapshot),
    latestVersion(registry, read, "data", ASSET.trainingDataset),
    newestBatches(registry, write, { limit: 1 }),
  ]);
  return {
    snapshot: snapshot && briefVersion(snapshot),
    dataset: dataset && briefVersion(dataset),
    flagged: batch
      ? {
        marketAt: iso(batch.marketAtMs),
        version: batch.version,
        flagged: batch.flagged,
        rows: batch.rows,
      }
      : null,
  };
}

async function modelsOf(registry: RegistryContext) {
  const { write } = registry.scopes;
  const [newest, [entry]] = await Promise.all([
    latestVersion(registry, write, "model", model),
    aliasHistory(registry, write, model, CHAMPION, 1),
  ]);
  const [status, evaluation] = newest === null ? [null, null] : await Promise.all([
    modelStatus(registry, write, model, newest.version),
    latestEvaluation(registry.store, write, model, newest.version),
  ]);
  return {
    model: newest && briefVersion(newest),
    modelStatus: status,
    champion: entry ? { model, alias: CHAMPION, ...entry } : null,
    gates: evaluation,
  };
}

async function flowsOf(view: View, views: Views): Promise<FlowState[]> {
  const { deps, registry, configs, nowMs } = view;
  const schedules = deps.runsSchedules && await isOwn(view, views) ? deps.project.schedules : {};
  return await pipelineState(registry, registry.scopes.write, {
    flows: deps.flows,
    configs,
    schedules,
    nowMs,
    leaseNowMs: deps.leaseNowMs(),
  });
}

/** Whether the branch is the one whose schedules this process may run. */
async function isOwn({ branch }: View, { deps }: Views): Promise<boolean> {
  return (await deps.setupOf(undefined)).scopes.write.branch === branch;
}

function firstDue(flows: readonly FlowState[]) {
  const due = flows.flatMap(({ flow, dueAt }) => dueAt === null ? [] : [{ flow, dueAt }]);
  return due.sort((a, b) => a.dueAt.localeCompare(b.dueAt))[0] ?? null;
}

const branches = defineOperation({
  method: "get",
  path: "/branches",
  group: "market",
  summary: "Branches and what they hold",
  query: z.strictObject({
    limit: limitParam(),
    after: z.string().min(1).max(100).optional().describe("only branches whose names follow this"),
  }),
  answer: z.strictObject({
    items: z.array(branchSchema).max(200).describe("branches by name"),
    next_after: z.string().nullable().describe("give it as after to get those that follow"),
  }),
  answers: "Branches",
  example: { path: "/branches" },
  handle: async ({ view: { registry }, views, query: { limit, after } }) => {
    const names = (await views.branchNames()).filter((name) => after === undefined || name > after);
    const shown = names.slice(0, limit);
    return {
      items: await Promise.all(shown.map((name) => describeBranch(registry, name))),
      nextAfter: names.length > limit ? shown.at(-1)! : null,
    };
  },
});

async function describeBranch(registry: RegistryContext, branch: string) {
  const scope = readScope(registry.scopes.read.project, branch);
  const [record, snapshot, dataset, newest, champion] = await Promise.all([
    readBranch(registry, scope),
    latestVersion(registry, scope, "data", ASSET.snapshot),
    latestVersion(registry, scope, "data", ASSET.trainingDataset),
    latestVersion(registry, scope, "model", model),
    aliasHolder(registry.store, scope, model, CHAMPION),
  ]);
  return {
    branch,
    source: record && sourceName(record.source),
    marketAt: record && iso(clockOf(registry, record)),
    snapshots: snapshot?.version ?? 0,
    trainingDatasets: dataset?.version ?? 0,
    models: newest?.version ?? 0,
    champion: champion?.version ?? null,
  };
}

export const marketOperations: Operation[] = [status, branches];

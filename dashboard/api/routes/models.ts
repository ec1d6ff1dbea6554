// Models: versions, judgements, lineage, comparison, and the acts of authority over them.

import { z } from "@hono/zod-openapi";
import { type AliasRecord, ASSET, type VersionRecord } from "../../../src/domain/asset.ts";
import type { EvaluationRecord } from "../../../src/domain/evaluation.ts";
import { VERSION_REF_FORMS } from "../../../src/domain/names.ts";
import { listAliases } from "../../../src/registry/aliases.ts";
import { listVersions, resolveVersion } from "../../../src/registry/assets.ts";
import {
  latestEvaluation,
  listEvaluations,
  modelStatus,
  standingsOf,
} from "../../../src/registry/evaluations.ts";
import { lineageOf, usersOf } from "../../../src/registry/lineage.ts";
import { promotionBlockers } from "../../../src/registry/promotion.ts";
import { revocationSchema as revocationAsked, revoke } from "../../acts/model_acts.ts";
import {
  previewPromotion,
  promote,
  promotionSchema as promotionAsked,
} from "../../acts/promote.ts";
import type { View } from "../../view.ts";
import { briefLineage } from "../lineage.ts";
import { defineOperation, type Operation } from "../operation.ts";
import {
  comparisonSchema,
  evaluationSchema,
  modelBriefSchema,
  modelLineageSchema,
  modelSchema,
  promotionSchema,
  revocationSchema,
  whySchema,
} from "../schemas/models.ts";
import { limitParam, listParams, page, pageOf } from "../schemas/shapes.ts";

const model = ASSET.detector;

/** Judgements that come with a model, and what was made of it. */
const SHOWN_EVALUATIONS = 10;
const SHOWN_USERS = 20;

const ref = z.string().min(1).max(100).describe(`a version: ${VERSION_REF_FORMS}`);
const refParams = z.strictObject({ ref });

const list = defineOperation({
  method: "get",
  path: "/models",
  group: "models",
  summary: "Versions, newest first, with status and judgement",
  query: z.strictObject({ ...listParams, limit: limitParam(20) }),
  answer: pageOf(modelBriefSchema, "versions"),
  answers: "Versions",
  example: { path: "/models?limit=5" },
  handle: async ({ view: { registry }, query: { limit, before } }) => {
    const scope = registry.scopes.write;
    const [versions, aliases] = await Promise.all([
      listVersions(registry, scope, "model", model, {
        limit: limit + 1,
        ...(before === undefined ? {} : { before }),
      }),
      listAliases(registry, scope, model),
    ]);
    const { items, olderBefore } = page(versions, limit, ({ version }) => version);
    const standings = await standingsOf(registry, scope, model, items.map((one) => one.version));
    return {
      olderBefore,
      items: items.map((record, i) => ({
        version: record.version,
        ...standings[i]!,
        aliases: aliasesOf(record, aliases),
        runId: record.runId,
        description: record.description,
        recordedAt: record.recordedAt,
        marketAt: record.marketAt,
      })),
    };
  },
});

const compare = defineOperation({
  method: "get",
  path: "/models/compare",
  group: "models",
  summary: "Two versions side by side: settings, training, judgement",
  query: z.strictObject({
    a: ref.default("latest"),
    b: ref.default("champion"),
  }),
  answer: comparisonSchema,
  answers: "Both, and in what they differ",
  example: { path: "/models/compare?a=latest&b=champion" },
  handle: async ({ view, query }) => {
    // One after the other, so that of two that are missing it is always the first that is named.
    const a = await comparable(view, query.a);
    const b = await comparable(view, query.b);
    const names = [...new Set([...Object.keys(a.values), ...Object.keys(b.values)])];
    const different = names.filter((name) =>
      JSON.stringify(a.values[name]) !== JSON.stringify(b.values[name])
    );
    return { a, b, different };
  },
});

async function comparable(view: View, text: string) {
  const { registry } = view;
  const scope = registry.scopes.write;
  const record = await findModel(view, text);
  const [status, evaluation] = await Promise.all([
    modelStatus(registry, scope, model, record.version),
    latestEvaluation(registry.store, scope, model, record.version),
  ]);
  const { model_config: config, data_source, training_rows, training_rate, feature_names } =
    record.annotations;
  const values: Record<string, unknown> = {
    market_at: record.marketAt,
    data_source: data_source ?? null,
    training_rows: training_rows ?? null,
    training_rate: training_rate ?? null,
    features: Array.isArray(feature_names) ? feature_names.length : null,
    ...(typeof config === "object" ? config : {}),
    model_sha256: record.files.model?.sha256 ?? null,
    ...judgedValues(evaluation),
  };
  return { version: record.version, status, values };
}

function judgedValues(evaluation: EvaluationRecord | null): Record<string, unknown> {
  if (evaluation === null) return {};
  const gates = evaluation.gates.map(({ name, value, status }) => [name, { value, status }]);
  return {
    passed: evaluation.passed,
    judged_on: evaluation.evalSource,
    ...Object.fromEntries(gates),
  };
}

const show = defineOperation({
  method: "get",
  path: "/models/{ref}",
  group: "models",
  summary: "One version: settings, files, judgements",
  params: refParams,
  answer: modelSchema,
  answers: "The version",
  example: { path: "/models/latest" },
  handle: async ({ view, params }) => {
    const { registry } = view;
    const scope = registry.scopes.write;
    const { inputs: _inputs, ...record } = await findModel(view, params.ref);
    const [status, evaluations, aliases] = await Promise.all([
      modelStatus(registry, scope, model, record.version),
      listEvaluations(registry, scope, model, record.version, SHOWN_EVALUATIONS),
      listAliases(registry, scope, model),
    ]);
    return { ...record, status, aliases: aliasesOf(record, aliases), evaluations };
  },
});

const why = defineOperation({
  method: "get",
  path: "/models/{ref}/why",
  group: "models",
  summary: "What stands between a version and an alias",
  params: refParams,
  answer: whySchema,
  answers: "The blockers; none where it may be promoted",
  example: { path: "/models/latest/why" },
  handle: async ({ view, params }) => {
    const { registry } = view;
    const scope = registry.scopes.write;
    const { version } = await findModel(view, params.ref);
    const [status, blockers, evaluation] = await Promise.all([
      modelStatus(registry, scope, model, version),
      promotionBlockers(registry, registry.store, model, version),
      latestEvaluation(registry.store, scope, model, version),
    ]);
    return { model, version, status, allowed: blockers.length === 0, blockers, evaluation };
  },
});

const lineage = defineOperation({
  method: "get",
  path: "/models/{ref}/lineage",
  group: "models",
  summary: "What a version was made of, and what was made of it",
  params: refParams,
  answer: modelLineageSchema,
  answers: "Inputs down to the snapshots, and users",
  example: { path: "/models/latest/lineage" },
  handle: async ({ view, params }) => {
    const { registry } = view;
    const record = await findModel(view, params.ref);
    const [nodes, usedBy] = await Promise.all([
      lineageOf(registry, record),
      usersOf(registry, registry.scopes.write, record, SHOWN_USERS),
    ]);
    return { model, version: record.version, madeOf: nodes.map(briefLineage), usedBy };
  },
});

const evaluations = defineOperation({
  method: "get",
  path: "/models/{ref}/evaluations",
  group: "models",
  summary: "Judgements of a version, newest first",
  params: refParams,
  query: z.strictObject({ limit: limitParam(20) }),
  answer: z.strictObject({ items: z.array(evaluationSchema) }),
  answers: "Judgements",
  example: { path: "/models/latest/evaluations" },
  handle: async ({ view, params, query: { limit } }) => {
    const { registry } = view;
    const { version } = await findModel(view, params.ref);
    return {
      items: await listEvaluations(registry, registry.scopes.write, model, version, limit),
    };
  },
});

const promoteOperation = defineOperation({
  method: "post",
  path: "/models/{ref}/promote",
  group: "models",
  summary: "Give a version an alias, champion by default",
  description:
    "Refused with 422 unless its latest evaluation passed every hard gate and was made " +
    "against the present champion; force with a reason overrides gates, and is recorded. With " +
    "dry_run it says what would happen, and writes nothing.",
  params: refParams,
  body: promotionAsked.extend({
    dry_run: z.boolean().default(false).describe("say what would happen, and write nothing"),
  }),
  answer: promotionSchema,
  answers: "What was done, or would be",
  refuses: ["gate_failed", "unavailable"],
  example: {
    path: "/models/latest/promote",
    body: { alias: "champion", reason: "fewer false alarms", dry_run: true },
  },
  handle: async ({ view, params, body: { dry_run, ...asked } }) => {
    // Resolved once, so that "latest" means the version that is there now, whatever waits before it.
    const { version } = await findModel(view, params.ref);
    if (dry_run) {
      const { allowed, replaces, blockers } = await previewPromotion(view, String(version), asked);
      return {
        ...{ dryRun: true, allowed, alias: asked.alias, version, replaces, blockers },
        ...{ runId: null, forced: false, overridden: [] },
      };
    }
    const run = await promote(view, String(version), asked);
    const { alias, previous_version, forced, overridden } = run.summary;
    return {
      ...{ dryRun: false, allowed: true, alias, version, replaces: previous_version, blockers: [] },
      ...{ runId: run.id, forced, overridden },
    };
  },
});

const revokeOperation = defineOperation({
  method: "post",
  path: "/models/{ref}/revoke",
  group: "models",
  summary: "Forbid a version for good",
  description: "The holder of an alias is refused, unless rollback returns its aliases to the " +
    "holders before, in the same commit.",
  params: refParams,
  body: revocationAsked,
  answer: revocationSchema,
  answers: "The revocation, and what was rolled back with it",
  example: {
    path: "/models/7/revoke",
    body: { reason: "trained on bad data", rollback: true },
  },
  handle: async ({ view, params, body }) => await revoke(view, params.ref, body),
});

export const modelOperations: Operation[] = [
  list,
  compare,
  show,
  why,
  lineage,
  evaluations,
  promoteOperation,
  revokeOperation,
];

function findModel({ registry }: View, text: string): Promise<VersionRecord> {
  return resolveVersion(registry, registry.scopes.write, "model", model, text);
}

function aliasesOf({ version }: { version: number }, aliases: readonly AliasRecord[]): string[] {
  return aliases.filter((one) => one.version === version).map(({ alias }) => alias);
}

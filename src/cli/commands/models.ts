// models list|show|compare|history|why: versions, judgements, aliases, to look at.

import { z } from "zod";
import { ASSET, type ModelStatus, type VersionRecord } from "../../domain/asset.ts";
import type { GateResult } from "../../domain/evaluation.ts";
import { checkAliasName } from "../../domain/names.ts";
import type { ReadScope } from "../../domain/scope.ts";
import { aliasHistory } from "../../registry/alias_history.ts";
import { CHAMPION, listAliases } from "../../registry/aliases.ts";
import { type Blocker, promotionBlockers } from "../../registry/promotion.ts";
import { listVersions, resolveVersion } from "../../registry/assets.ts";
import type { RegistryContext } from "../../registry/context.ts";
import { latestEvaluation, listEvaluations, modelStatus } from "../../registry/evaluations.ts";
import { type LineageNode, lineageOf } from "../../registry/lineage.ts";
import { type Command, defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns, facts, instant, metric, oneLine, percent, UNDEFINED, wrap } from "../text.ts";
import { refPositional, resolveModel } from "./model_ref.ts";
import { metricLines } from "./outcomes.ts";

const model = ASSET.detector;
const limit = z.int().min(1).max(1000).default(20).describe("how many at most");

/** A crash as `validate_outcomes` has it by default, over a month. */
const SHOWN_OUTCOMES = { crashThresholdPct: -15, lookbackHours: 720 };

const list = defineCommand({
  name: "models list",
  group: "look",
  summary: "Versions, newest first, with status and judgement.",
  params: z.strictObject({ limit, ...branchParams }),
  examples: ["anomaly models list", "anomaly models list --limit 5 --json"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const scope = registry.scopes.write;
    const versions = await listVersions(registry, scope, "model", model, {
      limit: call.params.limit,
    });
    const aliases = await listAliases(registry, scope, model);
    const rows = await Promise.all(versions.map(async (version) => ({
      version: version.version,
      status: await modelStatus(registry, scope, model, version.version),
      aliases: aliases.filter((a) => a.version === version.version).map((a) => a.alias),
      run_id: version.runId,
      description: version.description,
      market_at: version.marketAt,
      evaluation: await latestEvaluation(registry.store, scope, model, version.version),
    })));
    const table = columns(
      ["version", "status", "alias", "run", "market time", "rate", "silhouette"],
      rows.map((row) => [
        `v${row.version}`,
        row.status,
        row.aliases.join(" ") || UNDEFINED,
        String(row.run_id),
        instant(row.market_at),
        percent(row.evaluation?.candidate.anomalyRate ?? null),
        metric(row.evaluation?.candidate.silhouette ?? null),
      ]),
    );
    const empty = `No models on branch ${scope.branch} yet. Next: ${hint(call, "anomaly train")}`;
    return { json: rows, text: table || empty };
  },
});

const show = defineCommand({
  name: "models show",
  group: "look",
  summary: "One version: settings, judgement, outcomes, lineage.",
  positionals: [refPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly models show champion", "anomaly models show 7 --json"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry, scope, version } = await resolveModel(session.registry, call);
    const status = await modelStatus(registry, scope, model, version.version);
    const evaluations = await listEvaluations(registry, scope, model, version.version, 10);
    const lineage = await lineageOf(registry, version);
    const { versions } = await app.outcomeReport(registry, SHOWN_OUTCOMES);
    const outcomes = versions.find((one) => one.version === version.version)?.metrics ?? null;
    const { annotations } = version;
    const text = [
      facts([
        ["model", `${model} v${version.version}, ${status}`],
        ["made by", `run ${version.runId} (${version.flow}), ${instant(version.recordedAt)}`],
        ["market time", instant(version.marketAt)],
        ["trained", version.description],
        ["flags", `${percent(annotations.training_rate as number)} of its training rows`],
        ["features", String((annotations.feature_names as string[]).length)],
        [
          "file",
          `${version.files.model!.sha256.slice(0, 12)}, ${version.files.model!.byteLength} bytes`,
        ],
      ]),
      ...evaluations.slice(0, 1).map((evaluation) =>
        `Evaluation ${evaluation.id} on ${evaluation.evalSource}, ` +
        `${evaluation.passed ? "passed" : "failed"}:\n${gateTable(evaluation.gates)}`
      ),
      outcomes
        ? `Outcomes:\n${metricLines(outcomes)}`
        : "Outcomes: none yet; a prediction is decided 24 h after it was made.",
      `Lineage:\n${
        lineage.flatMap((node) => lineageLines(node, 1)).join("\n") || "  no dataset (fresh data)"
      }`,
    ].join("\n\n");
    return { json: { ...version, status, evaluations, outcomes, lineage }, text };
  },
});

const compare = defineCommand({
  name: "models compare",
  group: "look",
  summary: "Two versions side by side: settings, training, judgement.",
  positionals: [
    { ...refPositional, name: "a", description: `one version: latest, 7, champion` },
    {
      ...refPositional,
      name: "b",
      description: `the other one (default: champion)`,
      required: false,
    },
  ],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly models compare latest", "anomaly models compare 3 7"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    // One after the other, so that of two that are missing it is always the first that is named.
    const a = await comparable(registry, call.positionals[0]!);
    const b = await comparable(registry, call.positionals[1] ?? CHAMPION);
    const names = [...new Set([...Object.keys(a.values), ...Object.keys(b.values)])];
    const rows = names.map((
      name,
    ) => [name, a.values[name] ?? UNDEFINED, b.values[name] ?? UNDEFINED]);
    const different = rows.filter(([, left, right]) => left !== right);
    const equal = rows.filter(([, left, right]) => left === right).map(([name]) => name);
    const text = [
      columns(["", `v${a.version}`, `v${b.version}`], different) || "No differences.",
      equal.length > 0 ? wrap(`The same in both: ${equal.join(", ")}`) : "",
    ].filter((block) => block !== "").join("\n\n");
    return { json: { a, b, different: different.map(([name]) => name) }, text };
  },
});

const history = defineCommand({
  name: "models history",
  group: "look",
  summary: "Every holder that an alias ever had, and why.",
  params: z.strictObject({
    alias: z.string().default(CHAMPION).describe("alias to look up"),
    limit,
    ...branchParams,
  }),
  examples: ["anomaly models history", "anomaly models history --alias staging"],
  run: async (app, call) => {
    const alias = checkAliasName(call.params.alias);
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const scope = registry.scopes.write;
    const entries = await aliasHistory(registry, scope, model, alias, call.params.limit);
    const table = columns(
      ["seq", "act", "version", "before", "market time", "by", "reason"],
      entries.map((entry) => [
        String(entry.seq),
        entry.forced ? `${entry.action} (forced)` : entry.action,
        `v${entry.version}`,
        entry.previousVersion === null ? UNDEFINED : `v${entry.previousVersion}`,
        instant(entry.marketAt),
        entry.actor,
        entry.reason || UNDEFINED,
      ]),
    );
    return { json: entries, text: table || `Nobody ever held ${alias} on branch ${scope.branch}.` };
  },
});

const why = defineCommand({
  name: "models why",
  group: "look",
  summary: "What stands between a version and an alias.",
  positionals: [refPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly models why latest"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry, scope, version } = await resolveModel(session.registry, call);
    const blockers = await promotionBlockers(registry, registry.store, model, version.version);
    const evaluation = await latestEvaluation(registry.store, scope, model, version.version);
    const status = await modelStatus(registry, scope, model, version.version);
    const text = [
      verdict(version.version, status, blockers),
      evaluation ? gateTable(evaluation.gates) : "",
      status === "champion" ? "" : `Next: ${hint(call, nextFor(version.version, blockers))}`,
    ].filter((block) => block !== "").join("\n\n");
    return { json: { model, version: version.version, status, blockers, evaluation }, text };
  },
});

function verdict(version: number, status: ModelStatus, blockers: readonly Blocker[]): string {
  if (status === "champion") return `${model} v${version} is champion now.`;
  if (blockers.length === 0) {
    return `Nothing stands between ${model} v${version} (${status}) and an alias.`;
  }
  const reasons = blockers.map((blocker) => `  ${oneLine(blocker.message)}`);
  return [`${model} v${version} (${status}) cannot be promoted:`, ...reasons].join("\n");
}

function nextFor(version: number, blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return `anomaly promote --version ${version}`;
  const judgeAgain = blockers.some(({ reason }) => /^(no|stale)_evaluation$/.test(reason));
  return judgeAgain ? `anomaly evaluate --candidate_version ${version}` : "anomaly train";
}

export const modelCommands: Command[] = [list, show, compare, history, why];

function gateTable(gates: readonly GateResult[]): string {
  return columns(
    ["gate", "value", "expected", "verdict"],
    gates.map((gate) => [
      gate.name + (gate.hard ? "" : " (soft)"),
      metric(gate.value),
      `${gate.comparison} ${gate.threshold}`,
      gate.status.replace("_", " ") + (gate.note ? `: ${gate.note}` : ""),
    ]),
  );
}

function lineageLines(node: LineageNode, depth: number): string[] {
  const { ref, firstVersion, role, sha256, record } = node;
  const versions = firstVersion === ref.version
    ? `v${ref.version}`
    : `v${firstVersion}–v${ref.version}`;
  const raw = record?.files.raw ? `, raw response ${record.files.raw.sha256.slice(0, 12)}` : "";
  const gone = record ? "" : " (gone)";
  const line = `${"  ".repeat(depth)}${role}: ${ref.name} ${versions} of ${ref.branch}, ` +
    `${sha256.slice(0, 12)}${raw}${gone}`;
  return [line, ...node.inputs.flatMap((input) => lineageLines(input, depth + 1))];
}

interface Comparable {
  version: number;
  values: Record<string, string>;
}

async function comparable(registry: RegistryContext, ref: string): Promise<Comparable> {
  const scope: ReadScope = registry.scopes.write;
  const record: VersionRecord = await resolveVersion(registry, scope, "model", model, ref);
  const evaluation = await latestEvaluation(registry.store, scope, model, record.version);
  const { annotations } = record;
  const config = annotations.model_config as Record<string, unknown>;
  const values: Record<string, string> = {
    status: await modelStatus(registry, scope, model, record.version),
    "market time": instant(record.marketAt),
    "data source": String(annotations.data_source),
    "training rows": String(annotations.training_rows),
    "training rate": percent(annotations.training_rate as number),
    features: String((annotations.feature_names as string[]).length),
    ...Object.fromEntries(Object.entries(config).map(([name, value]) => [name, String(value)])),
    "model file": record.files.model!.sha256.slice(0, 12),
  };
  if (evaluation) {
    values["judged on"] = evaluation.evalSource;
    for (const gate of evaluation.gates) values[gate.name] = `${metric(gate.value)} ${gate.status}`;
  }
  return { version: record.version, values };
}

// What is judged, on which rows, against whom. The first step of evaluate.

import {
  ASSET,
  type AssetFile,
  type LineageInput,
  type VersionRecord,
} from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { readScope } from "../../src/domain/scope.ts";
import type { StepContext } from "../../src/engine/flow.ts";
import { aliasHolder, CHAMPION } from "../../src/registry/aliases.ts";
import { asInput, fileOf, getVersion, resolveVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { requireRun } from "../../src/registry/runs.ts";
import { featureNamesOf } from "../datasets.ts";
import { freshRows } from "../fresh_rows.ts";
import type { FetchedMarket } from "../market_data.ts";

/** The word for data fetched now, where a data asset could stand. */
export const FRESH = "fresh";

/** The rows to judge on, where they come from, and which features they have. */
export type EvaluationRows = {
  table: AssetFile;
  feature_names: string[];
  source: string;
  /** Market time of the newest row. */
  market_at: string | null;
  input: LineageInput | null;
  fetched: FetchedMarket | null;
};

/** The parameters that the selection goes by. */
export interface SelectParams {
  source?: string | undefined;
  candidate_version: string;
  compare_to: string;
  eval_data_source?: string | undefined;
  eval_data_version?: string | undefined;
}

/** What `select` found. */
export type Selected = Awaited<ReturnType<typeof select>>;

/** Candidate, rows and champion, each as an input with its hash. */
export async function select(ctx: StepContext<SelectParams>) {
  const { registry, params } = ctx;
  const { write } = registry.scopes;
  const candidate = await resolveVersion(
    registry,
    write,
    "model",
    ASSET.detector,
    params.candidate_version,
  );
  const rows = await selectRows(ctx, candidate);
  const compared = await selectChampion(ctx);
  const against = compared
    ? `${ASSET.detector} v${compared.version} of ${compared.branch}`
    : params.compare_to === "none"
    ? "nothing (--compare_to none)"
    : "nothing, as there is no champion yet";
  ctx.log(`judging ${ASSET.detector} v${candidate.version} on ${rows.source}, against ${against}`);
  return {
    candidate: asInput(candidate, "model", "model"),
    champion: { compared: compared ? asInput(compared, "champion", "model") : null },
    rows,
  };
}

async function selectRows(
  ctx: StepContext<SelectParams>,
  candidate: VersionRecord,
): Promise<EvaluationRows> {
  const { registry, params, configs } = ctx;
  const source = params.eval_data_source || configs.eval_config.eval_data_source;
  const version = params.eval_data_version || configs.eval_config.eval_data_version;
  const trainedOn = candidate.inputs.find((input) => input.role === "training_dataset");
  if (source === FRESH || (source === "" && version === "" && trainedOn === undefined)) {
    if (source === "") ctx.log("a fresh-trained model is judged on fresh data");
    return await freshRows(ctx);
  }
  const dataset = source === "" && version === "" && trainedOn
    ? await holdoutOf(registry, trainedOn)
    : await resolveVersion(
      registry,
      registry.scopes.read,
      "data",
      source || ASSET.evalHoldout,
      version || "latest",
    );
  const branch = dataset.branch === registry.scopes.write.branch ? "" : ` of ${dataset.branch}`;
  return {
    table: fileOf(dataset, "table"),
    feature_names: featureNamesOf(dataset, "judge on"),
    source: `${dataset.name} v${dataset.version}${branch}`,
    market_at: dataset.marketAt,
    input: asInput(dataset, "holdout", "table"),
    fetched: null,
  };
}

/** The other half of the pair: what the same run produced beside the training dataset. */
async function holdoutOf(
  registry: RegistryContext,
  trainedOn: LineageInput,
): Promise<VersionRecord> {
  const { branch, name, version } = trainedOn.ref;
  const scope = readScope(registry.scopes.read.project, branch);
  const training = await resolveVersion(registry, scope, "data", name, String(version));
  const run = await requireRun(registry, scope, training.runId);
  const made = run.produced.find((item) => item.name === ASSET.evalHoldout);
  if (made) return await resolveVersion(registry, scope, "data", made.name, String(made.version));
  throw new AppError(
    "not_found",
    `Cannot find the holdout of ${name} v${version}: run ${run.id} produced none. Next: name one ` +
      `with --eval_data_source ${ASSET.evalHoldout} --eval_data_version <version>.`,
  );
}

export function isChampion(text: string): boolean {
  return text.replace(/^@/, "") === CHAMPION;
}

/** The champion is the read branch's; any other version that one may compare with is the write branch's. */
async function selectChampion(ctx: StepContext<SelectParams>): Promise<VersionRecord | null> {
  const { registry, params } = ctx;
  const { read, write } = registry.scopes;
  if (params.compare_to === "none") return null;
  if (!isChampion(params.compare_to)) {
    return await resolveVersion(registry, write, "model", ASSET.detector, params.compare_to);
  }
  const holder = await aliasHolder(registry.store, read, ASSET.detector, CHAMPION);
  if (holder === null) return null;
  const record = await getVersion(registry, read, "model", ASSET.detector, holder.version);
  if (record) return record;
  throw new AppError(
    "internal",
    `Cannot judge against the champion: ${CHAMPION} of branch ${read.branch} is ${ASSET.detector} ` +
      `v${holder.version}, and there is no such version. The store is damaged: restore it from a ` +
      `backup, or judge with --compare_to none.`,
  );
}

// The files under configs/: read, checked by their schemas, and told apart from the same files that the
// executable carries as defaults. Says where each config came from, so that it can be shown.

import evaluationDefaults from "../../configs/evaluation.json" with { type: "json" };
import modelDefaults from "../../configs/model.json" with { type: "json" };
import aggressiveDefaults from "../../configs/model_aggressive.json" with { type: "json" };
import conservativeDefaults from "../../configs/model_conservative.json" with { type: "json" };
import lofDefaults from "../../configs/model_lof.json" with { type: "json" };
import notificationsDefaults from "../../configs/notifications.json" with { type: "json" };
import projectDefaults from "../../configs/project.json" with { type: "json" };
import trainingDefaults from "../../configs/training.json" with { type: "json" };
import type { z } from "zod";
import {
  evaluationConfigSchema,
  type FlowConfigs,
  modelConfigSchema,
  type ProjectConfig,
  projectConfigSchema,
  trainingConfigSchema,
} from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import { type NotificationsConfig, notificationsSchema } from "../domain/notifications.ts";
import { describeProblems } from "../domain/problems.ts";
import { type Env, environmentOf, nonEmpty } from "./scopes.ts";

/** A path of a config file as people write it → what the executable carries in its place. */
const BUILT_IN: Readonly<Record<string, unknown>> = {
  "configs/evaluation.json": evaluationDefaults,
  "configs/model.json": modelDefaults,
  "configs/model_aggressive.json": aggressiveDefaults,
  "configs/model_conservative.json": conservativeDefaults,
  "configs/model_lof.json": lofDefaults,
  "configs/notifications.json": notificationsDefaults,
  "configs/project.json": projectDefaults,
  "configs/training.json": trainingDefaults,
};

/** What to do about a file that cannot be used. */
const AFTERWARDS = "Next: correct it, or take it away for the built-in one";

const DEFAULT_FOLDER = "configs";

/** Where a config was read from: a path, or `built in: configs/model.json`. */
export type ConfigOrigin = string;

export interface LoadedProject {
  project: ProjectConfig;
  origin: ConfigOrigin;
  /** Folder whose files take the place of `configs/…`, without a slash at its end; null: no disk. */
  folder: string | null;
  /** Who is told of which events. */
  notifications: { config: NotificationsConfig; origin: ConfigOrigin };
}

export interface LoadedFlowConfigs {
  /** What a run pins. */
  configs: FlowConfigs;
  origins: Record<"model_config" | "training_config" | "eval_config", ConfigOrigin>;
}

/**
 * The project's config: `project.json` of the folder (`folder`, else `ANOMALY_CONFIGS`, else
 * `configs`), else the built-in one, and `notifications.json` the same way. Throws `invalid` for a
 * file that does not hold what its schema says, and for a folder that was asked for and does not exist.
 */
export async function loadProject(
  { env, folder }: { env: Env; folder?: string | undefined },
): Promise<LoadedProject> {
  const asked = folder ?? nonEmpty(env("ANOMALY_CONFIGS"));
  if (asked !== undefined) await requireFolder(asked);
  const root = (asked ?? DEFAULT_FOLDER).replace(/(?<=.)\/+$/, "");
  const read = <S extends z.ZodType>(schema: S, path: string) =>
    readConfig(schema, path, [inFolder(root, path)]);
  const [{ config, origin }, notifications] = await Promise.all([
    read(projectConfigSchema, "configs/project.json"),
    read(notificationsSchema, "configs/notifications.json"),
  ]);
  return { project: config, origin, folder: root, notifications };
}

/** The project as the program carries it. Neither it nor the flows' configs are looked for on a disk. */
export function builtInProject(): LoadedProject {
  const builtIn = <S extends z.ZodType>(schema: S, path: string) => {
    const origin = `built in: ${path}`;
    return { config: checkConfig(schema, BUILT_IN[path], origin), origin };
  };
  const { config, origin } = builtIn(projectConfigSchema, "configs/project.json");
  const notifications = builtIn(notificationsSchema, "configs/notifications.json");
  return { project: config, origin, folder: null, notifications };
}

/**
 * The configs of the flows on a branch, as its environment names them; `overrides` (from
 * `--model_config`) win. `configs/<name>` means the loaded folder's file, else the built-in one; any
 * other path is relative to the working directory. Throws `invalid` for a missing or wrong file.
 */
export async function loadFlowConfigs(
  { project, folder }: LoadedProject,
  branch: string,
  overrides: { model_config?: string | undefined } = {},
): Promise<LoadedFlowConfigs> {
  const environment = environmentOf(project, branch);
  const paths = project.environments[environment]!.flow_configs;
  const read = <S extends z.ZodType>(schema: S, path: string, override?: string) => {
    if (folder === null) return readConfig(schema, override ?? path, []);
    return override === undefined
      ? readConfig(schema, path, [inFolder(folder, path)])
      : readConfig(schema, override, [override, inFolder(folder, override)]);
  };
  const [model, training, evaluation] = await Promise.all([
    read(modelConfigSchema, paths.model_config, overrides.model_config),
    read(trainingConfigSchema, paths.training_config),
    read(evaluationConfigSchema, paths.eval_config),
  ]);
  return {
    configs: {
      model_config: model.config,
      training_config: training.config,
      eval_config: evaluation.config,
      environment,
      auto_promote: project.auto_promote,
    },
    origins: {
      model_config: model.origin,
      training_config: training.origin,
      eval_config: evaluation.origin,
    },
  };
}

/** `configs/model.json` → the file of that name in the loaded folder; other paths stay. */
function inFolder(folder: string, path: string): string {
  return path.startsWith("configs/") ? `${folder}/${path.slice("configs/".length)}` : path;
}

async function requireFolder(folder: string): Promise<void> {
  const isFolder = await Deno.stat(folder).then((info) => info.isDirectory, (cause) => {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw new AppError("invalid", `Cannot read ${folder}: ${messageOf(cause)}`, { cause });
  });
  if (isFolder) return;
  throw new AppError(
    "invalid",
    `Cannot read the configs in ${folder}: no such folder. Next: correct ANOMALY_CONFIGS, or unset it ` +
      `for ${DEFAULT_FOLDER}.`,
    { details: { folder } },
  );
}

/** The first of the files that exists, else what is built in under `path`; checked by the schema. */
async function readConfig<S extends z.ZodType>(
  schema: S,
  path: string,
  files: readonly string[],
): Promise<{ config: z.output<S>; origin: ConfigOrigin }> {
  for (const file of files) {
    const text = await readIfThere(file);
    if (text === null) continue;
    return { config: checkConfig(schema, parseJson(text, file), file), origin: file };
  }
  if (!Object.hasOwn(BUILT_IN, path)) {
    throw new AppError(
      "invalid",
      `Cannot read ${path}: no such file, expected a JSON file or a built-in one: ` +
        `${Object.keys(BUILT_IN).join(", ")}. See: anomaly config show`,
      { details: { file: path } },
    );
  }
  const origin = `built in: ${path}`;
  return { config: checkConfig(schema, BUILT_IN[path], origin), origin };
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw new AppError("invalid", `Cannot read ${file}: ${messageOf(cause)}. ${AFTERWARDS}`, {
      cause,
      details: { file },
    });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError(
      "invalid",
      `Cannot read ${file}: it is no valid JSON: ${messageOf(cause)}. ${AFTERWARDS}`,
      {
        cause,
        details: { file },
      },
    );
  }
}

function checkConfig<S extends z.ZodType>(schema: S, value: unknown, file: string): z.output<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const problems = describeProblems(schema, value, checked.error.issues);
  throw new AppError("invalid", `Cannot read ${file}: ${problems.join("; ")}. ${AFTERWARDS}`, {
    cause: checked.error,
    details: { file, problems },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

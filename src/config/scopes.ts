// Which environment, branches and registry a command works with. Decided once, when the program
// starts, from flags, environment variables and the project's config; says what decided.

import type { ProjectConfig } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import { isBranchName, matchesBranchPattern } from "../domain/names.ts";
import { readScope, type Scopes, writeScope } from "../domain/scope.ts";

/** Reads one environment variable; injected, so that tests need no real environment. */
export type Env = (name: string) => string | undefined;

const DEFAULT_KV_PATH = "anomaly_data/registry.kv";
const PRODUCTION = "production";

export interface ResolvedScopes {
  scopes: Scopes;
  /** Environment of the write branch. */
  environment: string;
  /** What decided each branch: `--branch`, `ANOMALY_BRANCH`, `USER`, … */
  origins: { branch: string; read_branch: string };
}

/**
 * The environment that a branch belongs to: its own name first, then the patterns with `*`, of which
 * the one with the most literal characters counts. Throws `invalid` where none matches.
 */
export function environmentOf(project: ProjectConfig, branch: string): string {
  const rules = project.branch_to_environment;
  if (Object.hasOwn(rules, branch)) return rules[branch]!;
  const literalLength = (pattern: string) => pattern.replaceAll("*", "").length;
  const pattern = Object.keys(rules)
    .filter((rule) => rule.includes("*") && matchesBranchPattern(rule, branch))
    .sort((a, b) => literalLength(b) - literalLength(a))[0];
  if (pattern !== undefined) return rules[pattern]!;
  throw new AppError(
    "invalid",
    `Cannot tell the environment of branch "${branch}": branch_to_environment has ` +
      `${
        Object.keys(rules).join(", ") || "no rule"
      }. Next: add the branch, or "*", to configs/project.json.`,
    { details: { branch } },
  );
}

/**
 * Where a command writes and where it reads. Write: `--branch`, `ANOMALY_BRANCH`, the timeline on
 * Deno Deploy, else `user.<login>`. Read: `--read_branch`, else `dev-assets.branch` outside of
 * production, else the write branch. Throws `invalid` for a name that no branch can have.
 */
export function resolveScopes(
  { flags, env, project }: {
    flags: { branch?: string | undefined; read_branch?: string | undefined };
    env: Env;
    project: ProjectConfig;
  },
): ResolvedScopes {
  const write = checkBranch(writeBranch(flags.branch, env));
  const environment = environmentOf(project, write.branch);
  const devBranch = (project["dev-assets"] ?? project.dev_assets)?.branch;
  const read = checkBranch(
    flags.read_branch !== undefined
      ? { branch: flags.read_branch, origin: "--read_branch" }
      : devBranch !== undefined && environment !== PRODUCTION
      ? { branch: devBranch, origin: "dev-assets.branch" }
      : { branch: write.branch, origin: "the write branch" },
  );
  return {
    scopes: {
      write: writeScope(project.project, write.branch),
      read: readScope(project.project, read.branch),
    },
    environment,
    origins: { branch: write.origin, read_branch: read.origin },
  };
}

/**
 * Path or URL of the registry: `--kv`, `ANOMALY_KV`, else `anomaly_data/registry.kv`. Undefined on
 * Deno Deploy, where `Deno.openKv()` without a path finds the database of the timeline.
 */
export function resolveKvPath(
  { flag, env }: { flag?: string | undefined; env: Env },
): string | undefined {
  const given = flag ?? nonEmpty(env("ANOMALY_KV"));
  return given ?? (onDeploy(env) ? undefined : DEFAULT_KV_PATH);
}

/** Whether the program runs on Deno Deploy. */
export function onDeploy(env: Env): boolean {
  return nonEmpty(env("DENO_DEPLOY")) !== undefined ||
    nonEmpty(env("DENO_DEPLOYMENT_ID")) !== undefined;
}

interface ChosenBranch {
  branch: string;
  origin: string;
}

function writeBranch(flag: string | undefined, env: Env): ChosenBranch {
  if (flag !== undefined) return { branch: flag, origin: "--branch" };
  const fromEnv = nonEmpty(env("ANOMALY_BRANCH"));
  if (fromEnv !== undefined) return { branch: fromEnv, origin: "ANOMALY_BRANCH" };
  if (onDeploy(env)) {
    const timeline = nonEmpty(env("DENO_TIMELINE"));
    if (timeline === undefined) return { branch: "main", origin: "Deno Deploy" };
    const branch = timeline === PRODUCTION ? "main" : timeline.replace(/^git-branch\//, "");
    return { branch, origin: "DENO_TIMELINE" };
  }
  for (const name of ["USER", "LOGNAME"]) {
    const login = nonEmpty(env(name));
    if (login !== undefined) return { branch: `user.${login}`, origin: name };
  }
  return { branch: "user.local", origin: "no USER or LOGNAME" };
}

function checkBranch(chosen: ChosenBranch): ChosenBranch {
  if (isBranchName(chosen.branch)) return chosen;
  throw new AppError(
    "invalid",
    `Cannot use branch "${chosen.branch}" (from ${chosen.origin}): expected 1 to 100 letters, ` +
      `digits, ".", "_", "/" or "-", beginning with a letter or digit. Next: give --branch <name>.`,
    { details: { branch: chosen.branch, origin: chosen.origin } },
  );
}

/** An environment variable that is set to nothing counts as not set, as in most shells' scripts. */
export function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

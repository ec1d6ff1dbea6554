// Which branch is written, which is read, in which environment, and in which registry.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { environmentOf, resolveKvPath, resolveScopes } from "../../src/config/mod.ts";
import { type ProjectConfig, projectConfigSchema } from "../../src/domain/config.ts";
import { AppError } from "../../src/domain/errors.ts";

const flow_configs = { model_config: "m", training_config: "t", eval_config: "e" };

function projectWith(more: Record<string, unknown> = {}): ProjectConfig {
  return projectConfigSchema.parse({
    branch_to_environment: { main: "production", "*": "dev" },
    environments: {
      production: { flow_configs },
      staging: { flow_configs },
      dev: { flow_configs },
    },
    ...more,
  });
}

interface Given {
  flags?: { branch?: string; read_branch?: string };
  env?: Record<string, string>;
  project?: ProjectConfig;
}

function resolve({ flags = {}, env = {}, project = projectWith() }: Given) {
  const resolved = resolveScopes({ flags, env: (name) => env[name], project });
  const { scopes, environment, origins } = resolved;
  return {
    write: scopes.write.branch,
    read: scopes.read.branch,
    environment,
    from: [origins.branch, origins.read_branch],
  };
}

Deno.test("resolveScopes() takes the write branch from the first place that names one", () => {
  const local = { USER: "ada", LOGNAME: "lovelace" };
  const cases: [Given, string, string][] = [
    [{ flags: { branch: "b" }, env: { ANOMALY_BRANCH: "c", ...local } }, "b", "--branch"],
    [{ env: { ANOMALY_BRANCH: "c", DENO_DEPLOY: "1", ...local } }, "c", "ANOMALY_BRANCH"],
    [{ env: { ANOMALY_BRANCH: "", ...local } }, "user.ada", "USER"],
    [{ env: { LOGNAME: "lovelace" } }, "user.lovelace", "LOGNAME"],
    [{ env: {} }, "user.local", "no USER or LOGNAME"],
    [{ env: { DENO_DEPLOYMENT_ID: "x", ...local } }, "main", "Deno Deploy"],
    [{ env: { DENO_DEPLOY: "1", DENO_TIMELINE: "production" } }, "main", "DENO_TIMELINE"],
    [
      { env: { DENO_DEPLOY: "1", DENO_TIMELINE: "git-branch/fix/lags" } },
      "fix/lags",
      "DENO_TIMELINE",
    ],
    [{ env: { DENO_DEPLOY: "1", DENO_TIMELINE: "preview/ab12" } }, "preview/ab12", "DENO_TIMELINE"],
  ];
  for (const [given, branch, origin] of cases) {
    const { write, from } = resolve(given);
    assertEquals([write, from[0]], [branch, origin]);
  }
});

Deno.test("resolveScopes() ignores a timeline that is set outside of Deno Deploy", () => {
  assertEquals(resolve({ env: { DENO_TIMELINE: "production", USER: "ada" } }).write, "user.ada");
});

Deno.test("resolveScopes() reads from the write branch unless told otherwise", () => {
  assertEquals(resolve({ flags: { branch: "mine" } }), {
    write: "mine",
    read: "mine",
    environment: "dev",
    from: ["--branch", "the write branch"],
  });
});

Deno.test("resolveScopes() reads from dev-assets.branch, but never in production", () => {
  for (const key of ["dev-assets", "dev_assets"]) {
    const project = projectWith({ [key]: { branch: "shared" } });
    const dev = resolve({ flags: { branch: "mine" }, project });
    assertEquals([dev.write, dev.read, dev.from[1]], ["mine", "shared", "dev-assets.branch"]);
    const production = resolve({ flags: { branch: "main" }, project });
    assertEquals([production.write, production.read], ["main", "main"]);
  }
});

Deno.test("resolveScopes() lets --read_branch win in every environment", () => {
  const project = projectWith({ "dev-assets": { branch: "shared" } });
  for (const branch of ["mine", "main"]) {
    const { read, from } = resolve({ flags: { branch, read_branch: "other" }, project });
    assertEquals([read, from[1]], ["other", "--read_branch"]);
  }
});

Deno.test("resolveScopes() puts both scopes under the project's name", () => {
  const project = projectWith({ project: "my_project" });
  const { scopes } = resolveScopes({ flags: {}, env: () => undefined, project });
  assertEquals([scopes.write.project, scopes.read.project], ["my_project", "my_project"]);
});

Deno.test("resolveScopes() refuses a name that no branch can have, and says where it is from", () => {
  const cases: [Given, string][] = [
    [{ flags: { branch: "-x" } }, 'branch "-x" (from --branch)'],
    [{ flags: { branch: "" } }, 'branch "" (from --branch)'],
    [{ flags: { branch: "a".repeat(101) } }, "(from --branch)"],
    [{ flags: { branch: "b", read_branch: "a b" } }, 'branch "a b" (from --read_branch)'],
    [{ env: { ANOMALY_BRANCH: "ä" } }, 'branch "ä" (from ANOMALY_BRANCH)'],
    [{ env: { USER: "Ada Lovelace" } }, 'branch "user.Ada Lovelace" (from USER)'],
  ];
  for (const [given, text] of cases) {
    const error = assertThrows(() => resolve(given), AppError);
    assertStringIncludes(error.message, text);
    assertEquals(error.exitCode, 2);
  }
});

Deno.test("environmentOf() prefers the exact name, then the pattern that says most", () => {
  const project = projectWith({
    branch_to_environment: {
      "*": "dev",
      "release/*": "staging",
      "release/*/fix": "dev",
      "release/1": "production",
      "user.*": "staging",
      "*-hot": "staging",
    },
  });
  const cases: [string, string][] = [
    ["release/1", "production"],
    ["release/2", "staging"],
    ["release/2/fix", "dev"],
    ["user.ada", "staging"],
    ["userland", "dev"],
    ["fix-hot", "staging"],
    ["constructor", "dev"],
  ];
  for (const [branch, environment] of cases) {
    assertEquals(environmentOf(project, branch), environment, branch);
  }
});

Deno.test("environmentOf() refuses a branch that no rule covers", () => {
  const project = projectWith({ branch_to_environment: { main: "production" } });
  const error = assertThrows(() => environmentOf(project, "mine"), AppError);
  assertEquals(error.code, "invalid");
  assertStringIncludes(error.message, 'branch "mine": branch_to_environment has main');
});

Deno.test("resolveKvPath() takes the flag, then ANOMALY_KV, then the default of the place", () => {
  const path = (flag: string | undefined, env: Record<string, string>) =>
    resolveKvPath({ flag, env: (name) => env[name] });
  assertEquals(path("a.kv", { ANOMALY_KV: "b.kv" }), "a.kv");
  assertEquals(path(undefined, { ANOMALY_KV: "b.kv", DENO_DEPLOY: "1" }), "b.kv");
  assertEquals(path(undefined, { ANOMALY_KV: "" }), "anomaly_data/registry.kv");
  assertEquals(path(undefined, {}), "anomaly_data/registry.kv");
  assertEquals(path(undefined, { DENO_DEPLOYMENT_ID: "x" }), undefined);
});

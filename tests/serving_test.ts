// What main.ts and deploy.ts share: who may reach a process that serves, and what a page may ask it to run.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { accessOn, createQueue, createService } from "../serving.ts";
import { builtInProject, loadFlowConfigs } from "../src/config/mod.ts";
import { AppError } from "../src/domain/errors.ts";
import { listRuns } from "../src/registry/runs.ts";
import { flows } from "../flows/mod.ts";
import { withFlagsInHints } from "../src/cli/command.ts";
import { findFlow } from "../src/engine/flow.ts";
import { memoryRegistry, type TestRegistry, testRunner } from "./support/registry.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

for (const host of ["127.0.0.1", "::1", "localhost"]) {
  Deno.test(`accessOn() leaves ${host} open, unless a token is set`, () => {
    assertEquals(accessOn(host, () => undefined), { kind: "open" });
    assertEquals(accessOn(host, () => ""), { kind: "open" });
    assertEquals(accessOn(host, () => TOKEN), { kind: "token", token: TOKEN });
  });
}

for (const host of ["0.0.0.0", "192.168.1.2", "127.0.0.1.example.org", "::", null]) {
  Deno.test(`accessOn() asks for a token on ${host ?? "a platform"}, and for one that nobody guesses`, () => {
    for (const token of [undefined, "", "secret", TOKEN.slice(1)]) {
      const error = assertThrows(() => accessOn(host, () => token), AppError);
      assertEquals(error.code, "unauthorized");
      assertMatch(error.message, /ANOMALY_TOKEN.* Next: anomaly token$/);
    }
    assertEquals(accessOn(host, () => TOKEN).kind, "token");
  });
}

/** Asks a service over the registry for a run, as a program does. */
async function ask(
  registry: TestRegistry,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const project = builtInProject();
  const { scopes } = registry;
  const { configs } = await loadFlowConfigs(project, scopes.write.branch);
  const never = new AbortController().signal;
  const queue = createQueue({ say: () => {}, quiet: true, hinted: (message) => message });
  const service = createService({
    project,
    own: { scopes, environment: configs.environment, configs },
    registry,
    env: (name) => name === "ANOMALY_SOURCE" ? "simulated" : undefined,
    access: { kind: "open" },
    queue,
    runsSchedules: false,
    commandFlags: () => "",
    stopping: never,
    cut: never,
  });
  const response = await service.fetch(
    new Request("http://127.0.0.1:8001/api/v1/runs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
  const answer = { status: response.status, text: await response.text() };
  await queue.idle();
  return answer;
}

Deno.test("a run that a page asks for may name a config of the project", async () => {
  using registry = await memoryRegistry();
  const params = { fresh_data: true, model_config: "configs/model_lof.json" };
  const { status, text } = await ask(registry, { flow: "train", params, wait: true });
  assertEquals(status, 200, text);
  const [run] = await listRuns(registry, registry.scopes.read, { limit: 1, flow: "train" });
  assertMatch(JSON.stringify(run?.configs), /local_outlier_factor/);
});

Deno.test("a run that a page asks for may not name places on the disk", async () => {
  using registry = await memoryRegistry();
  const folder = await Deno.makeTempDir({ prefix: "anomaly_serving_" });
  try {
    await Deno.writeTextFile(`${folder}/secret.json`, "root:x:0:0");
    await Deno.writeTextFile(`${folder}/20240101T000000Z.json`, "[]");
    for (
      const params of [
        { model_config: `${folder}/secret.json` },
        { model_config: "configs/../../secret.json" },
        { model_config: "configs/.hidden.json" },
        { source: `replay:${folder}`, fresh_data: true },
        // Not even whether there is such a place.
        { source: `replay:${folder}/none`, fresh_data: true },
      ]
    ) {
      const { status, text } = await ask(registry, { flow: "train", params, wait: true });
      assertEquals(status, 400, text);
      assertMatch(text, /from a page: expected/);
      assert(!text.includes("root:x"), text);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals(await listRuns(registry, registry.scopes.read, { limit: 9 }), []);
});

/** What the log of a process that serves says of an evaluation that is asked for where there is no model. */
async function logOfEvaluation(cut: AbortSignal): Promise<string[]> {
  using registry = await memoryRegistry();
  const said: string[] = [];
  const queue = createQueue({
    say: (line) => void said.push(line),
    quiet: false,
    hinted: (message, branch) => withFlagsInHints(message, ` --kv my.kv --branch ${branch}`),
  });
  const runner = { ...testRunner(registry), signal: cut };
  const flow = findFlow(flows, cut.aborted ? "ingest" : "evaluate");
  await queue.start({ runner, flow, params: {}, tags: [] }).done;
  return said;
}

Deno.test("what a process that serves tells of a failure leads to its store and branch", async () => {
  const said = await logOfEvaluation(new AbortController().signal);
  assertEquals(said.length, 1);
  assertMatch(
    said[0]!,
    /^evaluate failed on branch main: .* anomaly models list --kv my\.kv --branch main/,
  );
});

Deno.test("what a process that serves was stopped in is no failure, and asks nobody to do anything", async () => {
  assertEquals(await logOfEvaluation(AbortSignal.abort(new AppError("interrupted", "Stopped."))), [
    "ingest was stopped on branch main, run 1, and goes on when a process serves it again",
  ]);
});

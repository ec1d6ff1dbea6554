// config show and serve as a user meets them, where the tables of the other tests cannot show it.

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import type { ServeOptions } from "../../src/cli/command.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { type Terminal, withTerminal } from "./app.ts";

Deno.test("config show --json leaves the names that a person chose as they are", async () => {
  await withTerminal(async ({ folder, json }) => {
    const flow_configs = {
      model_config: "configs/model.json",
      training_config: "configs/training.json",
      eval_config: "configs/evaluation.json",
    };
    const branch_to_environment = { releaseV2: "PreProd", "*": "PreProd" };
    const environments = { PreProd: { flow_configs } };
    const project = { branch_to_environment, environments };
    await Deno.writeTextFile(`${folder}/project.json`, JSON.stringify(project));
    const shown = await json<{ project: typeof project; environment: string }>("config", "show");
    assertEquals(shown.project.branch_to_environment, branch_to_environment);
    assertEquals(shown.project.environments, environments);
    assertEquals(shown.environment, "PreProd");
  });
});

Deno.test("a gate that does not exist is refused when the config is read, before a store is opened", async () => {
  await withTerminal(async ({ folder, run, app }) => {
    app.openStore = () => Promise.reject(new Error("a store was opened"));
    await Deno.writeTextFile(`${folder}/evaluation.json`, '{ "soft_gates": ["max_rate_dif"] }');
    const { code, stderr } = await run("evaluate");
    assertEquals(code, 2);
    assertStringIncludes(stderr, 'evaluation.json: soft_gates.0 is "max_rate_dif", expected "max_');
  });
});

/** What serve asks of the process, and the way in which it was asked. */
function served(app: Terminal["app"]): [string, ServeOptions][] {
  const calls: [string, ServeOptions][] = [];
  app.server = (host) =>
    Promise.resolve((_session, options) => Promise.resolve(void calls.push([host, options])));
  return calls;
}

Deno.test("serve hands on the address, whether to run schedules, and the clock's speed", async () => {
  await withTerminal(async ({ run, app }) => {
    const calls = served(app);
    for (
      const words of [
        [],
        ["--no-schedules", "--port=0"],
        ["--speed", "3600", "--host", "localhost"],
      ]
    ) {
      const { code, stdout } = await run("serve", ...words);
      assertEquals([code, stdout], [0, "Stopped."]);
    }
    const asked = calls.map(([host, { port, schedules, speed }]) => [host, port, schedules, speed]);
    assertEquals(asked, [
      ["127.0.0.1", 8001, true, 1],
      ["127.0.0.1", 0, false, 1],
      ["localhost", 8001, true, 3600],
    ]);
  });
});

Deno.test("serve --source takes the place of ANOMALY_SOURCE for all that is run there", async () => {
  await withTerminal(async ({ run, app, env }) => {
    env.ANOMALY_SOURCE = "coingecko";
    const calls = served(app);
    await run("serve", "--source", "simulated");
    await run("serve");
    const sources = calls.map(([, options]) => options.env("ANOMALY_SOURCE"));
    assertEquals(sources, ["simulated", "coingecko"]);
    assertEquals(calls[0]![1].env("USER"), "tester");
  });
});

Deno.test("the commands that a page shows lead to the store and branch that it is served from", async () => {
  await withTerminal(async ({ run, app, folder, env }) => {
    const calls = served(app);
    await run("serve");
    await run("serve", "--kv", `${folder}/my store.kv`, "--branch", "dev", "--read_branch", "main");
    env.ANOMALY_BRANCH = "main";
    await run("serve");
    const flagsFor = (call: number, branch: string) =>
      calls[call]![1].commandFlags({
        write: writeScope("crypto_anomaly", branch),
        read: readScope("crypto_anomaly", branch),
      });
    assertEquals(flagsFor(0, "user.tester"), "");
    assertEquals(flagsFor(0, "main"), " --branch main");
    const kv = ` --kv '${folder}/my store.kv'`;
    assertEquals(flagsFor(1, "dev"), `${kv} --branch dev --read_branch main`);
    assertEquals(flagsFor(1, "main"), `${kv} --branch main`);
    assertEquals(flagsFor(2, "main"), " --branch main");
  });
});

Deno.test("serve refuses a fast clock for the real market, whoever says that it is the real one", async () => {
  await withTerminal(async ({ run, app, env, kv }) => {
    const calls = served(app);
    const refused = async (...words: string[]) => {
      const { code, stderr } = await run("serve", "--speed", "60", ...words);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, "Cannot serve with --speed");
    };
    await refused("--source", "coingecko");
    delete env.ANOMALY_SOURCE;
    await refused();
    await refused("--source", "simulated", "--no_schedules");
    await run("ingest", "--source", "simulated");
    assertEquals(
      (await run("serve", "--speed", "60")).code,
      0,
      "the branch is bound to a simulated one",
    );
    assertEquals(calls.length, 1);
    assertEquals((await Deno.stat(kv)).isFile, true);
  });
});

Deno.test("serve refuses recordings that are not there, before anything is opened", async () => {
  await withTerminal(async ({ run, app }) => {
    served(app);
    app.openStore = () => Promise.reject(new Error("a store was opened"));
    const { code, stderr } = await run("serve", "--source", "replay:nowhere");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "nowhere");
  });
});

Deno.test("token prints another one of 256 bits each time, and with --quiet nothing else", async () => {
  await withTerminal(async ({ text, json }) => {
    const alone = await text("token", "--quiet");
    assertMatch(alone, /^[\w-]{43}$/);
    const { token } = await json<{ token: string }>("token");
    assertMatch(token, /^[\w-]{43}$/);
    assertNotEquals(token, alone);
    assertStringIncludes(await text("token"), "anomaly serve --host 0.0.0.0");
  });
});

Deno.test("demo --serve tells the story, then serves its store without schedules", async () => {
  await withTerminal(async ({ run, app, folder }) => {
    const calls = served(app);
    const demo = ["demo", "--serve", "--kv", `${folder}/demo.kv`, "--hours", "40", "--port", "0"];
    const { code, stdout } = await run(...demo, "--num_coins", "20");
    assertEquals(code, 0);
    assertMatch(stdout, /Look at it:[^]*Stopped\.$/);
    assert(!stdout.includes("anomaly serve"), "it is served already");
    const [[host, { port, schedules, env }]] = calls as [[string, ServeOptions]];
    assertEquals([host, port, schedules, env("ANOMALY_SOURCE")], [
      "127.0.0.1",
      0,
      false,
      "simulated",
    ]);
    const again = await run(...demo, "--fresh", "--num_coins", "20", "--json");
    assertEquals(JSON.parse(again.stdout).branch, "demo", "one JSON value");
  });
});

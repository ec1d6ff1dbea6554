// The program as a process: what main.ts wires, seen from outside. Exit codes, and what is on which
// stream; everything else is tested without a process.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { listenTo } from "../support/processes.ts";
import { listing, withTerminal } from "./app.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

async function anomaly(folder: string, ...words: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--no-check", `${ROOT}main.ts`, ...words],
    cwd: folder,
    clearEnv: true,
    env: {
      ...keep("PATH", "HOME", "DENO_DIR"),
      NO_COLOR: "1",
      LOGNAME: "tester",
      ANOMALY_SOURCE: "simulated",
    },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** What the runtime itself needs to find its cache. */
function keep(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

Deno.test("the process exits with the code of what happened, and errors are on stderr alone", async () => {
  await withTerminal(async ({ folder }) => {
    const [wrong, missing, fine] = await Promise.all([
      anomaly(folder, "train", "--contamination", "0.2"),
      anomaly(folder, "champion"),
      anomaly(folder, "status"),
    ]);
    assertEquals([wrong.code, wrong.stdout], [2, ""]);
    assertEquals(
      wrong.stderr,
      "error: Cannot run anomaly train: --contamination is not known. See: anomaly train --help\n",
    );
    assertEquals([missing.code, missing.stdout], [4, ""]);
    assertEquals([fine.code, fine.stderr], [0, ""]);
    assertMatch(
      fine.stdout,
      /^branch +user\.tester \(dev\)\nstore +anomaly_data\/registry\.kv \(not there yet; .*\)$/m,
    );
    assertEquals(await listing(folder), [], "none of it made a store");
  });
});

Deno.test("Ctrl-C twice ends a run now: it is interrupted, and says how to go on with it", async () => {
  await withTerminal(async ({ folder }) => {
    // A market that never answers: the run waits for it until it is stopped.
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted = silent.accept();
    const args = ["run", "--allow-all", "--quiet", "--no-check", `${ROOT}main.ts`, "ingest"];
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args, "--source", "coingecko"],
      cwd: folder,
      clearEnv: true,
      env: {
        ...keep("PATH", "HOME", "DENO_DIR"),
        NO_COLOR: "1",
        LOGNAME: "tester",
        COINGECKO_BASE_URL: `http://127.0.0.1:${silent.addr.port}/api/v3`,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    using _connection = await accepted;
    const told = listenTo(child.stdout);
    const said = listenTo(child.stderr);
    child.kill("SIGINT");
    await told.match(/^Stopping after this step; Ctrl-C again stops now\.$/m, child.status);
    child.kill("SIGINT");
    assertEquals((await child.status).code, 1);
    await said.ended;
    assertMatch(
      said.text(),
      /^error: Cannot finish run 1, .* before step "fetch": Stopped by SIGINT .* Next: anomaly runs resume 1/m,
    );
    await told.ended;
    const { stdout } = await anomaly(folder, "runs", "list", "--json");
    assertEquals(JSON.parse(stdout).map((run: { status: string }) => run.status), [
      "interrupted",
    ]);
  });
});

Deno.test("a reader that goes away does not decide whether a model is made", async () => {
  await withTerminal(async ({ folder }) => {
    const main = `"${Deno.execPath()}" run --allow-all --quiet --no-check "${ROOT}main.ts" train`;
    const { code } = await new Deno.Command("sh", {
      args: ["-c", `{ ${main}; echo $? > code; } | true; cat code; exit $(cat code)`],
      cwd: folder,
      clearEnv: true,
      env: { ...keep("PATH", "HOME", "DENO_DIR"), LOGNAME: "tester", ANOMALY_SOURCE: "simulated" },
      stdin: "null",
    }).output();
    assertEquals(code, 0);
    const { stdout } = await anomaly(folder, "models", "list", "--json");
    assertEquals(JSON.parse(stdout).length, 1);
  });
});

Deno.test("with --json stdout is one JSON value, and what a run says on its way is on stderr", async () => {
  await withTerminal(async ({ folder }) => {
    const { code, stdout, stderr } = await anomaly(folder, "train", "--json");
    assertEquals([code, JSON.parse(stdout).produced], [
      0,
      [{ kind: "model", name: "anomaly_detector", version: 1 }],
    ]);
    assertMatch(stderr, /no training_dataset on branch user\.tester yet: training on fresh data/);
    const refused = await anomaly(folder, "evaluate", "--candidate_version", "v9", "--json");
    assertEquals([refused.code, refused.stderr], [4, ""]);
    assertEquals(JSON.parse(refused.stdout).error.code, "not_found");
    const files = (await listing(folder)).map((line) => line.split(" ")[0]);
    assert(files.includes("anomaly_data/registry.kv"), files.join(" "));
  });
});

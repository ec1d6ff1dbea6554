// Types the quick start on an empty store, with the one-file executable alone in an empty folder and an
// empty environment: once on the simulated market without any network, once on a local server that
// answers as CoinGecko would.
//
// Usage: deno run --allow-all tests/e2e/quick_start.ts <executable>
// Prints a line for each step, and `N passed, N failed` last.

import { resolve } from "node:path";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { serveMarket } from "./market_server.ts";

const print = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

let passed = 0;
let failed = 0;

/** A step that has not ended by then never will. */
const STEP_MS = 60_000;

interface Answer {
  stdout: string;
  stderr: string;
}

/** A store to be, in a folder that holds the executable and nothing else. */
interface Newcomer {
  folder: string;
  env: Record<string, string>;
  /** What stands before the executable: the command that takes the network away, if any. */
  wrapper: readonly string[];
}

/**
 * Runs `./anomaly <words>`; the step passes when it exits with `code` and `check` does not throw.
 * Throws on a failed step, because the following ones build on it.
 */
async function step(
  { folder, env, wrapper }: Newcomer,
  words: string[],
  check: (answer: Answer) => void,
  code = 0,
): Promise<Answer> {
  const [command = "", ...args] = [...wrapper, "./anomaly", ...words];
  const startedAt = performance.now();
  const output = await new Deno.Command(command, {
    args,
    env: { PATH: "/usr/bin:/bin", HOME: `${folder}/home`, ...env },
    clearEnv: true,
    cwd: folder,
    stdin: "null",
    signal: AbortSignal.timeout(STEP_MS),
  }).output();
  const text = new TextDecoder();
  const answer = { stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
  const line = `./anomaly ${words.join(" ")} (${Math.round(performance.now() - startedAt)} ms)`;
  try {
    assertEquals(output.code, code, `exit code ${output.code}, expected ${code}`);
    check(answer);
  } catch (error) {
    failed++;
    print(`FAILED  ${line}\n${answer.stdout}${answer.stderr}`);
    throw error;
  }
  passed++;
  print(`ok      ${line}`);
  return answer;
}

/**
 * Starts `./anomaly serve`, lets `visit` see the address that it announces, and ends it as a service
 * manager does; the step passes when it announces one in time and exits with 0.
 */
async function serveStep(
  { folder, env, wrapper }: Newcomer,
  words: string[],
  visit: (url: string) => Promise<void>,
): Promise<void> {
  const [command = "", ...args] = [...wrapper, "./anomaly", "serve", ...words];
  const line = `./anomaly ${["serve", ...words].join(" ")}`;
  const child = new Deno.Command(command, {
    args,
    env: { PATH: "/usr/bin:/bin", HOME: `${folder}/home`, ...env },
    clearEnv: true,
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
  try {
    let said = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      const url = /serving (http:\S+)/.exec(said)?.[1];
      if (url === undefined) continue;
      await visit(url).finally(() => child.kill("SIGTERM"));
      break;
    }
    assertMatch(said, /serving http:/, "serve says where it listens");
    assertEquals((await child.status).code, 0, "serve ends cleanly on SIGTERM");
  } catch (error) {
    failed++;
    print(`FAILED  ${line}`);
    throw error;
  } finally {
    clearTimeout(late);
  }
  passed++;
  print(`ok      ${line}`);
}

/** Where a flow's output, for people, names its run. */
const RUN_ID = /\brun (\d+) completed/;

/** The quick start as it is typed, up to the champion; the run id is taken from what `train` prints. */
async function quickStart(newcomer: Newcomer): Promise<void> {
  const { stdout: trained } = await step(newcomer, ["train"], ({ stdout, stderr }) => {
    assertMatch(stdout + stderr, /fresh/, "train says that it fetched fresh data");
    assertMatch(stdout, RUN_ID, "train names its run");
  });
  const runId = RUN_ID.exec(trained)?.[1] ?? "";
  await step(newcomer, ["evaluate"], ({ stdout, stderr }) => {
    assertMatch(stdout + stderr, /fresh/, "evaluate says that it judges on fresh data");
  });
  await step(newcomer, ["champion"], () => {}, 4);
  await step(newcomer, ["promote", "--run_id", runId], ({ stdout }) => {
    assertStringIncludes(stdout, "champion");
  });
  await step(newcomer, ["champion"], ({ stdout }) => assertMatch(stdout, /\bv1\b/));
  // Without a network nobody can visit; that it starts and stops is what can be seen.
  await serveStep(newcomer, [], () => Promise.resolve());
}

/** The same from a script: one JSON value on stdout, and nothing else there. */
async function quickStartInJson(newcomer: Newcomer): Promise<void> {
  const { stdout } = await step(newcomer, ["train", "--json"], ({ stdout }) => {
    const { flow, status, produced } = JSON.parse(stdout);
    assertEquals([flow, status], ["train", "completed"]);
    assertEquals(produced, [{ kind: "model", name: "anomaly_detector", version: 1 }]);
  });
  const runId = String(JSON.parse(stdout).run_id);
  await step(newcomer, ["evaluate", "--json"], ({ stdout }) => {
    assertEquals(JSON.parse(stdout).status, "completed");
  });
  await step(newcomer, ["promote", "--run_id", runId, "--json"], ({ stdout }) => {
    assertEquals(JSON.parse(stdout).status, "completed");
  });
  await step(newcomer, ["champion", "--json"], ({ stdout }) => {
    assertEquals(JSON.parse(stdout).version, 1);
  });
  await serveStep(newcomer, ["--port", "0"], async (url) => {
    assertEquals(await (await fetch(`${url}/health`)).json(), { status: "ok" });
    const { champion } = await (await fetch(`${url}/overview.json`)).json();
    assertEquals(champion.entry.version, 1);
  });
}

/** The demo, and what it invites to look at: flags with reasons, outcomes that add up, a card. */
async function demoAndItsHints(newcomer: Newcomer): Promise<void> {
  const words = ["demo", "--hours", "140", "--num_coins", "40"];
  const { stdout } = await step(newcomer, words, ({ stdout }) => {
    assertMatch(stdout, /^Champion: anomaly_detector v1\.$/m);
    assertMatch(stdout, /^ {2}coverage +\d+\.\d %: \d+ resolved/m);
    assertMatch(stdout, /^crash .* \d\.\d{3} /m, "recall by kind of event");
  });
  const hints = stdout.split("\n").filter((line) => line.startsWith("  anomaly "))
    .map((line) => line.trim().split(" ").slice(1));
  assert(hints.length >= 4, stdout);
  for (const [command = "", ...flags] of hints) {
    if (command === "serve") await serveStep(newcomer, flags, () => Promise.resolve());
    else await step(newcomer, [command, ...flags], ({ stdout }) => assert(stdout !== ""));
  }
  const html = await Deno.readTextFile(`${newcomer.folder}/card.html`);
  assertMatch(html, /^<!DOCTYPE html>/);
  await Deno.remove(`${newcomer.folder}/card.html`);
}

/** Lays a newcomer's folder, and checks after `use` that only the data folder has come to it. */
async function withNewcomer(
  executable: string,
  settings: Omit<Newcomer, "folder">,
  use: (newcomer: Newcomer) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "anomaly_quick_start_" });
  try {
    await Deno.mkdir(`${folder}/home`);
    await Deno.copyFile(executable, `${folder}/anomaly`);
    await use({ folder, ...settings });
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    assertEquals(names, ["anomaly", "anomaly_data", "home"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The command that runs another without any network; null where this machine does not permit it. */
async function networkCutter(): Promise<string[] | null> {
  for (const cutter of [["unshare", "-n"], ["unshare", "-r", "-n"]]) {
    const probe = ["-c", `${cutter.join(" ")} true`];
    if ((await new Deno.Command("sh", { args: probe, stderr: "null" }).output()).success) {
      return cutter;
    }
  }
  return null;
}

async function main(executable: string): Promise<void> {
  const cutter = await networkCutter();
  print(
    `# simulated market, ${cutter === null ? "network NOT cut off: no unshare" : "no network"}`,
  );
  await withNewcomer(
    executable,
    { env: { ANOMALY_SOURCE: "simulated" }, wrapper: cutter ?? [] },
    async (newcomer) => {
      await quickStart(newcomer);
      await demoAndItsHints(newcomer);
    },
  );

  await using market = await serveMarket();
  print(`# CoinGecko from a local server, ${market.origin}`);
  await withNewcomer(
    executable,
    { env: { COINGECKO_BASE_URL: market.baseUrl }, wrapper: [] },
    quickStartInJson,
  );
  assert(market.requests.length > 0, "the market was asked");
  for (const { searchParams } of market.requests) {
    assertEquals(searchParams.get("vs_currency"), "usd");
    assertEquals(searchParams.get("sparkline"), "true");
  }
}

const [executable = "./anomaly"] = Deno.args;
try {
  await main(resolve(executable));
} catch (error) {
  // A failed step has counted itself; whatever else goes wrong is a failure of its own.
  if (failed === 0) failed = 1;
  print(error instanceof Error ? error.stack ?? error.message : String(error));
}
print(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

// deploy.ts as Deno Deploy runs it: as a process with the platform's environment variables, a database
// that it is not told the path of, and crons that the platform fires.

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import denoConfig from "../deno.json" with { type: "json" };
import { missingApis, requireApis } from "../runtime_check.ts";
import { type Served, serveProcess } from "./support/processes.ts";

const ROOT = new URL("../", import.meta.url);
const TOKEN = "a-token-that-nobody-guesses-0123456789";

/** Runs the test on the entry, in an empty folder and with a database that is gone afterwards. */
async function deployed(
  env: Record<string, string>,
  test: (served: Served, folder: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "anomaly_deploy_" });
  try {
    await Deno.mkdir(`${root}/work`);
    await Deno.mkdir(`${root}/deno`);
    // The packages are those of this machine, the database is not.
    await Deno.symlink(`${await cacheFolder()}/npm`, `${root}/deno/npm`);
    await using served = await serveProcess({
      entry: denoConfig.deploy.runtime.entrypoint,
      cwd: `${root}/work`,
      words: [],
      env: {
        HOME: root,
        DENO_DIR: `${root}/deno`,
        DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0",
        DENO_DEPLOY: "true",
        DENO_DEPLOYMENT_ID: "dpl-1",
        DENO_TIMELINE: "production",
        ANOMALY_SOURCE: "simulated",
        ...env,
      },
    });
    await test(served, `${root}/work`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function cacheFolder(): Promise<string> {
  const args = ["info", "--json"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

/** Asks the API as a program does that holds the token. */
function apiOf({ origin }: Served) {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const ask = async <T>(path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${origin}/api/v1${path}`, { headers, ...init });
    const answer = await response.json();
    assert(response.ok, `${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  return { get: ask, post: ask };
}

Deno.test("on Deno Deploy a schedule takes a snapshot, a page answers who has the token, and a model is promoted", async () => {
  const env = { ANOMALY_TOKEN: TOKEN, DENO_CRON_TEST_SCHEDULE_OFFSET: "1000" };
  await deployed(env, async (served, folder) => {
    await served.said(/ingest: run \d+ completed, market_snapshot v1/);
    await served.said(/score: run \d+ completed/);

    const page = (headers: Record<string, string>) =>
      fetch(served.origin, { headers: { accept: "text/html", ...headers } });
    assertMatch((await drained(await page({}))).url, /\/login/);
    assertEquals((await drained(await fetch(`${served.origin}/api/v1/runs`))).status, 401);
    const seen = await page({ authorization: `Bearer ${TOKEN}` });
    assertEquals(seen.status, 200);
    assertStringIncludes(await seen.text(), "market_snapshot");

    const { get, post } = apiOf(served);
    const run = (flow: string, params: unknown) => post("/runs", { flow, params, wait: true });
    await run("train", { fresh_data: true });
    await run("evaluate", { candidate_version: "latest" });
    // Too little was learned from for every gate to pass: the promotion says that it overrides them.
    await post("/models/latest/promote", { reason: "the first one", force: true });
    const champion = await get<Record<string, unknown>>("/champion");
    assertEquals([champion.version, champion.forced, champion.actor], [1, true, "deploy"]);
    assertMatch(JSON.stringify(await get("/audit")), /the first one/);
    assertMatch(JSON.stringify(await get("/runs?limit=1")), /"branch":"main"/);

    assertEquals(await served.end("SIGINT"), 0);
    assertEquals([...Deno.readDirSync(folder)], [], "nothing was written beside the database");
  });
});

for (const [what, token] of [["no token", undefined], ["a short token", "secret"]] as const) {
  Deno.test(`on Deno Deploy with ${what} every request is told what is needed, and schedules go on`, async () => {
    const env = {
      DENO_CRON_TEST_SCHEDULE_OFFSET: "200",
      ...(token === undefined ? {} : { ANOMALY_TOKEN: token }),
    };
    await deployed(env, async (served) => {
      await served.said(/ingest: run \d+ completed/);
      for (const path of ["/", "/health", "/api/v1/champion", "/static/x"]) {
        const headers = { authorization: `Bearer ${token ?? ""}` };
        const response = await fetch(served.origin + path, { headers });
        assertEquals(response.status, 503);
        assertMatch(await response.text(), /ANOMALY_TOKEN.*Next: anomaly token$/m);
      }
      assertEquals(await served.end("SIGINT"), 0);
    });
  });
}

Deno.test("on Deno Deploy a branch timeline is a branch of its own", async () => {
  const env = {
    ANOMALY_TOKEN: TOKEN,
    DENO_TIMELINE: "git-branch/lof",
    DENO_CRON_TEST_SCHEDULE_OFFSET: "200",
  };
  await deployed(env, async (served) => {
    await served.said(/ingest: run \d+ completed/);
    const runs = await apiOf(served).get("/runs?limit=1");
    assertMatch(JSON.stringify(runs), /"branch":"lof"/);
    await served.end("SIGINT");
  });
});

async function drained(response: Response): Promise<Response> {
  await response.body?.cancel();
  return response;
}

Deno.test("this runtime has all that the program needs; one that lacks something is told what", () => {
  assertEquals(missingApis(), []);
  assertThrows(
    () =>
      requireApis({
        "Promise.try": () => false,
        "Map.groupBy": () => true,
        "Deno.cron": () => false,
      }),
    Error,
    "found no Promise.try, no Deno.cron, expected Deno 2.5 or newer",
  );
});

/** What came to V8 after the runtimes that may still be met, as it is written where it is used. */
const LATE = new RegExp(
  [
    /\.(toHex|toBase64|setFromHex|setFromBase64|isWellFormed|toSorted|toReversed|toSpliced)\(/,
    /\b(Uint8Array\.from(?:Hex|Base64)|Promise\.(?:try|withResolvers)|(?:Map|Object)\.groupBy)\b/,
    /\b(Array\.fromAsync|RegExp\.escape|Error\.isError|Math\.sumPrecise|Iterator\.\w+|Temporal)\b/,
  ].map(({ source }) => source).join("|"),
  "g",
);

Deno.test("every late API that is used where Deno Deploy runs it is asked for at the start", async () => {
  const check = await Deno.readTextFile(new URL("runtime_check.ts", ROOT));
  const used = new Set<string>();
  for (const folder of ["src/", "flows/", "dashboard/"]) {
    for await (const text of sources(new URL(folder, ROOT))) {
      for (const match of text.matchAll(LATE)) used.add(match.slice(1).find((name) => name)!);
    }
  }
  assert(used.has("toHex") && used.has("Promise.try"), [...used].join(" "));
  assertEquals([...used].filter((name) => !check.includes(`${name}"`)), []);
});

/** The texts of the sources below a folder, without what is written in comments. */
async function* sources(folder: URL): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (/\.tsx?$/.test(name)) {
      const text = await Deno.readTextFile(new URL(name, folder));
      yield text.replaceAll(/^\s*(\/\/|\*).*$/gm, "");
    }
  }
}

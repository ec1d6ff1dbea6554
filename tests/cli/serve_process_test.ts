// serve as a process: what it answers, what its schedules leave behind, and how it ends.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeRecordings } from "../support/market.ts";
import { type Served, serveProcess } from "../support/processes.ts";
import { type Terminal, withTerminal } from "./app.ts";

const SIMULATED = { ANOMALY_SOURCE: "simulated" };

/** The runs of the store that was served, newest first; read after the process has ended. */
async function runsOf({ json, env }: Terminal, branch = "user.tester") {
  env.ANOMALY_BRANCH = branch;
  return await json<{ flow: string; status: string; error: { message: string } | null }[]>(
    "runs",
    "list",
    "--limit",
    "1000",
  );
}

function serving(terminal: Terminal, env: Record<string, string>, ...words: string[]) {
  const { kv, folder } = terminal;
  return serveProcess({
    cwd: folder,
    env: { LOGNAME: "tester", ANOMALY_KV: kv, ...env },
    words: ["serve", "--port", "0", ...words],
  });
}

/** Reads a stream of events to its end; gives what came. */
async function readToEnd(response: Response): Promise<string> {
  return await response.text().catch((error) => `cut: ${error.message}`);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends an idle process with an open stream in order, with exit 0`, async () => {
    await withTerminal(async (terminal) => {
      await using served = await serving(terminal, SIMULATED);
      const live = await fetch(`${served.origin}/live`);
      assertMatch(live.headers.get("content-type") ?? "", /^text\/event-stream/);
      const stream = readToEnd(live);
      assertEquals(await (await fetch(`${served.origin}/health`)).json(), { status: "ok" });
      assertEquals(await served.end(signal), 0);
      assertEquals((await stream).startsWith("cut"), false, "the stream came to its end");
      assertMatch(served.stdout(), /^Stopped\.$/m);
    });
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} cuts a run that waits for a silent market, which is interrupted and can be resumed`, async () => {
    await withTerminal(async (terminal) => {
      using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const asked = silent.accept();
      await using served = await serving(terminal, {
        ANOMALY_SOURCE: "coingecko",
        COINGECKO_BASE_URL: `http://127.0.0.1:${silent.addr.port}/api/v3`,
        DENO_CRON_TEST_SCHEDULE_OFFSET: "50",
      });
      using _connection = await asked;
      const live = readToEnd(await fetch(`${served.origin}/live`));
      assertEquals(await served.end(signal), 0);
      await live;
      const ingest = (await runsOf(terminal)).filter(({ flow }) => flow === "ingest");
      assertEquals(ingest.map(({ status }) => status), ["interrupted"]);
      assertMatch(ingest[0]!.error!.message, new RegExp(`Stopped by ${signal} before it was done`));
    });
  });
}

Deno.test("SIGTERM lets the run that is going on come to its end, and begins no other", async () => {
  await withTerminal(async (terminal) => {
    await using served = await serving(terminal, SIMULATED, "--speed", "1000000");
    await served.said(/ingest: run \d+ completed, market_snapshot v8/);
    assertEquals(await served.end("SIGTERM"), 0);
    const runs = await runsOf(terminal);
    assertEquals(runs.filter(({ status }) => status === "running"), []);
    assertEquals(runs.filter(({ status }) => status === "failed"), []);
  });
});

Deno.test("a schedule takes snapshots, and what they trigger runs too, without anybody asking", async () => {
  await withTerminal(async (terminal) => {
    const env = { ...SIMULATED, DENO_CRON_TEST_SCHEDULE_OFFSET: "100" };
    await using served = await serving(terminal, env);
    await served.said(/score: run \d+ completed/);
    await served.said(/build_dataset waits: dataset possible in \d+ h/);
    assertEquals(await served.end("SIGTERM"), 0);
    const flows = new Set((await runsOf(terminal)).map(({ flow }) => flow));
    assert(flows.has("ingest") && flows.has("score") && flows.has("validate_outcomes"));
    assertEquals(flows.has("build_dataset"), false);
    const tagged = ["--flow", "score", "--tag", "scheduled"];
    assert((await terminal.json<unknown[]>("runs", "list", ...tagged)).length > 0);
  });
});

Deno.test("--no_schedules serves and leaves the store alone", async () => {
  await withTerminal(async (terminal) => {
    const env = { ...SIMULATED, DENO_CRON_TEST_SCHEDULE_OFFSET: "50" };
    await using served = await serving(terminal, env, "--no_schedules");
    await new Promise((resolve) => setTimeout(resolve, 300));
    assertEquals(await served.end("SIGTERM"), 0);
    assertEquals(await runsOf(terminal), []);
    assertEquals(served.stderr().includes("schedules on branch"), false);
  });
});

Deno.test("recordings that have come to their end are said once, and the pages go on", async () => {
  await withTerminal(async (terminal) => {
    const recordings = `${terminal.folder}/recordings`;
    await Deno.mkdir(recordings);
    await writeRecordings(recordings, { hours: 3, coins: 10 });
    const source = ["--source", `replay:${recordings}`, "--speed", "1000000"];
    await using served = await serving(terminal, {}, ...source);
    await served.said(/ingest failed on branch user\.tester, run \d+: /);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assertEquals(await (await fetch(`${served.origin}/health`)).json(), { status: "ok" });
    assertEquals(await served.end("SIGTERM"), 0);
    assertEquals(served.stderr().match(/ingest failed/g)?.length, 1);
    const ingested = (await runsOf(terminal)).filter(({ flow }) => flow === "ingest");
    assertEquals(ingested.map(({ status }) => status), [
      "failed",
      "completed",
      "completed",
      "completed",
    ]);
  });
});

Deno.test("where a token is set it is asked for, on loopback too", async () => {
  await withTerminal(async (terminal) => {
    const token = await terminal.text("token", "--quiet");
    await using served = await serving(terminal, { ...SIMULATED, ANOMALY_TOKEN: token });
    const status = async (served: Served, headers: Record<string, string> = {}) => {
      const response = await fetch(served.origin, { headers, redirect: "manual" });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await status(served), 401);
    assertEquals(await status(served, { authorization: `Bearer ${token}` }), 200);
    assertEquals(await status(served, { authorization: `Bearer ${token.slice(1)}x` }), 401);
    assertEquals(await served.end("SIGTERM"), 0);
  });
});

Deno.test("an address that is in use is refused with exit 6, and the way out", async () => {
  await withTerminal(async (terminal) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const refused = await serveProcess({
      cwd: terminal.folder,
      env: { LOGNAME: "tester", ANOMALY_KV: terminal.kv },
      words: ["serve", "--port", String(taken.addr.port)],
    }).then(() => "it served", (error) => error.message);
    assertMatch(refused, /exit 6.*the port is in use\. Next: choose another with --port/s);
  });
});

Deno.test("a fast clock goes on where an earlier one on the branch had come to", async () => {
  await withTerminal(async (terminal) => {
    const words = ["--speed", "1000000"];
    const first = async () => {
      await using served = await serving(terminal, SIMULATED, ...words);
      await served.said(/ingest: run \d+ completed/);
      await served.end("SIGTERM");
    };
    await first();
    await first();
    const runs = await terminal.json<{ started_at: string }[]>("runs", "list", "--limit", "1000");
    const times = runs.map((run) => run.started_at);
    assertEquals(times, times.toSorted().reverse());
  });
});

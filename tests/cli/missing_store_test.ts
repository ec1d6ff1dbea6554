// A store that is not there: looked for by mistake, or watched before anyone has written to it.

import { assertEquals, assertMatch } from "@std/assert";
import { listing, withTerminal } from "./app.ts";

const NOT_THERE = "not there yet; the first command that writes makes it";

Deno.test("doctor and status say that a store is not there yet, and make none", async () => {
  await withTerminal(async ({ folder, text, json }) => {
    const kv = `${folder}/typo.kv`;
    const doctor = await text("doctor", "--kv", kv);
    assertEquals(doctor.includes(`✓ store: ${kv} (${NOT_THERE})\n`), true, doctor);
    const status = await text("status", "--kv", kv);
    assertEquals(status.includes(`${kv} (${NOT_THERE})\n`), true, status);
    const { store, store_absent } = await json<Record<string, unknown>>("status", "--kv", kv);
    assertEquals([store, store_absent], [kv, true]);
    assertEquals(await listing(folder), []);
  });
});

Deno.test("doctor and status say nothing of the kind of a store that is there", async () => {
  await withTerminal(async ({ text, json }) => {
    await json("ingest", "--num_coins", "5");
    assertMatch(await text("doctor"), /^✓ store: \S+registry\.kv$/m);
    assertMatch(await text("status"), /^store +\S+registry\.kv$/m);
    assertEquals((await json<Record<string, unknown>>("status")).store_absent, false);
  });
});

/** Resolves when it holds, or after two seconds: what was waited for is then seen to be missing. */
async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  const begun = performance.now();
  while (!await holds() && performance.now() - begun < 2000) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("events tail sees what is written to a store that was not there when it began", async () => {
  await withTerminal(async (terminal) => {
    const stop = new AbortController();
    const lines: string[] = [];
    terminal.app = { signal: stop.signal, emit: (line) => void lines.push(line) };
    const tail = terminal.run("events", "tail", "--after", "0", "--json");
    await waitFor(async () => (await listing(terminal.folder)).length > 0);
    terminal.app = {};
    await terminal.json("ingest", "--num_coins", "5");
    await waitFor(() => Promise.resolve(lines.length > 0));
    stop.abort();
    assertEquals((await tail).code, 0);
    assertEquals(lines.map((line) => JSON.parse(line).name), ["snapshot_ready"]);
  });
});

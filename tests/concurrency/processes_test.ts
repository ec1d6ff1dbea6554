// Real processes on one store at the same time: what single-process tests cannot show, because there
// everything goes through one handle that never finds the database locked.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { aliasHolder, CHAMPION } from "../../src/registry/aliases.ts";
import { listVersions } from "../../src/registry/assets.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { Store } from "../../src/store/kv.ts";
import { listBatches, listDue, listOutcomes } from "../../src/registry/predictions.ts";
import { withFolder } from "../support/market.ts";
import { LEARN_HOURS, marketRuns, writeStory } from "../flows/predictions_market.ts";
import {
  judgeModel,
  memoryRegistry,
  MODEL,
  newChampion,
  type TestRegistry,
  trainModel,
} from "../support/registry.ts";

const ROOT = new URL("../../", import.meta.url);

interface Answer {
  code: number;
  output: string;
}

/** Runs `anomaly <words>` in a process of its own. */
async function anomaly(words: string[]): Promise<Answer> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--frozen", "main.ts", ...words],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

function assertNeverLocked(answers: readonly Answer[]): void {
  for (const { output } of answers) assertEquals(/locked|busy/i.test(output), false, output);
}

/** A look at a branch of the store, or a change to it, while no other process runs. */
async function withBranch<R>(
  kv: string,
  branch: string,
  work: (registry: TestRegistry) => Promise<R>,
): Promise<R> {
  using store = await Store.open(kv);
  using registry = await memoryRegistry({ branch, store });
  return await work(registry);
}

for (const expect of ["none", "v1"]) {
  Deno.test(`of eight processes that promote at once with --expect ${expect} exactly one wins`, () =>
    withFolder(async (folder) => {
      const kv = `${folder}/registry.kv`;
      const versions = await withBranch(kv, "main", async (registry) => {
        if (expect !== "none") await newChampion(registry);
        const made = [];
        for (let i = 0; i < 8; i++) made.push(await trainModel(registry));
        for (const version of made) await judgeModel(registry, version);
        return made.map((version) => version.version);
      });
      const answers = await Promise.all(versions.map((version) =>
        anomaly([
          ...["promote", "--version", `v${version}`, "--expect", expect],
          ...["--kv", kv, "--branch", "main", "--reason", `process ${version}`],
        ])
      ));
      const codes = answers.map((answer) => answer.code).sort();
      assertEquals(codes, [0, 5, 5, 5, 5, 5, 5, 5], answers.map((one) => one.output).join("\n"));
      assertNeverLocked(answers);

      const winner = versions[answers.findIndex((answer) => answer.code === 0)]!;
      for (const { code, output } of answers) {
        if (code !== 0) assertStringIncludes(output, `champion is ${MODEL} v${winner} since`);
      }
      await withBranch(kv, "main", async (registry) => {
        const { read } = registry.scopes;
        assertEquals((await aliasHolder(registry.store, read, MODEL, CHAMPION))?.version, winner);
        const history = await aliasHistory(registry, read, MODEL, CHAMPION, 100);
        const holders = expect === "none" ? [winner] : [winner, 1];
        assertEquals(history.map((entry) => entry.version), holders);
        const runs = await listRuns(registry, read, { limit: 100, flow: "promote" });
        const completed = runs.filter((run) => run.status === "completed");
        assertEquals(completed.map((run) => run.summary.version), [winner]);
        const tagged = await listRuns(registry, read, { limit: 9, flow: "train", tag: CHAMPION });
        assertEquals(tagged.map((run) => run.produced[0]!.version), [winner]);
        const events = await listEvents(registry, read, { limit: 100 });
        const promoted = events.filter((event) => event.name === "model_promoted");
        assertEquals(promoted.map((event) => event.payload.version), holders);
      });
    }));
}

Deno.test("four processes that train and evaluate at once on branches of their own all succeed", () =>
  withFolder(async (folder) => {
    const kv = `${folder}/registry.kv`;
    const branches = ["dev.a", "dev.b", "dev.c", "dev.d"];
    const answers = await Promise.all(branches.map((branch) =>
      anomaly([
        ...["train", "--fresh_data", "--source", "simulated", "--follow"],
        ...["--kv", kv, "--branch", branch],
      ])
    ));
    assertNeverLocked(answers);
    for (const { code, output } of answers) assertEquals([0, 3].includes(code), true, output);
    for (const branch of branches) {
      await withBranch(kv, branch, async (registry) => {
        const { read } = registry.scopes;
        const models = await listVersions(registry, read, "model", MODEL, { limit: 9 });
        assertEquals(models.map((model) => model.version), [1]);
        const runs = await listRuns(registry, read, { limit: 9 });
        assertEquals(runs.map((run) => [run.id, run.flow, run.status]), [
          [2, "evaluate", "completed"],
          [1, "train", "completed"],
        ]);
      });
    }
  }));

Deno.test("of processes that ingest the same hour of one branch one wins, the others conflict", () =>
  withFolder(async (folder) => {
    const kv = `${folder}/registry.kv`;
    const words = ["ingest", "--source", "simulated", "--kv", kv, "--branch", "main"];
    const answers = await Promise.all([1, 2, 3, 4].map(() => anomaly(words)));
    assertNeverLocked(answers);
    const won = answers.filter((answer) => answer.code === 0).length;
    for (const { code, output } of answers) assertEquals([0, 5].includes(code), true, output);
    await withBranch(kv, "main", async (registry) => {
      const { read } = registry.scopes;
      const snapshots = await listVersions(registry, read, "data", "market_snapshot", { limit: 9 });
      assertEquals(snapshots.length, won);
      assertEquals(new Set(snapshots.map((one) => one.marketAt)).size, won);
      const runs = await listRuns(registry, read, { limit: 9 });
      assertEquals(runs.map((run) => run.id), [4, 3, 2, 1]);
    });
  }));

Deno.test("three processes that validate at once decide each prediction once", () =>
  withFolder(async (folder) => {
    const kv = `${folder}/registry.kv`;
    await writeStory(folder, { hours: LEARN_HOURS + 32 });
    await withBranch(kv, "main", async (registry) => {
      const market = marketRuns(registry, folder);
      await market.goOn(LEARN_HOURS, { isScored: false });
      await market.newHolder();
      await market.goOn(6);
      await market.goOn(26, { isScored: false });
    });
    const words = ["validate_outcomes", "--kv", kv, "--branch", "main", "--json", "--quiet"];
    const answers = await Promise.all([1, 2, 3].map(() => anomaly(words)));
    assertEquals(answers.map((answer) => answer.code), [0, 0, 0], answers[0]!.output);
    assertNeverLocked(answers);
    const counts = answers.map(({ output }) =>
      JSON.parse(output.slice(output.indexOf("{"))).summary
    );
    const decided = counts.reduce((sum, summary) => sum + summary.predictions, 0);
    await withBranch(kv, "main", async (registry) => {
      const { write } = registry.scopes;
      const batches = await listBatches(registry, write, { limit: 100 });
      assertEquals(decided, batches.reduce((sum, { rows }) => sum + rows, 0));
      assertEquals((await listOutcomes(registry, write, MODEL, 1, { limit: 100 })).length, 6);
      const range = { afterMs: 0, untilMs: Number.MAX_SAFE_INTEGER, limit: 100 };
      assertEquals(await listDue(registry, write, range), []);
      const events = await listEvents(registry, write, { limit: 1000 });
      const validated = events.filter(({ name }) => name === "outcomes_validated");
      assertEquals(validated.length, 6);
    });
  }));

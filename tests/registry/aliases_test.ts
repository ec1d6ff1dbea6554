import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import { aliasHistory, aliasHolderAt } from "../../src/registry/alias_history.ts";
import { CHAMPION, planRollback, revocationOf } from "../../src/registry/aliases.ts";
import { listAudit, listEvents } from "../../src/registry/events.ts";
import { listRuns } from "../../src/registry/runs.ts";
import {
  dumpBranch,
  holderOf,
  HOUR_MS,
  judgeModel,
  memoryRegistry,
  MODEL,
  newChampion,
  promote,
  revoke,
  rollBack,
  setMarketTime,
  START_MS,
  type TestRegistry,
  trainModel,
} from "../support/registry.ts";

async function champions(registry: TestRegistry, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await newChampion(registry);
}

function history(registry: TestRegistry, limit = 100) {
  return aliasHistory(registry, registry.scopes.read, MODEL, CHAMPION, limit);
}

Deno.test("aliasHolderAt() answers by market time, from the first holder on", async () => {
  using registry = await memoryRegistry();
  const at = (hour: number) => START_MS + hour * HOUR_MS;
  for (const hour of [10, 20]) {
    await setMarketTime(registry, at(hour));
    await newChampion(registry);
  }
  await setMarketTime(registry, at(30));
  await rollBack(registry);
  // The wall clock plays no part: all of this happened at one instant of it.
  const holderAt = async (ms: number) =>
    (await aliasHolderAt(registry, registry.scopes.read, MODEL, CHAMPION, ms))?.version ?? null;
  const asked = [at(10) - 1, at(10), at(20) - 1, at(20), at(30) - 1, at(30), at(99)];
  assertEquals(await Promise.all(asked.map(holderAt)), [null, 1, 1, 2, 2, 1, 1]);
});

Deno.test("aliasHolderAt() gives the last of several holders of one market time", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, START_MS);
  await champions(registry, 12);
  const found = await aliasHolderAt(registry, registry.scopes.read, MODEL, CHAMPION, START_MS);
  assertEquals(found?.version, 12);
});

Deno.test("rollback returns to the holder before, and done again one further back", async () => {
  using registry = await memoryRegistry();
  await champions(registry, 3);
  const first = await rollBack(registry);
  assertEquals([first.action, first.version, first.previousVersion], ["rollback", 2, 3]);
  assertEquals((await rollBack(registry)).version, 1);
  const error = await assertRejects(() => rollBack(registry), AppError, "no earlier holder");
  assertEquals(error.code, "conflict");
  assertEquals(await holderOf(registry), 1);
});

Deno.test("rollback goes on from what was promoted after a rollback", async () => {
  using registry = await memoryRegistry();
  await champions(registry, 3);
  await rollBack(registry);
  await newChampion(registry);
  assertEquals(await holderOf(registry), 4);
  const versions = [];
  for (let i = 0; i < 2; i++) versions.push((await rollBack(registry)).version);
  assertEquals(versions, [2, 1]);
});

Deno.test("rollback steps over revoked versions", async () => {
  using registry = await memoryRegistry();
  await champions(registry, 4);
  await revoke(registry, 3);
  await revoke(registry, 2);
  assertEquals((await rollBack(registry)).version, 1);
});

Deno.test("planRollback() names the holder that a rollback then returns to, and writes nothing", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  await champions(registry, 3);
  await revoke(registry, 2);
  const before = await dumpBranch(store, "main");
  const { holder, target } = await planRollback(store, scopes.read, {
    model: MODEL,
    alias: CHAMPION,
  });
  assertEquals([holder.version, target.version], [3, 1]);
  assertEquals(await dumpBranch(store, "main"), before);
  assertEquals((await rollBack(registry)).version, target.version);
});

Deno.test("revocationOf() gives who revoked a version and why, and null where nobody did", async () => {
  using registry = await memoryRegistry();
  await champions(registry, 2);
  await revoke(registry, 1);
  const scope = registry.scopes.read;
  assertEquals((await revocationOf(registry, scope, MODEL, 1))?.reason, "tested");
  assertEquals(await revocationOf(registry, scope, MODEL, 2), null);
});

Deno.test("rollback finds nobody where all earlier holders are revoked", async () => {
  using registry = await memoryRegistry();
  await champions(registry, 2);
  await revoke(registry, 1);
  await assertRejects(() => rollBack(registry), AppError, "no earlier holder");
  assertEquals(await holderOf(registry), 2);
});

Deno.test("rollback never returns to the very version that it leaves", async () => {
  using registry = await memoryRegistry();
  await champions(registry, 2);
  await promote(registry, 1, { force: true, reason: "back to the first" });
  await revoke(registry, 2);
  await assertRejects(() => rollBack(registry), AppError, "no earlier holder");
  assertEquals((await history(registry)).map((entry) => entry.version), [1, 2, 1]);
});

Deno.test("rollback of an alias that nobody holds is not found", async () => {
  using registry = await memoryRegistry();
  const error = await assertRejects(() => rollBack(registry, "staging"), AppError);
  assertEquals(error.code, "not_found");
  assertStringIncludes(error.message, "nobody holds it");
});

Deno.test("rollback moves the run tag, and is announced and recorded as what it is", async () => {
  using registry = await memoryRegistry();
  const { read } = registry.scopes;
  const first = await newChampion(registry);
  await newChampion(registry);
  const commits = registry.store.commitCount;
  await rollBack(registry);
  assertEquals(registry.store.commitCount, commits + 1);
  const tagged = await listRuns(registry, read, { limit: 9, flow: "train", tag: CHAMPION });
  assertEquals(tagged.map((run) => run.id), [first.runId]);
  const [event] = await listEvents(registry, read, { limit: 1 });
  assertEquals([event!.name, event!.runId], ["model_rolled_back", null]);
  const [audit] = await listAudit(registry, read, { limit: 1 });
  assertEquals([audit!.action, audit!.reason], ["rollback", "tested"]);
});

Deno.test("revoke refuses a version that holds an alias, and says which", async () => {
  using registry = await memoryRegistry();
  await champions(registry, 2);
  const error = await assertRejects(() => revoke(registry, 2), AppError);
  assertEquals(error.code, "conflict");
  assertStringIncludes(error.message, "it is champion");
  assertStringIncludes(error.message, "--rollback");
  assertEquals(await holderOf(registry), 2);
});

Deno.test("revoke with rollback returns every alias of the version in the same commit", async () => {
  using registry = await memoryRegistry();
  const first = await newChampion(registry);
  await judgeModel(registry, first);
  await promote(registry, first.version, { alias: "staging" });
  const second = await newChampion(registry);
  await judgeModel(registry, second);
  await promote(registry, second.version, { alias: "staging" });
  const commits = registry.store.commitCount;
  const { rolledBack } = await revoke(registry, second.version, true);
  assertEquals(registry.store.commitCount, commits + 1);
  assertEquals(rolledBack.map((entry) => entry.version), [1, 1]);
  assertEquals([await holderOf(registry), await holderOf(registry, "staging")], [1, 1]);
  const events = await listEvents(registry, registry.scopes.read, { limit: 3 });
  assertEquals(events.map((event) => event.name), [
    "model_revoked",
    "model_rolled_back",
    "model_rolled_back",
  ]);
});

Deno.test("revoke with rollback changes nothing where there is no holder to return to", async () => {
  using registry = await memoryRegistry();
  await newChampion(registry);
  await assertRejects(() => revoke(registry, 1, true), AppError, "no earlier holder");
  assertEquals(await holderOf(registry), 1);
  await judgeModel(registry, await trainModel(registry));
  await promote(registry, 2);
  await revoke(registry, 1);
  await assertRejects(() => revoke(registry, 1), AppError, "it was revoked by tester");
});

type Act = { act: "promote" | "revoke"; version: number } | { act: "rollback" };

const VERSIONS = 3;
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: record("promote") },
  { weight: 1, arbitrary: record("revoke") },
  { weight: 3, arbitrary: fc.constant<Act>({ act: "rollback" }) },
);

function record(name: "promote" | "revoke"): fc.Arbitrary<Act> {
  return fc.integer({ min: 1, max: VERSIONS }).map((version) => ({ act: name, version }));
}

/** What the alias should do, in a few lines: a stack of holders and a set of the revoked. */
class Model {
  stack: number[] = [];
  revoked = new Set<number>();

  get holder(): number | null {
    return this.stack.at(-1) ?? null;
  }

  /** Whether the act goes through; changes the model only if it does. */
  apply(next: Act): boolean {
    switch (next.act) {
      case "promote":
        if (this.revoked.has(next.version) || this.holder === next.version) return false;
        this.stack.push(next.version);
        return true;
      case "revoke":
        if (this.revoked.has(next.version)) return false;
        return this.holder === next.version
          ? this.#rollBack(new Set([...this.revoked, next.version]))
          : this.#setRevoked(new Set([...this.revoked, next.version]));
      case "rollback":
        return this.#rollBack(this.revoked);
    }
  }

  #setRevoked(revoked: Set<number>): true {
    this.revoked = revoked;
    return true;
  }

  #rollBack(revoked: Set<number>): boolean {
    const left = this.holder;
    const rest = this.stack.slice(0, -1);
    while (rest.length > 0 && (revoked.has(rest.at(-1)!) || rest.at(-1) === left)) rest.pop();
    if (rest.length === 0) return false;
    this.stack = rest;
    return this.#setRevoked(revoked);
  }
}

async function perform(registry: TestRegistry, next: Act): Promise<boolean> {
  try {
    if (next.act === "rollback") await rollBack(registry);
    else if (next.act === "revoke") {
      await revoke(registry, next.version, (await holderOf(registry)) === next.version);
    } else await promote(registry, next.version, { force: true, reason: "tested" });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code !== "internal") return false;
    throw error;
  }
}

Deno.test("any sequence of promotions, rollbacks and revocations leaves one linear history", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 30, size: "max" }), async (acts) => {
      using registry = await memoryRegistry();
      for (let i = 0; i < VERSIONS; i++) await trainModel(registry);
      const model = new Model();
      const holders: number[] = [];
      for (const next of acts) {
        const before = model.holder;
        assertEquals(await perform(registry, next), model.apply(next), JSON.stringify(next));
        assertEquals(await holderOf(registry), model.holder);
        if (model.holder !== before) holders.push(model.holder!);
      }
      const entries = (await history(registry)).reverse();
      assertEquals(entries.map((entry) => entry.version), holders);
      entries.forEach((entry, i) => {
        assertEquals(entry.seq, i + 1);
        assertEquals(entry.previousVersion, entries[i - 1]?.version ?? null);
      });
      const tagged = await listRuns(registry, registry.scopes.read, {
        limit: 9,
        flow: "train",
        tag: CHAMPION,
      });
      assertEquals(tagged.length, model.holder === null ? 0 : 1);
      assertEquals(tagged[0]?.produced[0]?.version ?? null, model.holder);
    }),
    { numRuns: 60, seed: 5 },
  );
});

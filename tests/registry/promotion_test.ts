import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { VersionRecord } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import { refOf } from "../../src/registry/assets.ts";
import { modelStatus } from "../../src/registry/evaluations.ts";
import { listAudit, listEvents } from "../../src/registry/events.ts";
import { listRuns, listTags } from "../../src/registry/runs.ts";
import {
  gate,
  holderOf,
  judgeModel,
  memoryRegistry,
  MODEL,
  newChampion,
  promote,
  revoke,
  type TestRegistry,
  trainModel,
} from "../support/registry.ts";

const FAILED = gate({ value: 0.31, status: "failed" });

/** Asserts that the promotion is refused with that code, and that nothing has changed. */
async function assertRefused(
  registry: TestRegistry,
  version: VersionRecord,
  code: string,
  message: string,
  given: Parameters<typeof promote>[2] = {},
): Promise<AppError> {
  const before = await registry.store.list({ parts: ["v1"] }, { limit: 10_000 });
  const error = await assertRejects(() => promote(registry, version.version, given), AppError);
  assertEquals(error.code, code);
  assertStringIncludes(error.message, message);
  assertEquals(await registry.store.list({ parts: ["v1"] }, { limit: 10_000 }), before);
  return error;
}

function history(registry: TestRegistry) {
  return aliasHistory(registry, registry.scopes.read, MODEL, CHAMPION, 100);
}

Deno.test("promote refuses a version that was never evaluated", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  const error = await assertRefused(registry, version, "gate_failed", "it has no evaluation");
  assertEquals(error.exitCode, 3);
  assertStringIncludes(error.message, "anomaly models why 1");
});

Deno.test("promote refuses a version whose latest evaluation failed a hard gate, with its numbers", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  await judgeModel(registry, version, { gates: [FAILED] });
  await assertRefused(
    registry,
    version,
    "gate_failed",
    `Cannot promote ${MODEL} v1 to champion: gate "max_anomaly_rate" is 0.31, expected <= 0.2.`,
  );
});

Deno.test("promote takes a version whose failed evaluation was followed by one that passed", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version, { gates: [FAILED] });
  await judgeModel(registry, version);
  const entry = await promote(registry, version.version);
  assertEquals([entry.evaluationId, entry.forced, entry.overridden], [2, false, []]);
});

Deno.test("promote lets a failed soft gate pass", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version, { gates: [gate(), { ...FAILED, hard: false }] });
  await promote(registry, version.version);
  assertEquals(await holderOf(registry), 1);
});

Deno.test("promote says of a gate without a value that it could not be computed", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  const note = "not defined: 0 of 9 rows are anomalies";
  await judgeModel(registry, version, { gates: [{ ...FAILED, value: null, note }] });
  await assertRefused(registry, version, "gate_failed", `could not be computed (${note})`);
});

Deno.test("promote refuses an evaluation that was made against another champion, or none", async () => {
  using registry = await memoryRegistry();
  const early = await trainModel(registry);
  await judgeModel(registry, early);
  const first = await newChampion(registry);
  await assertRefused(registry, early, "gate_failed", "made against no champion");
  await judgeModel(registry, early, { comparedTo: refOf(first) });
  await newChampion(registry);
  const message = "made against v2 of main, expected the present champion v3 of main";
  await assertRefused(registry, early, "gate_failed", message);
});

Deno.test("promote refuses an evaluation against a champion where there is none now", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version, { comparedTo: refOf(version) });
  await assertRefused(
    registry,
    version,
    "gate_failed",
    "expected none, as there is no champion now",
  );
});

Deno.test("promote refuses a revoked version, also by force", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  await revoke(registry, version.version);
  for (const force of [false, true]) {
    const given = { force, reason: "because" };
    await assertRefused(registry, version, "conflict", "it was revoked by tester", given);
  }
});

Deno.test("promote refuses an evaluation of another model file, also by force", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version, { modelSha256: "0".repeat(64) });
  for (const force of [false, true]) {
    const given = { force, reason: "because" };
    await assertRefused(registry, version, "gate_failed", "judged another model file", given);
  }
});

Deno.test("promote by force is recorded with the reason and with all that it overrode", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version, {
    gates: [FAILED, gate({ name: "min_score_gap", value: 0, status: "failed" })],
    comparedTo: refOf(version),
  });
  await promote(registry, version.version, { force: true, reason: "the market changed" });
  const [entry] = await history(registry);
  assertEquals(entry!.forced, true);
  assertEquals(entry!.overridden, ["max_anomaly_rate", "min_score_gap", "stale_evaluation"]);
  assertEquals([entry!.reason, entry!.actor], ["the market changed", "tester"]);
  const [audit] = await listAudit(registry, registry.scopes.read, { limit: 1 });
  assertEquals(audit!.details.forced, true);
  assertEquals(audit!.details.overridden, entry!.overridden);
});

Deno.test("promote by force of what nothing stands against is not recorded as forced", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  const entry = await promote(registry, version.version, { force: true, reason: "to be sure" });
  assertEquals([entry.forced, entry.overridden], [false, []]);
});

Deno.test("promote with an expected holder refuses any other, and names who is there", async () => {
  using registry = await memoryRegistry();
  const first = await trainModel(registry);
  await judgeModel(registry, first);
  await assertRefused(registry, first, "conflict", "nobody holds champion, expected --expect v9", {
    expect: 9,
  });
  await promote(registry, first.version, { expect: null });
  const second = await trainModel(registry);
  await judgeModel(registry, second);
  const error = await assertRefused(registry, second, "conflict", `champion is ${MODEL} v1 since`, {
    expect: null,
  });
  assertEquals([error.details.winner, error.exitCode], [1, 5]);
  await promote(registry, second.version, { expect: 1 });
  assertEquals(await holderOf(registry), 2);
});

Deno.test("promote refuses the version that holds the alias already", async () => {
  using registry = await memoryRegistry();
  const version = await newChampion(registry);
  await assertRefused(registry, version, "conflict", "it is champion already");
});

Deno.test("a promotion moves the run tag, writes history, event and audit in one commit", async () => {
  using registry = await memoryRegistry();
  const { scopes } = registry;
  const first = await newChampion(registry);
  const second = await trainModel(registry);
  await judgeModel(registry, second);
  const commits = registry.store.commitCount;
  const entry = await promote(registry, second.version);
  assertEquals(registry.store.commitCount, commits + 1);

  const tagged = await listRuns(registry, scopes.read, { limit: 9, flow: "train", tag: CHAMPION });
  assertEquals(tagged.map((run) => run.id), [second.runId]);
  const tagsOf = async (runId: number) =>
    (await listTags(registry, scopes.read, runId)).find(({ tag }) => tag === CHAMPION);
  assertEquals(await tagsOf(first.runId), undefined);
  assertEquals((await tagsOf(second.runId))?.record.system, true);

  assertEquals(entry.previousVersion, first.version);
  const [event] = await listEvents(registry, scopes.read, { limit: 1 });
  assertEquals(event!.name, "model_promoted");
  assertEquals(event!.payload, {
    model: MODEL,
    alias: CHAMPION,
    version: second.version,
    previous_version: first.version,
  });
  const [audit] = await listAudit(registry, scopes.read, { limit: 1 });
  assertEquals([audit!.action, audit!.actor], ["promote", "tester"]);
});

Deno.test("an alias beside champion is held and tagged by itself", async () => {
  using registry = await memoryRegistry();
  const { scopes } = registry;
  const champion = await newChampion(registry);
  const staged = await trainModel(registry);
  await judgeModel(registry, staged);
  await promote(registry, staged.version, { alias: "staging" });
  assertEquals([await holderOf(registry), await holderOf(registry, "staging")], [1, 2]);
  const withTag = async (tag: string) =>
    (await listRuns(registry, scopes.read, { limit: 9, flow: "train", tag })).map((run) => run.id);
  assertEquals(await withTag("staging"), [staged.runId]);
  assertEquals(await withTag(CHAMPION), [champion.runId]);
  const given = { alias: "staging" };
  await judgeModel(registry, champion);
  await promote(registry, champion.version, given);
  assertEquals(await withTag("staging"), [champion.runId]);
  assertEquals(await withTag(CHAMPION), [champion.runId]);
});

Deno.test("the status of a version follows from evaluations, alias and revocation", async () => {
  using registry = await memoryRegistry();
  const { read } = registry.scopes;
  const version = await trainModel(registry);
  const status = () => modelStatus(registry, read, MODEL, version.version);
  assertEquals(await status(), "candidate");
  await judgeModel(registry, version, { gates: [FAILED] });
  assertEquals(await status(), "candidate");
  await judgeModel(registry, version);
  assertEquals(await status(), "evaluated");
  await promote(registry, version.version);
  assertEquals(await status(), "champion");
  await newChampion(registry);
  assertEquals(await status(), "evaluated");
  await revoke(registry, version.version);
  assertEquals(await status(), "revoked");
});

Deno.test("a dev branch is judged against the champion that it reads, and promotes its own", async () => {
  using main = await memoryRegistry();
  using dev = await memoryRegistry({ branch: "dev", readBranch: "main", store: main.store });
  const champion = await newChampion(main);
  const version = await trainModel(dev);
  await judgeModel(dev, version);
  await promote(dev, version.version);
  assertEquals([await holderOf(main), await holderOf(dev)], [champion.version, version.version]);
});

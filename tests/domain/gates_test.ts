// Gates in words, and held beside the champion's values on one scale.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { GATE_NAMES, type GateResult } from "../../src/domain/evaluation.ts";
import { countGates, gateLabel, gateRows } from "../../src/domain/gates.ts";
import { evaluationOf, gate, memoryRegistry, METRICS, trainModel } from "../support/registry.ts";

Deno.test("gateLabel() has words for every gate, and names the version that a gate is held against", () => {
  const labels = GATE_NAMES.map((name) => gateLabel(name, 7));
  assertEquals(new Set(labels).size, GATE_NAMES.length);
  assertEquals(labels.filter((label) => label.includes("v7")).length, 2);
  assertEquals(gateLabel("champion_silhouette"), "Silhouette, against the champion");
  assertEquals(gateLabel("toString"), "toString");
});

Deno.test("gateRows() holds a candidate to the champion's own value, not to a difference", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  const gates: GateResult[] = [
    gate({ name: "champion_rate_diff", value: -0.022, threshold: 0.02 }),
    gate({ name: "champion_silhouette", value: -0.3, comparison: ">=", threshold: -0.02 }),
    gate(),
  ];
  const evaluation = {
    ...await evaluationOf(registry, version, { gates }),
    id: 1,
    recordedAt: "",
    candidate: { ...METRICS, rateDiff: 0.36, silhouette: 0.1 },
    champion: { ...METRICS, rateDiff: 0.382, silhouette: 0.4, anomalyRate: 0.48 },
  };
  const [rate, silhouette, own] = gateRows(evaluation);
  assertEquals([rate!.value, rate!.champion], [0.36, 0.382]);
  assertAlmostEquals(rate!.threshold, 0.402);
  assertAlmostEquals(silhouette!.threshold, 0.38);
  assertEquals([own!.value, own!.threshold, own!.champion], [0.1, 0.2, 0.48]);
});

Deno.test("gateRows() leaves a difference as it is where no champion scored these rows", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  const gates = [gate({ name: "champion_rate_diff", value: null, status: "not_applicable" })];
  const record = { ...await evaluationOf(registry, version, { gates }), id: 1, recordedAt: "" };
  const [row] = gateRows(record);
  assertEquals([row!.value, row!.champion, row!.threshold], [null, null, 0.2]);
});

Deno.test("countGates() tells hard failures from soft ones", () => {
  const gates = [gate(), gate({ status: "failed" }), gate({ status: "failed", hard: false })];
  assertEquals(countGates(gates), { total: 3, passed: 1, failed: 2, hardFailed: 1 });
});

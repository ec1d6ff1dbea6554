// Gates: every limit on both sides, the champion's three states, and soft gates.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { EvaluationConfig } from "../../src/domain/config.ts";
import { AppError } from "../../src/domain/errors.ts";
import {
  GATE_NAMES,
  type GateName,
  type GateResult,
  type ModelMetrics,
} from "../../src/domain/evaluation.ts";
import { judge } from "../../src/evaluation/gates.ts";
import { evaluationConfig, soundMetrics } from "./samples.ts";

/** Judges a candidate without champion. */
function judgeAlone(candidate: ModelMetrics, config: Partial<EvaluationConfig> = {}) {
  return judge(
    { candidate, champion: null, championState: "none", note: null },
    evaluationConfig(config),
  );
}

/** Judges a candidate against a champion. */
function judgeAgainst(
  candidate: ModelMetrics,
  champion: ModelMetrics,
  config: Partial<EvaluationConfig> = {},
) {
  return judge(
    { candidate, champion, championState: "compared", note: null },
    evaluationConfig(config),
  );
}

function gate(gates: GateResult[], name: GateName): GateResult {
  const found = gates.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no gate ${name}`);
  return found;
}

Deno.test("judge() passes a sound candidate, and without champion there are no champion gates", () => {
  const { gates, passed, needsPerson } = judgeAlone(soundMetrics());
  assertEquals(gates.map(({ name }) => name), GATE_NAMES.slice(0, 5));
  assert(gates.every(({ status, hard, note }) => status === "passed" && hard && note === null));
  assertEquals([passed, needsPerson], [true, false]);
});

const LIMITS: [GateName, ModelMetrics, ModelMetrics][] = [
  ["max_anomaly_rate", soundMetrics({ anomalyRate: 0.2 }), soundMetrics({ anomalyRate: 0.2001 })],
  ["min_anomaly_rate", soundMetrics({ anomalyRate: 0.02 }), soundMetrics({ anomalyRate: 0.0199 })],
  ["max_rate_diff", soundMetrics({ rateDiff: 0.08 }), soundMetrics({ rateDiff: 0.0801 })],
  ["min_silhouette", soundMetrics({ silhouette: 0 }), soundMetrics({ silhouette: -0.0001 })],
  ["min_score_gap", soundMetrics({ scoreGap: 0.05 }), soundMetrics({ scoreGap: 0.0499 })],
];

for (const [name, atLimit, beyond] of LIMITS) {
  Deno.test(`${name} passes at its limit and alone fails beyond it`, () => {
    assertEquals(judgeAlone(atLimit).passed, true);
    const { gates, passed } = judgeAlone(beyond);
    assertEquals(passed, false);
    assertEquals(gates.filter(({ status }) => status === "failed").map((g) => g.name), [name]);
  });
}

Deno.test("a gate keeps its value and threshold as numbers", () => {
  const { gates } = judgeAlone(soundMetrics({ anomalyRate: 0.31 }), { max_anomaly_rate: 0.25 });
  assertEquals(gate(gates, "max_anomaly_rate"), {
    name: "max_anomaly_rate",
    value: 0.31,
    comparison: "<=",
    threshold: 0.25,
    status: "failed",
    hard: true,
    note: null,
  });
});

Deno.test("a metric that cannot be computed fails its gate and says why", () => {
  const { gates, passed } = judgeAlone(
    soundMetrics({ anomalyCount: 0, anomalyRate: 0, silhouette: null, scoreGap: null }),
    { min_anomaly_rate: 0, min_silhouette: -1, min_score_gap: 0, max_rate_diff: 1 },
  );
  assertEquals(passed, false);
  for (const name of ["min_silhouette", "min_score_gap"] as const) {
    const { status, value, note } = gate(gates, name);
    assertEquals([status, value], ["failed", null]);
    assertEquals(note, "not defined: 0 of 100 rows are anomalies");
  }
});

Deno.test("the candidate may be worse than the champion by the tolerance, and no more", () => {
  const champion = soundMetrics({ rateDiff: 0.03, silhouette: 0.3 });
  // 0.05 − 0.03 and 0.28 − 0.3 miss 0.02 by rounding; that must not decide.
  const atLimit = judgeAgainst(soundMetrics({ rateDiff: 0.05, silhouette: 0.28 }), champion);
  assertEquals(atLimit.passed, true);
  assertEquals(gate(atLimit.gates, "champion_rate_diff").value, 0.02);
  assertEquals(gate(atLimit.gates, "champion_silhouette").value, -0.02);
  assertEquals(gate(atLimit.gates, "champion_silhouette").threshold, -0.02);

  const drifted = judgeAgainst(soundMetrics({ rateDiff: 0.051, silhouette: 0.3 }), champion);
  assertEquals(gate(drifted.gates, "champion_rate_diff").status, "failed");
  assertEquals(gate(drifted.gates, "champion_silhouette").status, "passed");
  const blurred = judgeAgainst(soundMetrics({ rateDiff: 0, silhouette: 0.279 }), champion);
  assertEquals(gate(blurred.gates, "champion_rate_diff").status, "passed");
  assertEquals(gate(blurred.gates, "champion_silhouette").status, "failed");
  assertEquals([drifted.passed, blurred.passed], [false, false]);
});

Deno.test("a candidate that is much better than the champion passes", () => {
  const champion = soundMetrics({ rateDiff: 0.5, silhouette: -0.5 });
  const { passed, needsPerson } = judgeAgainst(soundMetrics(), champion);
  assertEquals([passed, needsPerson], [true, false]);
});

Deno.test("a silhouette that the champion lacks fails the comparison, with a note", () => {
  const { gates, passed } = judgeAgainst(soundMetrics(), soundMetrics({ silhouette: null }));
  const { status, note } = gate(gates, "champion_silhouette");
  assertEquals([status, note], ["failed", "the champion's silhouette is not defined"]);
  assertEquals(passed, false);
  const own = judgeAgainst(soundMetrics({ silhouette: null }), soundMetrics());
  assertEquals(
    gate(own.gates, "champion_silhouette").note,
    "the candidate's silhouette is not defined",
  );
});

Deno.test("a champion that cannot be compared fails nothing and needs a person", () => {
  const { gates, passed, needsPerson } = judge({
    candidate: soundMetrics(),
    champion: null,
    championState: "not_applicable",
    note: "champion v3 expects other features",
  }, evaluationConfig());
  assertEquals([passed, needsPerson], [true, true]);
  assertEquals(gates.map(({ name }) => name), [...GATE_NAMES]);
  for (const name of ["champion_rate_diff", "champion_silhouette"] as const) {
    const { status, value, note } = gate(gates, name);
    assertEquals([status, value], ["not_applicable", null]);
    assertEquals(note, "champion v3 expects other features");
  }
});

Deno.test("a soft gate is recorded and does not decide", () => {
  const candidate = soundMetrics({ rateDiff: 0.5 });
  const soft = judgeAlone(candidate, { soft_gates: ["max_rate_diff"] });
  assertEquals(soft.passed, true);
  const { status, hard } = gate(soft.gates, "max_rate_diff");
  assertEquals([status, hard], ["failed", false]);
  assertEquals(judgeAlone(candidate, { soft_gates: ["min_score_gap"] }).passed, false);
});

Deno.test("judge() insists on champion metrics exactly where a champion was compared", () => {
  const candidate = soundMetrics();
  const config = evaluationConfig();
  assertThrows(
    () => judge({ candidate, champion: null, championState: "compared", note: null }, config),
    AppError,
    "metrics are absent",
  );
  assertThrows(
    () => judge({ candidate, champion: candidate, championState: "none", note: null }, config),
    AppError,
    "metrics are present",
  );
});

Deno.test("the verdict is that of the hard gates, whatever the metrics", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const optional = fc.option(fc.double({ min: -1, max: 1, noNaN: true }));
  const metrics = fc.record({
    anomalyRate: share,
    rateDiff: share,
    silhouette: optional,
    scoreGap: optional,
  });
  const soft = fc.subarray([...GATE_NAMES]);
  fc.assert(
    fc.property(metrics, metrics, soft, (candidate, champion, soft_gates) => {
      const { gates, passed } = judgeAgainst(
        soundMetrics(candidate),
        soundMetrics(champion),
        { soft_gates },
      );
      const failed = gates.filter(({ status }) => status === "failed").map(({ name }) => name);
      assertEquals(passed, failed.every((name) => soft_gates.some((each) => each === name)));
      for (const { value, comparison, threshold, status } of gates) {
        const holds = value !== null &&
          (comparison === "<=" ? value <= threshold : value >= threshold);
        assertEquals(status, holds ? "passed" : "failed");
      }
    }),
    { seed: 42 },
  );
});

// A forest that was stored before it was scored by a kernel: what it said then, it says now.

import { assertEquals } from "@std/assert";
import { detectorFromTensors, detectorToTensors } from "../../src/estimators/detector_tensors.ts";
import { fitDetector } from "../../src/estimators/detector.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/store/safetensors.ts";
import stored from "../fixtures/stored_forest.json" with { type: "json" };
import { modelConfig, names, sampleRows } from "./samples.ts";

const model = Uint8Array.fromBase64(stored.model);
const scores = new Float64Array(Uint8Array.fromBase64(stored.scores).buffer);
const CONFIG = { n_estimators: 12, max_samples: 40, contamination: 0.1, random_state: 3 };

Deno.test("a stored forest loads, and scores to the bit as when it was stored", () => {
  const detector = detectorFromTensors(decodeSafetensors(model));
  assertEquals(detector.offset, stored.offset);
  assertEquals(detector.scoreSamples(sampleRows(40, 4, 77)), scores);
});

Deno.test("a detector fitted today is stored as the same bytes", () => {
  const X = sampleRows(120, 4, 5);
  const detector = fitDetector(X, names(4), modelConfig("isolation_forest", CONFIG));
  assertEquals(encodeSafetensors(detectorToTensors(detector)), model);
});

// A local outlier factor that was stored before distances were measured by a kernel: what it said then, it
// says now. The kernel adds the squares of a distance one by one, so that the last bits may be others.

import { assertEquals } from "@std/assert";
import { detectorFromTensors } from "../../src/estimators/detector_tensors.ts";
import { labelsOf } from "../../src/estimators/detector.ts";
import { decodeSafetensors } from "../../src/store/safetensors.ts";
import stored from "../fixtures/stored_local_outlier_factor.json" with { type: "json" };
import { assertClose } from "../oracle/fixtures.ts";
import { sampleRows } from "./samples.ts";

const model = Uint8Array.fromBase64(stored.model);
const scores = new Float64Array(Uint8Array.fromBase64(stored.scores).buffer);

Deno.test("a stored local outlier factor loads, and scores as when it was stored", () => {
  const detector = detectorFromTensors(decodeSafetensors(model));
  assertEquals(detector.offset, stored.offset);
  const now = detector.scoreSamples(sampleRows(40, 10, 78));
  assertClose(now, scores, 1e-14, "scores");
  assertEquals(labelsOf(now, detector.offset), labelsOf(scores, stored.offset));
});

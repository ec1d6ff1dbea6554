// Loading a stored detector, by its version. Between the registry and everything that scores.

import type { VersionRecord } from "../src/domain/asset.ts";
import { RecentlyUsed } from "../src/domain/recently_used.ts";
import type { Detector } from "../src/estimators/detector.ts";
import { detectorFromTensors } from "../src/estimators/detector_tensors.ts";
import { fileOf, readFile } from "../src/registry/assets.ts";
import type { RegistryContext } from "../src/registry/context.ts";
import { decodeSafetensors } from "../src/store/safetensors.ts";

/** The detector of a model version, after the hash of its file was checked. */
export async function loadDetector(
  registry: RegistryContext,
  record: VersionRecord,
): Promise<Detector> {
  return detectorFromTensors(decodeSafetensors(await readFile(registry, record, "model")));
}

/** A champion and its challengers, and who may follow them; some 2 MB each. */
const recent = new RecentlyUsed<Detector>(8);

/** The same for scoring hour by hour: read once a process. What judges a model reads it anew. */
export function recentDetector(
  registry: RegistryContext,
  record: VersionRecord,
): Promise<Detector> {
  return recent.get(fileOf(record, "model").sha256, () => loadDetector(registry, record));
}

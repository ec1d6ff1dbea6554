// What was counted when a dataset was built and a model trained, and stored with them: histograms. Null
// for what is from before they were stored.

import type { VersionRecord } from "../../src/domain/asset.ts";
import {
  type Counts,
  type DatasetHistograms,
  HISTOGRAMS,
  TRAINING_SCORES,
} from "../../src/domain/histograms.ts";
import { readFile } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { Memo } from "./memo.ts";

const KEPT_FILES = 64;

const histograms = new Memo<DatasetHistograms>(KEPT_FILES);
const trainingScores = new Memo<Counts | null>(KEPT_FILES);

/** Every feature in training and in the holdout; of either half of a pair. */
export function datasetHistograms(
  registry: RegistryContext,
  dataset: VersionRecord,
): Promise<DatasetHistograms | null> {
  return stored(registry, dataset, HISTOGRAMS, histograms);
}

/** The scores that a model gave the rows that it learned from. */
export function trainingScoresOf(
  registry: RegistryContext,
  model: VersionRecord,
): Promise<Counts | null> {
  return stored(registry, model, TRAINING_SCORES, trainingScores);
}

async function stored<T>(
  registry: RegistryContext,
  version: VersionRecord,
  role: string,
  kept: Memo<T>,
): Promise<T | null> {
  const file = version.files[role];
  if (file === undefined) return null;
  return await kept.get(registry, file.sha256, async () => {
    return JSON.parse(new TextDecoder().decode(await readFile(registry, version, role)));
  });
}

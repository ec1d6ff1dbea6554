// What the flows that read a dataset share: which of its columns are features.

import { ASSET, type VersionRecord } from "../src/domain/asset.ts";
import { AppError } from "../src/domain/errors.ts";

/**
 * The ordered feature names of a dataset: the input schema of the model that learns from it.
 * Throws `invalid` for a data asset that is no dataset (a snapshot, evaluation results).
 *
 * @param action what it is wanted for, as in "Cannot train on …"
 */
export function featureNamesOf(dataset: VersionRecord, action: string): string[] {
  const names = dataset.annotations.feature_names;
  if (Array.isArray(names)) return names.map(String);
  throw new AppError(
    "invalid",
    `Cannot ${action} ${dataset.name} v${dataset.version}: it lists no features, expected a dataset ` +
      `such as ${ASSET.trainingDataset} or ${ASSET.evalHoldout}. See: anomaly data list`,
  );
}

// A detector as one self-describing file of tensors, and back. A detector that was stored and loaded
// scores the same to the last bit; a file that is not a whole and sound detector is refused.

import { canonicalJson, toJson } from "../domain/json.ts";
import { type ModelConfig, modelConfigSchema } from "../domain/config.ts";
import type { Tensor, TensorFile } from "../domain/tensors.ts";
import { Detector, type Preprocessing } from "./detector.ts";
import type { OutlierEstimator } from "./estimator.ts";
import { forestFromTensors } from "./forest_tensors.ts";
import { IsolationForest } from "./isolation_forest.ts";
import { localOutlierFactorFromTensors } from "./local_outlier_factor.ts";
import { damagedModel, expectModel, TensorReader } from "./tensor_reader.ts";

const FORMAT = "anomaly_detector";
/** Raised whenever an older program could misread a newer file. */
const FORMAT_VERSION = "1";

function vector(data: Float64Array): Tensor {
  return { dtype: "F64", shape: [data.length], data };
}

/** Everything that scoring needs, and nothing that varies between two fits of the same rows. */
export function detectorToTensors(detector: Detector): TensorFile {
  const { imputer, clipper, scaler } = detector.preprocessing;
  const { tensors, metadata } = detector.estimator.toTensors();
  const { algorithm, ...hyperparameters } = detector.config;
  return {
    tensors: {
      "imputer.median": vector(imputer.median),
      "clipper.low": vector(clipper.low),
      "clipper.high": vector(clipper.high),
      "scaler.mean": vector(scaler.mean),
      "scaler.scale": vector(scaler.scale),
      ...tensors,
    },
    metadata: {
      format: FORMAT,
      format_version: FORMAT_VERSION,
      algorithm,
      hyperparameters: canonicalJson(toJson(hyperparameters)),
      feature_names: JSON.stringify(detector.featureNames),
      dropped_features: JSON.stringify(detector.droppedFeatures),
      // JSON prints the shortest decimal that reads back as the same double.
      offset: JSON.stringify(detector.offset),
      training_rate: JSON.stringify(detector.trainingRate),
      n_rows: JSON.stringify(detector.trainingRowCount),
      ...metadata,
    },
  };
}

/** The detector of a model file. Throws AppError `invalid` where the file does not hold one. */
export function detectorFromTensors(file: TensorFile): Detector {
  const reader = new TensorReader(file);
  const format = `${reader.text("format")} ${reader.text("format_version")}`;
  expectModel(
    format === `${FORMAT} ${FORMAT_VERSION}`,
    `its format is ${format}`,
    `${FORMAT} ${FORMAT_VERSION}`,
  );
  const config = readConfig(reader);
  const featureNames = reader.names("feature_names");
  expectModel(featureNames.length >= 1, "it has no features", "at least one");
  return new Detector({
    config,
    featureNames,
    droppedFeatures: reader.names("dropped_features"),
    trainingRowCount: reader.integer("n_rows", 1),
    trainingRate: reader.number("training_rate", 0, 1),
    preprocessing: readPreprocessing(reader, featureNames.length),
    estimator: readEstimator(reader, config, featureNames.length),
  });
}

function readConfig(reader: TensorReader): ModelConfig {
  const hyperparameters = reader.json("hyperparameters");
  const isObject = typeof hyperparameters === "object" && hyperparameters !== null;
  expectModel(isObject, "its hyperparameters are no object", "names and values");
  const parsed = modelConfigSchema.safeParse({
    ...hyperparameters,
    algorithm: reader.text("algorithm"),
  });
  if (parsed.success) return parsed.data;
  throw damagedModel(
    `its hyperparameters are ${reader.text("hyperparameters")}`,
    `those of a known algorithm (${parsed.error.issues[0]?.message})`,
  );
}

function readPreprocessing(reader: TensorReader, columnCount: number): Preprocessing {
  const finite = (name: string) =>
    reader.numbers(name, [columnCount], "finite numbers", Number.isFinite);
  const low = finite("clipper.low");
  const high = finite("clipper.high");
  expectModel(low.every((limit, j) => limit <= high[j]!), "a clip range is empty", "low <= high");
  const divisors = finite("scaler.scale");
  expectModel(divisors.every((value) => value > 0), "a scale is not positive", "scales above 0");
  return {
    imputer: { median: finite("imputer.median") },
    clipper: { low, high },
    scaler: { mean: finite("scaler.mean"), scale: divisors },
  };
}

function readEstimator(
  reader: TensorReader,
  config: ModelConfig,
  columnCount: number,
): OutlierEstimator {
  const offset = reader.number("offset");
  switch (config.algorithm) {
    case "isolation_forest":
      return new IsolationForest(
        forestFromTensors(reader, config.n_estimators, columnCount),
        offset,
      );
    case "local_outlier_factor":
      return localOutlierFactorFromTensors(reader, columnCount, offset);
  }
}

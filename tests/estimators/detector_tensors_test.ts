// Stored detectors: the same bits after a round trip, and nothing but a sound detector is loaded.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { Tensor, TensorFile } from "../../src/domain/tensors.ts";
import { fitDetector } from "../../src/estimators/detector.ts";
import { detectorFromTensors, detectorToTensors } from "../../src/estimators/detector_tensors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/store/safetensors.ts";
import { modelConfig, names, rows, sampleRows } from "./samples.ts";

const ALGORITHMS = ["isolation_forest", "local_outlier_factor"] as const;

for (const algorithm of ALGORITHMS) {
  Deno.test(`${algorithm}: stored and loaded, it is the same to the last bit`, () => {
    const shape = fc.record({
      rowCount: fc.integer({ min: 2, max: 60 }),
      columnCount: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(1000),
      contamination: fc.constantFrom("auto", 0.1, 0.37),
    });
    const fresh = sampleRows(20, 5, 77);
    fc.assert(
      fc.property(shape, ({ rowCount, columnCount, seed, contamination }) => {
        const X = sampleRows(rowCount, columnCount, seed);
        const config = modelConfig(algorithm, { contamination, n_jobs: null });
        const fitted = fitDetector(X, names(columnCount), config);
        const bytes = encodeSafetensors(detectorToTensors(fitted));
        const loaded = detectorFromTensors(decodeSafetensors(bytes));

        const width = fitted.featureNames.length;
        const rowsOfWidth = {
          rowCount: 20,
          columnCount: width,
          values: fresh.values.slice(0, 20 * width),
        };
        assertEquals(loaded.scoreSamples(rowsOfWidth), fitted.scoreSamples(rowsOfWidth));
        assertEquals(loaded.offset, fitted.offset);
        assertEquals(loaded.config, fitted.config);
        assertEquals(loaded.featureNames, fitted.featureNames);
        assertEquals(loaded.droppedFeatures, fitted.droppedFeatures);
        assertEquals(loaded.trainingRate, fitted.trainingRate);
        assertEquals(loaded.trainingRowCount, rowCount);
        assertEquals([loaded.trainingScores, loaded.warnings], [null, []]);
        assertEquals(encodeSafetensors(detectorToTensors(loaded)), bytes);
      }),
      { numRuns: 30, seed: 42 },
    );
  });

  Deno.test(`${algorithm}: two fits of the same rows are the same bytes`, () => {
    const bytes = () =>
      encodeSafetensors(
        detectorToTensors(fitDetector(sampleRows(50, 3), names(3), modelConfig(algorithm))),
      );
    assertEquals(bytes(), bytes());
  });
}

/** A fresh copy of a stored detector for every test to damage. */
function storedForest(): TensorFile {
  const X = rows([0, 1], [1, 5], [2, 2], [9, 9]);
  const config = modelConfig("isolation_forest", { n_estimators: 2 });
  const stored = detectorToTensors(fitDetector(X, ["a", "b"], config));
  return decodeSafetensors(encodeSafetensors(stored));
}

function storedLof(): TensorFile {
  const config = modelConfig("local_outlier_factor", { n_neighbors: 2 });
  const stored = detectorToTensors(fitDetector(sampleRows(10, 2), ["a", "b"], config));
  return decodeSafetensors(encodeSafetensors(stored));
}

function data(file: TensorFile, name: string): Tensor["data"] {
  return file.tensors[name]!.data;
}

/** Makes the forest a single tree with these children; nodes without children are leaves. */
function replaceTree(file: TensorFile, left: number[], right: number[]): void {
  const nodeCount = left.length;
  const int32 = (values: number[]): Tensor => ({
    dtype: "I32",
    shape: [values.length],
    data: Int32Array.from(values),
  });
  const threshold = Float64Array.from(left, (child) => child < 0 ? -2 : 0.5);
  file.tensors["forest.node_count"] = int32([nodeCount]);
  file.tensors["forest.children_left"] = int32(left);
  file.tensors["forest.children_right"] = int32(right);
  file.tensors["forest.feature"] = int32(left.map((child) => child < 0 ? -2 : 0));
  file.tensors["forest.threshold"] = { dtype: "F64", shape: [nodeCount], data: threshold };
  file.tensors["forest.n_node_samples"] = int32(left.map(() => 1));
  file.metadata["hyperparameters"] = file.metadata["hyperparameters"]!
    .replace(`"n_estimators":2`, `"n_estimators":1`);
}

const DAMAGES: [what: string, stored: () => TensorFile, damage: (file: TensorFile) => void][] = [
  ["a child that is its own parent", storedForest, (f) => {
    data(f, "forest.children_left")[0] = 0;
  }],
  ["a child before its parent", storedForest, (f) => {
    data(f, "forest.children_right")[1] = 0;
  }],
  ["a child beyond the tree", storedForest, (f) => {
    data(f, "forest.children_right")[0] = 1000;
  }],
  ["a child of two parents", storedForest, (f) => {
    data(f, "forest.children_right")[0] = data(f, "forest.children_left")[0]!;
  }],
  ["half a leaf", storedForest, (f) => {
    data(f, "forest.children_left")[0] = -1;
  }],
  ["another negative child", storedForest, (f) => {
    data(f, "forest.children_left")[0] = -7;
  }],
  ["a leaf with a right child", storedForest, (f) => {
    data(f, "forest.children_right").fill(1, -1);
  }],
  ["children before their parent", storedForest, (f) => {
    replaceTree(f, [4, -1, -1, -1, 2], [1, -1, -1, -1, 3]);
  }],
  ["two ways to the same node", storedForest, (f) => {
    replaceTree(f, [1, 2, -1, -1], [2, 3, -1, -1]);
  }],
  ["a node that is no one's child", storedForest, (f) => {
    replaceTree(f, [1, -1, -1, -1], [2, -1, -1, -1]);
  }],
  ["a feature that does not exist", storedForest, (f) => {
    data(f, "forest.feature")[0] = 2;
  }],
  ["a threshold that is no number", storedForest, (f) => {
    data(f, "forest.threshold")[0] = NaN;
  }],
  ["a node without rows", storedForest, (f) => {
    data(f, "forest.n_node_samples")[0] = 0;
  }],
  ["negative node counts", storedForest, (f) => {
    data(f, "forest.node_count")[0] = -1;
  }],
  ["node counts that do not add up", storedForest, (f) => {
    data(f, "forest.node_count")[0]! += 1;
  }],
  ["another number of trees", storedForest, (f) => {
    f.metadata["hyperparameters"] = f.metadata["hyperparameters"]!
      .replace(`"n_estimators":2`, `"n_estimators":3`);
  }],
  ["no max_samples_", storedForest, (f) => {
    delete f.metadata["max_samples_"];
  }],
  ["a tensor of another type", storedForest, (f) => {
    f.tensors["forest.feature"] = f.tensors["forest.threshold"]!;
  }],
  ["whole numbers stored as floats", storedForest, (f) => {
    const { shape, data } = f.tensors["forest.n_node_samples"]!;
    f.tensors["forest.n_node_samples"] = { dtype: "F64", shape, data: Float64Array.from(data) };
  }],
  ["a missing tensor", storedForest, (f) => {
    delete f.tensors["imputer.median"];
  }],
  ["a median that is no number", storedForest, (f) => {
    data(f, "imputer.median")[0] = NaN;
  }],
  ["an empty clip range", storedForest, (f) => {
    data(f, "clipper.low")[0] = 1e9;
  }],
  ["a scale of zero", storedForest, (f) => {
    data(f, "scaler.scale")[1] = 0;
  }],
  ["a newer format", storedForest, (f) => {
    f.metadata["format_version"] = "2";
  }],
  ["an unknown algorithm", storedForest, (f) => {
    f.metadata["algorithm"] = "pickle";
  }],
  ["another algorithm's hyperparameters", storedForest, (f) => {
    f.metadata["algorithm"] = "local_outlier_factor";
  }],
  ["hyperparameters that are no object", storedForest, (f) => {
    f.metadata["hyperparameters"] = "7";
  }],
  ["metadata that is no JSON", storedForest, (f) => {
    f.metadata["feature_names"] = "a, b";
  }],
  ["more features than columns", storedForest, (f) => {
    f.metadata["feature_names"] = `["a","b","c"]`;
  }],
  ["no feature", storedForest, (f) => {
    f.metadata["feature_names"] = "[]";
  }],
  ["a feature twice", storedForest, (f) => {
    f.metadata["feature_names"] = `["a","a"]`;
  }],
  ["an offset that is no number", storedForest, (f) => {
    f.metadata["offset"] = "null";
  }],
  ["a training rate above 1", storedForest, (f) => {
    f.metadata["training_rate"] = "1.5";
  }],
  ["half a row", storedForest, (f) => {
    f.metadata["n_rows"] = "2.5";
  }],
  ["a point that is no number", storedLof, (f) => {
    data(f, "lof.points")[3] = NaN;
  }],
  ["a negative distance", storedLof, (f) => {
    data(f, "lof.k_distance")[0] = -1;
  }],
  ["an endless density", storedLof, (f) => {
    data(f, "lof.lrd")[0] = Infinity;
  }],
  ["more neighbours than points", storedLof, (f) => {
    f.metadata["n_neighbors_"] = "10";
  }],
];

Deno.test("the files that the damage starts from can be loaded", () => {
  detectorFromTensors(storedForest());
  detectorFromTensors(storedLof());
  const handMade = storedForest();
  replaceTree(handMade, [1, -1, 3, -1, -1], [2, -1, 4, -1, -1]);
  detectorFromTensors(handMade);
});

for (const [what, stored, damage] of DAMAGES) {
  Deno.test(`detectorFromTensors() refuses ${what}`, () => {
    const file = stored();
    damage(file);
    const error = assertThrows(() => detectorFromTensors(file), AppError, "Cannot load the model");
    assertEquals(error.code, "invalid");
  });
}

Deno.test("detectorFromTensors() either loads or refuses whatever integers the trees hold", () => {
  const names = ["forest.children_left", "forest.children_right", "forest.feature"];
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.nat(20),
      fc.integer({ min: -3, max: 12 }),
      (name, at, value) => {
        const file = storedForest();
        const array = data(file, name);
        array[at % array.length] = value;
        try {
          const scores = detectorFromTensors(file).scoreSamples(rows([1, 1], [5, 5]));
          assert(scores.every((score) => score >= -1 && score < 0));
        } catch (error) {
          assert(error instanceof AppError && error.code === "invalid");
        }
      },
    ),
    { seed: 42 },
  );
});

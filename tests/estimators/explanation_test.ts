import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ModelConfig, modelConfigSchema } from "../../src/domain/config.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { type Detector, fitDetector, labelsOf } from "../../src/estimators/detector.ts";
import { explainRows } from "../../src/estimators/explanation.ts";
import { PathContributions } from "../../src/estimators/forest_contributions.ts";
import { IsolationForest } from "../../src/estimators/isolation_forest.ts";
import type { Tree } from "../../src/estimators/tree.ts";
import { Mt19937 } from "../../src/random.ts";

const FOREST = modelConfigSchema.parse({ algorithm: "isolation_forest" });
const LOF = modelConfigSchema.parse({ algorithm: "local_outlier_factor" });

function names(d: number): string[] {
  return Array.from({ length: d }, (_, j) => `f${j}`);
}

/** Correlated normal rows: all features lean on a common one. */
function normalRows(random: Mt19937, rowCount: number, columnCount: number): Matrix {
  const values = new Float64Array(rowCount * columnCount);
  for (let i = 0; i < rowCount; i++) {
    const common = random.normal();
    for (let j = 0; j < columnCount; j++) {
      values[i * columnCount + j] = 0.5 * common + Math.sqrt(0.75) * random.normal();
    }
  }
  return { rowCount, columnCount, values };
}

function assertSums(detector: Detector, X: Matrix): void {
  const { expectedScore, contributions } = detector.explain(X);
  const scores = detector.scoreSamples(X);
  const d = X.columnCount;
  scores.forEach((score, i) => {
    const row = contributions.values.subarray(i * d, (i + 1) * d);
    const sum = row.reduce((total, value) => total + value, 0);
    assert(Math.abs(sum - (score - expectedScore)) <= 1e-9, `${sum} for ${score - expectedScore}`);
  });
}

for (const config of [FOREST, LOF]) {
  Deno.test(`contributions sum to the score's distance from the expected one: ${config.algorithm}`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 3, max: 90 }),
        fc.double({ min: 0, max: 0.4, noNaN: true }),
        (seed, d, n, missing) => {
          const random = new Mt19937(seed);
          const X = normalRows(random, n, d);
          const small = config.algorithm === "isolation_forest" ? { n_estimators: 12 } : {};
          const detector = fitDetector(X, names(d), { ...config, ...small } as ModelConfig);
          const rows = normalRows(random, 10, d);
          rows.values.forEach((value, at) => {
            rows.values[at] = random.random() < missing ? NaN : value * 4;
          });
          assertSums(detector, rows);
          assertSums(detector, X);
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });
}

/** Path length of a row in a tree, found the plain way. */
function pathLength(tree: Tree, lengths: Float64Array, row: Float32Array): number {
  let node = 0;
  while (tree.leftChild[node]! !== -1) {
    node = row[tree.feature[node]!]! <= tree.threshold[node]!
      ? tree.leftChild[node]!
      : tree.rightChild[node]!;
  }
  return lengths[node]!;
}

/** Shapley values by their definition: over all coalitions. */
function byCoalitions(
  tree: Tree,
  lengths: Float64Array,
  row: Float32Array,
  baseline: Float32Array,
): number[] {
  const d = row.length;
  const factorial = (n: number): number => n < 2 ? 1 : n * factorial(n - 1);
  const valueOf = (coalition: number) => {
    const mixed = row.map((value, j) => coalition & (1 << j) ? value : baseline[j]!);
    return pathLength(tree, lengths, mixed);
  };
  return Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let coalition = 0; coalition < 1 << d; coalition++) {
      if (coalition & (1 << j)) continue;
      let size = 0;
      for (let bit = 0; bit < d; bit++) if (coalition & (1 << bit)) size++;
      const weight = factorial(size) * factorial(d - size - 1) / factorial(d);
      sum += weight * (valueOf(coalition | (1 << j)) - valueOf(coalition));
    }
    return sum;
  });
}

Deno.test("path contributions are the Shapley values over all coalitions", () => {
  for (const [seed, d] of [[1, 2], [2, 4], [3, 6], [4, 6]] as const) {
    const random = new Mt19937(seed);
    const X = normalRows(random, 120, d);
    const detector = fitDetector(X, names(d), { ...FOREST, n_estimators: 8 } as ModelConfig);
    const { trees } = (detector.estimator as IsolationForest).forest;
    const baseline = Float32Array.from(normalRows(random, 1, d).values);
    for (const tree of trees) {
      const lengths = Float64Array.from(tree.feature, () => 10 * random.random());
      const row = Float32Array.from(normalRows(random, 1, d).values, (value) => 2 * value);
      const out = new Float64Array(d);
      new PathContributions(baseline).add(tree, lengths, row, out);
      byCoalitions(tree, lengths, row, baseline).forEach((expected, j) => {
        assert(Math.abs(out[j]! - expected) < 1e-12, `feature ${j}: ${out[j]} for ${expected}`);
      });
    }
  }
});

Deno.test("a missing value contributes nothing, whatever the algorithm", () => {
  for (const config of [FOREST, LOF]) {
    const random = new Mt19937(9);
    const X = normalRows(random, 200, 5);
    const detector = fitDetector(X, names(5), config);
    const row = { rowCount: 1, columnCount: 5, values: new Float64Array([9, NaN, -9, NaN, 1]) };
    const { contributions } = detector.explain(row);
    assert(contributions.values[1] === 0 && contributions.values[3] === 0);
    assert(contributions.values[0]! < 0 && contributions.values[2]! < 0);
    const nothing = { ...row, values: new Float64Array(5).fill(NaN) };
    assert(detector.explain(nothing).contributions.values.every((value) => value === 0));
  }
});

/** Sends one feature of each row, drawn by `pick`, 8 to 15 standard deviations away. */
function plant(random: Mt19937, X: Matrix, pick: (row: number) => number | null): void {
  for (let i = 0; i < X.rowCount; i++) {
    const j = pick(i);
    if (j === null) continue;
    const sign = random.random() < 0.5 ? -1 : 1;
    X.values[i * X.columnCount + j] = sign * (8 + 7 * random.random());
  }
}

for (const [config, d] of [[FOREST, 6], [FOREST, 12], [LOF, 6], [LOF, 12]] as const) {
  Deno.test(`of rows planted in one feature of ${d} that feature leads in at least 95 %: ${config.algorithm}`, () => {
    const random = new Mt19937(11);
    // Without an anomaly in training, clipping would bring every planted value down to the largest
    // normal one.
    const training = normalRows(random, 1000, d);
    plant(random, training, (row) => row % 10 === 0 ? Math.floor(d * random.random()) : null);
    const detector = fitDetector(training, names(d), config);
    const planted = normalRows(random, 200, d);
    plant(random, planted, (row) => row % d);
    const rows = [...Array(200).keys()];
    const { contributions } = explainRows(detector, planted, rows);
    const labels = labelsOf(detector.scoreSamples(planted), detector.offset);
    const leads = rows.filter((i) => {
      const row = contributions.values.subarray(i * d, (i + 1) * d);
      return row.indexOf(Math.min(...row)) === i % d;
    });
    const flagged = rows.filter((i) => labels[i] === -1);
    const flaggedLeads = leads.filter((i) => labels[i] === -1);
    assert(flagged.length >= 80, `${flagged.length} flagged`);
    assert(leads.length >= 190, `${leads.length} of 200`);
    assert(flaggedLeads.length >= 0.95 * flagged.length);
  });
}

Deno.test("the drivers are the strongest pushes towards a flag, with the market's median and the usual", () => {
  const random = new Mt19937(12);
  const training = normalRows(random, 500, 4);
  const detector = fitDetector(training, names(4), FOREST);
  const snapshot = normalRows(random, 9, 4);
  snapshot.values.set([0.1, 12, NaN, -6], 8 * 4);
  const { drivers, contributions } = explainRows(detector, snapshot, [8]);
  assertEquals(contributions.rowCount, 1);
  assertEquals(drivers[0]!.map((driver) => driver.feature).sort(), ["f1", "f3"]);
  const [first] = drivers[0]!;
  const column = Array.from({ length: 9 }, (_, i) => snapshot.values[i * 4 + 1]!).sort((a, b) =>
    a - b
  );
  const f1 = drivers[0]!.find((driver) => driver.feature === "f1")!;
  assertEquals([f1.value, f1.marketMedian], [12, column[4]]);
  assertEquals(f1.usual, detector.preprocessing.imputer.median[1]);
  assert(drivers[0]!.every((driver) => driver.contribution < 0));
  assert(first!.contribution <= drivers[0]!.at(-1)!.contribution);
});

Deno.test("a driver is no weaker than a tenth of the strongest one, and at most three are named", () => {
  const random = new Mt19937(13);
  const detector = fitDetector(normalRows(random, 500, 8), names(8), FOREST);
  const snapshot = normalRows(random, 60, 8);
  plant(random, snapshot, (row) => row % 8);
  const rows = [...Array(60).keys()];
  const counts = explainRows(detector, snapshot, rows).drivers.map((drivers) => {
    const [strongest] = drivers;
    for (const { contribution } of drivers) {
      assert(contribution <= 0.1 * strongest!.contribution, `${contribution}`);
    }
    return drivers.length;
  });
  assertEquals([...new Set(counts)].sort(), [1, 2, 3]);
});

// The two ways of scoring a forest, in the kernel and by walking its trees: the same bits for any forest
// and any rows, however the rows are cut into blocks.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { ForestSums } from "../../src/estimators/forest_sums.ts";
import {
  fitIsolationForest,
  IsolationForest,
  type IsolationForestConfig,
} from "../../src/estimators/isolation_forest.ts";
import type { Forest, Tree } from "../../src/estimators/tree.ts";
import { Mt19937 } from "../../src/random.ts";
import { rows } from "./samples.ts";

const CONFIG: IsolationForestConfig = {
  algorithm: "isolation_forest",
  n_estimators: 9,
  max_samples: "auto",
  contamination: 0.1,
  max_features: 1,
  bootstrap: false,
  random_state: 7,
};

/** Kinds of columns: even and uneven thresholds, few and many of them, and the ends of float32. */
const KINDS: Record<string, (random: Mt19937) => number> = {
  normal: (random) => random.normal(),
  whole: (random) => random.randint(5),
  rare: (random) => random.random() < 0.95 ? 1 : random.randint(9),
  skewed: (random) => Math.exp(12 * random.normal()),
  huge: (random) => 3.4e38 * (2 * random.random() - 1),
  tiny: (random) => 1e-40 * random.normal(),
  offset: (random) => 1e6 + random.normal(),
  constant: () => -3,
  signless: (random) => random.random() < 0.5 ? 0 : -0,
};

function drawRows(kinds: readonly string[], rowCount: number, seed: number): Matrix {
  const random = new Mt19937(seed);
  const values = new Float64Array(rowCount * kinds.length);
  values.forEach((_, at) => values[at] = KINDS[kinds[at % kinds.length]!]!(random));
  return { rowCount, columnCount: kinds.length, values };
}

function fitForest(X: Matrix, changes: Partial<IsolationForestConfig> = {}): Forest {
  const { estimator } = fitIsolationForest(X, { ...CONFIG, ...changes });
  assert(estimator instanceof IsolationForest);
  return estimator.forest;
}

/** The sums in the kernel, which must be there. */
function byKernel(sums: ForestSums, X: Matrix): Float64Array {
  const found = sums.byKernel(X);
  assert(found !== null, "the kernel does not take this forest");
  return found;
}

function slice(X: Matrix, start: number, end: number): Matrix {
  const values = X.values.slice(start * X.columnCount, end * X.columnCount);
  return { rowCount: end - start, columnCount: X.columnCount, values };
}

const shapes = fc.record({
  kinds: fc.array(fc.constantFrom(...Object.keys(KINDS)), { minLength: 1, maxLength: 7 }),
  trainingRows: fc.constantFrom(1, 2, 3, 20, 300),
  rowCount: fc.constantFrom(1, 63, 511, 512, 513, 1030),
  n_estimators: fc.constantFrom(1, 7, 8, 17),
  max_samples: fc.constantFrom("auto" as const, 0.6),
  bootstrap: fc.boolean(),
  seed: fc.nat(1000),
});

Deno.test("both ways give the same bits, for rows cut into any blocks", () => {
  fc.assert(
    fc.property(shapes, fc.nat(), ({ kinds, trainingRows, rowCount, seed, ...changes }, cut) => {
      fc.pre(changes.max_samples === "auto" || trainingRows > 1);
      const forest = fitForest(drawRows(kinds, trainingRows, seed), changes);
      const sums = new ForestSums(forest);
      const X = drawRows(kinds, rowCount, seed + 1);
      const whole = byKernel(sums, X);
      assertEquals(whole, sums.byWalking(X));
      assertEquals(sums.of(X), whole);
      const border = cut % (rowCount + 1);
      const parts = [slice(X, 0, border), slice(X, border, rowCount)];
      assertEquals(parts.flatMap((part) => [...byKernel(sums, part)]), [...whole]);
      assertEquals(parts.flatMap((part) => [...sums.byWalking(part)]), [...whole]);
    }),
    { numRuns: 60, seed: 42 },
  );
});

Deno.test("both ways send a value that is a threshold left, and the next one up right", () => {
  const forest = fitForest(drawRows(["normal"], 256, 1), { n_estimators: 20 });
  const bits = new Float32Array(1);
  const steps = new Int32Array(bits.buffer);
  const values = forest.trees.flatMap(({ threshold }) =>
    [...threshold].flatMap((t) =>
      [-1, 0, 1].map((step) => {
        bits[0] = t;
        steps[0]! += step;
        return bits[0];
      })
    )
  );
  const X = { rowCount: values.length, columnCount: 1, values: Float64Array.from(values) };
  const sums = new ForestSums(forest);
  assertEquals(byKernel(sums, X), sums.byWalking(X));
});

Deno.test("permuted rows have permuted scores", () => {
  const X = drawRows(["normal", "whole", "skewed"], 1500, 3);
  const { estimator } = fitIsolationForest(slice(X, 0, 200), CONFIG);
  const scores = estimator.scoreSamples(X);
  const order = new Mt19937(5).permutation(1500);
  const permuted = rows(...Array.from(order, (i) => [...slice(X, i, i + 1).values]));
  assertEquals(estimator.scoreSamples(permuted), Float64Array.from(order, (i) => scores[i]!));
});

Deno.test("a feature scaled by a power of two changes no score", () => {
  // Values lie on a grid, so that no scale brings two of them as near as scikit-learn's 1e-7.
  const X = drawRows(["normal", "whole"], 1200, 11);
  X.values.forEach((value, at) => X.values[at] = Math.round(value * 64) / 64);
  const { trainingScores, estimator } = fitIsolationForest(X, CONFIG);
  fc.assert(
    fc.property(fc.integer({ min: -8, max: 40 }), fc.nat(1), (exponent, column) => {
      const values = X.values.map((value, at) => at % 2 === column ? value * 2 ** exponent : value);
      const scaled = fitIsolationForest({ ...X, values }, CONFIG);
      assertEquals(scaled.trainingScores, trainingScores);
      assertEquals(scaled.estimator.offset, estimator.offset);
    }),
    { numRuns: 30, seed: 42 },
  );
});

Deno.test("both ways refuse what float32 cannot hold, and name where it is", () => {
  const X = drawRows(["normal", "normal", "normal"], 1300, 1);
  const sums = new ForestSums(fitForest(slice(X, 0, 100)));
  for (const value of [NaN, Infinity, -Infinity, 1e39, -(2 ** 128 - 2 ** 103)]) {
    for (const [row, column] of [[0, 0], [1299, 2], [600, 1]] as const) {
      const bad = { ...X, values: X.values.slice() };
      bad.values[row * 3 + column] = value;
      const where = `Cannot score rows: ${value} found in row ${row}, column ${column}`;
      assertThrows(() => sums.byWalking(bad), AppError, where);
      assertThrows(() => sums.byKernel(bad), AppError, where);
    }
  }
  // The largest float32, and what is rounded to it; and nothing of the refused rows is left behind.
  const largest = rows([3.4028234663852886e38, -(2 ** 128 - 2 ** 103 - 2 ** 75), 5e-324]);
  assertEquals(byKernel(sums, largest), sums.byWalking(largest));
});

/** A tree whose left children are inner nodes, down to `depth`; the right ones as `right` says. */
function caterpillar(depth: number, right: "leaf" | "inner"): Tree {
  const nodes: [feature: number, threshold: number, left: number, right: number][] = [];
  const leaf = () => nodes.push([-2, -2, -1, -1]) - 1;
  let parent = -1;
  for (let level = 0; level < depth; level++) {
    const node = nodes.push([0, -level, -1, -1]) - 1;
    if (parent >= 0) nodes[parent]![2] = node;
    const child = right === "leaf" ? leaf() : nodes.push([0, 0.5 - level, -1, -1]) - 1;
    nodes[node]![3] = child;
    if (right === "inner") nodes[child] = [0, 0.5 - level, leaf(), leaf()];
    parent = node;
  }
  nodes[parent]![2] = leaf();
  return {
    feature: Int32Array.from(nodes, (node) => node[0]),
    threshold: Float64Array.from(nodes, (node) => node[1]),
    leftChild: Int32Array.from(nodes, (node) => node[2]),
    rightChild: Int32Array.from(nodes, (node) => node[3]),
    nodeSamples: new Int32Array(nodes.length).fill(1),
  };
}

Deno.test("forests that do not fit in the kernel's tables are walked", () => {
  const values = Float64Array.from({ length: 2000 }, (_, i) => 5 - i / 3);
  const X = { rowCount: 2000, columnCount: 1, values };
  const forest = (tree: Tree): Forest => ({ trees: [tree], columnCount: 1, maxSamples: 256 });
  const fits = (sums: ForestSums) => {
    assertEquals(sums.of(X), sums.byWalking(X));
    return sums.byKernel(X) !== null;
  };
  // 256 leaf values are as many as there are codes; 64 nodes that wait, as many as there are masks.
  assertEquals(fits(new ForestSums(forest(caterpillar(256, "leaf")))), true);
  assertEquals(fits(new ForestSums(forest(caterpillar(257, "leaf")))), false);
  assertEquals(fits(new ForestSums(forest(caterpillar(64, "inner")))), true);
  assertEquals(fits(new ForestSums(forest(caterpillar(66, "inner")))), false);
  // A column with more thresholds than there are ranks.
  const many = drawRows(["normal"], 900, 2);
  const wide = fitForest(many, { n_estimators: 1300, max_samples: 800 });
  assertEquals(fits(new ForestSums(wide)), false);
});

Deno.test("without vector instructions the scores are the same", async () => {
  const script = (before: string) =>
    `${before}
    const { fitIsolationForest } = await import("./src/estimators/isolation_forest.ts");
    const values = Float64Array.from({ length: 6000 }, (_, i) => Math.sin(i * i));
    const X = { rowCount: 2000, columnCount: 3, values };
    const { trainingScores } = fitIsolationForest(X, ${JSON.stringify(CONFIG)});
    console.log(trainingScores.join(" "));`;
  const run = async (before: string) => {
    const args = ["eval", script(before)];
    const cwd = new URL("../../", import.meta.url);
    const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
    return new TextDecoder().decode(stdout);
  };
  const scores = await run("");
  assertEquals(scores.split(" ").length, 2000);
  assertEquals(await run("WebAssembly.validate = () => false;"), scores);
});

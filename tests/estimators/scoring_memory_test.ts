// How much memory scoring takes: it works in blocks, so that a year of rows needs little beside itself.

import { assert } from "@std/assert";

const ROWS = 1_000_000;
const COLUMNS = 6;
const INPUT_BYTES = 8 * ROWS * COLUMNS;
const LIMIT_BYTES = 3 * INPUT_BYTES + 64 * 2 ** 20;

/** The peak of a process that scores a matrix, runtime and rows included, as Linux counts it. */
async function peakBytes(): Promise<number> {
  const script = `
    import { fitIsolationForest } from "./src/estimators/isolation_forest.ts";
    const values = new Float64Array(${ROWS * COLUMNS}).map((_, i) => i * 7919 % 1000003);
    const training = { rowCount: 1000, columnCount: ${COLUMNS}, values: values.slice(0, ${
    1000 * COLUMNS
  }) };
    const { estimator } = fitIsolationForest(training, {
      algorithm: "isolation_forest", n_estimators: 20, max_samples: "auto", contamination: 0.1,
      max_features: 1, bootstrap: false, random_state: 1,
    });
    estimator.scoreSamples({ rowCount: ${ROWS}, columnCount: ${COLUMNS}, values });
    const status = Deno.readTextFileSync("/proc/self/status");
    console.log(/^VmHWM:\\s+(\\d+) kB$/m.exec(status)[1]);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: new URL("../../", import.meta.url),
  }).output();
  return Number(new TextDecoder().decode(stdout)) * 1024;
}

if (Deno.build.os === "linux") {
  Deno.test("scoring a million rows peaks below thrice the rows' bytes and 64 MiB", async () => {
    const peak = await peakBytes();
    assert(peak > INPUT_BYTES && peak <= LIMIT_BYTES, `${peak} bytes, at most ${LIMIT_BYTES}`);
  });
}

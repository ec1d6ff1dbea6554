// A gate's value and threshold as they stand beside each other, wherever a gate is shown.

import type { GateResult } from "../domain/evaluation.ts";
import { decimal } from "./format.ts";

type Held = Pick<GateResult, "value" | "comparison" | "threshold">;

/** "≤ 0.200" */
export function expected(gate: Held): string {
  return `${gate.comparison === "<=" ? "≤" : "≥"}\u00a0${
    decimal(gate.threshold, decimalsOf(gate))
  }`;
}

/** The value, in as many decimals as it takes to tell it from the threshold. */
export function held(gate: Held): string {
  return decimal(gate.value, decimalsOf(gate));
}

const MOST_DECIMALS = 6;

/** Three, and more where a failed gate would else read "0.021, expected ≤ 0.021". */
function decimalsOf({ value, threshold }: Held): number {
  let decimals = 3;
  while (
    decimals < MOST_DECIMALS && value !== null && value !== threshold &&
    decimal(value, decimals) === decimal(threshold, decimals)
  ) decimals++;
  return decimals;
}

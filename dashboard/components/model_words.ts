// What is said of a version in a sentence: how it was judged, what stands in its way, what to do about it.

import type { VersionRef } from "../../src/domain/asset.ts";
import type { GateCount, GateRow } from "../../src/domain/gates.ts";
import type { Blocker } from "../../src/registry/promotion.ts";
import { expected, held } from "../../src/cards/gate_numbers.ts";

/** As much of a judgement as sentences need. */
export interface Judged {
  gates: GateCount;
  comparedTo: VersionRef | null;
}

/** "v9 fails 2 of 7 gates", "v9 may be promoted": a version on its way to an alias. */
export function standingWords(
  version: number,
  judged: Judged | null,
  blockers: readonly Pick<Blocker, "reason">[],
): string {
  const has = (reason: string) => blockers.some((blocker) => blocker.reason === reason);
  if (has("revoked")) return `v${version} is revoked`;
  if (judged === null) return `v${version} was not judged yet`;
  const { hardFailed, total } = judged.gates;
  if (hardFailed > 0) return `v${version} fails ${hardFailed} of ${total} gates`;
  if (has("stale_evaluation")) {
    return judged.comparedTo === null
      ? `v${version} was judged against no champion`
      : `v${version} was judged against v${judged.comparedTo.version}`;
  }
  if (blockers.length > 0) return `v${version} cannot be promoted`;
  return `v${version} may be promoted`;
}

/** Whether an evaluation is what it lacks. */
export function needsJudging(blockers: readonly Pick<Blocker, "reason">[]): boolean {
  return blockers.some(({ reason }) => /^(no|stale)_evaluation$/.test(reason));
}

/** The command that leads on from what stands in the way; without the flags of the store. */
export function wayOn(version: number, blockers: readonly Pick<Blocker, "reason">[]): string {
  return needsJudging(blockers)
    ? `evaluate --candidate_version ${version}`
    : `models why ${version}`;
}

/** "0.460, expected ≤ 0.200" */
export function besideExpected(row: Pick<GateRow, "value" | "comparison" | "threshold">): string {
  return `${held(row)}, expected ${expected(row)}`;
}

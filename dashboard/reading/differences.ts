// In what two versions differ: data, settings, result. Texts as they are shown, so that equal means that a
// person sees no difference.

import type { VersionRef } from "../../src/domain/asset.ts";
import { count, decimal, instant, percent, UNDEFINED } from "../../src/cards/format.ts";
import type { ModelDetail } from "./model_detail.ts";

export interface Difference {
  name: string;
  a: string;
  b: string;
  /** What the texts name, where that is a version. */
  refA: VersionRef | null;
  refB: VersionRef | null;
}

type Named = { text: string; ref?: VersionRef | null };

export interface Differences {
  different: Difference[];
  equal: Difference[];
}

export function differencesOf(a: ModelDetail, b: ModelDetail): Differences {
  const [left, right] = [valuesOf(a), valuesOf(b)];
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const all = names.map((name): Difference => ({
    name,
    a: left[name]?.text ?? UNDEFINED,
    b: right[name]?.text ?? UNDEFINED,
    refA: left[name]?.ref ?? null,
    refB: right[name]?.ref ?? null,
  }));
  return {
    different: all.filter((one) => one.a !== one.b),
    equal: all.filter((one) => one.a === one.b),
  };
}

function valuesOf({ learnedFrom, settings, evaluations, ...detail }: ModelDetail) {
  const { dataset, rows, coins, snapshots, firstAt, lastAt } = learnedFrom;
  const latest = evaluations[0];
  const values: Record<string, Named> = {
    Dataset: {
      text: dataset === null ? "fresh data" : `${dataset.name} v${dataset.version}`,
      ref: dataset,
    },
    Rows: number(rows),
    Window: {
      text: firstAt === null || lastAt === null
        ? `up to ${instant(learnedFrom.marketAt)}`
        : `${instant(firstAt)} to ${instant(lastAt)}`,
    },
    Coins: number(coins),
    Snapshots: number(snapshots),
    Features: number(settings.features),
    "Dropped features": { text: settings.dropped.join(", ") || "none" },
    Algorithm: { text: settings.algorithm },
    ...Object.fromEntries(
      Object.entries(settings.config).map(([name, value]): [string, Named] => [
        name,
        { text: String(value) },
      ]),
    ),
    Threshold: { text: decimal(settings.threshold) },
    "Flags in training": { text: percent(settings.trainingRate) },
    "Judged on": { text: latest?.evalSource ?? "not judged" },
    "Flags of its holdout": {
      text: latest === undefined
        ? UNDEFINED
        : `${count(latest.candidate.anomalyCount)} of ${count(latest.candidate.rowCount)}`,
    },
    "Model file": { text: `sha256 ${settings.sha256.slice(0, 12)}` },
    Status: { text: detail.status },
  };
  return values;
}

function number(value: number | null): Named {
  return { text: value === null ? UNDEFINED : count(value) };
}

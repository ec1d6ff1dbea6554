// The rows behind a judgement: what candidate and champion scored, and where they agree. Beside
// datasets.ts, for the page of a model and the comparison of two.

import { ASSET } from "../../src/domain/asset.ts";
import { binLike, type Bins, binValues } from "../../src/cards/histogram.ts";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import type { Agreement } from "../../src/domain/outcomes.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { numbers, type Table } from "../../src/domain/table.ts";
import { getVersion, readTable } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { branchKey } from "./days.ts";
import { Memo } from "./memo.ts";

/** Some 2,400 rows of four numbers each. */
const KEPT = 32;
const BINS = 60;

export interface EvaluationScores {
  rows: number;
  flagged: number;
  scores: Float64Array;
  /** Of the candidate's scores; null without any row. */
  bins: Bins | null;
  /** Null where no champion scored the rows. */
  champion: {
    flagged: number;
    scores: Float64Array;
    /** In the candidate's bins. */
    bins: Bins | null;
    /** Rows by who flagged them; the candidate is the challenger. */
    agreement: Agreement;
  } | null;
}

const kept = new Memo<EvaluationScores | null>(KEPT);

/** The scores behind an evaluation; null where retention has taken its result. */
export function evaluationScores(
  registry: RegistryContext,
  scope: ReadScope,
  { resultVersion }: Pick<EvaluationRecord, "resultVersion">,
): Promise<EvaluationScores | null> {
  return kept.get(registry, `${branchKey(scope)}/${resultVersion}`, async () => {
    const name = ASSET.evaluationResults;
    const result = await getVersion(registry, scope, "data", name, resultVersion);
    return result && scoresOf(await readTable(registry, result));
  });
}

function scoresOf(table: Table): EvaluationScores {
  const scores = numbers(table, "score");
  const labels = numbers(table, "label");
  const bins = binValues(scores, BINS);
  return {
    rows: table.rowCount,
    flagged: countFlags(labels),
    scores,
    bins,
    champion: table.columns.champion_score === undefined ? null : championOf(table, labels, bins),
  };
}

function championOf(
  table: Table,
  labels: Float64Array,
  bins: Bins | null,
): EvaluationScores["champion"] {
  const scores = numbers(table, "champion_score");
  const others = numbers(table, "champion_label");
  const count = (byChampion: boolean, byCandidate: boolean) =>
    labels.filter((label, i) => label < 0 === byCandidate && others[i]! < 0 === byChampion).length;
  return {
    flagged: countFlags(others),
    scores,
    bins: bins && binLike(bins, scores),
    agreement: {
      both: count(true, true),
      only_champion: count(true, false),
      only_challenger: count(false, true),
      neither: count(false, false),
    },
  };
}

function countFlags(labels: Float64Array): number {
  return labels.filter((label) => label < 0).length;
}

// What the features of a dataset pair look like: counted once when the pair is built, and stored with
// both of its halves. For the card, and for pages that show training against holdout.

import { binLike, binValues, shiftOf } from "../../src/cards/histogram.ts";
import type { DatasetHistograms, FeatureHistogram } from "../../src/domain/histograms.ts";
import { numbers, type Table } from "../../src/domain/table.ts";

const BINS = 24;

/** Histograms of the named features, in their order. */
export function datasetHistograms(
  training: Table,
  holdout: Table,
  featureNames: readonly string[],
): DatasetHistograms {
  const features = featureNames.map((feature): FeatureHistogram => {
    const learned = numbers(training, feature);
    const judged = numbers(holdout, feature);
    const bins = binValues(learned, BINS);
    const other = bins && binLike(bins, judged);
    return {
      feature,
      bins: bins && other &&
        { from: bins.from, to: bins.to, training: bins.counts, holdout: other.counts },
      training_missing: missingShare(learned),
      holdout_missing: missingShare(judged),
      shift: bins && other && shiftOf(bins, other),
    };
  });
  return { features };
}

function missingShare(values: Float64Array): number | null {
  if (values.length === 0) return null;
  return values.filter((value) => Number.isNaN(value)).length / values.length;
}

// Histograms as they are stored: of a dataset's features with the dataset, of a model's training scores
// with the model, so that whoever shows them need not read the rows.

/** The role of a dataset's histograms among its files, and of a model's training scores. */
export const HISTOGRAMS = "histograms";
export const TRAINING_SCORES = "training_scores";

/** Bins of equal width; `counts` has one element a bin. */
export type Counts = { from: number; to: number; counts: number[] };

/** One feature in both parts of a dataset pair. */
export type FeatureHistogram = {
  feature: string;
  /** Over the range of training, the holdout in the same bins; null where training has no value. */
  bins: { from: number; to: number; training: number[]; holdout: number[] } | null;
  /** Shares of rows without a value, in [0, 1]; null without any row. */
  training_missing: number | null;
  holdout_missing: number | null;
  /** Share of the holdout that would have to move to look like training, in [0, 1]. */
  shift: number | null;
};

export type DatasetHistograms = { features: FeatureHistogram[] };

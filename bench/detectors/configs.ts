// The hyperparameters that are measured; peer.py has the same.

import type { IsolationForestConfig } from "../../src/estimators/isolation_forest.ts";
import type { LocalOutlierFactorConfig } from "../../src/estimators/local_outlier_factor.ts";

export const FOREST: IsolationForestConfig = {
  algorithm: "isolation_forest",
  n_estimators: 100,
  max_samples: "auto",
  contamination: 0.1,
  max_features: 1,
  bootstrap: false,
  random_state: 42,
};

export const LOF: LocalOutlierFactorConfig = {
  algorithm: "local_outlier_factor",
  n_neighbors: 20,
  contamination: 0.1,
};

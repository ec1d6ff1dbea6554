"""scikit-learn's side of a case: what measure.ts does, by the same rules, as JSON on stdout.

Usage: python3 bench/detectors/peer.py <case as JSON> <file of rows>
Without arguments: the version of scikit-learn, or a failure where there is none.
"""

import json
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.metrics import silhouette_score
from sklearn.neighbors import LocalOutlierFactor

BUDGET_S = 2.0
MAX_CALLS = 400


def work_of(work, X):
    def forest():
        return IsolationForest(n_estimators=100, contamination=0.1, random_state=42)

    if work == "forest_fit":
        return lambda: forest().fit(X)
    if work == "forest_score":
        fitted = forest().fit(X)
        return lambda: fitted.score_samples(X)
    if work == "lof_fit":
        return lambda: LocalOutlierFactor(n_neighbors=20, contamination=0.1, novelty=True).fit(X)
    labels = np.where(np.arange(len(X)) < len(X) // 20, -1, 1)
    return lambda: silhouette_score(X, labels)


def timing(work):
    calls = []
    while len(calls) < 2 or (sum(calls) < BUDGET_S and len(calls) < MAX_CALLS):
        before = time.process_time()
        work()
        calls.append(time.process_time() - before)
    warm = sorted(calls[(len(calls) + 1) // 2 :])
    return {"firstMs": 1e3 * calls[0], "warmMs": 1e3 * warm[len(warm) // 2], "peakMb": None}


if len(sys.argv) < 2:
    print(sklearn.__version__)
else:
    case = json.loads(sys.argv[1])
    X = np.fromfile(sys.argv[2]).reshape(case["rowCount"], case["columnCount"])
    print(json.dumps(timing(work_of(case["work"], X))))

"""Makes the fixtures on which two versions of scikit-learn agree, over data that nobody stores.

Run in one environment and name the interpreter of the other; both get the same work, and nothing is
written unless they give the same trees and the same numbers:

    python3 -m venv new && new/bin/pip install scikit-learn==1.9.1
    python3 -m venv old && old/bin/pip install scikit-learn==1.2.1 numpy==1.24.4 scipy==1.10.1
    new/bin/python tests/oracle/make_agreed.py --other old/bin/python

It writes tests/oracle/fixtures/agreed_*.json, each with the versions that made it. Data are in
data_sets.py and data_sets.ts; a SHA-256 of their bytes tells whether both made the same.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score, silhouette_score
from sklearn.neighbors import LocalOutlierFactor

from data_sets import FOREST_DATA, NEIGHBOR_DATA, bell, uniform
from make_fixtures import array, write

LABELLED = pathlib.Path(__file__).parents[3] / "shared" / "data" / "labelled"
AUC_SEEDS = range(10)
KEPT_SCORES = 30
FOREST_PARAMS = [
    {"contamination": "auto"},
    {"contamination": 0.03, "random_state": 0},
    {"contamination": 0.5, "random_state": 2**32 - 1},
    {"n_estimators": 1},
    {"max_samples": 64},
    {"max_samples": 1000},
    {"max_samples": 0.5},
    {"max_samples": 1.0},
    {"max_features": 0.5},
    {"max_features": 2, "max_samples": 100},
    {"bootstrap": True},
    {"bootstrap": True, "max_features": 0.7, "max_samples": 100},
    {"bootstrap": True, "max_samples": 0.995, "contamination": 0.2},
]
NEIGHBOR_PARAMS = [
    {"n_neighbors": 20, "contamination": 0.1},
    {"n_neighbors": 1, "contamination": "auto"},
    {"n_neighbors": 35, "contamination": 0.03},
]


def digest(*arrays):
    """SHA-256 of arrays one after the other, as little-endian bytes."""
    sha = hashlib.sha256()
    for values, code in arrays:
        sha.update(np.ascontiguousarray(values, dtype="<" + code).tobytes())
    return base64.b64encode(sha.digest()).decode()


def tree_digest(estimator, features):
    """Of node count, feature (as numbered in X), threshold, children and distinct rows of each node."""
    tree = estimator.tree_
    split_on = np.where(tree.feature >= 0, features[np.maximum(tree.feature, 0)], tree.feature)
    return digest(
        ([tree.node_count], "i4"),
        (split_on, "i4"),
        (tree.threshold, "f8"),
        (tree.children_left, "i4"),
        (tree.children_right, "i4"),
        (tree.n_node_samples, "i4"),
    )


def some(scores):
    """At most KEPT_SCORES of the scores, from first to last."""
    return scores[np.linspace(0, len(scores) - 1, min(len(scores), KEPT_SCORES)).astype(int)]


def fit(model, X):
    """The fitted model, or None where scikit-learn refuses."""
    try:
        return model.fit(X)
    except ValueError:
        return None


def forest_case(X, fresh, params):
    max_samples = params.get("max_samples", 1)
    # A share that is no row: 1.9.1 refuses, 1.2.1 grows trees of nothing.
    is_empty = max_samples < 1 and int(max_samples * len(X)) == 0
    model = None if is_empty else fit(IsolationForest(**params), X)
    if model is None:
        return {"params": params, "refused": True}
    scores = model.score_samples(X)
    return {
        "params": params,
        "max_samples_": int(model.max_samples_),
        "trees": [tree_digest(*t) for t in zip(model.estimators_, model.estimators_features_)],
        "offset": float(model.offset_).hex(),
        "mean_score": float(scores.mean()).hex(),
        "scores": array(some(scores)),
        "fresh_scores": array(some(model.score_samples(fresh))),
    }


def forest_cases():
    cases = []
    for name, make in FOREST_DATA.items():
        X = make()
        fresh = bell(998, 40, X.shape[1])
        common = {"contamination": 0.1, "n_estimators": 10}
        params = [{**common, "random_state": 1000 + len(cases) * 20 + i, **p}
                  for i, p in enumerate(FOREST_PARAMS)]
        cases.append({"data": name, "sha256": digest((X, "f8")),
                      "forests": [forest_case(X, fresh, p) for p in params]})
    return cases


def neighbor_case(X, fresh, params):
    """By scikit-learn's own choice of search: a KD-tree up to 15 columns, else brute force.

    Where many rows are equally far its two searches choose other neighbours, and scores differ.
    """
    model = fit(LocalOutlierFactor(novelty=True, **params), X)
    searches = [fit(LocalOutlierFactor(novelty=True, algorithm=search, **params), X)
                for search in ("kd_tree", "brute")]
    difference = np.subtract(*[search.negative_outlier_factor_ for search in searches])
    return {
        "params": params,
        "searches_disagree": bool(np.abs(difference).max() > 1e-6),
        "k_distance": array(some(model._distances_fit_X_[:, -1])),
        "n_neighbors_": int(model.n_neighbors_),
        "offset": float(model.offset_).hex(),
        "mean_score": float(model.negative_outlier_factor_.mean()).hex(),
        "training_scores": array(some(model.negative_outlier_factor_)),
        "fresh_scores": array(some(model.score_samples(fresh))),
    }


def neighbor_cases():
    cases = []
    for name, make in NEIGHBOR_DATA.items():
        X = make()
        fresh = np.vstack([bell(997, 25, X.shape[1]), X[:5]])
        cases.append({"data": name, "sha256": digest((X, "f8")),
                      "models": [neighbor_case(X, fresh, p) for p in NEIGHBOR_PARAMS]})
    return cases


def silhouette_cases():
    """With distances taken directly: scikit-learn's own Euclidean shortcut is inexact near zero."""
    cases = []
    for name, make in NEIGHBOR_DATA.items():
        X = make()
        for share in (0.1, 0.5):
            flagged = uniform(300, len(X), 1)[:, 0] < share
            flagged[0], flagged[-1] = True, False
            labels = np.where(flagged, -1, 1)
            score = None
            if len(X) > 2:
                score = float(silhouette_score(cdist(X, X), labels, metric="precomputed")).hex()
            cases.append({"data": name, "share": share, "expected": score})
    return cases


def auc_cases():
    """Of the score of a forest with default parameters, over the table that it was fitted on."""
    cases = []
    for path in sorted(LABELLED.glob("*.csv")):
        table = np.loadtxt(path, delimiter=",", skiprows=1)
        X, labels = table[:, :-1], table[:, -1]
        aucs = []
        for seed in AUC_SEEDS:
            model = IsolationForest(random_state=seed).fit(X)
            aucs.append(roc_auc_score(labels, -model.score_samples(X)))
        cases.append({"table": path.name, "rows": len(X), "columns": X.shape[1],
                      "sha256": digest((X, "f8"), (labels, "f8")),
                      "mean_auc": float(np.mean(aucs)).hex(), "aucs": array(aucs)})
    return cases


def versions():
    return {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}


def everything():
    # Of hyperparameters that do not fit tiny data, and of sums that overflow: both are the point.
    warnings.simplefilter("ignore")
    return {
        "versions": versions(),
        "forests": forest_cases(),
        "neighbors": neighbor_cases(),
        "silhouette": silhouette_cases(),
        "auc": auc_cases(),
    }


# --- agreement --------------------------------------------------------------------------------------

# Both add the same numbers, 1.9.1 at times in another order: the last bits are each version's own.
AGREEMENT = {"forests": 2.5e-16, "neighbors": 2e-15, "silhouette": 0, "auc": 0}


def values_of(value):
    """The numbers in an `array()` or a `float.hex()`; None for anything else."""
    if isinstance(value, dict) and "base64" in value:
        return np.frombuffer(base64.b64decode(value["base64"]), dtype="<f8")
    if isinstance(value, str) and value.lstrip("-").startswith("0x"):
        return np.array([float.fromhex(value)])
    return None


def differences(one, other, at=""):
    """(where, how much) for every pair of numbers that is not the same, and infinity for the rest."""
    a, b = values_of(one), values_of(other)
    if a is not None and b is not None:
        if a.shape != b.shape:
            yield at, np.inf
        elif np.any(a != b):
            yield at, float(np.max(np.abs(a - b)))
    elif isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{at}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, pair in enumerate(zip(one, other)):
            name = one[i].get("data", i) if isinstance(one[i], dict) else i
            yield from differences(*pair, f"{at}/{name}")
    elif one != other:
        yield at, np.inf


def agreed(kind, mine, theirs):
    """Cases with the offsets of both, once nothing else differs by more than the last bits."""
    found = sorted(differences(mine, theirs), key=lambda difference: -difference[1])
    print(f"{kind}: {len(found)} numbers differ, most {found[:3]}")
    if found and found[0][1] > AGREEMENT[kind]:
        raise SystemExit(f"The versions do not agree on {kind}: nothing written.")
    if kind == "forests":
        for my_case, their_case in zip(mine, theirs):
            for my_forest, their_forest in zip(my_case["forests"], their_case["forests"]):
                if "offset" in my_forest:
                    my_forest["offset"] = [my_forest["offset"], their_forest["offset"]]
    return mine


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--other", help="python of the environment with the other version")
    other = parser.parse_args().other
    mine = everything()
    if other is None:
        json.dump(mine, sys.stdout)
        return
    answer = subprocess.run([other, __file__], check=True, stdout=subprocess.PIPE)
    theirs = json.loads(answer.stdout)
    versions_of_both = [mine.pop("versions"), theirs.pop("versions")]
    files = {kind: agreed(kind, mine[kind], theirs[kind]) for kind in mine}
    for kind, cases in files.items():
        write(f"agreed_{kind}", {"versions": versions_of_both, "cases": cases})


if __name__ == "__main__":
    main()

"""Makes the fixtures that the estimators and metrics are held to, with scikit-learn itself.

Run in a Python 3.11 environment of its own, from any directory:

    pip install scikit-learn==1.2.1 numpy==1.24.4 scipy==1.10.1
    python tests/oracle/make_fixtures.py

It writes tests/oracle/fixtures/*.json. All data is generated here by seeded numpy; the same versions
give the same files. Arrays are base64 of little-endian bytes, so that every bit survives: see
`array()` here and tests/oracle/fixtures.ts on the other side.
"""

import base64
import json
import pathlib
import warnings

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.ensemble import IsolationForest
from sklearn.impute import SimpleImputer
from sklearn.metrics import silhouette_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
CODES = {"f8": "F64", "i4": "I32", "i1": "I8", "u4": "U32"}


def array(values, code="f8"):
    values = np.ascontiguousarray(values, dtype="<" + code)
    text = base64.b64encode(values.tobytes()).decode()
    return {"dtype": CODES[code], "shape": list(values.shape), "base64": text}


def write(name, value):
    text = json.dumps(value, indent=0, separators=(",", ":"))
    (FIXTURES / f"{name}.json").write_text(text + "\n")


def gaussian(rows, columns, seed, outliers=0.05):
    """Standard normal rows, a share of them shifted far out."""
    random = np.random.RandomState(seed)
    X = random.standard_normal((rows, columns))
    X[: int(rows * outliers)] += random.uniform(-6, 6, (int(rows * outliers), columns))
    return X


# --- random numbers ---------------------------------------------------------------------------------


def random_case(seed):
    """Draws of every kind, each kind from a generator of its own, then all kinds from one."""
    new = lambda: np.random.RandomState(seed)
    mixed = new()
    return {
        "seed": seed,
        "uint32": array(new().randint(0, 2**32, 1500, dtype=np.uint32), "u4"),
        "randint_7": array(new().randint(7, size=50), "i4"),
        "randint_max": array([new().randint(2**31 - 1)], "i4"),
        "random": array(new().random_sample(50)),
        "normal": array(new().standard_normal(51)),
        "permutation_1": array(new().permutation(1), "i4"),
        "permutation_100": array(new().permutation(100), "i4"),
        "mixed": array([
            mixed.standard_normal(),
            mixed.randint(10),
            mixed.standard_normal(),
            mixed.random_sample(),
            mixed.standard_normal(),
        ]),
    }


# --- isolation forests ------------------------------------------------------------------------------


def tree_arrays(estimator, features):
    """A tree's arrays, with features numbered as in X and not as in the tree's own subset."""
    tree = estimator.tree_
    split_on = np.where(tree.feature >= 0, features[np.maximum(tree.feature, 0)], tree.feature)
    return {
        "feature": array(split_on, "i4"),
        "threshold": array(tree.threshold),
        "children_left": array(tree.children_left, "i4"),
        "children_right": array(tree.children_right, "i4"),
        "n_node_samples": array(tree.n_node_samples, "i4"),
    }


def forest_case(name, X, keep_trees=True, **params):
    params = {"contamination": 0.1, "random_state": 42, "n_estimators": 6, **params}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = IsolationForest(**params).fit(X)
    fresh = gaussian(25, X.shape[1], 999)
    trees = zip(model.estimators_, model.estimators_features_)
    return {
        "name": name,
        "params": params,
        "X": array(X),
        "fresh": array(fresh),
        "trees": [tree_arrays(*tree) for tree in trees] if keep_trees else None,
        "node_count": sum(e.tree_.node_count for e in model.estimators_),
        "max_samples_": int(model.max_samples_),
        "warned": any("max_samples" in str(w.message) for w in caught),
        "offset": float(model.offset_).hex(),
        "scores": array(model.score_samples(X)),
        "fresh_scores": array(model.score_samples(fresh)),
        "fresh_decision": array(model.decision_function(fresh)),
        "fresh_labels": array(model.predict(fresh), "i1"),
    }


def near_equal_case(seed, rows, pair, **params):
    """A forest of rows that are all 0 but for the pair."""
    X = np.zeros((rows, 1))
    X[pair[0]], X[pair[1]] = 100, 101
    params = {"contamination": "auto", "random_state": seed, "max_samples": 1.0, **params}
    model = IsolationForest(n_estimators=3, **params).fit(X)
    return {
        "params": {"n_estimators": 3, **params},
        "rows": rows,
        "pair": [int(row) for row in pair],
        "trees": [tree_arrays(*t) for t in zip(model.estimators_, model.estimators_features_)],
    }


def near_equal_cases():
    """The two rows apart from the others have the closest pair of random targets of their seed.

    Whether scikit-learn splits the two depends on rounding: see src/estimators/target_impurity.ts.
    """
    cases = []
    for seed in range(10_000):
        targets = np.random.RandomState(seed).uniform(size=300)
        order = np.argsort(targets)
        gaps = np.diff(targets[order])
        at = int(np.argmin(gaps))
        if gaps[at] < 2e-8 or (gaps[at] < 1.5e-7 and seed % 4 == 0):
            bootstrap = len(cases) % 4 == 3
            cases.append(near_equal_case(seed, 300, order[[at, at + 1]], bootstrap=bootstrap))
    return cases


def forest_cases():
    normal = gaussian(300, 5, 1)
    integers = np.random.RandomState(2).randint(0, 3, (200, 8)).astype(float)
    duplicates = np.repeat(gaussian(25, 5, 3), 8, axis=0)
    partly_constant = gaussian(80, 5, 4)
    partly_constant[:, [1, 3]] = 7.25
    tall = gaussian(600, 3, 5)
    big = gaussian(1200, 4, 6)
    hardly_varying = gaussian(80, 4, 12) * [1e-8, 1, 1e-7, 3e-8]
    return [
        forest_case("gaussian", normal),
        forest_case("gaussian, seed 0", normal, random_state=0, n_estimators=5),
        forest_case("gaussian, largest seed", normal, random_state=2**32 - 1, n_estimators=5),
        forest_case("gaussian, contamination auto", normal, contamination="auto"),
        forest_case("gaussian, contamination 0.5", normal, contamination=0.5, n_estimators=3),
        forest_case("gaussian, 100 trees", normal, keep_trees=False, n_estimators=100),
        forest_case("integers", integers),
        forest_case("duplicates", duplicates),
        forest_case("constant", np.ones((50, 3))),
        forest_case("partly constant", partly_constant),
        forest_case("one row", np.ones((1, 3))),
        forest_case("two rows", gaussian(2, 2, 7), n_estimators=20),
        forest_case("three rows", gaussian(3, 2, 8), n_estimators=20),
        forest_case("bootstrap", normal, bootstrap=True),
        forest_case("bootstrap of integers", integers, bootstrap=True, max_samples=64),
        forest_case("max_features share", normal, max_features=0.5),
        forest_case("max_features tiny share", normal, max_features=0.1),
        forest_case("max_features count", normal, max_features=3, bootstrap=True, max_samples=100),
        forest_case("max_samples count", normal, max_samples=64),
        forest_case("max_samples above n", gaussian(60, 4, 9), max_samples=1000),
        forest_case("max_samples share", normal, max_samples=0.35),
        forest_case("max_samples all", gaussian(100, 4, 10), max_samples=1.0),
        forest_case("few of many rows", tall, max_samples=5, n_estimators=30),
        forest_case("almost all rows", tall, max_samples=598, n_estimators=2),
        forest_case("many rows", big, keep_trees=False, n_estimators=50),
        forest_case("wide", gaussian(120, 33, 11), n_estimators=5),
        forest_case("columns within the feature threshold", hardly_varying),
    ]


# --- local outlier factor ---------------------------------------------------------------------------


def lof_case(name, X, tolerance=1e-12, algorithm="kd_tree", **params):
    """`kd_tree` takes distances exactly; `brute` expands the square and is off by about 1e-15."""
    params = {"n_neighbors": 20, "contamination": 0.1, **params}
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        model = LocalOutlierFactor(novelty=True, algorithm=algorithm, **params).fit(X)
    fresh = np.vstack([gaussian(25, X.shape[1], 998), X[:5]])
    return {
        "name": name,
        "params": params,
        "tolerance": tolerance,
        "X": array(X),
        "fresh": array(fresh),
        "n_neighbors_": int(model.n_neighbors_),
        "offset": float(model.offset_).hex(),
        "training_scores": array(model.negative_outlier_factor_),
        "fresh_scores": array(model.score_samples(fresh)),
        "fresh_labels": array(model.predict(fresh), "i1"),
    }


def lof_cases():
    normal = gaussian(300, 6, 21)
    return [
        lof_case("gaussian", normal),
        lof_case("gaussian, brute force", normal, algorithm="brute"),
        lof_case("contamination auto", normal, contamination="auto"),
        lof_case("one neighbour", normal, n_neighbors=1),
        lof_case("one column", gaussian(200, 1, 22)),
        lof_case("twenty columns", gaussian(150, 20, 23), n_neighbors=7),
        lof_case("more neighbours than rows", gaussian(12, 3, 24)),
        lof_case("as many neighbours as rows", gaussian(20, 3, 25)),
        lof_case("two rows", gaussian(2, 2, 26)),
        lof_case("pairs of duplicates", np.repeat(gaussian(60, 4, 27), 2, axis=0), 1e-6, n_neighbors=5),
        lof_case("more duplicates than neighbours", np.repeat(gaussian(6, 2, 28), 8, axis=0), 1e-6,
                 n_neighbors=5),
    ]


# --- preprocessing and whole detectors --------------------------------------------------------------


def messy(rows, seed):
    """Heavy tails, missing values, two constants, a column far from 0, one that is all null."""
    random = np.random.RandomState(seed)
    X = random.standard_t(2, (rows, 8)) * [1, 100, 1e-3, 1, 1, 1e6, 1, 1]
    X[random.uniform(size=X.shape) < 0.1] = np.nan
    X[:, 3] = 7.5
    X[:, 4] = 0.1
    X[:, 7] = 1e9 + np.round(X[:, 7] * 64) / 1024
    X[:, 6] = np.nan
    return X


def detector_case(name, X, model, params):
    kept = np.flatnonzero(~np.isnan(X).all(axis=0))
    # Row-major: numpy sums the columns of a column-major array in another order.
    rows = np.ascontiguousarray(X[:, kept])
    imputer = SimpleImputer(strategy="median").fit(rows)
    imputed = imputer.transform(rows)
    low, high = np.percentile(imputed, [0.1, 99.9], axis=0)
    scaler = StandardScaler().fit(np.clip(imputed, low, high))
    prepare = lambda rows: scaler.transform(np.clip(imputer.transform(rows), low, high))
    scaled = prepare(rows)
    model = model(**params).fit(scaled)
    is_lof = isinstance(model, LocalOutlierFactor)
    training = model.negative_outlier_factor_ if is_lof else model.score_samples(scaled)
    fresh = np.ascontiguousarray(messy(40, 997)[:, kept])
    params = {key: value for key, value in params.items() if key != "novelty"}
    return {
        "name": name,
        "params": {"algorithm": "local_outlier_factor" if is_lof else "isolation_forest", **params},
        "X": array(X),
        "kept": [int(j) for j in kept],
        "fresh": array(fresh),
        "median": array(imputer.statistics_),
        "low": array(low),
        "high": array(high),
        "mean": array(scaler.mean_),
        "scale": array(scaler.scale_),
        "scaled": array(scaled),
        "fresh_scaled": array(prepare(fresh)),
        "offset": float(model.offset_).hex(),
        "training_rate": float(np.mean(training - model.offset_ < 0)),
        "fresh_scores": array(model.score_samples(prepare(fresh))),
        "fresh_decision": array(model.decision_function(prepare(fresh))),
        "fresh_labels": array(model.predict(prepare(fresh)), "i1"),
    }


def detector_cases():
    forest = {"n_estimators": 20, "contamination": 0.1, "random_state": 42}
    lof = {"n_neighbors": 20, "contamination": 0.1, "novelty": True}
    return [
        detector_case("forest", messy(250, 31), IsolationForest, forest),
        detector_case("forest, odd number of rows", messy(31, 32), IsolationForest, forest),
        detector_case("lof", messy(200, 33), LocalOutlierFactor, lof),
    ]


def percentile_cases():
    random = np.random.RandomState(41)
    cases = []
    for size in (1, 2, 3, 10, 101, 1000):
        values = random.standard_normal(size)
        q = np.concatenate([[0, 0.1, 10, 25, 50, 75, 99.9, 100], random.uniform(0, 100, 20)])
        cases.append({"values": array(values), "q": array(q), "expected": array(np.percentile(values, q))})
    return cases


# --- silhouette -------------------------------------------------------------------------------------


def silhouette_case(name, X, labels):
    """With distances taken directly: scikit-learn's own Euclidean shortcut is inexact near zero."""
    labels = np.asarray(labels)
    score = silhouette_score(cdist(X, X), labels, metric="precomputed")
    return {"name": name, "X": array(X), "labels": array(labels, "i1"), "expected": score}


def silhouette_cases():
    X = gaussian(200, 6, 51)
    flagged = np.where(np.arange(200) < 10, -1, 1)
    random = np.where(np.random.RandomState(52).uniform(size=200) < 0.3, -1, 1)
    one = np.where(np.arange(200) == 77, -1, 1)
    return [
        silhouette_case("outliers flagged", X, flagged),
        silhouette_case("random labels", X, random),
        silhouette_case("one flagged", X, one),
        silhouette_case("all but one flagged", X, -one),
        silhouette_case("one column", X[:, :1], random),
        silhouette_case("seven columns", gaussian(90, 7, 53), random[:90]),
        silhouette_case("duplicates across groups", np.repeat(X[:30], 2, axis=0), random[:60]),
        silhouette_case("all rows equal", np.ones((10, 3)), random[:10]),
        silhouette_case("three rows", X[:3], [-1, 1, 1]),
    ]


if __name__ == "__main__":
    FIXTURES.mkdir(exist_ok=True)
    write("random", [random_case(seed) for seed in (0, 1, 42, 2**32 - 1)])
    write("isolation_forest", forest_cases())
    write("near_equal_targets", near_equal_cases())
    write("local_outlier_factor", lof_cases())
    write("detector", detector_cases())
    write("percentile", percentile_cases())
    write("silhouette", silhouette_cases())

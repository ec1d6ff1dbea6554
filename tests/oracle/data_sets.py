"""Data sets that need not be stored: src/random.ts draws the same numbers as numpy's RandomState.

tests/oracle/data_sets.ts makes the same ones under the same names, bit for bit. That holds because
nothing is used but draws of uniform doubles and integers, and arithmetic that IEEE 754 rounds in one way:
no normals (their logarithm is the platform's) and no sum whose order is numpy's own.
"""

import numpy as np

LARGEST_SPREAD = 6e38  # around 0, that is just inside float32


def bell(seed, rows, columns):
    """About normal; the first twentieth of the rows is stretched fourfold."""
    random = np.random.RandomState(seed)
    draw = lambda: random.random_sample((rows, columns))
    X = draw() + draw() + draw() - 1.5
    X[: rows // 20] *= 4
    return X


def integers(seed, high, rows, columns):
    return np.random.RandomState(seed).randint(0, high, (rows, columns)).astype(float)


def uniform(seed, rows, columns):
    return np.random.RandomState(seed).random_sample((rows, columns))


def partly_constant():
    X = bell(7, 80, 5)
    X[:, [1, 3]] = 7.25
    return X


def signed_zeros():
    X = integers(8, 3, 120, 4)
    return np.where(X == 0, -0.0, X - 1)


def ramp():
    i = np.arange(400.0)
    return np.stack([i, -i, i % 7], axis=1)


FOREST_DATA = {
    "bell": lambda: bell(1, 300, 6),
    "few of many": lambda: bell(2, 30_000, 6),
    "just above a sample": lambda: bell(3, 258, 4),
    "integers": lambda: integers(4, 3, 500, 8),
    "binary": lambda: integers(5, 2, 400, 10),
    "duplicates": lambda: np.repeat(bell(6, 40, 5), 20, axis=0),
    "constant": lambda: np.full((50, 3), 7.25),
    "partly constant": partly_constant,
    "one row": lambda: bell(9, 1, 3),
    "two rows": lambda: bell(10, 2, 2),
    "three rows": lambda: bell(11, 3, 2),
    "nine rows": lambda: bell(12, 9, 4),
    "one column": lambda: bell(13, 200, 1),
    "wide": lambda: bell(14, 120, 33),
    "hardly varying": lambda: bell(15, 80, 4) * [1e-8, 1, 1e-7, 3e-8],
    "scales": lambda: bell(16, 250, 6) * [1e-30, 1e-3, 1, 1e3, 1e9, 1e30],
    "heavy tails": lambda: (uniform(17, 300, 4) - 0.5) / (uniform(18, 300, 4) + 1e-6),
    "signed zeros": signed_zeros,
    "largest and smallest": lambda: (uniform(19, 150, 3) - 0.5) * [LARGEST_SPREAD, 1e-40, 1],
    "ramp": ramp,
}

# Without ties, as far as `columns` allows: then the k nearest rows are the same ones for everybody.
NEIGHBOR_DATA = {
    **{f"{columns} columns": (lambda columns=columns: bell(100 + columns, 250, columns))
       for columns in (1, 2, 3, 6, 7, 8, 9, 15, 16, 17, 33)},
    "many rows": lambda: bell(200, 3000, 6),
    "many rows, wide": lambda: bell(201, 1200, 20),
    "two rows": lambda: bell(202, 2, 2),
    "fewer rows than neighbours": lambda: bell(203, 12, 3),
    "scales": lambda: bell(204, 300, 4) * [1e-6, 1, 1e3, 1e6],
    "pairs of equal rows": lambda: np.repeat(bell(205, 150, 4), 2, axis=0),
    "more equal rows than neighbours": lambda: np.repeat(bell(206, 10, 3), 30, axis=0),
    "all rows equal": lambda: np.full((40, 3), 7.25),
    "integers": lambda: integers(207, 4, 300, 3),
}

"Levels of recall: whole numbers reach every level that they should, and quotients of floats lose some."
from fractions import Fraction

import numpy as np
import pytest

from lossbook.ranking.average_precision import average_precision_score

LARGEST = 200
LEVELS = {"voc11": 10, "coco101": 100}
LOST = {"voc11": (80, {3, 6, 7}), "coco101": (58, {35, 41, 47, 57, 69, 70, 82, 83, 94, 95})}


def lost_by(levels):
    "Each `(k, n, j)` where `k/n` and level `j` are on different sides in floats and in whole numbers."
    k, n, j = np.ogrid[: LARGEST + 1, 1 : LARGEST + 1, : len(levels)]
    exact, rounded = (len(levels) - 1) * k >= j * n, k / n >= levels[j]
    return np.argwhere((exact != rounded) & (k <= n)) + [0, 1, 0]


@pytest.mark.parametrize("how", LEVELS)
def test_row_35_counts_of_lost_levels(how):
    count, levels = LOST[how]
    grids = [np.linspace(0, 1, LEVELS[how] + 1)] + [np.arange(0, 1.1, 0.1)] * (how == "voc11")
    for grid in grids:
        lost = lost_by(grid)
        assert len(lost) == count and set(lost[:, 2].tolist()) == levels
        assert all(Fraction(int(k), int(n)) == Fraction(int(j), LEVELS[how]) for k, n, j in lost)  # only where recall is the level


@pytest.mark.parametrize("how", LEVELS)
def test_ours_reaches_each_level_and_the_float_grid_loses_it(how):
    steps = LEVELS[how]
    for k, n, j in lost_by(np.linspace(0, 1, steps + 1)).tolist():
        found = dict(y_true=np.ones(k), y_score=np.linspace(1, 0.5, k), missed=n - k, interpolation=how)
        exact, rounded = (average_precision_score(**found, grid=grid) for grid in ("exact", "float"))
        assert exact == (j + 1) / (steps + 1) and rounded == j / (steps + 1)


@pytest.mark.parametrize("how", LEVELS)
def test_both_grids_agree_where_recall_is_no_level(how):
    for k, n in [(1, 7), (5, 7), (13, 17), (101, 199)]:
        found = dict(y_true=np.ones(k), y_score=np.linspace(1, 0.5, k), missed=n - k, interpolation=how)
        assert average_precision_score(**found) == average_precision_score(**found, grid="float") == (LEVELS[how] * k // n + 1) / (LEVELS[how] + 1)


def test_whole_weights_are_as_exact_as_counts():
    y, s = [1, 1, 0, 1], [0.9, 0.8, 0.7, 0.1]
    for scale in (1, 3, 7, 1e6):
        weight = np.array([20, 37, 40, 43]) * scale
        ours = average_precision_score(y, s, sample_weight=weight, interpolation="coco101")
        assert ours == pytest.approx((58 + 43 * 100 / 140) / 101, rel=1e-14)

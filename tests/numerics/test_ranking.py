"Scores that break naive code, ranked: NaN, infinities, logits that saturate, counts and weights of any size."
from fractions import Fraction

import numpy as np
import pytest

from lossbook.ranking.ranked_scores import BinnedScores, RankedScores
from lossbook.ranking.roc import roc_auc_bounds, roc_auc_score, roc_auc_standard_error, roc_curve

INF = float("inf")
METRICS = [roc_curve, roc_auc_score, roc_auc_bounds, roc_auc_standard_error]
each_metric = pytest.mark.parametrize("metric", METRICS, ids=[metric.__name__ for metric in METRICS])


@each_metric
@pytest.mark.parametrize("options", [{}, {"bins": 4}], ids=["exact", "binned"])
def test_row_27_a_score_that_is_nan_is_refused(metric, options):
    for dtype in ("float32", "float64"):
        with pytest.raises(ValueError, match=r"y_score holds nan at \[1\]"):
            metric([1, 0, 1, 0], np.array([0.2, np.nan, 0.4, 0.6], dtype), **options)


def test_row_28_an_infinite_score_is_ranked():
    y, s = [1, 0, 1, 0, 1, 0], [INF, INF, 3, 1, -INF, -INF]
    assert roc_auc_score(y, s) == pytest.approx(float(Fraction(5, 9)), rel=1e-15)  # 2.5, 2 and 0.5 of 3 each
    assert roc_curve(y, s).thresholds.tolist() == [INF, INF, 3, 1, -INF]
    assert roc_auc_score(y, s, bins=3, range=(0, 4)) == roc_auc_score(y, s)
    assert roc_auc_standard_error(y, s) == roc_auc_standard_error(y, [9, 9, 3, 1, 0, 0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_logits_are_ranked_as_they_come(dtype):
    y, z = [1, 0, 1, 0, 1], np.array([100, 20, 40, 30, 10], dtype)
    assert roc_auc_score(y, z) == pytest.approx(2 / 3, rel=1e-15)
    assert roc_auc_score(y, -z) == pytest.approx(1 / 3, rel=1e-15)


def test_scores_that_differ_in_the_last_digit():
    one = np.nextafter(1, 2)
    assert roc_auc_score([1, 0], [one, 1.0]) == 1 and roc_auc_score([0, 1], [5e-324, 0.0]) == 0
    assert roc_auc_score([1, 0], [0.0, -0.0]) == 0.5


def test_counts_whose_product_no_integer_holds():
    "Ten billion of each class, in bins: their pairs are 1e20."
    counts = np.array([[0, 3 * 10**10, 10**10, 0], [0, 10**10, 4 * 10**10, 0]])
    table = BinnedScores(2, counts=counts)
    wins, ties = Fraction(4 * 3, 5 * 4), Fraction(1 * 3 + 4 * 1, 5 * 4)
    assert roc_auc_score.of(table) == pytest.approx(float(wins + ties / 2), rel=1e-15)
    assert roc_auc_bounds.of(table) == pytest.approx((float(wins), float(wins + ties)), rel=1e-15)
    assert len(roc_curve.of(table, drop_intermediate=True).fpr) == 3
    assert 0 < roc_auc_standard_error.of(table) < 1e-5


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1, 1e12, 1e200])
def test_weights_of_any_size(scale):
    y, s, w = [1, 0, 1, 0, 1], [5, 4, 3, 2, 1], np.array([1.0, 2, 3, 4, 5])
    wins = Fraction(1 * 6 + 3 * 4, 9 * 6)
    assert roc_auc_score(y, s, sample_weight=w * scale) == pytest.approx(float(wins), rel=1e-14)
    assert roc_auc_score(y, s, sample_weight=w * scale, max_fpr=0.5) == pytest.approx(roc_auc_score(y, s, sample_weight=w, max_fpr=0.5), rel=1e-13)


def test_weights_that_do_not_add_up_in_floats_leave_a_perfect_ranking_perfect():
    rng = np.random.default_rng(0)
    y, w = rng.integers(0, 2, 10**5), rng.random(10**5)
    s = y + rng.random(10**5)
    curve = roc_curve(y, s, sample_weight=w)
    assert roc_auc_score(y, s, sample_weight=w) == 1 and roc_auc_score(1 - y, s, sample_weight=w) == 0
    assert curve.fpr[-1] == curve.tpr[-1] == 1


def test_small_areas_keep_their_digits():
    "One pair in a million in order; 1 - (1 - A) would keep ten digits of it."
    y, s = np.append(np.ones(1000, int), np.zeros(1000, int)), np.append(np.arange(1000), 1000 + np.arange(1000.0))
    s[0] = 1000.5  # above one negative
    assert roc_auc_score(y, s) == 1e-6


def test_batches_of_many_scores_are_one_ranking():
    rng = np.random.default_rng(0)
    y, s = rng.integers(0, 2, 3000), rng.integers(0, 500, 3000)
    parts = sum(RankedScores.from_scores(y[i::7], s[i::7]) for i in range(7))
    for metric in METRICS:
        np.testing.assert_array_equal(metric.of(parts), metric(y, s))

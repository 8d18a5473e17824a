"Laws of the Brier score's decomposition, on random forecasts with ties and without, with weights and without, in bins and not."
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook.ranking.brier import brier_decomposition, brier_score, multiclass_brier_score, rank_probabilities
from lossbook.ranking.ranked_scores import RankedScores
from tests.properties.inputs import numbers

EDGES = [0.0, 1e-300, 0.1, 0.3, 0.5, 0.1 + 0.2, 1 - 2**-53, 1.0]


class Days(NamedTuple):
    y: np.ndarray
    p: np.ndarray
    weight: np.ndarray | None
    bins: int | None

    def apart(self, rows=slice(None), **options):
        return brier_decomposition.of(self.ranked(rows), **{"bins": self.bins, **options})

    def ranked(self, rows=slice(None)):
        return rank_probabilities(self.y[rows], self.p[rows], sample_weight=None if self.weight is None else self.weight[rows])

    @property
    def score(self): return brier_score(self.y, self.p, sample_weight=self.weight)


@st.composite
def days(draw, most=60):
    n, rng = draw(st.integers(1, most)), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["any", "tenths", "edges", "float32"]))
    p = {"any": numbers(rng, "y_proba", n, 2), "tenths": rng.integers(0, 11, n)/10, "edges": rng.choice(EDGES, n), "float32": rng.random(n, "float32")}[kind]
    weight = rng.uniform(0.1, 3, n) if draw(st.booleans()) else None
    return Days(rng.integers(0, 2, n), p, weight, draw(st.sampled_from([None, 1, 2, 3, 10, 1000])))


def close(a, b, atol=1e-12):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=atol)


@given(days())
def test_the_terms_are_the_score(case):
    parts = case.apart()
    close(parts.score, case.score)
    close(parts.reliability - parts.resolution + parts.uncertainty + parts.within, case.score)


@given(days())
def test_terms_lie_where_they_are_said_to(case):
    parts = case.apart()
    assert 0 <= parts.reliability <= 1 and 0 <= parts.resolution <= parts.uncertainty + 1e-15 and 0 <= parts.uncertainty <= 0.25
    assert all(type(part) is float for part in parts)


@given(days())
def test_nothing_is_within_a_single_forecast(case):
    assert case.apart(bins=None).within == 0


@given(days())
def test_within_is_what_the_means_of_the_bins_cost_less(case):
    bins = case.bins or 4
    place = np.searchsorted(np.arange(1, bins)/bins, case.p.astype(float))
    weight = np.ones(len(case.y)) if case.weight is None else case.weight
    means = np.bincount(place, weight*case.p, bins) / np.maximum(np.bincount(place, weight, bins), 1e-300)
    replaced = np.clip(means[place], 0, 1)
    close(case.apart(bins=bins).within, case.score - brier_score(case.y, replaced, sample_weight=case.weight))


@given(days(), st.data())
def test_any_split_in_any_order_is_one_pass(case, data):
    part = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(case.y), max_size=len(case.y))))
    order = data.draw(st.permutations(np.unique(part).tolist()))
    total = sum(case.ranked(np.flatnonzero(part == which)) for which in order)
    close(brier_decomposition.of(total, bins=case.bins), case.apart())


@given(days())
def test_the_opposite_question_has_the_same_answer(case):
    p = np.round(case.p.astype(float)*64)/64  # so that no chance is rounded by 1 - p
    close(brier_decomposition(1 - case.y, 1 - p, sample_weight=case.weight), brier_decomposition(case.y, p, sample_weight=case.weight))


@given(days())
def test_a_forecast_corrected_by_what_followed_has_no_reliability_left(case):
    row = np.unique(case.p, return_inverse=True)[1].ravel()
    weight = np.ones(len(case.y)) if case.weight is None else case.weight
    followed = (np.bincount(row, weight*case.y) / np.bincount(row, weight))[row]
    corrected = brier_decomposition(case.y, np.clip(followed, 0, 1), sample_weight=case.weight)
    close(corrected.reliability, 0)
    close(corrected.resolution, case.apart(bins=None).resolution)


@given(days())
def test_a_weight_of_two_is_the_day_twice(case):
    twice = np.tile(case.y, 2), np.tile(case.p, 2)
    close(brier_decomposition(*twice, bins=case.bins), brier_decomposition(case.y, case.p, sample_weight=np.full(len(case.y), 2), bins=case.bins))


@given(days())
def test_the_sum_over_both_classes(case):
    both = np.stack([1 - case.p.astype(float), case.p.astype(float)], axis=-1)
    options = {"sample_weight": case.weight}
    close(multiclass_brier_score(case.y, both, **options), brier_score(case.y, case.p, scale_by_half=False, **options))
    close(multiclass_brier_score(case.y, both, scale_by_half=True, **options), case.score)


@given(days(), st.floats(0, 1))
def test_honesty_is_never_dearer(case, q):
    for p in (*case.p.tolist(), *EDGES):
        honest, other = (q*brier_score(1, x) + (1 - q)*brier_score(0, x) for x in (q, p))
        assert honest <= other + 1e-15


def test_any_shape_and_an_empty_summary():
    y, p = np.array([[1, 0], [0, 1]]), np.array([[0.8, 0.3], [0.3, 0.9]])
    assert brier_decomposition(y, p) == brier_decomposition(y.ravel(), p.ravel())
    assert np.isnan(brier_decomposition.of(RankedScores())).all()
    filled = rank_probabilities(y, p)
    assert brier_decomposition.of(filled + RankedScores()) == brier_decomposition.of(filled)


@pytest.mark.parametrize("weight, words", [([0, 0], "every example has weight 0"), ([1], "sample_weight"), ([1, -1], "sample_weight holds -1")])
def test_bad_weights(weight, words):
    with pytest.raises(ValueError, match=words):
        brier_decomposition([1, 0], [0.8, 0.3], sample_weight=weight)

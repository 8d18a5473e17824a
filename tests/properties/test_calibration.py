"Laws of calibration: any split, any order, ties, weights, bounds, bins, and what a temperature does."
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lossbook.classification.cross_entropy import cross_entropy_from_logits, softmax
from lossbook.ranking.brier import brier_decomposition
from lossbook.ranking.calibration import calibration_curve, calibration_error, fit_temperature, top_forecasts
from lossbook.ranking.ranked_scores import BinnedScores
from tests.properties import inputs  # noqa: F401, which loads the profile of the book

seeds = st.integers(0, 2**32 - 1)
asked = st.fixed_dictionaries({"bins": st.sampled_from([1, 2, 5, 15, 100]), "binning": st.sampled_from(["width", "mass"])})
norms = st.sampled_from([1, 1.5, 2, np.inf])
kinds = st.sampled_from(["binary", "top"])


def data(seed, n, tied=True):
    "Labels and forecasts, some of them on edges and many of them tied."
    rng = np.random.default_rng(seed)
    p = rng.choice(np.linspace(0, 1, 11), n) if tied else rng.random(n)
    return rng.integers(0, 2, n), p, rng


def close(a, b, rtol=1e-12, atol=1e-14):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@given(st.data(), seeds, st.integers(1, 40), st.booleans(), asked, norms, kinds)
def test_a_stream_in_any_split_is_one_pass(draw, seed, n, tied, options, norm, kind):
    y, p, _ = data(seed, n, tied)
    ends = sorted(draw.draw(st.sets(st.integers(1, n - 1), max_size=5))) if n > 1 else []
    runs = draw.draw(st.permutations(np.split(np.arange(n), ends)))
    total = sum(calibration_error.summary(y[rows], p[rows], kind=kind) for rows in runs)
    assert calibration_error.of(total, norm=norm, **options) == calibration_error(y, p, kind=kind, norm=norm, **options)
    for one, other in zip(calibration_curve.of(total, **options), calibration_curve(y, p, kind=kind, **options)):
        np.testing.assert_array_equal(one, other)


@given(st.data(), seeds, st.integers(2, 30), st.booleans(), asked, kinds)
def test_weighted_streams_too(draw, seed, n, tied, options, kind):
    y, p, rng = data(seed, n, tied)
    w, at = rng.choice([0.1, 0.3, 0.7, 1.1], n), draw.draw(st.integers(1, n - 1))
    halves = [calibration_error.summary(y[rows], p[rows], kind=kind, sample_weight=w[rows]) for rows in (slice(at, None), slice(at))]
    close(calibration_error.of(sum(halves), **options), calibration_error(y, p, kind=kind, sample_weight=w, **options))


@given(st.data(), seeds, st.integers(1, 30), st.booleans(), asked, norms, kinds)
def test_order_does_not_matter_nor_that_of_ties(draw, seed, n, tied, options, norm, kind):
    y, p, _ = data(seed, n, tied)
    order = draw.draw(st.permutations(range(n)))
    given = {"kind": kind, "norm": norm, **options}
    assert calibration_error(y[order], p[order], **given) == calibration_error(y, p, **given)


@given(seeds, st.integers(1, 30), st.booleans(), asked, norms, kinds)
def test_weight_two_is_being_there_twice(seed, n, tied, options, norm, kind):
    y, p, rng = data(seed, n, tied)
    counts, given = rng.integers(0, 4, n), {"kind": kind, "norm": norm, **options}
    assume(counts.any())
    twice = calibration_error(np.repeat(y, counts), np.repeat(p, counts), **given)
    close(calibration_error(y, p, sample_weight=counts, **given), twice)


@given(seeds, st.integers(1, 30), asked, st.sampled_from([0.1, 1 / 3, 1e-6, 1e6 + 0.5]))
def test_the_unit_of_fractional_weights_does_not_matter(seed, n, options, unit):
    y, p, rng = data(seed, n)
    w = rng.integers(1, 9, n) + 0.5
    close(calibration_error(y, p, sample_weight=w * unit, **options), calibration_error(y, p, sample_weight=w, **options), rtol=1e-9)


@given(seeds, st.integers(1, 30), st.booleans(), asked, kinds)
def test_bounds_and_the_order_of_norms(seed, n, tied, options, kind):
    y, p, _ = data(seed, n, tied)
    errors = [calibration_error(y, p, kind=kind, norm=norm, **options) for norm in (1, 1.5, 2, 10, np.inf)]
    assert 0 <= errors[0] and errors[-1] <= 1
    assert all(a <= b * (1 + 1e-12) for a, b in zip(errors, errors[1:]))


@given(seeds, st.integers(1, 30), st.booleans(), asked)
def test_the_curve_holds_everybody(seed, n, tied, options):
    y, p, _ = data(seed, n, tied)
    said, observed, weight = calibration_curve(y, p, **options)
    assert weight.sum() == n and (weight > 0).all() and (np.diff(said) > 0).all() and len(weight) <= options["bins"]
    close([weight @ said, weight @ observed], [p.sum(), y.sum()])


@given(seeds, st.integers(1, 60), st.integers(1, 20))
def test_bins_of_equal_mass_differ_by_one_at_most(seed, n, bins):
    y, p, _ = data(seed, n, tied=False)
    weight = calibration_curve(y, p, bins=bins, binning="mass").weight
    assert np.ptp(weight) <= 1 and len(weight) == min(n, bins)


@given(seeds, st.integers(1, 30), st.integers(1, 10))
def test_halved_bins_never_lower_the_error(seed, n, bins):
    y, p, _ = data(seed, n, tied=False)
    assert calibration_error(y, p, bins=bins) <= calibration_error(y, p, bins=2 * bins) * (1 + 1e-12) + 1e-15


@given(seeds, st.integers(1, 30), asked)
def test_the_base_rate_is_calibrated(seed, n, options):
    y, _, _ = data(seed, n)
    close(calibration_error(y, np.full(n, y.mean()), **options), 0)


@given(seeds, st.integers(1, 30))
def test_alone_in_its_bin_it_is_the_reliability_of_brier(seed, n):
    y, p, _ = data(seed, n)
    close(calibration_error(y, p, bins=22, norm=2)**2, brier_decomposition(y, p).reliability)


@given(seeds, st.integers(1, 40), st.integers(1, 20), st.sampled_from([1, 4, 16]), norms)
def test_fine_bins_are_off_by_half_a_width_at_most(seed, n, bins, times, norm):
    y, p, _ = data(seed, n, tied=False)
    fine = BinnedScores.from_scores(y, p, bins=bins * times)
    off = calibration_error.of(fine, bins=bins, norm=norm) - calibration_error(y, p, bins=bins, norm=norm)
    assert abs(off) <= 1 / (bins * times) / 2 + 1e-12
    np.testing.assert_array_equal(calibration_curve.of(fine, bins=bins).observed, calibration_curve(y, p, bins=bins).observed)


@given(seeds, st.integers(1, 20), st.integers(2, 5))
def test_right_calls_are_the_accuracy(seed, n, k):
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, k, n), rng.dirichlet(np.ones(k), n)
    calls, names = top_forecasts(y, p), np.array(list("owlat"))[:k]
    assert calls.right.mean() == (p.argmax(axis=1) == y).mean() and (calls.y_proba >= 1 / k - 1e-12).all()
    np.testing.assert_array_equal(top_forecasts(names[y], p, labels=names), calls)
    np.testing.assert_array_equal(calibration_error(y, p, kind="top"), calibration_error(calls.right, calls.y_proba))


@given(seeds, st.integers(2, 20), st.integers(2, 4), st.booleans())
def test_the_temperature_is_the_best_one_or_there_is_none(seed, n, k, weighted):
    rng = np.random.default_rng(seed)
    y, z = rng.integers(0, k, n), 3 * rng.normal(size=(n, k))
    w = rng.uniform(0.5, 2, n) if weighted else np.ones(n)
    def loss(t): return cross_entropy_from_logits(y, z / t, sample_weight=w)
    lead = z - z[np.arange(n), y][:, None]
    try:
        T = fit_temperature(y, z, sample_weight=w)
    except ValueError as error:
        assert ("call every example right" in str(error) and lead.max() == 0) or ("no higher" in str(error) and w @ lead.mean(axis=1) >= 0)
        return
    assert all(loss(T) <= loss(T * factor) for factor in (0.5, 0.99, 1.01, 2))
    g = cross_entropy_from_logits.grad(y, z / T, sample_weight=w) * z
    assert abs(g.sum()) <= 1e-9 * np.abs(g).sum()
    np.testing.assert_array_equal(softmax(z / T).argmax(axis=1), z.argmax(axis=1))


@pytest.mark.parametrize("binning", ["width", "mass"])
def test_ties_stay_together(binning):
    y, p = [0, 1, 0, 1, 1, 0], [0.4] * 5 + [0.9]
    assert calibration_curve(y, p, bins=4, binning=binning).weight.tolist() == [5, 1]

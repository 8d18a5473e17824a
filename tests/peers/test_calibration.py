"Calibration error and calibration curve: the choices that libraries make differently."
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from lossbook.ranking.calibration import calibration_curve, calibration_error, top_forecasts
from tests.peers.rows import agree, ask, case, row

rng = np.random.default_rng(1)
PROBA = rng.random(500)
TRUTH = rng.random(500) < PROBA**1.3
BOTH = np.stack([1 - PROBA, PROBA], axis=1)
QUANTILES = [0, *np.percentile(PROBA, np.linspace(0, 100, 16))[1:-1], 1]
tm = ask.torchmetrics.classification


def binary(n_bins=15, **options):
    return tm.binary_calibration_error(PROBA, TRUTH.astype(int), n_bins=n_bins, **options)


def of_sklearn_s_bins(**options):
    "The gaps of scikit-learn's curve; it has no error of its own, and does not tell how many are in a bin."
    def gap():
        from sklearn.calibration import calibration_curve
        observed, forecast = calibration_curve(TRUTH, PROBA, n_bins=15, **options)
        return abs(observed - forecast).max()
    return ask.sklearn.by("largest gap of calibration_curve()", gap)


CASES = [
    case("calibration error", "500 forecasts `p = rng.random(500)` that are too sure, truth `rng.random(500) < p**1.3`, `rng = default_rng(1)`; 15 bins.",
         row("of the positive class", partial(calibration_error, TRUTH, PROBA), 0.0920, binary(norm="l1")),
         row("of the class that is called", partial(calibration_error, TRUTH, PROBA, kind="top"), 0.0157,
             tm.multiclass_calibration_error(BOTH, TRUTH.astype(int), n_bins=15, norm="l1", num_classes=2)),
         row("root of the mean square", partial(calibration_error, TRUTH, PROBA, norm=2), 0.1160, binary(norm="l2")),
         row("greatest gap", partial(calibration_error, TRUTH, PROBA, norm=np.inf), 0.2524, binary(norm="max"), of_sklearn_s_bins()),
         row("bins of equal mass", partial(calibration_error, TRUTH, PROBA, binning="mass"), 0.0935, said="np.array_split of the sorted forecasts"),
         row("edges at quantiles", partial(calibration_error, TRUTH, PROBA, bins=QUANTILES), 0.0902)),
    case("a forecast on the edge of a bin", "Two bins, and a forecast of one half.",
         row("in the lower bin", partial(calibration_error, [0, 1], [0.5, 0.9], bins=2), 0.3),
         row("in the upper bin", partial(calibration_error, [0, 1], [0.5, 0.9], bins=2), 0.3, tm.binary_calibration_error([0.5, 0.9], [0, 1], n_bins=2), gives=0.2)),
    case("a forecast of 1", "Two bins, and a forecast that is certain.",
         row("in the last bin", partial(calibration_error, [0, 1], [1.0, 0.9], bins=2), 0.45),
         row("in a bin of its own", partial(calibration_error, [0, 1], [1.0, 0.9], bins=2), 0.45, tm.binary_calibration_error([1.0, 0.9], [0, 1], n_bins=2), gives=0.55)),
]

test_ours, test_theirs = agree(CASES)


def test_both_shapes_of_two_classes_are_one_question():
    assert calibration_error(TRUTH, BOTH, kind="top") == calibration_error(TRUTH, PROBA, kind="top")
    np.testing.assert_array_equal(top_forecasts(TRUTH, BOTH), top_forecasts(TRUTH, PROBA))


# ---- torchmetrics


@pytest.fixture
def theirs(torch):
    "The two calibration errors of torchmetrics, asked with arrays."
    metrics = pytest.importorskip("torchmetrics.functional.classification")

    def ask(kind: Callable, y_true, y_proba, **options):
        return kind(torch.tensor(np.asarray(y_proba, float)), torch.tensor(np.asarray(y_true, int)), **options).item()
    return (lambda y, p, **options: ask(metrics.binary_calibration_error, y, p, **options),
            lambda y, p, **options: ask(metrics.multiclass_calibration_error, y, p, num_classes=np.shape(p)[1], **options))


def test_torchmetrics_on_many_classes(theirs):
    r = np.random.default_rng(2)
    p, y = r.dirichlet(np.ones(4), 300), r.integers(0, 4, 300)
    for norm, name in ((1, "l1"), (2, "l2"), (np.inf, "max")):
        np.testing.assert_allclose(calibration_error(y, p, kind="top", bins=10, norm=norm), theirs[1](y, p, n_bins=10, norm=name), rtol=1e-5)


def test_torchmetrics_takes_what_is_no_probability_for_a_logit(theirs):
    y, z = [1, 0], np.array([2.0, -1.0])
    np.testing.assert_allclose(theirs[0](y, z), calibration_error(y, 1 / (1 + np.exp(-z))), rtol=1e-6)
    with pytest.raises(ValueError, match=r"y_proba holds 2 at \[0\]"):
        calibration_error(y, z)


# ---- scikit-learn


@pytest.fixture
def curve():
    return pytest.importorskip("sklearn.calibration").calibration_curve


@pytest.mark.parametrize("bins", [2, 5, 15, 100])
def test_the_curve_of_scikit_learn(curve, bins):
    ours = calibration_curve(TRUTH, PROBA, bins=bins)
    np.testing.assert_allclose((ours.observed, ours.forecast), curve(TRUTH, PROBA, n_bins=bins), rtol=1e-12)


def test_the_curve_of_scikit_learn_at_quantiles(curve):
    ours = calibration_curve(TRUTH, PROBA, bins=QUANTILES)
    np.testing.assert_allclose((ours.observed, ours.forecast), curve(TRUTH, PROBA, n_bins=15, strategy="quantile"), rtol=1e-12)


def test_scikit_learn_has_the_edges_of_linspace(curve):
    y, p = [0, 1, 1], [0.7, 5 / 6, 0.9]
    np.testing.assert_allclose(curve(y, p, n_bins=6)[0], [0, 1])  # 5/6 beside 0.9
    np.testing.assert_allclose(calibration_curve(y, p, bins=6).observed, [1 / 2, 1])  # beside 0.7


def test_scikit_learn_refuses_what_is_no_probability(curve):
    with pytest.raises(ValueError, match="outside"):
        curve([0, 1], [2.0, 0.3])


# ---- temperature


def test_the_temperature_is_where_scipy_finds_it():
    optimize = pytest.importorskip("scipy.optimize")
    from lossbook.classification.cross_entropy import cross_entropy_from_logits
    from lossbook.ranking.calibration import fit_temperature
    r = np.random.default_rng(3)
    for scale in (0.1, 1, 30):
        z, y = scale * r.normal(size=(200, 5)), r.integers(0, 5, 200)
        z[np.arange(200), y] += scale
        found = optimize.minimize_scalar(lambda log_t: cross_entropy_from_logits(y, z / np.exp(log_t)), bracket=(np.log(scale) - 1, np.log(scale) + 1), tol=1e-12)
        np.testing.assert_allclose(fit_temperature(y, z), np.exp(found.x), rtol=1e-6)

"Calibration error in bins, by the summaries of each bin, against the numbers that libraries were measured to give."
import numpy as np
import pytest

from lossbook.summaries import Moments

rng = np.random.default_rng(1)
PROBA = rng.random(500)
TRUTH = rng.random(500) < PROBA**1.3
TOP, RIGHT = np.maximum(PROBA, 1 - PROBA), TRUTH == (PROBA >= 0.5)  # of two classes, the one called and whether it was right


def of_width(y_proba):
    "Fifteen bins of equal width, closed on the right, as rows of the examples in each that has any."
    bins = np.clip(np.searchsorted(np.linspace(0, 1, 16), y_proba) - 1, 0, 14)
    return [np.flatnonzero(bins == b) for b in np.unique(bins)]


def of_mass(y_proba):
    "Fifteen bins of as many examples each as whole numbers allow."
    return np.array_split(np.argsort(y_proba), 15)


def calibration_error(y_true, y_proba, bins=of_width, norm=1):
    "The mean over bins of how far chances are from frequencies, each bin with the weight of its examples."
    parts = [Moments.from_values(y_true[rows], y_proba[rows]) for rows in bins(y_proba)]
    gaps = [part.weight / 500 * abs(part.mean_pred - part.mean_true)**norm for part in parts]
    return sum(gaps)**(1/norm)


ROWS = {
    "of the positive class": ((TRUTH, PROBA), 0.0920),
    "of the class called": ((RIGHT, TOP), 0.0157),
    "root of squares": ((TRUTH, PROBA, of_width, 2), 0.116),
    "bins of equal mass": ((TRUTH, PROBA, of_mass), 0.0935),
}


@pytest.mark.parametrize("asked, published", ROWS.values(), ids=ROWS)
def test_ours_is_the_published_value(asked, published):
    np.testing.assert_allclose(calibration_error(*asked), published, atol=5e-4)


def test_torchmetrics(torch):
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    proba, truth = torch.tensor(PROBA), torch.tensor(TRUTH.astype(int))
    both = torch.stack([1 - proba, proba], dim=1)
    for norm, name in ((1, "l1"), (2, "l2")):
        theirs = metrics.binary_calibration_error(proba, truth, n_bins=15, norm=name)
        np.testing.assert_allclose(calibration_error(TRUTH, PROBA, norm=norm), theirs, rtol=1e-5)
    theirs = metrics.multiclass_calibration_error(both, truth, num_classes=2, n_bins=15)
    np.testing.assert_allclose(calibration_error(RIGHT, TOP), theirs, rtol=1e-5)  # in float32

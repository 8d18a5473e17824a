"Forecasts on the edges of bins, and one bit beside them; logits of any size."
from fractions import Fraction

import numpy as np
import pytest

from lossbook.ranking.calibration import by_mass, calibration_curve, calibration_error, fit_temperature, in_intervals

BINS = [1, 2, 3, 5, 6, 7, 10, 15, 49, 100]


@pytest.mark.parametrize("bins", BINS)
def test_an_edge_belongs_to_the_bin_it_closes(bins):
    edges = np.array([k / bins for k in range(bins + 1)])
    assert in_intervals(edges, bins).tolist() == [0, *range(bins)]
    above = np.nextafter(edges[:-1], 1)
    assert in_intervals(above, bins).tolist() == [*range(bins)]
    below = np.nextafter(edges[1:], 0)
    assert in_intervals(below, bins).tolist() == [*range(bins)]


@pytest.mark.parametrize("bins", BINS)
def test_every_forecast_is_where_fractions_say(bins):
    p = np.random.default_rng(0).random(300)
    exact = [max(0, -(-Fraction(x) * bins // 1) - 1) for x in p]
    assert in_intervals(p, bins).tolist() == exact
    assert in_intervals(p, [k / bins for k in range(bins + 1)]).tolist() == exact


@pytest.mark.parametrize("p, y, weight", [
    ([1.0, 0.95], [1, 0], [2]), ([0.0, 0.05], [1, 0], [2]), ([0.1, 0.05], [1, 0], [2]),
    ([0.1, 0.15], [1, 0], [1, 1]), ([0.0, 1.0], [0, 1], [1, 1]), ([0.3, 0.25], [1, 1], [2]), ([0.7, 0.65], [1, 1], [2])])
def test_both_ends_have_a_bin(p, y, weight):
    assert calibration_curve(y, p, bins=10).weight.tolist() == weight


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_narrow_floats_are_read_as_what_they_are(dtype):
    p = np.array([0.1, 0.3, 0.5, 1.0], dtype)
    assert calibration_error([0, 1, 0, 1], p) == calibration_error([0, 1, 0, 1], p.astype(float))


def test_sure_and_right_or_wrong():
    for binning in ("width", "mass"):
        for norm in (1, 2, 7.5, np.inf):
            assert calibration_error([1, 0, 1], [1, 0, 1], binning=binning, norm=norm) == 0
            assert calibration_error([1, 0, 1], [0, 1, 0], binning=binning, norm=norm) == 1


def test_the_error_is_exact_to_the_last_digits():
    r = np.random.default_rng(1)
    p, y = r.random(500), r.integers(0, 2, 500)
    place = in_intervals(p, 15)
    exact = sum(abs(sum(Fraction(x) - int(t) for x, t in zip(p[place == b], y[place == b]))) for b in range(15)) / 500
    np.testing.assert_allclose(calibration_error(y, p), float(exact), rtol=1e-14)


@pytest.mark.parametrize("n, bins", [(7, 3), (500, 15), (9, 10), (10, 9), (10**6 + 1, 7)])
def test_parts_of_equal_mass_are_those_of_array_split(n, bins):
    sizes = [len(part) for part in np.array_split(np.arange(n), bins)]
    assert by_mass(np.ones(n), bins).tolist() == np.repeat(np.arange(bins), sizes).tolist()


@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1, 1e12, 1e150, 1e300])
def test_the_temperature_has_the_unit_of_the_logits(unit):
    y, z = [0, 1, 1, 0, 1], np.array([-2.0, 3, -1, 1, 2])
    np.testing.assert_allclose(fit_temperature(y, unit * z), unit * fit_temperature(y, z), rtol=1e-12)


@pytest.mark.parametrize("right, wrong", [(999, 1), (10**6, 1), (501, 499), (500_001, 499_999)])
def test_one_logit_has_a_temperature_in_closed_form(right, wrong):
    "Logits are all 1, so their probability should be the share of positives."
    T = fit_temperature([1, 0], [1.0, 1.0], sample_weight=[right, wrong])
    np.testing.assert_allclose(1 / T, np.log(right / wrong), rtol=1e-9)

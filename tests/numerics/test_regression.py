"Inputs that break naive code of regression, with exact answers from fractions and from arithmetic of fifty digits."
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

from lossbook.regression.huber import huber_loss, log_cosh_loss, smooth_l1_loss
from lossbook.regression.linear_regression import regression_report
from lossbook.regression.r2 import r2_score
from lossbook.regression.rmse import squared_log_error, symmetric_absolute_percentage_error
from lossbook.summaries import Moments
from tests.numerics.test_numbers import FAR, is_exactly
from tests.properties.inputs import LOSSES

SIZES = [*np.geomspace(1e-300, 1e300, 61), 0.999999, 1.0, 1.000001, 1000.0]


# ---- log-cosh at both ends


@pytest.mark.parametrize("error, exact", [(1000, 999.30685281944005), (-1000, 999.30685281944005), (1e-9, 5e-19), (-1e-9, 5e-19), (0, 0)])
def test_log_cosh_of_the_table(error, exact):
    np.testing.assert_allclose(log_cosh_loss(0, error), exact, rtol=4e-16)


@pytest.mark.parametrize("size", SIZES)
def test_log_cosh_and_its_gradient_are_exact(size):
    with mp.workdps(50):
        value, slope = mp.log(mp.cosh(mp.mpf(size))) if size < 1e4 else mp.mpf(size) - mp.log(2), mp.tanh(mp.mpf(size))
    if size > 1e-150:
        np.testing.assert_allclose(log_cosh_loss(0, size), float(value) if size > 1e-8 else size**2 / 2, rtol=2e-15)
    np.testing.assert_allclose([log_cosh_loss.grad(0, size), log_cosh_loss.grad(0, -size)], [float(slope), -float(slope)], rtol=1e-15)


# ---- pushes with an end do not overflow


@pytest.mark.parametrize("size", [1e155, 1e200, 1e300])
def test_sizes_whose_square_is_no_float(size):
    assert huber_loss(0, size, delta=2) == smooth_l1_loss(0, size, beta=1e-300) * 2 == 2 * size
    assert huber_loss.grad(0, -size, delta=2) == -2 and smooth_l1_loss.grad(0, size) == 1


# ---- shares and factors


@pytest.mark.parametrize("y_true, y_pred", [(1.0, 1e10), (1e10, 1.0), (-1e200, -2e200), (1e-200, 3e-200), (3.0, 3.0000001), (5e-324, 1e-323), (-2.0, 1e-9)])
def test_symmetric_percentage_errors_and_their_gradients_are_exact(y_true, y_pred):
    y, p = Fraction(y_true), Fraction(y_pred)
    is_exactly(symmetric_absolute_percentage_error(y_true, y_pred), 2*abs(p - y) / (abs(y) + abs(p)), 1e-15)
    slope = 4 * (1 if p > y else -1) * abs(y) * (y*p > 0) / (abs(y) + abs(p))**2
    if abs(slope) < Fraction(10)**300:
        is_exactly(symmetric_absolute_percentage_error.grad(y_true, y_pred), slope, 1e-15)


@pytest.mark.parametrize("y_true, y_pred", [(0.0, 1e-20), (1e-20, 3e-20), (1e200, 2e200), (0.0, 1e300)])
def test_log_errors_keep_the_digits_of_small_and_large_numbers(y_true, y_pred):
    with mp.workdps(400):
        exact = (mp.log1p(mp.mpf(y_pred)) - mp.log1p(mp.mpf(y_true)))**2
    np.testing.assert_allclose(squared_log_error(y_true, y_pred), float(exact), rtol=1e-12)


# ---- a report of data far from zero


@pytest.mark.parametrize("mean, dtype, y_pred", FAR, ids=[f"mean {mean:g} in {dtype}" for mean, dtype, _ in FAR])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_a_report_far_from_zero_has_all_its_digits(mean, dtype, y_pred, parts):
    y_true, y_pred = (mean + np.arange(4)).astype(dtype), y_pred.astype(dtype)
    report = regression_report(sum(map(Moments.from_values, np.split(y_true, parts), np.split(y_pred, parts))), parameters=1)
    assert report == {"MSE": 0.25, "RMSE": 0.5, "MAE": 0.25, "R2": 0.8, "explained variance": 0.85,
                      "adjusted R2": pytest.approx(0.7, rel=1e-15), "mean error": 0.25, "n": 4}
    assert r2_score(y_true, y_pred) == 0.8


# ---- narrow integers and half precision


ELEMENTWISE = ["squared_error", "absolute_error", "pinball_loss", "huber_loss", "smooth_l1_loss", "log_cosh_loss",
               "absolute_percentage_error", "symmetric_absolute_percentage_error", "squared_log_error"]


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float16", "float32"])
def test_a_narrow_dtype_changes_no_loss(name, dtype):
    loss, y_true, y_pred = LOSSES[name], np.array([3, 200, 100]), np.array([5, 20, 100])
    narrow = y_true.astype(dtype), y_pred.astype(dtype)
    assert loss(*narrow) == loss(y_true.astype(float), y_pred.astype(float))
    np.testing.assert_allclose(loss.grad(*narrow), loss.grad(y_true, y_pred), rtol=1e-3 if dtype == "float16" else 1e-7)


def test_what_overflows_half_precision_is_right_as_a_mean_and_infinite_in_a_list():
    y_true, y_pred = np.zeros(2, np.float16), np.array([300, 1], np.float16)
    assert LOSSES["squared_error"](y_true, y_pred) == 45000.5
    with np.errstate(over="ignore"):
        assert LOSSES["squared_error"](y_true, y_pred, reduction="none").tolist() == [np.inf, 1]

"Logits and probabilities that break naive code, with exact answers from arithmetic of many digits."
import numpy as np
import pytest
from mpmath import mp, mpf

from lossbook.classification.log_loss import log_loss, sigmoid
from lossbook.classification.logits import log_loss_from_logits

mp.dps = 500
each = log_loss_from_logits.bind(reduction="none")
LOGITS = np.concatenate([-np.geomspace(1e-300, 700, 60), [0.0], np.geomspace(1e-300, 700, 60)])


def exact(y, z):
    return float(y * mp.log1p(mp.exp(-mpf(z))) + (1 - y) * mp.log1p(mp.exp(mpf(z))))


def exact_slope(y, z):
    return float((1 - y) / (1 + mp.exp(-mpf(z))) - y / (1 + mp.exp(mpf(z))))


@pytest.mark.parametrize("z, y, value", [
    (1000, 0, 1000), (-1000, 1, 1000), (1000, 1, 0), (40, 1, 4.248354255291589e-18), (37, 1, 8.5330476257440654e-17),
    (36.7368, 0, 36.7368), (-1000, 0, 0)])
def test_rows_of_the_table(z, y, value):
    np.testing.assert_allclose(log_loss_from_logits([y], [z]), value, rtol=1e-15)
    np.testing.assert_allclose(exact(y, z), value, rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("y", [0, 1, 0.3, 1e-9])
def test_the_loss_of_every_logit(y):
    np.testing.assert_allclose(each(np.full_like(LOGITS, y), LOGITS), [exact(mpf(y), z) for z in LOGITS], rtol=1e-15)


@pytest.mark.parametrize("y", [0, 1])
def test_the_gradient_of_every_logit(y):
    ours = each.grad(np.full_like(LOGITS, y), LOGITS)
    np.testing.assert_allclose(ours, [exact_slope(y, z) for z in LOGITS], rtol=1e-15)


@pytest.mark.parametrize("y", [0.3, 1e-9])
def test_the_gradient_at_a_soft_truth(y):
    ours = each.grad(np.full_like(LOGITS, y), LOGITS)
    np.testing.assert_allclose(ours, [exact_slope(mpf(y), z) for z in LOGITS], rtol=1e-15, atol=1.2e-16)


def test_the_gradient_of_row_seven():
    assert log_loss_from_logits.grad(1, 40) == -4.248354255291589e-18


def test_the_sigmoid_of_every_logit():
    np.testing.assert_allclose(sigmoid(LOGITS), [float(1 / (1 + mp.exp(-mpf(z)))) for z in LOGITS], rtol=1e-15)
    assert sigmoid(-745) > 0 and sigmoid([-np.inf, -1000, 1000, np.inf]).tolist() == [0, 0, 1, 1]


def test_logits_in_float32():
    z = LOGITS.astype("float32")[LOGITS > -80]
    ours, slopes = each(np.ones_like(z), z), each.grad(np.ones_like(z), z)
    assert ours.dtype == slopes.dtype == np.float32
    np.testing.assert_array_equal(ours, np.float32([exact(1, float(x)) for x in z]))
    np.testing.assert_array_equal(slopes, np.float32([exact_slope(1, float(x)) for x in z]))
    assert log_loss_from_logits([1, 0], np.float32([-200, 200])) == 200


@pytest.mark.parametrize("p", [5e-324, 1e-300, 1e-17, 0.1, 0.4999999999999999, 0.5, 0.7, 1 - 2**-53])
def test_both_losses_of_a_probability(p):
    wanted = [float(-mp.log(mpf(p))), float(-mp.log(1 - mpf(p)))]
    np.testing.assert_allclose(log_loss([1, 0], [p, p], reduction="none"), wanted, rtol=1e-15)
    np.testing.assert_allclose(log_loss.grad([1, 0], [p, p], reduction="none"), [-1 / p if p > 1e-308 else -np.inf, float(1 / (1 - mpf(p)))], rtol=1e-15)


def test_nothing_warns():
    with np.errstate(all="raise", under="ignore"):
        log_loss([0, 1, 0, 1], [0, 1, 1, 0], reduction="none"), log_loss.grad([0, 1, 0, 1], [0, 1, 1, 0])
        each([0, 1, 0, 1], [1000, -1000, -np.inf, 1000]), each.grad([0, 1, 0, 1], [1000, -1000, -np.inf, 1000])
        sigmoid([-np.inf, -1000, 1000, np.inf])

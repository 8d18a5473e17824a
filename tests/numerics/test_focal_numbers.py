"The focal loss and its gradient where probabilities run out of digits, with exact answers from mpmath."
from itertools import product

import numpy as np
import pytest
from mpmath import diff, exp, log, mp, mpf

from lossbook.classification.focal import focal_loss, focal_loss_from_logits

GAMMAS = [0, 0.5, 1, 2, 5]
LOGITS = [-700, -40, -37, -5, -0.1, 0, 1e-9, 3, 36.7368, 40, 140]
INF = float("inf")


@pytest.fixture(autouse=True, scope="module")
def many_digits():
    with mp.workdps(700):
        yield


def of_proba(y, p, gamma):
    "The formula, term by term; a term of weight 0 is absent."
    one = y * (1 - p)**gamma * -log(p) if y else 0
    return one + ((1 - y) * p**gamma * -log(1 - p) if y < 1 else 0)


def of_logits(y, z, gamma):
    return of_proba(y, 1 / (1 + exp(-z)), gamma)


def test_row_11_of_the_extremes():
    assert focal_loss_from_logits(1, 40, gamma=2) == pytest.approx(7.6676480737219996e-53, rel=4e-16)
    assert focal_loss_from_logits(0, -40, gamma=2) == pytest.approx(7.6676480737219996e-53, rel=4e-16)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_logits_and_their_slopes_on_a_grid(gamma):
    for y, z in product([0, 0.3, 1], LOGITS):
        exact = [float(of_logits(mpf(y), mpf(z), mpf(gamma))), float(diff(lambda z: of_logits(mpf(y), z, mpf(gamma)), mpf(z), h=mpf(10)**-200))]
        ours = focal_loss_from_logits(y, z, gamma=gamma), focal_loss_from_logits.grad(y, float(z), gamma=gamma)
        # where two labels pull against each other the slopes cancel, so that error is measured by the larger pull
        pull = max(focal_loss_from_logits.grad(0, float(z), gamma=gamma), -focal_loss_from_logits.grad(1, float(z), gamma=gamma))
        np.testing.assert_allclose(ours[0], exact[0], rtol=1e-14)
        np.testing.assert_allclose(ours[1], exact[1], rtol=1e-14, atol=1e-14 * pull if 0 < y < 1 else 0)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_probabilities_and_their_slopes_on_a_grid(gamma):
    for y, p in product([0, 0.3, 1], [1e-300, 1e-20, 0.01, 0.5, 0.99, 1 - 2**-53]):
        exact = [float(of_proba(mpf(y), mpf(p), mpf(gamma))), float(diff(lambda p: of_proba(mpf(y), p, mpf(gamma)), mpf(p), h=mpf(10)**-400))]
        np.testing.assert_allclose(focal_loss(y, p, gamma=gamma), exact[0], rtol=1e-14)
        np.testing.assert_allclose(focal_loss.grad(y, p, gamma=gamma), exact[1], rtol=1e-13)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("alpha", [None, 0, 0.25, 1])
def test_certainty_is_no_nan(gamma, alpha):
    one, zero = (1, 1) if alpha is None else (alpha, 1 - alpha)
    wrong_one, wrong_zero = INF if one else 0, INF if zero else 0
    options = {"gamma": gamma, "alpha": alpha, "reduction": "none"}
    assert focal_loss([1, 0, 1, 0], [1, 0, 0, 1], **options).tolist() == [0, 0, wrong_one, wrong_zero]
    np.testing.assert_allclose(focal_loss.grad([1, 0, 1, 0], [1, 0, 0, 1], **options),
                               [-one * (gamma == 0), zero * (gamma == 0), -wrong_one, wrong_zero], atol=1e-100)
    assert focal_loss_from_logits([1, 0], [-INF, -INF], **options).tolist() == [wrong_one, 0]
    assert focal_loss_from_logits.grad([1, 0], [-INF, -INF], **options).tolist() == [-one, 0]


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_autograd_of_torch_has_no_nan_at_the_ends(gamma, dtype):
    torch = pytest.importorskip("torch")
    for loss, ends in [(focal_loss_from_logits, [-1000, -200, -100, 0, 100, 200, 1000]), (focal_loss, [0.0, 0.5, 1.0])]:
        for truth in (0.0, 1.0):
            pred = torch.tensor(ends, dtype=getattr(torch, dtype), requires_grad=True)
            y_true = torch.full_like(pred, truth)
            right = loss(y_true, pred, gamma=gamma, reduction="none").isfinite()
            loss(y_true, pred, gamma=gamma, reduction="none")[right].sum().backward()
            ours = loss.grad(y_true, pred.detach(), gamma=gamma, reduction="none")
            np.testing.assert_allclose(pred.grad[right], ours[right], rtol=1e-4, atol=1e-30)

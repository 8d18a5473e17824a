"Log loss plus Dice as other libraries have it: one row for each choice that they make differently."
import numpy as np
import pytest

from lossbook import dice_loss, log_loss, sigmoid

rng = np.random.default_rng(0)
LOGITS, MASKS = rng.normal(size=(3, 8, 9)), (rng.random((3, 8, 9)) < 0.1).astype(int)
MASKS[0] = 0

WEIGHTS = pytest.mark.parametrize("weights", [(1, 1), (2, 0.5)], ids=["1 and 1", "2 and a half"])
SMOOTH = pytest.mark.parametrize("smooth", [1e-5, 1.0])
OVER = pytest.mark.parametrize("over", ["each", "all"])


def both(weights, smooth):
    of_log, of_dice = weights
    return of_log * log_loss + of_dice * dice_loss.bind(smooth=smooth)


@WEIGHTS
@SMOOTH
@OVER
def test_the_sum_is_that_of_monai(weights, smooth, over):
    torch, losses = pytest.importorskip("torch"), pytest.importorskip("monai.losses")
    of_log, of_dice = weights
    options = {"smooth_nr": smooth, "smooth_dr": smooth, "lambda_ce": of_log, "lambda_dice": of_dice}
    theirs = losses.DiceCELoss(sigmoid=True, batch=over == "all", **options)
    logits = torch.tensor(LOGITS)[:, None].requires_grad_()
    value = theirs(logits, torch.tensor(MASKS, dtype=torch.float64)[:, None])
    value.backward()
    proba, loss = sigmoid(LOGITS), both(weights, smooth)
    np.testing.assert_allclose(loss(MASKS, proba, over=over), value.item(), rtol=1e-12)
    slope = loss.grad(MASKS, proba, over=over) * proba * (1 - proba)
    np.testing.assert_allclose(slope, logits.grad[:, 0].numpy(), rtol=1e-9, atol=1e-15)


def test_the_defaults_of_monai_are_weights_of_1_and_a_smoothing_of_1e_5_for_each_picture():
    torch, losses = pytest.importorskip("torch"), pytest.importorskip("monai.losses")
    theirs = losses.DiceCELoss(sigmoid=True)(torch.tensor(LOGITS)[:, None], torch.tensor(MASKS, dtype=torch.float64)[:, None])
    np.testing.assert_allclose(both((1, 1), 1e-5)(MASKS, sigmoid(LOGITS)), theirs.item(), rtol=1e-12)


def test_nnu_net_subtracts_dice_which_moves_the_sum_by_1_and_no_slope():
    "Its `DC_and_BCE_loss` in two lines: the mean cross-entropy of pixels, less the smoothed Dice of each picture."
    torch = pytest.importorskip("torch")
    logits, masks = torch.tensor(LOGITS, requires_grad=True), torch.tensor(MASKS, dtype=torch.float64)
    p = torch.sigmoid(logits)
    dice = (2 * (p * masks).sum((1, 2)) + 1e-5) / (p.sum((1, 2)) + masks.sum((1, 2)) + 1e-5)
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(logits, masks) - dice.mean()
    theirs.backward()
    proba, loss = sigmoid(LOGITS), both((1, 1), 1e-5)
    np.testing.assert_allclose(loss(MASKS, proba) - 1, theirs.item(), rtol=1e-12)
    np.testing.assert_allclose(loss.grad(MASKS, proba) * proba * (1 - proba), logits.grad.numpy(), rtol=1e-9, atol=1e-15)

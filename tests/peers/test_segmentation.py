"Dice and IoU against MONAI, torchmetrics and scikit-learn; gradients against the automatic ones of torch and JAX."
import numpy as np
import pytest

from lossbook import dice_loss, dice_score, iou_score

rng = np.random.default_rng(0)
y_true = (rng.random((3, 8, 8)) < 0.3).astype(float)
y_proba = rng.random((3, 8, 8))
y_pred = (y_proba > 0.5).astype(int)


def test_the_losses_of_monai():
    torch, losses = pytest.importorskip("torch"), pytest.importorskip("monai.losses")
    truth, proba = torch.tensor(y_true)[:, None], torch.tensor(y_proba)[:, None]
    for denominator in ("linear", "squared"):
        theirs = losses.DiceLoss(smooth_nr=1.0, smooth_dr=1.0, squared_pred=denominator == "squared")(proba, truth)
        np.testing.assert_allclose(dice_loss(y_true, y_proba, denominator=denominator), theirs.item(), rtol=1e-12)


def test_the_pixels_of_torchmetrics():
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.classification")
    truth, prediction = torch.tensor(y_true, dtype=torch.int), torch.tensor(y_pred)
    np.testing.assert_allclose(dice_score(y_true.astype(int), y_pred), metrics.BinaryF1Score()(prediction, truth), rtol=1e-6)
    np.testing.assert_allclose(iou_score(y_true.astype(int), y_pred), metrics.BinaryJaccardIndex()(prediction, truth), rtol=1e-6)


def test_the_pixels_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    np.testing.assert_allclose(dice_score(y_true.astype(int), y_pred), metrics.f1_score(y_true.ravel(), y_pred.ravel()), rtol=1e-12)
    np.testing.assert_allclose(iou_score(y_true.astype(int), y_pred), metrics.jaccard_score(y_true.ravel(), y_pred.ravel()), rtol=1e-12)


def test_the_gradient_of_torch():
    torch = pytest.importorskip("torch")
    proba = torch.tensor(y_proba, requires_grad=True)
    dice_loss(torch.tensor(y_true), proba).backward()
    np.testing.assert_allclose(proba.grad, dice_loss.grad(y_true, y_proba), rtol=1e-10)


def test_the_gradient_of_jax():
    jax = pytest.importorskip("jax")
    slope = jax.jit(jax.grad(dice_loss, argnums=1))(jax.numpy.array(y_true), jax.numpy.array(y_proba))
    np.testing.assert_allclose(slope, dice_loss.grad(y_true, y_proba), rtol=1e-4, atol=1e-8)

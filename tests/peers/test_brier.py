"Brier scores: one row for each choice that libraries make differently, and the libraries themselves on random forecasts."
import numpy as np
import pytest

from lossbook.ranking.brier import brier_decomposition, brier_score, multiclass_brier_score
from tests.peers.rows import Row, agree_with_optax, agree_with_published, agree_with_sklearn, agree_with_torch

PAIR = [1, 0], [0.8, 0.3]
COLUMNS = [1, 0], [[0.2, 0.8], [0.7, 0.3]]
THREE = [0, 1, 2], [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]]
LOOSE = [0], [[0.3, 0.2, 0.1]]

ROWS = [
    Row("two classes", lambda: brier_score(*PAIR), 0.065, lambda m: m.brier_score_loss(*PAIR)),
    Row("both classes counted", lambda: brier_score(*PAIR, scale_by_half=False), 0.13, lambda m: m.brier_score_loss(*PAIR, scale_by_half=False)),
    Row("two columns", lambda: multiclass_brier_score(*COLUMNS), 0.13, lambda m: m.brier_score_loss(*COLUMNS, scale_by_half=False)),
    Row("two columns, halved", lambda: multiclass_brier_score(*COLUMNS, scale_by_half=True), 0.065, lambda m: m.brier_score_loss(*COLUMNS)),
    Row("three classes", lambda: multiclass_brier_score(*THREE), 0.146667, lambda m: m.brier_score_loss(*THREE)),
    Row("three classes, halved", lambda: multiclass_brier_score(*THREE, scale_by_half=True), 0.073333,
        lambda m: m.brier_score_loss(*THREE, scale_by_half=True)),
    Row("mean over classes", lambda: multiclass_brier_score(*THREE) / 3, 0.048889),
    Row("half a square", lambda: brier_score(*PAIR) / 2, 0.0325),
]

test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)
test_torch = agree_with_torch(ROWS, {
    "two classes": lambda f, tensor: f.mse_loss(tensor(np.array(PAIR[1])), tensor(np.array(PAIR[0], float))),
    "mean over classes": lambda f, tensor: f.mse_loss(tensor(np.array(THREE[1])), f.one_hot(tensor(THREE[0]), 3).double()),
})
test_optax = agree_with_optax(ROWS, {"half a square": lambda o: o.l2_loss(np.array(PAIR[1]), np.array(PAIR[0], float)).mean()})


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_scikit_learn_on_random_forecasts(classes):
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(classes)
    y, p, w = rng.integers(0, classes, 500), rng.dirichlet(np.ones(classes), 500), rng.random(500)
    for weight in (None, w):
        theirs = metrics.brier_score_loss(y, p, sample_weight=weight, labels=range(classes), scale_by_half=False)
        np.testing.assert_allclose(multiclass_brier_score(y, p, sample_weight=weight), theirs, rtol=1e-12)
        theirs = metrics.brier_score_loss(y == 1, p[:, 1], sample_weight=weight)
        np.testing.assert_allclose(brier_score(y == 1, p[:, 1], sample_weight=weight), theirs, rtol=1e-12)
        np.testing.assert_allclose(brier_decomposition(y == 1, p[:, 1], sample_weight=weight, bins=7).score, theirs, rtol=1e-12)


def test_gradients_of_torch(torch):
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 3, 20), rng.dirichlet(np.ones(3), 20)
    pred = torch.tensor(p, requires_grad=True)
    torch.nn.functional.mse_loss(pred, torch.nn.functional.one_hot(torch.tensor(y), 3).double(), reduction="sum").backward()
    np.testing.assert_allclose(multiclass_brier_score.grad(y, p, reduction="sum"), pred.grad.numpy(), rtol=1e-12)
    pred = torch.tensor(p, requires_grad=True)
    multiclass_brier_score(torch.tensor(y), pred, total="rescale", check_values=False).backward()
    np.testing.assert_allclose(multiclass_brier_score.grad(y, p, total="rescale"), pred.grad.numpy(), rtol=1e-9, atol=1e-15)


def test_a_row_that_does_not_sum_to_one():
    metrics = pytest.importorskip("sklearn.metrics")
    with pytest.warns(UserWarning, match="do not sum to one"):
        theirs = metrics.brier_score_loss(*LOOSE, labels=[0, 1, 2])
    np.testing.assert_allclose(multiclass_brier_score(*LOOSE, total="keep"), theirs, rtol=1e-12)
    np.testing.assert_allclose(multiclass_brier_score(*LOOSE, total="rescale"), 1/4 + 1/9 + 1/36, rtol=1e-12)
    with pytest.raises(ValueError, match="y_proba sums to 0.6"):
        multiclass_brier_score(*LOOSE)


def test_what_is_no_probability_and_what_is_no_label():
    metrics = pytest.importorskip("sklearn.metrics")
    with pytest.raises(ValueError, match="greater than 1"):
        metrics.brier_score_loss([1, 0], [0.3, 1.3])
    with pytest.raises(ValueError, match=r"y_proba holds 1.3 at \[1\]"):
        brier_score([1, 0], [0.3, 1.3])
    with pytest.raises(ValueError, match="continuous"):
        metrics.brier_score_loss([0.3, 0], [0.3, 0.2])
    np.testing.assert_allclose(brier_score([0.3, 0], [0.3, 0.2]), 0.02, rtol=1e-12)


def test_tensorflow_probability_by_its_formula():
    "Its documentation gives the sum of squares of a row, less twice the chance of what came."
    y, p = np.array(THREE[0]), np.array(THREE[1])
    np.testing.assert_allclose(multiclass_brier_score(y, p, reduction="none") - 1, (p**2).sum(axis=1) - 2*p[np.arange(3), y], rtol=1e-12)

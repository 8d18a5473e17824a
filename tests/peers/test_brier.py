"Brier scores: the choices that libraries make differently, and the libraries themselves on random forecasts."
from functools import partial

import numpy as np
import pytest

from lossbook.ranking.brier import brier_decomposition, brier_score, multiclass_brier_score
from tests.peers.rows import agree, ask, case, row

PAIR = [1, 0], [0.8, 0.3]
COLUMNS = [1, 0], [[0.2, 0.8], [0.7, 0.3]]
THREE = [0, 1, 2], [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]]
LOOSE = [0], [[0.3, 0.2, 0.1]]

def mean_over_classes():
    return multiclass_brier_score(*THREE) / 3


def half_a_square():
    return brier_score(*PAIR) / 2


def one_hot(y, classes):
    return np.eye(classes)[y]


CASES = [
    case("Brier score of two classes", "The square of one error, or of both columns, which are equal: a factor of 2.",
         row("one column", partial(brier_score, *PAIR), 0.065, ask.sklearn.brier_score_loss(*PAIR), ask.torch.mse_loss(np.array(PAIR[1]), np.array(PAIR[0], float))),
         row("both columns", partial(brier_score, *PAIR, scale_by_half=False), 0.13, ask.sklearn.brier_score_loss(*PAIR, scale_by_half=False)),
         row("both columns, given as two", partial(multiclass_brier_score, *COLUMNS), 0.13, ask.sklearn.brier_score_loss(*COLUMNS, scale_by_half=False)),
         row("both columns, given as two, halved", partial(multiclass_brier_score, *COLUMNS, scale_by_half=True), 0.065, ask.sklearn.brier_score_loss(*COLUMNS)),
         row("half a square", half_a_square, 0.0325, ask.optax.l2_loss(np.array(PAIR[1]), np.array(PAIR[0], float)).then(lambda loss: loss.mean()))),
    case("Brier score of three classes", "A sum over classes, half of it, or a mean over classes.",
         row("sum over classes", partial(multiclass_brier_score, *THREE), 0.146667, ask.sklearn.brier_score_loss(*THREE)),
         row("halved", partial(multiclass_brier_score, *THREE, scale_by_half=True), 0.073333, ask.sklearn.brier_score_loss(*THREE, scale_by_half=True)),
         row("mean over classes", mean_over_classes, 0.048889, ask.torch.mse_loss(np.array(THREE[1]), one_hot(THREE[0], 3)))),
    case("a Brier score of probabilities that do not sum to 1", "They sum to 0.6.",
         row("refused", partial(multiclass_brier_score, *LOOSE), "y_proba sums to 0.6"),
         row("kept as they are", partial(multiclass_brier_score, *LOOSE, total="keep"), 0.54, ask.sklearn.brier_score_loss(*LOOSE, labels=[0, 1, 2])),
         row("made to sum to 1", partial(multiclass_brier_score, *LOOSE, total="rescale"), 1/4 + 1/9 + 1/36)),
]

test_ours, test_theirs = agree(CASES)


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

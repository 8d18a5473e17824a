"""The hinge losses beside those of other libraries: what they agree on, and what each makes of the same scores.

Published values were measured with scikit-learn 1.9.1, torchmetrics 1.9.0, Keras 3.15.1, optax 0.2.8 and PyTorch 2.13.0.
"""
import os

import numpy as np
import pytest

from lossbook.classification.hinge import hinge_loss, squared_hinge_loss
from tests.peers.rows import Row, agree_with_published, agree_with_sklearn, rows_of

THREE = np.array([1, 0, 1]), np.array([2.0, -1.0, 0.5])
SIGNED = np.array([1, -1, 1]), THREE[1]
INSIDE = np.array([1, 0, 1]), np.array([0.75, 0.25, 0.5])  # scores that torchmetrics takes for probabilities
POSITIVES = np.array([1, 1]), np.array([3.0, 0.5])
WEIGHT = np.array([1.0, 2.0, 3.0])

ROWS = [
    Row("hinge, 0 and 1", lambda: hinge_loss(*THREE), 0.16667,
        lambda m: m.hinge_loss(*THREE), keras=lambda k: k.losses.hinge(*THREE)),
    Row("hinge, -1 and 1", lambda: hinge_loss(*SIGNED), 0.16667,
        lambda m: m.hinge_loss(*SIGNED), keras=lambda k: k.losses.hinge(*SIGNED)),
    Row("hinge, weights", lambda: hinge_loss(*THREE, sample_weight=WEIGHT), 0.25,
        lambda m: m.hinge_loss(*THREE, sample_weight=WEIGHT)),
    Row("hinge, scores from 0 to 1", lambda: hinge_loss(*INSIDE), 2/3,
        lambda m: m.hinge_loss(*INSIDE), lambda m, on: m.binary_hinge_loss(*on(INSIDE))),
    Row("hinge, positives only", lambda: hinge_loss(*POSITIVES), 0.25, keras=lambda k: k.losses.hinge(*POSITIVES)),
    Row("squared hinge", lambda: squared_hinge_loss(*THREE), 0.08333, keras=lambda k: k.losses.squared_hinge(*THREE)),
    Row("squared hinge, scores from 0 to 1", lambda: squared_hinge_loss(*INSIDE), 0.625,
        torchmetrics=lambda m, on: m.binary_hinge_loss(*on(INSIDE), squared=True)),
]


def torchmetrics():
    "The functions of torchmetrics, and what turns truth and scores into its arguments."
    torch = pytest.importorskip("torch")
    return pytest.importorskip("torchmetrics.functional.classification"), lambda data: [torch.tensor(y) for y in data[::-1]]


def keras():
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "torchmetrics")
def test_torchmetrics(row):
    row.agrees_with(row.torchmetrics(*torchmetrics()))


@rows_of(ROWS, "keras")
def test_keras(row):
    row.agrees_with(row.keras(keras()))


# ---- where others part from it


def test_scikit_learn_reads_a_batch_of_positives_as_negatives():
    theirs = pytest.importorskip("sklearn.metrics").hinge_loss(*POSITIVES)
    assert theirs == hinge_loss(1 - POSITIVES[0], POSITIVES[1]) == 2.75


def test_scikit_learn_takes_any_two_labels():
    theirs = pytest.importorskip("sklearn.metrics").hinge_loss(np.array([2, 0.5, 2]) * 2, THREE[1])
    assert theirs == hinge_loss(*THREE)


def test_torchmetrics_puts_scores_through_a_sigmoid():
    metrics, on = torchmetrics()
    through = THREE[0], 1 / (1 + np.exp(-THREE[1]))
    np.testing.assert_allclose(metrics.binary_hinge_loss(*on(THREE)), 0.5886, atol=5e-5)
    np.testing.assert_allclose(hinge_loss(*through), 0.5886, atol=5e-5)


def test_keras_multiplies_any_other_truth_in():
    np.testing.assert_allclose(keras().losses.hinge([1, 0.3, 1], THREE[1]), (1 + 0.3 + 0.5) / 3, rtol=1e-6)
    np.testing.assert_allclose(keras().losses.hinge([2, 0, 1], THREE[1]), (0 + 1 + 0.5) / 3, rtol=1e-6)


def test_optax_agrees_on_signs_and_multiplies_zeros_in():
    optax = pytest.importorskip("optax")
    np.testing.assert_allclose(optax.hinge_loss(THREE[1], SIGNED[0]), hinge_loss(*SIGNED, reduction="none"), rtol=1e-6)
    np.testing.assert_allclose(np.mean(optax.hinge_loss(THREE[1], THREE[0])), 0.5, rtol=1e-6)
    np.testing.assert_allclose(optax.hinge_loss(np.array([-5.0, 5.0]), np.zeros(2)), [1, 1])


def test_hinge_embedding_of_torch_is_another_loss():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.hinge_embedding_loss(torch.tensor(THREE[1]), torch.tensor(SIGNED[0]), reduction="none")
    assert theirs.tolist() == [2, 2, 0.5]


def test_multi_margin_of_torch_with_two_classes_is_half_of_it():
    torch = pytest.importorskip("torch")
    scores = torch.tensor(np.column_stack([np.zeros(3), THREE[1]]))
    np.testing.assert_allclose(torch.nn.functional.multi_margin_loss(scores, torch.tensor(THREE[0])), hinge_loss(*THREE) / 2)
    lead = hinge_loss(np.ones(2), [0.3, 3.5], reduction="none")  # of .5 over .2 and -3
    of_three = torch.nn.functional.multi_margin_loss(torch.tensor([[0.5, 0.2, -3.0]], dtype=torch.float64), torch.tensor([0]))
    np.testing.assert_allclose(of_three, lead.sum() / 3)


@pytest.mark.parametrize("truth", [[1, 0.3, 1], [2, 0, 1], [1, 0, -1]])
@pytest.mark.parametrize("loss", [hinge_loss, squared_hinge_loss], ids=lambda loss: loss.__name__)
def test_ours_refuses_what_is_neither_0_and_1_nor_signs(loss, truth):
    for call in (loss, loss.grad):
        with pytest.raises(ValueError, match="y_true holds .*: it must be all 0 and 1, or all -1 and 1"):
            call(truth, THREE[1])


@pytest.mark.parametrize("margin", [0.1, 1, 3])
def test_random_scores_of_scikit_learn(margin):
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(0)
    truth, scores, weight = rng.random(2000) < 0.3, 3 * rng.normal(size=2000), rng.random(2000)
    theirs = margin * metrics.hinge_loss(truth, scores / margin, sample_weight=weight)
    np.testing.assert_allclose(hinge_loss(truth, scores, margin=margin, sample_weight=weight), theirs, rtol=1e-12)

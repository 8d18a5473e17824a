"The hinge losses beside those of other libraries: what they agree on, and what each makes of the same scores."
from functools import partial

import numpy as np
import pytest

from lossbook.classification.hinge import hinge_loss, squared_hinge_loss
from tests.peers.rows import agree, ask, case, row

THREE = np.array([1, 0, 1]), np.array([2.0, -1.0, 0.5])
SIGNED = np.array([1, -1, 1]), THREE[1]
INSIDE = np.array([1, 0, 1]), np.array([0.75, 0.25, 0.5])  # scores that torchmetrics takes for probabilities
POSITIVES = np.array([1, 1]), np.array([3.0, 0.5])
NO_LABEL = np.array([1, 0.3, 1]), THREE[1]
WEIGHT = np.array([1.0, 2.0, 3.0])

keras = ask.keras.losses


def tm(data, **options):
    return ask.torchmetrics.classification.binary_hinge_loss(*data[::-1], **options)


def optax(data):
    return ask.optax.hinge_loss(*data[::-1]).then(lambda losses: losses.mean())


CASES = [
    case("hinge loss of labels 0 and 1", "They stand for the signs -1 and 1. optax and PyTorch multiply labels in as they are.",
         row("read as signs", partial(hinge_loss, *THREE), 0.16667, ask.sklearn.hinge_loss(*THREE), keras.hinge(*THREE)),
         row("zeros multiplied in", partial(hinge_loss, *THREE), 0.16667, optax(THREE), gives=0.5),
         row("scores put through a sigmoid", partial(hinge_loss, THREE[0], 1 / (1 + np.exp(-THREE[1]))), 0.5886, tm(THREE)),
         row("squared", partial(squared_hinge_loss, *THREE), 0.08333, keras.squared_hinge(*THREE)),
         row("weights", partial(hinge_loss, *THREE, sample_weight=WEIGHT), 0.25, ask.sklearn.hinge_loss(*THREE, sample_weight=WEIGHT))),
    case("hinge loss of signs", "Labels are -1 and 1.",
         row("all agree", partial(hinge_loss, *SIGNED), 0.16667, ask.sklearn.hinge_loss(*SIGNED), keras.hinge(*SIGNED), optax(SIGNED)),
         row("another loss of nearly that name", partial(hinge_loss, *SIGNED), 0.16667, ask.torch.hinge_embedding_loss(SIGNED[1], SIGNED[0]), gives=1.5)),
    case("hinge loss of scores from 0 to 1", "torchmetrics takes these for probabilities and leaves them.",
         row("the mean", partial(hinge_loss, *INSIDE), 2/3, ask.sklearn.hinge_loss(*INSIDE), tm(INSIDE)),
         row("squared", partial(squared_hinge_loss, *INSIDE), 0.625, tm(INSIDE, squared=True))),
    case("hinge loss of positives only", "scikit-learn takes the one label it sees for the negative one.",
         row("positives", partial(hinge_loss, *POSITIVES), 0.25, keras.hinge(*POSITIVES)),
         row("negatives", partial(hinge_loss, 1 - POSITIVES[0], POSITIVES[1]), 2.75, ask.sklearn.hinge_loss(*POSITIVES), wrong=True)),
    case("a truth that is no label", "0.3 is neither of two labels.",
         row("refused", partial(hinge_loss, *NO_LABEL), "y_true holds"),
         row("multiplied in", partial(hinge_loss, *NO_LABEL), "y_true holds", keras.hinge(*NO_LABEL), gives=0.6)),
]

test_ours, test_theirs = agree(CASES)


# ---- where others part from it


def test_scikit_learn_takes_any_two_labels():
    theirs = pytest.importorskip("sklearn.metrics").hinge_loss(np.array([2, 0.5, 2]) * 2, THREE[1])
    assert theirs == hinge_loss(*THREE)


def test_keras_multiplies_any_other_truth_in(keras):
    np.testing.assert_allclose(keras.losses.hinge([2, 0, 1], THREE[1]), (0 + 1 + 0.5) / 3, rtol=1e-6)


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

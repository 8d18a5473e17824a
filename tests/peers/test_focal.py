"The focal loss beside those of other libraries, torchvision's by its formula: weights, soft truths and extreme logits."
from functools import partial

import numpy as np
import pytest

from lossbook.classification.focal import focal_loss, focal_loss_from_logits
from lossbook.classification.log_loss import log_loss, sigmoid
from lossbook.classification.logits import log_loss_from_logits
from tests.peers.rows import agree, ask, case, row

THREE = np.array([1.0, 0.0, 1.0]), np.array([2.0, -1.0, 0.5])
SOFT = np.array([0.3]), np.array([2.0])
SURE = np.array([1.0]), np.array([40.0])
WRONG = np.array([1.0]), np.array([-1000.0])


def torchvision(y_true, logits, alpha=0.25, gamma=2.0):
    "The formula of torchvision's `sigmoid_focal_loss`; a negative alpha is none."
    p = np.exp(-np.logaddexp(0, -logits))
    log_loss = np.maximum(logits, 0) - logits * y_true + np.log1p(np.exp(-abs(logits)))
    loss = log_loss * (1 - (p * y_true + (1 - p) * (1 - y_true)))**gamma
    return loss if alpha < 0 else (alpha * y_true + (1 - alpha) * (1 - y_true)) * loss


def optax(y_true, logits, **options):
    from optax import sigmoid_focal_loss
    return np.asarray(sigmoid_focal_loss(logits, y_true, **options))


def keras(y_true, logits, alpha=None, gamma=2.0):
    from keras.losses import binary_focal_crossentropy
    options = {} if alpha is None else {"apply_class_balancing": True, "alpha": alpha}
    return np.asarray([binary_focal_crossentropy(y[None], z[None], from_logits=True, gamma=gamma, **options) for y, z in zip(y_true, logits)])


def monai(y_true, logits, **options):
    import torch
    from monai.losses import FocalLoss
    loss = FocalLoss(reduction="none", **options)
    return np.ravel(loss(torch.tensor(logits)[None, None], torch.tensor(y_true)[None, None]))


ALL = {"torchvision's formula": torchvision, "optax": optax, "keras": keras, "monai": monai}
each_library = pytest.mark.parametrize("library", ALL.values(), ids=ALL)


def answers(data, *names, **options):
    "What libraries give on average."
    calls = {"optax": (ask.optax, "sigmoid_focal_loss", optax), "keras": (ask.keras, "binary_focal_crossentropy", keras), "monai": (ask.monai, "FocalLoss", monai)}
    written = ", ".join(f"{name}={value}" for name, value in options.items())
    for name in names or calls:
        library, function, loss = calls[name]
        yield library.by(f"{function}({written})", lambda loss=loss: np.mean(loss(*data, **options)))


def focal(data, **options):
    return partial(focal_loss_from_logits, *data, **options)


CASES = [
    case("the default weight of the focal loss", "Only torchvision gives positives a weight, of a quarter, unless told not to: 2.7 times less.",
         row("no weight", focal(THREE), 0.03068, *answers(THREE), said="segmentation-models-pytorch; torchvision with alpha=-1"),
         row("a quarter", focal(THREE, alpha=0.25), 0.01145, *answers(THREE, alpha=0.25), said="torchvision")),
    case("the default reduction of the focal loss", "torchvision gives each example by itself, where PyTorch's own losses and all others give their mean.",
         row("each example", focal(THREE, alpha=0.25, reduction="none"), [0.000451, 0.016994, 0.016893], said="torchvision"),
         row("the mean", focal(THREE, alpha=0.25), 0.01145, said="torchvision with reduction='mean'")),
    case("a focus of one half", "The exponent is 1/2 instead of 2.",
         row("all agree", focal(THREE, gamma=0.5), 0.16586, *answers(THREE, gamma=0.5), said="torchvision")),
    case("focal loss of a soft truth", "The truth is 0.3. Here it is the mean over both labels; elsewhere the log loss is weighed once.",
         row("mean over both labels", focal(SOFT), 1.1556),
         row("weighed by the distance to the truth", focal(SOFT), 1.1556, *answers(SOFT, "optax", "keras"), gives=0.6497, said="torchvision"),
         row("weighed by a probability", focal(SOFT), 1.1556, *answers(SOFT, "monai"), gives=0.7269)),
    case("focal loss, sure and wrong", "A logit of -1000, the truth is 1.",
         row("not cut off", focal(WRONG), 1000, *answers(WRONG, "optax", "monai"), said="torchvision"),
         row("cut off at 1e-7", focal(WRONG), 1000, *answers(WRONG, "keras"), gives=16.1181)),
    case("a focus below 0", "An exponent of -1 makes easy examples weigh most.",
         row("taken as it is", focal(THREE, gamma=-1.0), "gamma is -1", *answers(THREE, gamma=-1.0), gives=1.1618)),
    case("a weight above 1", "Then negatives have a negative weight.",
         row("taken as it is", focal(THREE, alpha=1.5), "alpha is 1.5: it must be from 0 to 1", *answers(THREE, alpha=1.5), gives=0.0309)),
]

test_ours, test_theirs = agree(CASES)


def test_torchvision_weighs_unless_told_not_to():
    np.testing.assert_allclose(torchvision(*THREE), focal_loss_from_logits(*THREE, alpha=0.25, reduction="none"), rtol=1e-12)


def test_a_sure_logit_has_a_loss_for_optax_and_none_for_others():
    for library in ("optax", "keras", "monai"):
        pytest.importorskip(library)
    np.testing.assert_allclose([focal_loss_from_logits(*SURE), optax(*SURE)[0]], 7.6676480737219996e-53, rtol=1e-6)
    assert torchvision(*SURE) == keras(*SURE) == monai(*SURE) == focal_loss(SURE[0], sigmoid(SURE[1])) == 0


@each_library
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.25, 0.8])
def test_random_logits(library, gamma, alpha):
    if library is not torchvision:
        pytest.importorskip(library.__name__)
    rng = np.random.default_rng(0)
    y_true, logits = (rng.random(200) < 0.3) * 1.0, rng.normal(0, 3, 200)
    theirs = library(y_true, logits, gamma=gamma, alpha=alpha)
    np.testing.assert_allclose(focal_loss_from_logits(y_true, logits, gamma=gamma, alpha=alpha, reduction="none"), theirs, rtol=1e-5, atol=1e-6)  # MONAI computes in float32
    np.testing.assert_allclose(focal_loss(y_true, sigmoid(logits), gamma=gamma, alpha=alpha, reduction="none"), theirs, rtol=1e-5, atol=1e-6)  # MONAI computes in float32


@pytest.mark.parametrize("alpha", [-0.01, 1.01, np.nan])
@pytest.mark.parametrize("loss, pred", [(focal_loss, 0.5), (focal_loss_from_logits, 0.0)], ids=["proba", "logits"])
def test_alpha_and_gamma_out_of_range_are_refused(loss, pred, alpha):
    for call in (loss, loss.grad):
        with pytest.raises(ValueError, match=f"alpha is {alpha}: it must be from 0 to 1, or None"):
            call([1], [pred], alpha=alpha)
        with pytest.raises(ValueError, match="gamma is -0.5: it must be 0 or above"):
            call([1], [pred], gamma=-0.5)


def test_gamma_0_is_log_loss():
    rng = np.random.default_rng(0)
    y_true, logits = rng.random(200), rng.normal(0, 10, 200)
    for ours, plain, pred in [(focal_loss, log_loss, sigmoid(logits)), (focal_loss_from_logits, log_loss_from_logits, logits)]:
        np.testing.assert_allclose(ours(y_true, pred, gamma=0, reduction="none"), plain(y_true, pred, reduction="none"), rtol=1e-15)
        np.testing.assert_allclose(ours.grad(y_true, pred, gamma=0), plain.grad(y_true, pred), rtol=1e-13)

"""The focal loss beside those of other libraries: weights, soft truths and extreme logits.

Published values were measured with Keras 3.15.1, optax 0.2.8 and MONAI 1.6.1; torchvision's are those of its formula.
"""
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from lossbook.classification.focal import focal_loss, focal_loss_from_logits
from lossbook.classification.log_loss import log_loss, sigmoid
from lossbook.classification.logits import log_loss_from_logits
from tests.peers.rows import Row, agree_with_published

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
    jax, library = pytest.importorskip("jax"), pytest.importorskip("optax")
    jax.config.update("jax_enable_x64", True)
    return np.asarray(library.sigmoid_focal_loss(logits, y_true, **options))


def keras(y_true, logits, alpha=None, gamma=2.0):
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    options = {} if alpha is None else {"apply_class_balancing": True, "alpha": alpha}
    loss = pytest.importorskip("keras").losses.binary_focal_crossentropy
    return np.asarray([loss(y[None], z[None], from_logits=True, gamma=gamma, **options) for y, z in zip(y_true, logits)])


def monai(y_true, logits, **options):
    torch, library = pytest.importorskip("torch"), pytest.importorskip("monai.losses")
    loss = library.FocalLoss(reduction="none", **options)
    return np.ravel(loss(torch.tensor(logits)[None, None], torch.tensor(y_true)[None, None]))


ALL = {"torchvision's formula": torchvision, "optax": optax, "keras": keras, "monai": monai}
each_library = pytest.mark.parametrize("library", ALL.values(), ids=ALL)


class Case(NamedTuple):
    name: str
    data: tuple
    published: dict  # what each library gives, on average
    options: dict = {}


CASES = [
    Case("no weights", THREE, {torchvision: 0.03068, optax: 0.03068, keras: 0.03068, monai: 0.03068}),
    Case("alpha 1/4", THREE, {torchvision: 0.01145, optax: 0.01145, keras: 0.01145, monai: 0.01145}, {"alpha": 0.25}),
    Case("gamma 1/2", THREE, {torchvision: 0.16586, optax: 0.16586, keras: 0.16586, monai: 0.16586}, {"gamma": 0.5}),
    Case("a soft truth", SOFT, {torchvision: 0.6497, optax: 0.6497, keras: 0.6497, monai: 0.7269}),
    Case("sure and wrong", WRONG, {torchvision: 1000, optax: 1000, keras: 16.1181, monai: 1000}),
    Case("gamma below 0", THREE, {optax: 1.1618, keras: 1.1618, monai: 1.1618}, {"gamma": -1.0}),
    Case("alpha above 1", THREE, {optax: 0.0309, keras: 0.0309, monai: 0.0309}, {"alpha": 1.5}),
]
each_answer = pytest.mark.parametrize(
    "case, library", [pytest.param(case, library, id=f"{case.name}, {library.__name__}") for case in CASES for library in case.published])


@each_answer
def test_a_library_gives_what_was_published(case, library):
    none = {"alpha": -1} if library is torchvision and "alpha" not in case.options else {}
    theirs = np.mean(library(*case.data, **none, **case.options))
    np.testing.assert_allclose(theirs, case.published[library], rtol=1e-6, atol=5e-5)


ROWS = [
    Row("no weights, the default", lambda: focal_loss_from_logits(*THREE), 0.03068),
    Row("alpha 1/4, as torchvision's default", lambda: focal_loss_from_logits(*THREE, alpha=0.25), 0.01145),
    Row("gamma 1/2", lambda: focal_loss_from_logits(*THREE, gamma=0.5), 0.16586),
    Row("a soft truth as the mean over both labels", lambda: focal_loss_from_logits(*SOFT), 1.1556),
    Row("sure and wrong", lambda: focal_loss_from_logits(*WRONG), 1000),
]
test_ours_is_the_published_value = agree_with_published(ROWS)


def test_torchvision_weighs_unless_told_not_to():
    np.testing.assert_allclose(torchvision(*THREE), focal_loss_from_logits(*THREE, alpha=0.25, reduction="none"), rtol=1e-12)


def test_a_sure_logit_has_a_loss_for_optax_and_none_for_others():
    np.testing.assert_allclose([focal_loss_from_logits(*SURE), optax(*SURE)[0]], 7.6676480737219996e-53, rtol=1e-6)
    assert torchvision(*SURE) == keras(*SURE) == monai(*SURE) == focal_loss(SURE[0], sigmoid(SURE[1])) == 0


@each_library
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.25, 0.8])
def test_random_logits(library, gamma, alpha):
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

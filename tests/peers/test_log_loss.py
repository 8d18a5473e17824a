"""Log loss of probabilities and of logits: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the
library itself, where it is installed. What no argument of ours imitates stands below the rows.
"""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from lossbook.classification.log_loss import log_loss, sigmoid
from lossbook.classification.logits import log_loss_from_logits
from tests.peers.rows import Row, agree_with_published, agree_with_sklearn, rows_of

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn warns of the single label it is shown

INF = float("inf")
EPS, EPS32 = np.finfo("float64").eps, np.finfo("float32").eps
WRONG = [1.0], [0.0]  # sure and wrong
PAIR, WEIGHT = ([1.0, 0.0], [0.6, 0.3]), [1.0, 3.0]
SOFT = [0.3], [0.4]


class Ask(NamedTuple):
    name: str
    ours: Callable  # our value, by the argument that gives it
    published: float  # what the libraries gave when they were measured
    sklearn: Callable | None = None  # of `sklearn.metrics`
    torch: Callable | None = None  # of `torch.nn.functional`, and of what makes prediction and truth its tensors
    keras: Callable | None = None  # of `keras.losses`
    optax: Callable | None = None  # of `optax`
    agrees_with = Row.agrees_with


def column(y):
    return np.asarray(y)[:, None]


def logit_row(z, y, published):
    "A row on one logit that all libraries answer alike."
    return Ask(f"logit {z:g}, y={y:g}", lambda: log_loss_from_logits([y], [z]), published,
               torch=lambda f, on: f.binary_cross_entropy_with_logits(*on([y], [z])),
               keras=lambda m: m.BinaryCrossentropy(from_logits=True)([y], [z]),
               optax=lambda o: o.sigmoid_binary_cross_entropy(np.array(z), np.array(y)))


ROWS = [
    Ask("sure and wrong, eps of float64", lambda: log_loss(*WRONG, eps=EPS), 36.0437,
        lambda m: m.log_loss(*WRONG, labels=[0, 1])),
    Ask("sure and wrong, eps of Keras", lambda: log_loss(*WRONG, eps=1e-7), 16.1181,
        keras=lambda m: m.BinaryCrossentropy()(*WRONG)),
    Ask("sure and wrong, floor of PyTorch", lambda: log_loss(*WRONG, eps=np.exp(-100)), 100,
        torch=lambda f, on: f.binary_cross_entropy(*on(*WRONG))),
    Ask("sure and wrong, no floor", lambda: log_loss(*WRONG), INF,
        torch=lambda f, on: f.nll_loss(on([0.0], [[1.0, 0.0]])[0].log(), on([0.0], [1])[0])),
    logit_row(-1000.0, 1.0, 1000),
    logit_row(1000.0, 0.0, 1000),
    logit_row(36.7368, 0.0, 36.7368),
    logit_row(1000.0, 1.0, 0),
    Ask("weights, divided by their sum", lambda: log_loss(*PAIR, sample_weight=WEIGHT), 0.3952,
        lambda m: m.log_loss(*PAIR, sample_weight=WEIGHT)),
    Ask("weights, divided by the number of examples", lambda: log_loss(*PAIR, sample_weight=WEIGHT, reduction="sum") / 2, 0.7904,
        torch=lambda f, on: f.binary_cross_entropy(*on(*PAIR), weight=on(*PAIR)[0].new_tensor(WEIGHT)),
        keras=lambda m: m.BinaryCrossentropy()(*map(column, PAIR), sample_weight=np.array(WEIGHT))),
    Ask("soft truth", lambda: log_loss(*SOFT), 0.6325,
        torch=lambda f, on: f.binary_cross_entropy(*on(*SOFT)), keras=lambda m: m.BinaryCrossentropy()(*SOFT)),
    Ask("label smoothing of 0.1 is a truth of 0.95", lambda: log_loss([0.95], [0.8]), 0.2925,
        keras=lambda m: m.BinaryCrossentropy(label_smoothing=0.1)([1.0], [0.8])),
    Ask("label smoothing of logits", lambda: log_loss_from_logits([0.05, 0.95], [1.0, 2.0]), 0.7451,
        keras=lambda m: m.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)([0.0, 1.0], [1.0, 2.0])),
]


@pytest.fixture
def functional(torch):
    "The functions of PyTorch, and what hands them prediction and truth."
    return torch.nn.functional, lambda y_true, y_pred: [torch.as_tensor(np.asarray(y)) for y in (y_pred, y_true)]


test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "torch")
def test_torch(row, functional):
    row.agrees_with(row.torch(*functional))


@rows_of(ROWS, "keras")
def test_keras(row, keras):
    row.agrees_with(float(row.keras(keras.losses)))


@rows_of(ROWS, "optax")
def test_optax(row, optax):
    row.agrees_with(row.optax(optax))


def test_scikit_learn_prices_float32_at_less_than_half():
    metrics = pytest.importorskip("sklearn.metrics")
    theirs = metrics.log_loss([1], np.zeros(1, "float32"), labels=[0, 1])
    np.testing.assert_allclose([theirs, log_loss(*WRONG, eps=EPS32)], 15.9424, atol=5e-5)


def test_scikit_learn_on_random_forecasts():
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(0)
    y, p, w = rng.integers(0, 2, 500), rng.random(500), rng.random(500)
    p[:2] = y[:2]  # sure and right
    theirs = metrics.log_loss(y, p, sample_weight=w)
    np.testing.assert_allclose(log_loss(y, p, sample_weight=w, eps=EPS), theirs, rtol=1e-12)


# ---- gradients


def grad_of(f, y_true, y_pred, torch):
    y_pred = torch.tensor([y_pred], dtype=torch.float64, requires_grad=True)
    f(y_pred, torch.tensor([y_true], dtype=torch.float64)).backward()
    return y_pred.grad.item()


@pytest.mark.parametrize("y, p, ours, theirs", [(1.0, 0.0, -INF, -1e12), (0.0, 1.0, INF, 1e12), (1.0, 1.0, -1, 0), (1.0, 1e-3, -1000, -1000)])
def test_the_gradient_of_torch(torch, y, p, ours, theirs):
    np.testing.assert_allclose(grad_of(torch.nn.functional.binary_cross_entropy, y, p, torch), theirs, rtol=1e-6)
    np.testing.assert_allclose(log_loss.grad([y], [p]), [ours], rtol=1e-12)


def test_the_gradient_of_keras_stops_at_its_floor(torch, keras):
    assert grad_of(lambda p, y: keras.ops.binary_crossentropy(y, p).mean(), 1.0, 0.0, torch) == 0
    assert log_loss.grad(*WRONG, eps=1e-7) == 0


def test_the_gradient_of_a_sure_and_right_logit(torch, jax, optax):
    ours = log_loss_from_logits.grad(1.0, 40.0)
    assert ours == jax.grad(optax.sigmoid_binary_cross_entropy)(40.0, 1.0) == -4.248354255291589e-18
    assert grad_of(torch.nn.functional.binary_cross_entropy_with_logits, 1.0, 40.0, torch) == 0


# ---- both ends


@pytest.mark.parametrize("y, z, torch_says, keras_says, optax_says", [
    (1.0, -INF, np.nan, np.nan, INF), (0.0, -INF, np.nan, np.nan, np.nan),
    (1.0, INF, np.nan, np.nan, np.nan), (0.0, INF, INF, INF, INF)])
def test_infinite_logits(functional, keras, optax, y, z, torch_says, keras_says, optax_says):
    f, on = functional
    np.testing.assert_equal(f.binary_cross_entropy_with_logits(*on([y], [z])).item(), torch_says)
    np.testing.assert_equal(float(keras.losses.BinaryCrossentropy(from_logits=True)([y], [z])), keras_says)
    np.testing.assert_equal(float(optax.sigmoid_binary_cross_entropy(np.array(z), np.array(y))), optax_says)


def test_a_logit_of_minus_infinity_is_a_probability_of_0():
    assert log_loss_from_logits([0, 1], [-INF, -INF], reduction="none").tolist() == [0, INF]
    assert log_loss_from_logits.grad([0, 1], [-INF, -INF], reduction="none").tolist() == [0, -1]
    assert sigmoid(-INF) == 0
    with pytest.raises(ValueError, match="logits holds inf"):
        log_loss_from_logits([0], [INF])


def test_sure_and_right_is_free_here_and_with_torch_only(functional, keras):
    f, on = functional
    assert log_loss([1], [1]) == f.binary_cross_entropy(*on([1.0], [1.0])).item() == 0
    assert pytest.importorskip("sklearn.metrics").log_loss([1], [1.0], labels=[0, 1]) == pytest.approx(EPS)
    assert 1e-7 < float(keras.losses.BinaryCrossentropy()([1.0], [1.0])) < 1.3e-7


# ---- shapes and dtypes


FOUR = np.array([0.0, 1.0, 0.0, 1.0]), np.full((4, 1), 0.5)


@pytest.mark.parametrize("ours", [log_loss, log_loss_from_logits])
def test_a_column_against_a_row_is_refused(ours):
    for call in (ours, ours.grad):
        with pytest.raises(ValueError, match=r"y_true has shape \(4,\) and (y_proba|logits) \(4, 1\)"):
            call(*FOUR)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_torch_refuses_a_column_against_a_row(functional, name):
    f, on = functional
    with pytest.raises(ValueError, match="size"):
        getattr(f, name)(*on(*FOUR))


def test_others_squeeze_or_broadcast_a_column(keras, optax):
    np.testing.assert_allclose(float(keras.losses.BinaryCrossentropy()(*FOUR)), np.log(2), rtol=1e-6)
    np.testing.assert_allclose(pytest.importorskip("sklearn.metrics").log_loss(*FOUR), np.log(2))
    assert optax.sigmoid_binary_cross_entropy(FOUR[1], FOUR[0]).shape == (4, 4)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_a_truth_of_any_dtype_is_cast(dtype):
    y, p, z = np.array([1, 0, 1]), [0.7, 0.2, 0.4], [2.0, -1.0, 0.5]
    assert log_loss(y.astype(dtype), p) == log_loss(y, p) and log_loss_from_logits(y.astype(dtype), z) == log_loss_from_logits(y, z)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_torch_refuses_a_truth_in_bytes(torch, name):
    with pytest.raises(RuntimeError, match="Byte"):
        getattr(torch.nn.functional, name)(torch.tensor([0.3]), torch.tensor([1], dtype=torch.uint8))


# ---- what is no probability


def test_a_probability_above_one(functional, keras):
    f, on = functional
    with pytest.raises(ValueError, match=r"y_proba holds 1.3 at \[0\]"):
        log_loss([1.0], [1.3])
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        f.binary_cross_entropy(*on([1.0], [1.3]))
    assert 1e-7 < float(keras.losses.BinaryCrossentropy()([1.0], [1.3])) < 1.3e-7


def test_scikit_learn_refuses_a_probability_above_one_or_clips_it_in_old_releases():
    metrics = pytest.importorskip("sklearn.metrics")
    try:
        assert metrics.log_loss([1], [1.3], labels=[0, 1]) == pytest.approx(EPS)
    except ValueError as error:
        assert "greater than 1" in str(error)


def test_a_truth_of_two_has_a_negative_loss_in_torch(functional):
    f, on = functional
    assert f.binary_cross_entropy_with_logits(*on([2.0], [5.0])) < -4
    for ours in (log_loss, log_loss_from_logits):
        with pytest.raises(ValueError, match="y_true holds 2"):
            ours([2.0], [0.5])


@pytest.mark.parametrize("y_true, options, words", [([0.4], {"labels": [0, 1]}, "0.4|continuous"), ([1, 1], {}, "only one label")])
def test_scikit_learn_refuses_a_soft_truth_and_a_single_label(y_true, options, words):
    with pytest.raises(ValueError, match=words):
        pytest.importorskip("sklearn.metrics").log_loss(y_true, [0.3] * len(y_true), **options)
    assert log_loss(y_true, [0.3] * len(y_true)) > 0


# ---- corners that autograd sees


def softplus_by(ramp, size, log1p, exp):
    "The loss of a logit at a truth of 1, as a sum of two terms with a corner each."
    return lambda z: ramp(z) - z + log1p(exp(-size(z)))


def test_rules_of_torch_at_the_corner(torch):
    rules = [(lambda z: z.clamp(min=0), 0.0), (torch.relu, -1.0), (lambda z: torch.where(z > 0, z, 0), -1.0),
             (lambda z: torch.maximum(z, torch.zeros_like(z)), -0.5)]
    for ramp, slope in rules:
        z = torch.zeros((), dtype=torch.float64, requires_grad=True)
        softplus_by(ramp, torch.abs, torch.log1p, torch.exp)(z).backward()
        assert z.grad.item() == slope


def test_rules_of_jax_at_the_corner(jax):
    jnp = jax.numpy
    rules = [(lambda z: jnp.maximum(z, 0), jnp.abs, -1.0), (lambda z: jnp.where(z > 0, z, 0), jnp.abs, -1.5), (jax.nn.relu, jnp.abs, -1.5),
             (lambda z: jnp.maximum(z, 0), lambda z: jnp.maximum(z, -z), -0.5)]
    for ramp, size, slope in rules:
        assert jax.grad(softplus_by(ramp, size, jnp.log1p, jnp.exp))(0.0) == slope


def test_the_loss_has_no_corner():
    assert log_loss_from_logits.grad([1, 0], [0, 0], reduction="none").tolist() == [-0.5, 0.5]

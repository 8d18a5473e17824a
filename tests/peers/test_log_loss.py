"Log loss of probabilities and of logits: the choices that libraries make differently, and the libraries themselves on random data."
from functools import partial

import numpy as np
import pytest

from lossbook.classification.log_loss import log_loss, sigmoid
from lossbook.classification.logits import log_loss_from_logits
from tests.peers.rows import agree, ask, case, row

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn warns of the single label it is shown

INF, NAN = float("inf"), float("nan")
EPS, EPS32 = np.finfo("float64").eps, np.finfo("float32").eps
WRONG = [1.0], [0.0]  # sure and wrong
PAIR, WEIGHT = ([1.0, 0.0], [0.6, 0.3]), [1.0, 3.0]
SOFT = [0.3], [0.4]


torch, keras, optax = ask.torch, ask.keras.losses, ask.optax


def column(y):
    return np.asarray(y)[:, None]


def flipped(data):
    "Prediction and truth, PyTorch's order."
    return [np.asarray(y) for y in data[::-1]]


def on_logit(y, z, ours, *others, **more):
    "What libraries give for one logit."
    return row(f"logit {z:g}, truth {y:g}", partial(log_loss_from_logits, [y], [z]), ours, *others, **more)


def all_of(y, z):
    return (torch.binary_cross_entropy_with_logits(*flipped(([y], [z]))), keras.BinaryCrossentropy(from_logits=True)([y], [z]),
            optax.sigmoid_binary_cross_entropy(np.array(z), np.array(y)))


def slope(library, words, function):
    "The slope that PyTorch finds of a loss of a probability of 0, where the truth is 1."
    def backward():
        from torch import float64, tensor
        p = tensor([0.0], dtype=float64, requires_grad=True)
        function(p, tensor([1.0], dtype=float64)).backward()
        return p.grad.numpy()
    return library.by(words, backward)


def loss_of_torch(p, y):
    from torch.nn.functional import binary_cross_entropy
    return binary_cross_entropy(p, y)


def loss_of_keras(p, y):
    from keras import ops
    return ops.binary_crossentropy(y, p).mean()


FOUR = np.array([0.0, 1.0, 0.0, 1.0]), np.full((4, 1), 0.5)
CASES = [
    case("sure and wrong, two classes", "The truth is 1 and its probability 0. The logarithm of 0 is cut off somewhere, or is not.",
         row("infinite", partial(log_loss, *WRONG), INF, torch.nll_loss(np.array([[0.0, -INF]]), [1])),
         row("cut off at the eps of float64", partial(log_loss, *WRONG, eps=EPS), 36.0437, ask.sklearn.log_loss(*WRONG, labels=[0, 1])),
         row("cut off at the eps of float32", partial(log_loss, *WRONG, eps=EPS32), 15.9424, ask.sklearn.log_loss([1], np.zeros(1, "float32"), labels=[0, 1])),
         row("cut off at 1e-7", partial(log_loss, *WRONG, eps=1e-7), 16.1181, keras.BinaryCrossentropy()(*WRONG)),
         row("cut off at 100", partial(log_loss, *WRONG, eps=np.exp(-100)), 100, torch.binary_cross_entropy(*flipped(WRONG)))),
    case("the slope there", "Where the truth is 1 and its probability 0.",
         row("infinite", partial(log_loss.grad, *WRONG), [-INF]),
         row("cut off", partial(log_loss.grad, *WRONG), [-INF], slope(ask.torch, "gradient of binary_cross_entropy()", loss_of_torch), gives=-1e12),
         row("nothing is learned", partial(log_loss.grad, *WRONG, eps=1e-7), [0],
             slope(ask.keras, "gradient of binary_crossentropy()", loss_of_keras))),
    case("large logits", "Written so that no exponential overflows.",
         *(on_logit(y, z, value, *all_of(y, z)) for y, z, value in [(1.0, -1000.0, 1000), (0.0, 1000.0, 1000), (0.0, 36.7368, 36.7368), (1.0, 1000.0, 0)])),
    case("a logit of minus infinity", "It is a probability of 0, and legal here.",
         on_logit(1.0, -INF, INF, optax.sigmoid_binary_cross_entropy(np.array(-INF), np.array(1.0))),
         on_logit(1.0, -INF, INF, *all_of(1.0, -INF)[:2], gives=NAN, wrong=True),
         on_logit(0.0, -INF, 0, *all_of(0.0, -INF), gives=NAN, wrong=True)),
    case("weights of examples", "The weighted sum is divided by the weights, or by the number of examples.",
         row("over the sum of weights", partial(log_loss, *PAIR, sample_weight=WEIGHT), 0.3952, ask.sklearn.log_loss(*PAIR, sample_weight=WEIGHT)),
         row("over the number of examples", partial(log_loss, *PAIR, sample_weight=WEIGHT, reduction="batchmean"), 0.7904, torch.binary_cross_entropy(*flipped(PAIR), weight=np.array(WEIGHT)),
             keras.BinaryCrossentropy()(*map(column, PAIR), sample_weight=np.array(WEIGHT)))),
    case("a truth between 0 and 1", "A probability as the truth.",
         row("the mean over both labels", partial(log_loss, *SOFT), 0.6325, torch.binary_cross_entropy(*flipped(SOFT)), keras.BinaryCrossentropy()(*SOFT)),
         row("refused", partial(log_loss, *SOFT), 0.6325, ask.sklearn.log_loss(*SOFT, labels=[0, 1]), gives="")),
    case("label smoothing of two classes", "A tenth of the truth is spread over both labels: 1 becomes 0.95.",
         row("as a soft truth", partial(log_loss, [0.95], [0.8]), 0.2925, keras.BinaryCrossentropy(label_smoothing=0.1)([1.0], [0.8])),
         row("of logits", partial(log_loss_from_logits, [0.05, 0.95], [1.0, 2.0]), 0.7451,
             keras.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)([0.0, 1.0], [1.0, 2.0]))),
    case("a probability above 1", "1.3 is none.",
         row("refused", partial(log_loss, [1.0], [1.3]), "y_proba holds 1.3 at [0]", torch.binary_cross_entropy(np.array([1.3]), np.array([1.0])), gives="between 0 and 1"),
         row("cut off", partial(log_loss, [1.0], [1.3]), "y_proba holds 1.3 at [0]", keras.BinaryCrossentropy()([1.0], [1.3]), gives=0, wrong=True)),
    case("four truths against a column of probabilities", "Shapes (4,) and (4, 1): a list and a column, or a table of sixteen.",
         row("refused", partial(log_loss, *FOUR), "y_true has shape (4,) and y_proba (4, 1)", torch.binary_cross_entropy(*flipped(FOUR)), gives="size"),
         row("a list", partial(log_loss, *FOUR), "y_true has shape (4,) and y_proba (4, 1)", ask.sklearn.log_loss(*FOUR),
             keras.BinaryCrossentropy()(*FOUR), gives=np.log(2))),
]

test_ours, test_theirs = agree(CASES)


@pytest.fixture
def functional(torch):
    "The functions of PyTorch, and what hands them prediction and truth."
    return torch.nn.functional, lambda y_true, y_pred: [torch.as_tensor(np.asarray(y)) for y in (y_pred, y_true)]


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

"Softmax and cross-entropy: the choices that libraries make differently, and the libraries themselves on random data."
from functools import partial

import numpy as np
import pytest

from lossbook.classification.cross_entropy import cross_entropy, cross_entropy_from_logits, log_softmax, softmax
from tests.peers.rows import agree, ask, case, row

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn warns of sums that are not 1

INF, NAN = float("inf"), float("nan")
CLASSES = [0, 1, 2]
FIFTHS = np.array([[0.2, 0.2, 0.2]])
SURE_AND_WRONG = np.array([[0.0, 0.5, 0.5]])
ONE_HOT = np.array([[1.0, 0.0, 0.0]])
LOG_OF_SURE = np.array([[-INF, *np.log([0.5, 0.5])]])
LABELS, LOGITS = np.array([0, 2]), np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
SOFT = np.array([[0.5, 0.25, 0.25], [0.0, 0.1, 0.9]])
SIXTH = np.array([[1/6, 1/3, 1/2]])
MARKED = np.array([0, -100])
CERTAIN, IMPOSSIBLE = np.array([[1.0, 0.0]]), np.array([[0.0, -INF]])


keras = ask.keras.losses
torch = ask.torch


def divergence():
    return cross_entropy(ONE_HOT, SIXTH) - cross_entropy(ONE_HOT, ONE_HOT)


def divergence_over_classes():
    return divergence() / 3


def left_out():
    kept = MARKED != -100
    return cross_entropy_from_logits(MARKED[kept], LOGITS[kept])


def sk(y_proba):
    return ask.sklearn.log_loss([0], y_proba, labels=CLASSES)


def first(losses):
    return losses[0]


def call(*data, **options):
    return partial(cross_entropy_from_logits, *data, **options)


CASES = [
    case("probabilities that do not sum to 1", "Three fifths in all: an error, or a distribution to be made one.",
         row("refused", partial(cross_entropy, [0], FIFTHS), "y_proba sums to 0.6 over the classes of an example"),
         row("kept as they are", partial(cross_entropy, [0], FIFTHS, total="keep"), 1.6094, sk(FIFTHS), torch.nll_loss(np.log(FIFTHS), [0])),
         row("made to sum to 1", partial(cross_entropy, [0], FIFTHS, total="rescale"), 1.0986,
             keras.categorical_crossentropy(ONE_HOT, FIFTHS).then(first), keras.sparse_categorical_crossentropy(LABELS[:1], FIFTHS).then(first))),
    case("sure and wrong, three classes", "The true class was given probability 0, and the logarithm of 0 is cut off or is not.",
         row("infinite", partial(cross_entropy, [0], SURE_AND_WRONG), INF, torch.nll_loss(LOG_OF_SURE, [0])),
         row("cut off at the eps of float64", partial(cross_entropy, [0], SURE_AND_WRONG, eps=np.finfo(np.float64).eps), 36.0437, sk(SURE_AND_WRONG)),
         row("cut off at the eps of float32", partial(cross_entropy, [0], SURE_AND_WRONG, eps=np.finfo(np.float32).eps), 15.9424,
             sk(SURE_AND_WRONG.astype(np.float32))),
         row("cut off at 1e-7", partial(cross_entropy, [0], SURE_AND_WRONG, eps=1e-7), 16.1181,
             keras.categorical_crossentropy(ONE_HOT, SURE_AND_WRONG).then(first))),
    case("the default reduction", "Two examples of three classes.",
         row("the mean", call(LABELS, LOGITS), 0.2887, torch.cross_entropy(LOGITS, LABELS), keras.SparseCategoricalCrossentropy(from_logits=True)(LABELS, LOGITS)),
         row("one loss for each", call(LABELS, LOGITS, reduction="none"), [0.4076, 0.1698], torch.cross_entropy(LOGITS, LABELS, reduction="none"),
             keras.sparse_categorical_crossentropy(LABELS, LOGITS, from_logits=True), ask.optax.softmax_cross_entropy_with_integer_labels(LOGITS, LABELS))),
    case("targets that are distributions", "Two examples of three classes.",
         row("one loss for each", call(SOFT, LOGITS, reduction="none"), [1.1576, 0.3698], torch.cross_entropy(LOGITS, SOFT, reduction="none"),
             keras.categorical_crossentropy(SOFT, LOGITS, from_logits=True), ask.optax.softmax_cross_entropy(LOGITS, SOFT))),
    case("Kullback-Leibler divergence", "PyTorch's mean divides by the number of classes as well, which is no divergence.",
         row("over examples", divergence, 1.7918, torch.kl_div(np.log(SIXTH), ONE_HOT, reduction="batchmean"), keras.KLDivergence()(ONE_HOT, SIXTH),
             ask.optax.losses.kl_divergence(np.log(SIXTH), ONE_HOT).then(first)),
         row("over examples and classes", divergence_over_classes, 0.5973, torch.kl_div(np.log(SIXTH), ONE_HOT), wrong=True)),
    case("a label of -100", "The second row has no class of that number.",
         row("refused", call(MARKED, LOGITS), "y_true holds -100 at [1]"),
         row("ignored, if told so", call(MARKED, LOGITS, ignore_index=-100), 0.4076, torch.cross_entropy(LOGITS, MARKED)),
         row("no number", call(MARKED, LOGITS, reduction="none"), "y_true holds -100 at [1]",
             ask.optax.softmax_cross_entropy_with_integer_labels(LOGITS, MARKED).then(lambda losses: losses[1]), gives=NAN, wrong=True)),
    case("an impossible class, given as a logit of minus infinity", "The true class is certain, the other cannot be: the loss is 0.",
         row("0", call(CERTAIN, IMPOSSIBLE), 0),
         row("infinity times 0", call(CERTAIN, IMPOSSIBLE), 0, torch.cross_entropy(IMPOSSIBLE, CERTAIN),
             ask.optax.softmax_cross_entropy(IMPOSSIBLE, CERTAIN).then(first), gives=NAN, wrong=True)),
]

test_ours, test_theirs = agree(CASES)


# ---- what is refused here


def test_a_total_that_is_not_one_is_refused():
    for call in (cross_entropy, cross_entropy.grad):
        with pytest.raises(ValueError, match="y_proba sums to 0.6 over the classes of an example: it must sum to 1, or give total='rescale'"):
            call([0], FIFTHS)
    for targets in (2 * ONE_HOT - 1e-12, 0 * ONE_HOT):
        with pytest.raises(ValueError, match="y_true"):
            cross_entropy_from_logits(targets, LOGITS[:1])


def test_the_sum_of_a_late_row_is_seen():
    many = np.full((100_000, 3), 1/3)
    many[-1] = 0.2
    with pytest.raises(ValueError, match="y_proba sums to 0.6 "):
        cross_entropy(np.zeros(100_000, int), many)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_probabilities_of_any_float_pass(dtype):
    probabilities = softmax(np.random.default_rng(0).normal(size=(1000, 50))).astype(dtype)
    assert np.isfinite(cross_entropy(np.zeros(1000, int), probabilities))


def test_a_column_of_labels_is_refused_and_keras_squeezes_it(keras):
    theirs = keras.losses.sparse_categorical_crossentropy(LABELS[:, None], LOGITS, from_logits=True)
    np.testing.assert_allclose(theirs, cross_entropy_from_logits(LABELS, LOGITS, reduction="none"), rtol=1e-6)
    with pytest.raises(ValueError, match="they must agree"):
        cross_entropy_from_logits(LABELS[:, None], LOGITS)


# ---- where others lose digits or have none


def test_others_round_a_sure_class_to_nothing(torch, optax):
    jax, scipy = pytest.importorskip("jax"), pytest.importorskip("scipy.special")
    z = np.array([0.0, 50.0])
    np.testing.assert_allclose(log_softmax(z)[1], -1.9287498479639178e-22, rtol=1e-15)
    assert scipy.log_softmax(z)[1] == jax.nn.log_softmax(z)[1] == 0
    assert torch.nn.functional.log_softmax(torch.tensor(z), 0)[1] == 0


def test_softmax_of_nothing_possible_is_nan_elsewhere(torch):
    for z in ([-INF, -INF], [INF, 0.0]):
        assert torch.softmax(torch.tensor(z), 0).isnan().any()
        with pytest.raises(ValueError, match="logits"):
            softmax(z)


# ---- on random data


rng = np.random.default_rng(0)
y, z, w = rng.integers(0, 7, 300), rng.normal(0, 4, (300, 7)), rng.random(300)


def test_weights_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    for weight in (None, w):
        theirs = metrics.log_loss(y, softmax(z), sample_weight=weight)
        np.testing.assert_allclose(cross_entropy(y, softmax(z), sample_weight=weight), theirs, rtol=1e-12)
        np.testing.assert_allclose(cross_entropy_from_logits(y, z, sample_weight=weight), theirs, rtol=1e-12)


def test_softmax_of_scipy():
    scipy = pytest.importorskip("scipy.special")
    np.testing.assert_allclose(softmax(z, axis=0), scipy.softmax(z, axis=0), rtol=1e-12)
    np.testing.assert_allclose(log_softmax(z, axis=0), scipy.log_softmax(z, axis=0), rtol=1e-12, atol=1e-15)


def test_classes_on_axis_1_are_those_of_torch(torch):
    images = torch.tensor(z.reshape(5, 3, 20, 7)).moveaxis(-1, 1).requires_grad_()
    pixels = torch.tensor(y.reshape(5, 3, 20))
    theirs = torch.nn.functional.cross_entropy(images, pixels)
    theirs.backward()
    value, gradient = cross_entropy_from_logits.value_and_grad(pixels, images, class_axis=1)
    np.testing.assert_allclose(value.item(), theirs.item(), rtol=1e-12)
    np.testing.assert_allclose(gradient.detach(), images.grad, rtol=1e-9, atol=1e-16)


def test_softmax_of_torch_and_jax_is_differentiated_and_traced(torch):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    for ours, theirs, again in ((softmax, torch.softmax, jax.nn.softmax), (log_softmax, torch.log_softmax, jax.nn.log_softmax)):
        free = torch.tensor(z).requires_grad_()
        slopes = torch.autograd.grad((ours(free) * torch.tensor(z)).sum(), free)[0]
        np.testing.assert_allclose(slopes, torch.autograd.grad((theirs(free, -1) * torch.tensor(z)).sum(), free)[0], rtol=1e-9, atol=1e-12)
        slopes = jax.jit(jax.grad(lambda x: (ours(x, axis=0) * z).sum()))(z)
        np.testing.assert_allclose(slopes, jax.grad(lambda x: (again(x, axis=0) * z).sum())(z), rtol=1e-9, atol=1e-12)

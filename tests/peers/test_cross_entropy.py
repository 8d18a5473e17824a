"""Softmax and cross-entropy: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the
library itself, where it is installed.
"""
import numpy as np
import pytest

from lossbook.classification.cross_entropy import cross_entropy, cross_entropy_from_logits, log_softmax, softmax
from tests.peers.rows import Row, agree_with_optax, agree_with_published, agree_with_sklearn, agree_with_torch, rows_of

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn warns of sums that are not 1

INF, NAN = float("inf"), float("nan")
CLASSES = [0, 1, 2]
FIFTHS = np.array([[0.2, 0.2, 0.2]])
SURE_AND_WRONG = np.array([[0.0, 0.5, 0.5]])
ONE_HOT = np.array([[1.0, 0.0, 0.0]])
LABELS, LOGITS = np.array([0, 2]), np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
SOFT = np.array([[0.5, 0.25, 0.25], [0.0, 0.1, 0.9]])
SIXTH = np.array([[1/6, 1/3, 1/2]])
MARKED = np.array([0, -100])


def divergence(y_true, y_proba):
    return cross_entropy(y_true, y_proba) - cross_entropy(y_true, y_true)


def log_loss(metrics, y_proba):
    return metrics.log_loss([0], y_proba, labels=CLASSES)


ROWS = [
    Row("a total of 0.6, kept", lambda: cross_entropy([0], FIFTHS, total="keep"), 1.6094, lambda m: log_loss(m, FIFTHS)),
    Row("a total of 0.6, rescaled", lambda: cross_entropy([0], FIFTHS, total="rescale"), 1.0986,
        keras=lambda k: k.categorical_crossentropy(ONE_HOT, FIFTHS)[0]),
    Row("a total of 0.6, rescaled, by label", lambda: cross_entropy([0], FIFTHS, total="rescale"), 1.0986,
        keras=lambda k: k.sparse_categorical_crossentropy(LABELS[:1], FIFTHS)[0]),
    Row("sure and wrong", lambda: cross_entropy([0], SURE_AND_WRONG), INF),
    Row("sure and wrong, to the eps of float64", lambda: cross_entropy([0], SURE_AND_WRONG, eps=np.finfo(np.float64).eps), 36.0437,
        lambda m: log_loss(m, SURE_AND_WRONG)),
    Row("sure and wrong, to the eps of float32", lambda: cross_entropy([0], SURE_AND_WRONG, eps=np.finfo(np.float32).eps), 15.9424),
    Row("sure and wrong, to 1e-7", lambda: cross_entropy([0], SURE_AND_WRONG, eps=1e-7), 16.1181,
        keras=lambda k: k.categorical_crossentropy(ONE_HOT, SURE_AND_WRONG)[0]),
    Row("the mean", lambda: cross_entropy_from_logits(LABELS, LOGITS), 0.2887,
        lambda m: m.log_loss(LABELS, softmax(LOGITS), labels=CLASSES),
        keras=lambda k: k.SparseCategoricalCrossentropy(from_logits=True)(LABELS, LOGITS)),
    Row("no reduction", lambda: cross_entropy_from_logits(LABELS, LOGITS, reduction="none"), [0.4076, 0.1698],
        keras=lambda k: k.sparse_categorical_crossentropy(LABELS, LOGITS, from_logits=True)),
    Row("soft targets", lambda: cross_entropy_from_logits(SOFT, LOGITS, reduction="none"), [1.1576, 0.3698],
        keras=lambda k: k.categorical_crossentropy(SOFT, LOGITS, from_logits=True)),
    Row("a divergence", lambda: divergence(ONE_HOT, SIXTH), 1.7918, keras=lambda k: k.KLDivergence()(ONE_HOT, SIXTH)),
    Row("a divergence, over classes too", lambda: divergence(ONE_HOT, SIXTH) / 3, 0.5973),
    Row("a label of -100, left out", lambda: cross_entropy_from_logits(MARKED[MARKED != -100], LOGITS[MARKED != -100]), 0.4076),
]

TORCH = {  # of `torch.nn.functional`, and what makes its tensors
    "a total of 0.6, kept": lambda f, t: f.nll_loss(t(FIFTHS).log(), t([0])),
    "sure and wrong": lambda f, t: f.nll_loss(t(SURE_AND_WRONG).log(), t([0])),
    "the mean": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS)),
    "no reduction": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS), reduction="none"),
    "soft targets": lambda f, t: f.cross_entropy(t(LOGITS), t(SOFT), reduction="none"),
    "a divergence": lambda f, t: f.kl_div(t(SIXTH).log(), t(ONE_HOT), reduction="batchmean"),
    "a divergence, over classes too": lambda f, t: f.kl_div(t(SIXTH).log(), t(ONE_HOT)),
    "a label of -100, left out": lambda f, t: f.cross_entropy(t(LOGITS), t(MARKED)),
}
OPTAX = {  # of `optax`
    "no reduction": lambda o: o.softmax_cross_entropy_with_integer_labels(LOGITS, LABELS),
    "soft targets": lambda o: o.softmax_cross_entropy(LOGITS, SOFT),
    "a divergence": lambda o: o.losses.kl_divergence(np.log(SIXTH), ONE_HOT)[0],
}
BY_NAME = {row.name: row for row in ROWS}


@pytest.fixture
def keras(keras):
    return keras.losses


test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "keras")
def test_keras(row, keras):
    row.agrees_with(np.asarray(row.keras(keras)), rtol=1e-5)  # it clips targets too


test_torch = agree_with_torch(ROWS, TORCH)
test_optax = agree_with_optax(ROWS, OPTAX)


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


def test_a_label_of_minus_100_is_refused_by_name():
    with pytest.raises(ValueError, match=r"y_true holds -100 at \[1\]"):
        cross_entropy_from_logits(MARKED, LOGITS)


def test_optax_gives_nan_for_a_label_of_minus_100(optax):
    assert np.isnan(OPTAX["no reduction"](optax)).tolist() == [False, False]
    assert np.isnan(optax.softmax_cross_entropy_with_integer_labels(LOGITS, MARKED)).tolist() == [False, True]


def test_a_column_of_labels_is_refused_and_keras_squeezes_it(keras):
    theirs = keras.sparse_categorical_crossentropy(LABELS[:, None], LOGITS, from_logits=True)
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


def test_others_give_nan_for_a_class_that_cannot_be(torch, optax):
    z, y = np.array([[0.0, -INF]]), np.array([[1.0, 0.0]])
    assert cross_entropy_from_logits(y, z) == 0
    assert np.isnan(optax.softmax_cross_entropy(z, y)[0])
    assert torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(y)).isnan()


def test_softmax_of_nothing_possible_is_nan_elsewhere(torch):
    for z in ([-INF, -INF], [INF, 0.0]):
        assert torch.softmax(torch.tensor(z), 0).isnan().any()
        with pytest.raises(ValueError, match="logits"):
            softmax(z)


def test_scikit_learn_clips_by_dtype():
    metrics = pytest.importorskip("sklearn.metrics")
    BY_NAME["sure and wrong, to the eps of float32"].agrees_with(log_loss(metrics, SURE_AND_WRONG.astype(np.float32)))


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

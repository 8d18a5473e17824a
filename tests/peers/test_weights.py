"""Weights of classes, label smoothing, ignored labels: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the
library itself, where it is installed.
"""
import numpy as np
import pytest

from lossbook.classification.cross_entropy import cross_entropy, cross_entropy_from_logits, softmax
from lossbook.classification.log_loss import log_loss
from lossbook.classification.logits import log_loss_from_logits
from lossbook.classification.weights import balanced_class_weight, unweighted_proba
from tests.peers.rows import Row, agree_with_optax, agree_with_published, agree_with_sklearn, agree_with_torch, rows_of

LABELS, LOGITS = np.array([0, 1]), np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
HOT = np.eye(3)[LABELS]
WEIGHTS, HEAVIER = np.array([1.0, 3.0, 1.0]), np.array([1.0, 4.0, 2.0])
SOFT = 0.9 * HOT + 0.1 / 3
MARKED, BLANK = np.array([0, -100]), np.array([-100, -100])
PAIR = np.array([1.0, 0.0]), np.array([1.0, -1.0]), np.array([1.0, 3.0])  # truth, logits, weights
PARCELS = np.array([0] * 17 + [1] * 3)


def ours(y_true=LABELS, logits=LOGITS, **options):
    return cross_entropy_from_logits(y_true, logits, **options)


def by_parts(targets, logits, weight):
    "Weighted sum in which each part of a target has the weight of its class, PyTorch's way."
    parts = weight * targets
    sums = parts.sum(axis=1)
    return cross_entropy_from_logits(parts / sums[:, None], logits, sample_weight=sums, reduction="sum")


def weighted_log_loss(metrics):
    return metrics.log_loss(LABELS, softmax(LOGITS), labels=[0, 1, 2], sample_weight=WEIGHTS[LABELS])


ROWS = [
    Row("class weights, over their sum", lambda: ours(class_weight=WEIGHTS), 1.7293, weighted_log_loss,
        keras=lambda k: sparse(k, "mean_with_sample_weight")(LABELS, LOGITS, sample_weight=WEIGHTS[LABELS])),
    Row("class weights, over n", lambda: ours(class_weight=WEIGHTS, reduction="batchmean"), 3.4586,
        keras=lambda k: sparse(k)(LABELS, LOGITS, sample_weight=WEIGHTS[LABELS])),
    Row("class weights, each", lambda: ours(class_weight=WEIGHTS, reduction="none"), [0.4076, 6.5095]),
    Row("binary, weights over n", lambda: log_loss_from_logits(PAIR[0], PAIR[1], sample_weight=PAIR[2], reduction="batchmean"), 0.6265),
    Row("a soft target, weighed by parts over n", lambda: by_parts(SOFT, LOGITS, WEIGHTS) / 2, 3.3942),
    Row("a soft target, weighed by its label over n", lambda: ours(SOFT, sample_weight=WEIGHTS[LABELS], reduction="batchmean"), 3.4586,
        keras=lambda k: k.CategoricalCrossentropy(from_logits=True)(SOFT, LOGITS, sample_weight=WEIGHTS[LABELS])),
    Row("smoothing", lambda: ours([0], LOGITS[:1], label_smoothing=0.1), 0.5076,
        keras=lambda k: k.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)(HOT[:1], LOGITS[:1])),
    Row("smoothing of two classes", lambda: cross_entropy(1, [0.2, 0.8], label_smoothing=0.1), 0.2925,
        keras=lambda k: k.BinaryCrossentropy(label_smoothing=0.1)(np.ones((1, 1)), np.full((1, 1), 0.8))),
    Row("smoothing of two classes, as a soft truth", lambda: log_loss(0.95, 0.8), 0.2925,
        keras=lambda k: k.BinaryCrossentropy(label_smoothing=0.1)(np.ones((1, 1)), np.full((1, 1), 0.8))),
    Row("smoothing with class weights", lambda: ours(class_weight=HEAVIER, label_smoothing=0.1), 1.8107),
    Row("smoothing with class weights, the sum", lambda: ours(class_weight=HEAVIER, label_smoothing=0.1, reduction="sum"), 9.0537,
        keras=lambda k: k.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum")(
            HOT, LOGITS, sample_weight=HEAVIER[LABELS])),
    Row("smoothing with class weights, by parts", lambda: by_parts(SOFT, LOGITS, HEAVIER) / HEAVIER[LABELS].sum(), 1.7893),
    Row("a label of -100, ignored", lambda: ours(MARKED, ignore_index=-100), 0.4076,
        keras=lambda k: sparse(k, ignore_class=-100)(MARKED, LOGITS)),
    Row("a class, ignored, with weights", lambda: ours([0, 1], class_weight=WEIGHTS, ignore_index=1), 0.4076),
    Row("all ignored, the sum", lambda: ours(BLANK, ignore_index=-100, reduction="sum"), 0.0,
        keras=lambda k: sparse(k, "sum", ignore_class=-100)(BLANK, LOGITS)),
    Row("no reduction", lambda: ours(reduction="none"), [0.4076, 2.1698],
        keras=lambda k: k.sparse_categorical_crossentropy(LABELS, LOGITS, from_logits=True)),
    Row("the mean", ours, 1.2887, keras=lambda k: sparse(k)(LABELS, LOGITS)),
]

TORCH = {  # of `torch.nn.functional`, and what makes its tensors
    "class weights, over their sum": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS), weight=t(WEIGHTS)),
    "class weights, over n": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS), weight=t(WEIGHTS), reduction="none").mean(),
    "class weights, each": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS), weight=t(WEIGHTS), reduction="none"),
    "binary, weights over n": lambda f, t: f.binary_cross_entropy_with_logits(t(PAIR[1]), t(PAIR[0]), weight=t(PAIR[2])),
    "a soft target, weighed by parts over n": lambda f, t: f.cross_entropy(t(LOGITS), t(SOFT), weight=t(WEIGHTS)),
    "smoothing": lambda f, t: f.cross_entropy(t(LOGITS[:1]), t([0]), label_smoothing=0.1),
    "smoothing with class weights, by parts": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS), weight=t(HEAVIER), label_smoothing=0.1),
    "a label of -100, ignored": lambda f, t: f.cross_entropy(t(LOGITS), t(MARKED)),
    "a class, ignored, with weights": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS), weight=t(WEIGHTS), ignore_index=1),
    "all ignored, the sum": lambda f, t: f.cross_entropy(t(LOGITS), t(BLANK), reduction="sum"),
    "the mean": lambda f, t: f.cross_entropy(t(LOGITS), t(LABELS)),
}
OPTAX = {  # of `optax`
    "smoothing": lambda o: o.softmax_cross_entropy(LOGITS[:1], o.smooth_labels(HOT[:1], 0.1))[0],
    "no reduction": lambda o: o.softmax_cross_entropy_with_integer_labels(LOGITS, LABELS),
}
BY_NAME = {row.name: row for row in ROWS}


def sparse(losses, reduction="sum_over_batch_size", **options):
    return losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction, **options)


@pytest.fixture
def keras(keras):
    return keras.losses


@pytest.fixture
def of_classes():
    return pytest.importorskip("sklearn.utils.class_weight")


test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "keras")
def test_keras(row, keras):
    row.agrees_with(np.asarray(row.keras(keras)), rtol=1e-5)  # float32, and it clips


test_torch = agree_with_torch(ROWS, TORCH)
test_optax = agree_with_optax(ROWS, OPTAX)


# ---- where ours is a sentence


def test_a_mean_of_nothing_is_refused():
    for ask in (ours, cross_entropy_from_logits.grad):
        with pytest.raises(ValueError, match="by ignore_index every example has weight 0"):
            ask(BLANK, LOGITS, ignore_index=-100)


def test_a_mean_of_nothing_elsewhere(torch, keras):
    assert torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor(BLANK)).isnan()
    assert sparse(keras, ignore_class=-100)(BLANK, LOGITS) == 0


def test_no_label_is_special():
    for label in (-100, 255):
        with pytest.raises(ValueError, match=rf"y_true holds {label} at \[1\]: it must be a label from 0 to 2"):
            ours([0, label])


def test_a_label_of_minus_100_elsewhere(torch, optax):
    alone = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor(MARKED), reduction="none")
    np.testing.assert_allclose(alone, ours(MARKED, ignore_index=-100, reduction="none"), rtol=1e-12)
    assert np.isnan(optax.softmax_cross_entropy_with_integer_labels(LOGITS, MARKED)).tolist() == [False, True]


def test_ours_gives_other_numbers_than_torch_where_weights_meet_smoothing(torch):
    theirs = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor(LABELS), weight=torch.tensor(HEAVIER), label_smoothing=0.1)
    assert abs(BY_NAME["smoothing with class weights"].ours() - theirs.item()) > 0.02


# ---- on random data


rng = np.random.default_rng(0)
y, z, w = rng.integers(0, 5, 200), rng.normal(0, 2, (200, 5)), rng.uniform(0.5, 3, 5)


@pytest.mark.parametrize("smoothing", [0, 0.2, 1])
@pytest.mark.parametrize("ignored", [-100, 3])
def test_weights_smoothing_and_ignored_labels_of_torch(torch, smoothing, ignored):
    free = torch.tensor(z, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(free, torch.tensor(y), weight=torch.tensor(w), label_smoothing=smoothing, ignore_index=ignored)
    theirs.backward()
    kept = y != ignored
    parts = w * ((1 - smoothing) * np.eye(5)[y] + smoothing / 5)
    sums = parts.sum(axis=1)
    call = (parts / sums[:, None], z), {"sample_weight": sums * kept, "reduction": "sum"}
    over = w[y][kept].sum()
    np.testing.assert_allclose(cross_entropy_from_logits(*call[0], **call[1]) / over, theirs.item(), rtol=1e-12)
    np.testing.assert_allclose(cross_entropy_from_logits.grad(*call[0], **call[1]) / over, free.grad, rtol=1e-9, atol=1e-16)
    if not smoothing:
        np.testing.assert_allclose(cross_entropy_from_logits(y, z, class_weight=w, ignore_index=ignored), theirs.item(), rtol=1e-12)


def test_smoothing_of_torch_and_its_gradient(torch):
    free = torch.tensor(z, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(free, torch.tensor(y), label_smoothing=0.3)
    theirs.backward()
    value, gradient = cross_entropy_from_logits.value_and_grad(y, z, label_smoothing=0.3)
    np.testing.assert_allclose(value, theirs.item(), rtol=1e-12)
    np.testing.assert_allclose(gradient, free.grad, rtol=1e-9, atol=1e-16)


# ---- balanced weights


@pytest.mark.parametrize("labels", [y, np.array(list("aabcbaaa")), PARCELS, np.array([7, -3, 7])])
def test_balanced_weights_of_scikit_learn(of_classes, labels):
    classes = np.unique(labels)
    theirs = of_classes.compute_class_weight("balanced", classes=classes, y=labels)
    np.testing.assert_allclose(balanced_class_weight(labels), theirs, rtol=1e-15)
    np.testing.assert_allclose(balanced_class_weight(labels, labels=classes[::-1]), theirs[::-1], rtol=1e-15)


def test_a_class_that_never_occurs(of_classes):
    with pytest.raises(ValueError, match="label 2 never occurs in y_true: give undefined="):
        balanced_class_weight(PARCELS, labels=3)
    with pytest.raises(ValueError, match="classes should have valid labels that are in y"):
        of_classes.compute_class_weight("balanced", classes=np.arange(3), y=PARCELS)
    np.testing.assert_allclose(balanced_class_weight(PARCELS, labels=3, undefined=0), [20/34, 20/6, 0], rtol=1e-15)


def test_balanced_weights_average_to_one_and_make_classes_equal():
    weight = balanced_class_weight(y)
    np.testing.assert_allclose([weight[y].mean(), *(weight[k] * (y == k).sum() for k in range(5))], [1, *[40] * 5], rtol=1e-12)
    np.testing.assert_allclose(ours(y, z, class_weight=weight), ours(y, z, class_weight=weight, reduction="batchmean"), rtol=1e-12)


def test_balanced_weights_of_many_classes_need_no_table():
    np.testing.assert_allclose(balanced_class_weight(np.arange(200_000)), np.ones(200_000), rtol=1e-12)


# ---- forecasts without weights


def test_undone_are_the_logits_without_the_logarithms_of_weights():
    np.testing.assert_allclose(unweighted_proba(softmax(z), w), softmax(z - np.log(w)), rtol=1e-12)
    weighted = unweighted_proba(softmax(z), 1 / w)
    np.testing.assert_allclose(unweighted_proba(weighted, 10 * w), softmax(z), rtol=1e-12)


@pytest.mark.parametrize("library", ["array_api_strict", "torch", "jax.numpy"])
def test_probabilities_of_any_library_are_undone(library):
    xp = pytest.importorskip(library)
    for dtype in (np.float32, np.float64):
        if library == "jax.numpy":
            pytest.importorskip("jax").config.update("jax_enable_x64", True)
        given = softmax(z.reshape(20, 5, 10), axis=1).astype(dtype)
        there = unweighted_proba(xp.asarray(given), w, class_axis=1)
        assert type(there) is type(xp.asarray(given)) and there.dtype == xp.asarray(given).dtype
        np.testing.assert_allclose(np.asarray(there), unweighted_proba(given, w, class_axis=1), rtol=1e-5 if dtype == np.float32 else 1e-12)


def test_undoing_is_differentiated_and_traced(torch):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    free = torch.tensor(softmax(z), requires_grad=True)
    slopes = torch.autograd.grad((unweighted_proba(free, w) * torch.tensor(z)).sum(), free)[0]
    traced = jax.jit(jax.grad(lambda p: (unweighted_proba(p, w) * z).sum()))(softmax(z))
    np.testing.assert_allclose(slopes, traced, rtol=1e-9, atol=1e-12)

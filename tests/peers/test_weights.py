"Weights of classes, label smoothing, ignored labels: the choices that libraries make differently, and the libraries themselves on random data."
from functools import partial

import numpy as np
import pytest

from lossbook.classification.cross_entropy import cross_entropy, cross_entropy_from_logits, softmax
from lossbook.classification.log_loss import log_loss
from lossbook.classification.logits import log_loss_from_logits
from lossbook.classification.weights import balanced_class_weight, unweighted_proba
from tests.peers.rows import agree, ask, case, row

LABELS, LOGITS = np.array([0, 1]), np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
HOT = np.eye(3)[LABELS]
WEIGHTS, HEAVIER = np.array([1.0, 3.0, 1.0]), np.array([1.0, 4.0, 2.0])
SOFT = 0.9 * HOT + 0.1 / 3
MARKED, BLANK = np.array([0, -100]), np.array([-100, -100])
PAIR = np.array([1.0, 0.0]), np.array([1.0, -1.0]), np.array([1.0, 3.0])  # truth, logits, weights
PARCELS = np.array([0] * 17 + [1] * 3)


torch, keras = ask.torch, ask.keras.losses


def sparse(reduction="sum_over_batch_size", **options):
    return keras.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction, **options)


def ours(y_true=LABELS, logits=LOGITS, **options):
    return partial(cross_entropy_from_logits, y_true, logits, **options)


def by_parts(targets, logits, weight):
    "Weighted sum in which each part of a target has the weight of its class, PyTorch's way."
    parts = weight * targets
    sums = parts.sum(axis=1)
    return cross_entropy_from_logits(parts / sums[:, None], logits, sample_weight=sums, reduction="sum")


def parts_over_n():
    return by_parts(0.9 * np.eye(3)[LABELS] + 0.1 / 3, LOGITS, WEIGHTS) / 2


def parts_over_weights():
    return by_parts(0.9 * np.eye(3)[LABELS] + 0.1 / 3, LOGITS, HEAVIER) / HEAVIER[LABELS].sum()


def each(losses):
    return losses.mean()


def smoothed_by_optax():
    import optax
    return optax.softmax_cross_entropy(LOGITS[:1], optax.smooth_labels(HOT[:1], 0.1))[0]


PROBA = softmax(LOGITS)
ONE_COLUMN = np.ones((1, 1)), np.full((1, 1), 0.8)
CASES = [
    case("class weights", "Class 1 has weight 3. The weighted sum is divided by the weights, or by the number of examples.",
         row("over the sum of weights", ours(class_weight=WEIGHTS), 1.7293,
             ask.sklearn.log_loss(LABELS, PROBA, labels=[0, 1, 2], sample_weight=WEIGHTS[LABELS]), torch.cross_entropy(LOGITS, LABELS, weight=WEIGHTS),
             sparse("mean_with_sample_weight")(LABELS, LOGITS, sample_weight=WEIGHTS[LABELS])),
         row("over the number of examples", ours(class_weight=WEIGHTS, reduction="batchmean"), 3.4586,
             torch.cross_entropy(LOGITS, LABELS, weight=WEIGHTS, reduction="none").then(each), sparse()(LABELS, LOGITS, sample_weight=WEIGHTS[LABELS])),
         row("one loss for each", ours(class_weight=WEIGHTS, reduction="none"), [0.4076, 6.5095],
             torch.cross_entropy(LOGITS, LABELS, weight=WEIGHTS, reduction="none"))),
    case("weights of two classes", "PyTorch divides a binary loss by the number of examples, and one of several classes by the weights.",
         row("over the sum of weights", partial(log_loss_from_logits, *PAIR[:2], sample_weight=PAIR[2]), 0.3133),
         row("over the number of examples", partial(log_loss_from_logits, *PAIR[:2], sample_weight=PAIR[2], reduction="batchmean"), 0.6265,
             torch.binary_cross_entropy_with_logits(PAIR[1], PAIR[0], weight=PAIR[2]))),
    case("weights of soft targets", "A target of several classes has the weight of its label, or each of its parts that of its class.",
         row("of its label, over the number of examples", ours(SOFT, sample_weight=WEIGHTS[LABELS], reduction="batchmean"), 3.4586,
             keras.CategoricalCrossentropy(from_logits=True)(SOFT, LOGITS, sample_weight=WEIGHTS[LABELS])),
         row("part by part, over the number of examples", parts_over_n, 3.3942, torch.cross_entropy(LOGITS, SOFT, weight=WEIGHTS))),
    case("label smoothing", "A tenth of the target is spread evenly over all classes, the true one among them: all agree.",
         row("three classes", ours([0], LOGITS[:1], label_smoothing=0.1), 0.5076, torch.cross_entropy(LOGITS[:1], [0], label_smoothing=0.1),
             keras.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)(HOT[:1], LOGITS[:1]),
             ask.optax.by("softmax_cross_entropy() of smooth_labels()", smoothed_by_optax), said="segmentation-models-pytorch"),
         row("two classes", partial(cross_entropy, 1, [0.2, 0.8], label_smoothing=0.1), 0.2925, keras.BinaryCrossentropy(label_smoothing=0.1)(*ONE_COLUMN)),
         row("two classes, as a truth of 0.95", partial(log_loss, 0.95, 0.8), 0.2925, keras.BinaryCrossentropy(label_smoothing=0.1)(*ONE_COLUMN))),
    case("label smoothing with class weights", "The smoothed target has the weight of its label, or each of its parts that of its class.",
         row("of its label", ours(class_weight=HEAVIER, label_smoothing=0.1), 1.8107),
         row("of its label, the sum", ours(class_weight=HEAVIER, label_smoothing=0.1, reduction="sum"), 9.0537,
             keras.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum")(HOT, LOGITS, sample_weight=HEAVIER[LABELS])),
         row("part by part", parts_over_weights, 1.7893, torch.cross_entropy(LOGITS, LABELS, weight=HEAVIER, label_smoothing=0.1))),
    case("a label to ignore", "The second example has the label that is ignored.",
         row("a label of -100", ours(MARKED, ignore_index=-100), 0.4076, torch.cross_entropy(LOGITS, MARKED), sparse(ignore_class=-100)(MARKED, LOGITS)),
         row("a class that has a weight", ours([0, 1], class_weight=WEIGHTS, ignore_index=1), 0.4076,
             torch.cross_entropy(LOGITS, LABELS, weight=WEIGHTS, ignore_index=1))),
    case("every label is ignored", "The mean reads 0/0.",
         row("the sum", ours(BLANK, ignore_index=-100, reduction="sum"), 0.0, torch.cross_entropy(LOGITS, BLANK, reduction="sum"),
             sparse("sum", ignore_class=-100)(BLANK, LOGITS)),
         row("the mean is refused", ours(BLANK, ignore_index=-100), "by ignore_index every example has weight 0"),
         row("the mean is no number", ours(BLANK, ignore_index=-100), "by ignore_index every example has weight 0", torch.cross_entropy(LOGITS, BLANK), gives=np.nan),
         row("the mean is 0", ours(BLANK, ignore_index=-100), "by ignore_index every example has weight 0", sparse(ignore_class=-100)(BLANK, LOGITS), gives=0)),
    case("two examples without weights", "Where no weight is given, all agree.",
         row("one loss for each", ours(reduction="none"), [0.4076, 2.1698], keras.sparse_categorical_crossentropy(LABELS, LOGITS, from_logits=True),
             ask.optax.softmax_cross_entropy_with_integer_labels(LOGITS, LABELS)),
         row("the mean", ours(), 1.2887, torch.cross_entropy(LOGITS, LABELS), sparse()(LABELS, LOGITS))),
]

test_ours, test_theirs = agree(CASES)


@pytest.fixture
def of_classes():
    return pytest.importorskip("sklearn.utils.class_weight")


# ---- where ours is a sentence


def test_a_mean_of_nothing_is_refused():
    for call in (cross_entropy_from_logits, cross_entropy_from_logits.grad):
        with pytest.raises(ValueError, match="by ignore_index every example has weight 0"):
            call(BLANK, LOGITS, ignore_index=-100)


def test_no_label_is_special():
    for label in (-100, 255):
        with pytest.raises(ValueError, match=rf"y_true holds {label} at \[1\]: it must be a label from 0 to 2"):
            ours([0, label])()


def test_a_label_of_minus_100_elsewhere(torch, optax):
    alone = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor(MARKED), reduction="none")
    np.testing.assert_allclose(alone, ours(MARKED, ignore_index=-100, reduction="none")(), rtol=1e-12)
    assert np.isnan(optax.softmax_cross_entropy_with_integer_labels(LOGITS, MARKED)).tolist() == [False, True]


def test_ours_gives_other_numbers_than_torch_where_weights_meet_smoothing(torch):
    theirs = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor(LABELS), weight=torch.tensor(HEAVIER), label_smoothing=0.1)
    assert abs(ours(class_weight=HEAVIER, label_smoothing=0.1)() - theirs.item()) > 0.02


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
    np.testing.assert_allclose(ours(y, z, class_weight=weight)(), ours(y, z, class_weight=weight, reduction="batchmean")(), rtol=1e-12)


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

"Cross-entropy of pixels, and what is left out of a score: the choices that libraries make differently, and the libraries themselves."
from functools import partial
from itertools import product

import numpy as np
import pytest

from lossbook import accuracy_score, balanced_accuracy_score, cross_entropy_from_logits, iou_score, recall_score
from lossbook.summaries import ConfusionMatrix
from tests.peers.rows import agree, ask, case, row

rng = np.random.default_rng(0)
LABELS = rng.choice([0, 1, 2, 255], (2, 4, 5), p=[0.5, 0.2, 0.2, 0.1])
SHEETS = rng.normal(0, 2, (2, 3, 4, 5))  # (n, K, h, w)
LISTS = np.moveaxis(SHEETS, 1, -1)  # (n, h, w, K)
WEIGHTS = np.array([1.0, 2.0, 5.0])
NAMED = LABELS != 255
FULL = np.where(NAMED, LABELS, 0)

# The smallest input on which the two conventions give these numbers: a third pixel is needed for recalls of 1/2 and 0,
# and something must be called 0, for torchmetrics counts a class that truth or prediction has.
THREE = [1, 1, 2], [1, 0, 0]

CALLED = np.where(rng.random((2, 4, 5)) < 0.6, FULL, rng.integers(0, 3, (2, 4, 5)))


def close(ours, theirs, rtol=1e-12, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def pooled(function, data, **options):
    return getattr(ask.torchmetrics.classification, function)(*data[::-1], **options)


MARKED = LABELS, CALLED
CASES = [
    case("pixels marked 255", "The mark of a border or of what nobody labelled, in two images of 4 by 5 pixels; three classes.",
         row("left out of the mean IoU", partial(iou_score, *MARKED, labels=3, ignore_index=255, average="macro"), 0.5234,
             pooled("multiclass_jaccard_index", MARKED, num_classes=3, ignore_index=255), ask.keras.metrics.MeanIoU(num_classes=3, ignore_class=255)(*MARKED),
             said="segmentation-models-pytorch"),
         row("no label", partial(iou_score, *MARKED, labels=3, average="macro"), "y_true holds 255",
             ask.torchmetrics.segmentation.mean_iou(*MARKED[::-1], num_classes=3, input_format="index"), gives=""),
         row("left out of the cross-entropy", partial(cross_entropy_from_logits, LABELS, SHEETS, class_axis=1, ignore_index=255), 2.0386,
             ask.torch.cross_entropy(SHEETS, LABELS, ignore_index=255),
             ask.keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)(LABELS, LISTS.astype("float32")))),
]

test_ours, test_theirs = agree(CASES)


# ---- a class left out of a macro mean


def macro_recall(**options):
    return recall_score(*THREE, labels=3, ignore_index=0, average="macro", **options)


def macro_recall_of_torchmetrics(y_true, y_pred):
    torch, tm = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.classification")
    truth, pred = torch.tensor(y_true), torch.tensor(y_pred)
    return tm.multiclass_recall(pred, truth, num_classes=3, ignore_index=0, average="macro").item()


def test_torchmetrics_counts_the_class_it_ignores():
    close(macro_recall(undefined=0), macro_recall_of_torchmetrics(*THREE), rtol=1e-6)
    close([macro_recall(undefined=0), macro_recall()], [1/6, 1/4])


def test_no_smaller_input_shows_both_numbers():
    sk = pytest.importorskip("sklearn.metrics")
    for n in (1, 2):
        for truth, pred in product(product(range(3), repeat=n), repeat=2):
            theirs = sk.recall_score(truth, pred, labels=[1, 2], average="macro", zero_division=0)
            assert not (any(truth) and abs(theirs - 1/4) < 1e-9 and abs(macro_recall_of_torchmetrics(truth, pred) - 1/6) < 1e-6)


# ---- sheets of logits, as PyTorch has them


def of_torch(torch, labels, reduction, **options):
    "PyTorch's loss, and its gradient with respect to the logits."
    free = torch.tensor(SHEETS, requires_grad=True)
    value = torch.nn.functional.cross_entropy(free, torch.tensor(labels), ignore_index=255, reduction=reduction, **options)
    value.sum().backward()
    return value.detach().numpy(), free.grad.numpy()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("labels", [LABELS, FULL], ids=["with a border", "all named"])
@pytest.mark.parametrize("options, theirs", [
    ({}, {}), ({"class_weight": WEIGHTS}, {"weight": WEIGHTS}), ({"label_smoothing": 0.1}, {"label_smoothing": 0.1})],
    ids=["plain", "weights", "smoothing"])
def test_torch(torch, reduction, labels, options, theirs):
    if "weight" in theirs:
        theirs = {"weight": torch.tensor(WEIGHTS)}
    value, gradient = of_torch(torch, labels, reduction, **theirs)
    call = {"class_axis": 1, "ignore_index": 255, "reduction": reduction, **options}
    close(cross_entropy_from_logits(labels, SHEETS, **call), value)
    close(cross_entropy_from_logits.grad(labels, SHEETS, **call), gradient, rtol=1e-9, atol=1e-15)


def test_torch_over_all_pixels_is_batchmean(torch):
    value, gradient = of_torch(torch, LABELS, "none", weight=torch.tensor(WEIGHTS))
    call = {"class_axis": 1, "ignore_index": 255, "class_weight": WEIGHTS, "reduction": "batchmean"}
    close(cross_entropy_from_logits(LABELS, SHEETS, **call), value.mean())
    close(cross_entropy_from_logits.grad(LABELS, SHEETS, **call), gradient / LABELS.size, rtol=1e-9, atol=1e-15)


def test_torch_on_images_that_count_alike(torch):
    "The mean over images, asked for by weights of the pixels."
    means = [torch.nn.functional.cross_entropy(torch.tensor(z[None]), torch.tensor(y[None]), ignore_index=255).item()
             for z, y in zip(SHEETS, LABELS)]
    weight = NAMED / NAMED.sum(axis=(1, 2), keepdims=True)
    close(cross_entropy_from_logits(LABELS, SHEETS, class_axis=1, ignore_index=255, sample_weight=weight), np.mean(means))


def test_nothing_named_is_nan_in_torch_and_a_sentence_here(torch):
    nothing = np.full_like(LABELS, 255)
    assert np.isnan(of_torch(torch, nothing, "mean")[0]) and of_torch(torch, nothing, "sum")[0] == 0
    with pytest.raises(ValueError, match="by ignore_index every example has weight 0"):
        cross_entropy_from_logits(nothing, SHEETS, class_axis=1, ignore_index=255)
    assert cross_entropy_from_logits(nothing, SHEETS, class_axis=1, ignore_index=255, reduction="sum") == 0


def test_torch_cannot_read_lists_and_nobody_can_tell_squares_of_classes(torch):
    ask = torch.nn.functional.cross_entropy
    with pytest.raises((RuntimeError, ValueError)):
        ask(torch.tensor(LISTS), torch.tensor(FULL))
    square, truth = SHEETS[:, :, :3, :3], FULL[:, :3, :3]
    close(cross_entropy_from_logits(truth, square, class_axis=1), ask(torch.tensor(square), torch.tensor(truth)).item())
    turned = torch.tensor(square).movedim(-1, 1)
    close(cross_entropy_from_logits(truth, square, class_axis=-1), ask(turned, torch.tensor(truth)).item())


# ---- lists of logits, as Keras has them


@pytest.fixture
def sparse(keras):
    def sparse(labels, logits, **options):
        return float(keras.losses.SparseCategoricalCrossentropy(from_logits=True, **options)(labels, logits.astype("float32")))
    return sparse


def test_keras(sparse):
    close(cross_entropy_from_logits(FULL, LISTS), sparse(FULL, LISTS), rtol=1e-5)
    close(cross_entropy_from_logits(LABELS, LISTS, ignore_index=255), sparse(LABELS, LISTS, ignore_class=255), rtol=1e-5)


def test_keras_with_sheets(keras, sparse):
    with pytest.raises(ValueError):
        sparse(FULL, SHEETS)
    theirs = keras.losses.sparse_categorical_crossentropy(FULL, SHEETS, from_logits=True, axis=1)
    close(cross_entropy_from_logits(FULL, SHEETS, class_axis=1, reduction="none"), np.asarray(theirs), rtol=1e-5)


def test_weights_of_pixels_in_keras(keras):
    weight = rng.random(FULL.shape)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs = float(loss(FULL, LISTS.astype("float32"), sample_weight=weight.astype("float32")))
    close(cross_entropy_from_logits(FULL, LISTS, sample_weight=weight, reduction="batchmean"), theirs, rtol=1e-5)


# ---- the four numbers of Long, Shelhamer and Darrell (2015)


def four_numbers(n):
    "Their section 5, letter by letter: `n[i, j]` pixels of class i are predicted as j."
    t, hit, union = n.sum(axis=1), np.diag(n), n.sum(axis=1) + n.sum(axis=0) - np.diag(n)
    return hit.sum() / t.sum(), np.mean(hit / t), np.mean(hit / union), (t * hit / union).sum() / t.sum()


def ours(table):
    return [accuracy_score.of(table), balanced_accuracy_score.of(table),
            iou_score.of(table, average="macro"), iou_score.of(table, average="weighted")]


TABLE = ConfusionMatrix.from_labels(LABELS, CALLED, labels=3, ignore_index=255)


def test_four_numbers_from_one_table():
    close(ours(TABLE), four_numbers(TABLE.counts))
    close(recall_score.of(TABLE, average="macro"), ours(TABLE)[1])
    halves = [ConfusionMatrix.from_labels(y, p, labels=3, ignore_index=255) for y, p in zip(LABELS, CALLED)]
    close(ours(sum(halves)), ours(TABLE))


def test_four_numbers_of_torchmetrics(torch):
    tm = pytest.importorskip("torchmetrics.functional.classification")
    given = torch.tensor(CALLED), torch.tensor(LABELS)
    options = {"num_classes": 3, "ignore_index": 255}
    theirs = [tm.multiclass_accuracy(*given, average="micro", **options), tm.multiclass_accuracy(*given, average="macro", **options),
              tm.multiclass_jaccard_index(*given, average="macro", **options), tm.multiclass_jaccard_index(*given, average="weighted", **options)]
    close(ours(TABLE), [x.item() for x in theirs], rtol=1e-6)


def test_mean_iou_of_keras(keras):
    theirs = keras.metrics.MeanIoU(num_classes=3, ignore_class=255)
    theirs.update_state(LABELS, CALLED)
    close(ours(TABLE)[2], float(theirs.result()), rtol=1e-6)

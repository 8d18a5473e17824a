"Dice and IoU: the choices that libraries make differently, and the libraries themselves on random masks."
from functools import partial

import numpy as np
import pytest

from lossbook import dice_loss, dice_score, iou_score
from lossbook.summaries import ConfusionMatrix
from tests.peers.rows import agree, ask, case, row

NAN = float("nan")
EMPTY = np.zeros((1, 4, 4), int)
ONE_PIXEL = (np.arange(16) == 5).astype(int).reshape(1, 4, 4)

# 100 of 100 pixels found in the first image, 1 of 4 in the second.
FOUR = (np.arange(100) < 4).astype(int)
TRUTH = np.stack([np.ones(100, int), FOUR]).reshape(2, 10, 10)
FOUND = np.stack([np.ones(100, int), FOUR * (np.arange(100) < 1)]).reshape(2, 10, 10)

SOFT = np.array([[[1, 1, 0, 0]]]), np.array([[[0.9, 0.8, 0.2, 0.1]]])

rng = np.random.default_rng(0)
MASKS = (rng.random((3, 8, 8)) < 0.3).astype(int)
PROBA = rng.random((3, 8, 8))


def close(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-15)


def batch(x, dtype=float):
    "A batch of images of one channel, which is the second axis."
    return np.asarray(x, dtype)[:, None]


def last(x):
    "A batch of images of one channel, which is the last axis."
    return np.asarray(x, "float32")[..., None]


def flat(data):
    return [x.ravel() for x in data]


def sk(name, data, **options):
    return getattr(ask.sklearn, name)(*flat(data), **options)


def tm(name, data, **options):
    return getattr(ask.torchmetrics.classification, name)(*data[::-1], **options)


def tm_images(name, data, **options):
    call = getattr(ask.torchmetrics.segmentation, name)(*(batch(x, int) for x in data[::-1]), num_classes=1, **options)
    return call.then(lambda each: each.mean())


def monai_score(data, **options):
    return ask.monai.metrics.DiceMetric(include_background=True, **options)(*map(batch, data[::-1])).then(lambda each: each.mean())


def monai_total(data):
    "What the metric of MONAI says when it has seen all images."
    def total():
        import torch
        from monai.metrics import DiceMetric
        metric = DiceMetric(include_background=True)
        metric(*(torch.tensor(batch(x)) for x in data[::-1]))
        return metric.aggregate().item()
    return ask.monai.by("DiceMetric().aggregate()", total)


def monai_loss(data, **options):
    return ask.monai.losses.DiceLoss(**options)(*map(batch, data[::-1]))


def keras_loss(data):
    return ask.keras.losses.Dice()(*map(last, data))


def optax_loss(data):
    both = [np.stack([1 - x, x], axis=-1).astype(float) for x in data[::-1]]
    return ask.optax.losses.dice_loss(*both, apply_softmax=False, ignore_background=True)


def minus_log_dice():
    return -np.log(1 - dice_loss(*SOFT, smooth=0.0))


def dice(data, **options):
    return partial(dice_score, *data, **options)


def loss(data, **options):
    return partial(dice_loss, *data, **options)


NOTHING, FALSE_ALARM, PAIR = (EMPTY, EMPTY), (EMPTY, ONE_PIXEL), (TRUTH, FOUND)
CASES = [
    case("Dice of an empty image found empty", "Nothing is there and nothing is marked: 0/0.",
         row("1, since nothing is wrong", dice(NOTHING), 1, monai_score(NOTHING, ignore_empty=False), said="segmentation-models-pytorch, micro-imagewise"),
         row("0", dice(NOTHING, undefined=0.0), 0, sk("f1_score", NOTHING), tm("binary_f1_score", NOTHING)),
         row("no value", dice(NOTHING, undefined=NAN), NAN, tm_images("dice_score", NOTHING, average="micro"), monai_score(NOTHING),
             said="segmentation-models-pytorch, micro"),
         row("no value, and 0 when all images are added up", dice(NOTHING), 1, monai_total(NOTHING), gives=0, wrong=True)),
    case("IoU of an empty image found empty", "0/0 again.",
         row("1, since nothing is wrong", partial(iou_score, *NOTHING), 1),
         row("0", partial(iou_score, *NOTHING, undefined=0.0), 0, sk("jaccard_score", NOTHING), tm("binary_jaccard_index", NOTHING)),
         row("no value", partial(iou_score, *NOTHING, undefined=NAN), NAN, ask.monai.metrics.compute_iou(*map(batch, NOTHING)), tm_images("mean_iou", NOTHING))),
    case("Dice loss of an empty image found empty", "The loss is 1 - Dice; smoothing adds the same above and below.",
         row("0", loss(NOTHING), 0, monai_loss(NOTHING), optax_loss(NOTHING), said="segmentation-models-pytorch"),
         row("1: a small number below only", loss(NOTHING), 0, keras_loss(NOTHING), gives=1, wrong=True)),
    case("Dice where one pixel is marked and nothing is there", "Overlap 0, and not 0/0.",
         row("0", dice(FALSE_ALARM), 0, sk("f1_score", FALSE_ALARM), tm("binary_f1_score", FALSE_ALARM), tm_images("dice_score", FALSE_ALARM, average="micro"),
             monai_score(FALSE_ALARM, ignore_empty=False), said="segmentation-models-pytorch"),
         row("no value, left out of the mean", dice(FALSE_ALARM), 0, monai_score(FALSE_ALARM), gives=NAN, wrong=True)),
    case("Dice loss where one pixel is marked and nothing is there", "A false alarm costs what smoothing leaves of it.",
         row("smoothed by 1e-5", loss(FALSE_ALARM, smooth=1e-5), 0.99999, monai_loss(FALSE_ALARM)),
         row("not smoothed", loss(FALSE_ALARM, smooth=0.0), 1, keras_loss(FALSE_ALARM)),
         row("smoothed by 1, the default here", loss(FALSE_ALARM), 0.5),
         row("smoothed by 1 on the overlap, which is doubled", loss(FALSE_ALARM, smooth=2.0), 1/3, optax_loss(FALSE_ALARM)),
         row("free", loss(FALSE_ALARM), 0.5, gives=0, said="segmentation-models-pytorch's DiceLoss", wrong=True)),
    case("Dice of each image or of all pixels", "Two images: 100 of 100 pixels are found in the first, 1 of 4 in the second.",
         row("mean over images", dice(PAIR, over="each"), 0.7, tm_images("dice_score", PAIR, average="micro"), monai_score(PAIR),
             said="segmentation-models-pytorch, micro-imagewise"),
         row("all pixels together", dice(PAIR), 0.9854, sk("f1_score", PAIR), tm("binary_f1_score", PAIR),
             tm_images("dice_score", PAIR, average="micro", aggregation_level="global"), said="segmentation-models-pytorch, micro")),
    case("IoU of each image or of all pixels", "The same two images. torchmetrics gives both numbers, by two names.",
         row("mean over images", partial(iou_score, *PAIR, over="each"), 0.625, tm_images("mean_iou", PAIR)),
         row("all pixels together", partial(iou_score, *PAIR), 0.9712, sk("jaccard_score", PAIR), tm("binary_jaccard_index", PAIR),
             said="segmentation-models-pytorch, micro; kornia")),
    case("Dice loss of each image or of the batch", "The same two images.",
         row("mean over images", loss(PAIR, smooth=0.0), 0.3, monai_loss(PAIR)),
         row("the batch as one", loss(PAIR, smooth=0.0, over="all"), 0.014634, monai_loss(PAIR, batch=True), keras_loss(PAIR), said="segmentation-models-pytorch")),
    case("soft Dice loss", "Four pixels; what is below the fraction, and what is added to it.",
         row("sums below", loss(SOFT, smooth=0.0), 0.15, monai_loss(SOFT), keras_loss(SOFT), said="segmentation-models-pytorch"),
         row("sums of squares below", loss(SOFT, smooth=0.0, denominator="squared"), 0.028571, monai_loss(SOFT, squared_pred=True)),
         row("1 added to both parts, the default here", loss(SOFT), 0.12, monai_loss(SOFT, smooth_nr=1.0, smooth_dr=1.0)),
         row("1 added to the overlap, which is doubled", loss(SOFT, smooth=2.0), 0.1, optax_loss(SOFT), said="segmentation-models-pytorch with smooth=1"),
         row("minus the logarithm of Dice", minus_log_dice, 0.1625, said="segmentation-models-pytorch with log_loss=True")),
]

test_ours, test_theirs = agree(CASES)


def test_undefined_holds_for_the_mean_over_images_too():
    for score in (dice_score, iou_score):
        for undefined in (1.0, 0.0, np.nan):
            close(score(EMPTY, EMPTY, undefined=undefined, over="each"), undefined)


@pytest.mark.parametrize("score", [dice_score, iou_score])
def test_undefined_nan_leaves_the_empty_image_out_of_the_mean(score):
    truth, found = np.concatenate([EMPTY, ONE_PIXEL]), np.concatenate([EMPTY, EMPTY])
    assert score(truth, found, over="each") == 0.5
    assert score(truth, found, over="each", undefined=np.nan) == score(truth, found, over="each", undefined=0.0) == 0
    assert score.summary(truth, found, over="each", undefined=np.nan).undefined == 1


@pytest.mark.parametrize("smooth", [0.0, 1e-7, 1e-5, 1.0])
@pytest.mark.parametrize("denominator", ["linear", "squared"])
def test_the_loss_of_empty_against_empty_is_0(smooth, denominator):
    assert dice_loss(EMPTY, EMPTY, smooth=smooth, denominator=denominator) == 0


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_masks_of_any_dtype(dtype):
    truth, found = TRUTH.astype(dtype), FOUND.astype(dtype)
    close(dice_score(truth, found), 202/205)
    close(dice_loss(truth, found, smooth=0.0, over="all"), 1 - 202/205)
    ones = np.ones((20, 20), dtype)
    assert dice_score(ones, ones) == 1 and dice_loss(ones, ones, smooth=0.0) == 0


def test_pixels_marked_255_are_left_out():
    truth = np.where(np.arange(100).reshape(10, 10) >= 50, 255, TRUTH)
    for score, over in [(dice_score, "all"), (dice_score, "each"), (iou_score, "all"), (iou_score, "each")]:
        close(score(truth, FOUND, labels=2, ignore_index=255, over=over), score(TRUTH[:, :5], FOUND[:, :5], labels=2, over=over))


def test_a_real_class_that_is_ignored_is_absent_not_missed():
    truth, found = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 0, 2, 1])
    table = ConfusionMatrix.from_labels(truth, found, labels=3, ignore_index=0)
    assert table.counts.tolist() == [[0, 0, 0], [1, 1, 0], [0, 1, 1]]


# ---- the libraries themselves


@pytest.mark.parametrize("truth, found", [(EMPTY, EMPTY), (EMPTY, ONE_PIXEL), (TRUTH, FOUND), (MASKS, (PROBA > 0.5).astype(int))],
                         ids=["empty", "one pixel", "two images", "random"])
@pytest.mark.parametrize("undefined", [0.0, 1.0, np.nan])
def test_scikit_learn(truth, found, undefined):
    metrics = pytest.importorskip("sklearn.metrics")
    options = {"labels": [0, 1], "zero_division": undefined}
    close(dice_score(truth, found, undefined=undefined), metrics.f1_score(truth.ravel(), found.ravel(), **options))
    close(dice_score(truth, found, undefined=undefined, average="none"), metrics.f1_score(truth.ravel(), found.ravel(), average=None, **options))
    if not np.isnan(undefined):
        close(iou_score(truth, found, undefined=undefined), metrics.jaccard_score(truth.ravel(), found.ravel(), **options))


def channel(torch, x, dtype=float):
    "A batch of images of one channel."
    return torch.tensor(np.asarray(x, dtype))[:, None]


@pytest.mark.parametrize("truth, proba", [(SOFT[0], SOFT[1]), (EMPTY, EMPTY), (EMPTY, ONE_PIXEL), (MASKS, PROBA), (TRUTH, FOUND)],
                         ids=["four pixels", "empty", "one pixel", "random", "two images"])
@pytest.mark.parametrize("denominator", ["linear", "squared"])
@pytest.mark.parametrize("over", ["each", "all"])
@pytest.mark.parametrize("smooth", [1e-5, 1.0])
def test_the_loss_of_monai(torch, truth, proba, denominator, over, smooth):
    losses = pytest.importorskip("monai.losses")
    theirs = losses.DiceLoss(smooth_nr=smooth, smooth_dr=smooth, squared_pred=denominator == "squared", batch=over == "all")
    ours = dice_loss(truth, proba, smooth=smooth, denominator=denominator, over=over)
    close(ours, theirs(channel(torch, proba), channel(torch, truth)).item(), rtol=1e-10)


@pytest.mark.parametrize("truth, found", [(TRUTH, FOUND), (MASKS, (PROBA > 0.5).astype(int)), (EMPTY, ONE_PIXEL), (EMPTY, EMPTY)],
                         ids=["two images", "random", "one pixel", "empty"])
def test_the_pixels_of_torchmetrics(torch, truth, found):
    metrics = pytest.importorskip("torchmetrics.classification")
    theirs = torch.tensor(found), torch.tensor(truth)
    close(dice_score(truth, found, undefined=0.0), metrics.BinaryF1Score()(*theirs), rtol=1e-6)
    close(iou_score(truth, found, undefined=0.0), metrics.BinaryJaccardIndex()(*theirs), rtol=1e-6)

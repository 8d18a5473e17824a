"Dice and IoU where libraries disagree: our value by the argument that gives it against the published number, and against the library where it is installed."
import numpy as np
import pytest

from lossbook import dice_loss, dice_score, iou_score
from lossbook.summaries import ConfusionMatrix

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


# ---- the published numbers


@pytest.mark.parametrize("score", [dice_score, iou_score])
@pytest.mark.parametrize("undefined", [1.0, 0.0, np.nan])
@pytest.mark.parametrize("over", ["all", "each"])
def test_empty_against_empty_is_what_undefined_says(score, undefined, over):
    close(score(EMPTY, EMPTY, undefined=undefined, over=over), undefined)
    close(score(EMPTY, EMPTY, over=over), 1.0)


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


@pytest.mark.parametrize("smooth, published", [(1e-5, 0.99999), (0.0, 1.0), (1.0, 0.5)], ids=["MONAI", "Keras", "Optax"])
def test_one_pixel_where_nothing_is(smooth, published):
    assert dice_score(EMPTY, ONE_PIXEL) == iou_score(EMPTY, ONE_PIXEL) == 0
    close(dice_loss(EMPTY, ONE_PIXEL, smooth=smooth), published, rtol=1e-9)


@pytest.mark.parametrize("score, each, pooled", [(dice_score, 0.7, 0.9854), (iou_score, 0.625, 0.9712)])
def test_each_image_or_all_pixels(score, each, pooled):
    close(score(TRUTH, FOUND, over="each"), each)
    close(score(TRUTH, FOUND), pooled, rtol=5e-5)
    assert score(TRUTH, FOUND, over="all") == score(TRUTH, FOUND)


def test_the_loss_of_each_image_or_of_all_pixels():
    close(dice_loss(TRUTH, FOUND, smooth=0.0), 1 - 0.7)
    close(dice_loss(TRUTH, FOUND, smooth=0.0, over="all"), 1 - 202/205)


@pytest.mark.parametrize("options, published", [
    ({"smooth": 0.0}, 0.15),
    ({"smooth": 0.0, "denominator": "squared"}, 0.028571),
    ({"smooth": 2.0}, 0.1),
    ({"smooth": 1.0}, 0.12),
    ({}, 0.12),
], ids=["linear", "squared", "1 added to the overlap", "1 added to both parts", "default"])
def test_soft_dice(options, published):
    close(dice_loss(*SOFT, **options), published, rtol=2e-5)


def test_the_logarithm_and_the_jaccard_form_follow_from_the_soft_loss():
    score = 1 - dice_loss(*SOFT, smooth=0.0)
    close(-np.log(score), 0.1625, rtol=2e-4)
    close(1 - score / (2 - score), 0.26087, rtol=1e-5)


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


@pytest.mark.parametrize("ignore_empty, undefined", [(True, np.nan), (False, 1.0)])
def test_the_metric_of_monai(torch, ignore_empty, undefined):
    metrics = pytest.importorskip("monai.metrics")
    measure = metrics.DiceMetric(include_background=True, ignore_empty=ignore_empty)
    def per_image(truth, found): return measure(channel(torch, found), channel(torch, truth)).numpy().ravel()
    close(per_image(EMPTY, EMPTY), [dice_score(EMPTY, EMPTY, undefined=undefined)])
    close(per_image(TRUTH, FOUND).mean(), dice_score(TRUTH, FOUND, over="each"), rtol=1e-6)
    close(per_image(EMPTY, ONE_PIXEL), [np.nan if ignore_empty else dice_score(EMPTY, ONE_PIXEL)])


@pytest.mark.parametrize("truth, found", [(TRUTH, FOUND), (MASKS, (PROBA > 0.5).astype(int)), (EMPTY, ONE_PIXEL), (EMPTY, EMPTY)],
                         ids=["two images", "random", "one pixel", "empty"])
def test_the_pixels_of_torchmetrics(torch, truth, found):
    metrics = pytest.importorskip("torchmetrics.classification")
    theirs = torch.tensor(found), torch.tensor(truth)
    close(dice_score(truth, found, undefined=0.0), metrics.BinaryF1Score()(*theirs), rtol=1e-6)
    close(iou_score(truth, found, undefined=0.0), metrics.BinaryJaccardIndex()(*theirs), rtol=1e-6)


def test_the_images_of_torchmetrics(torch):
    metrics = pytest.importorskip("torchmetrics.segmentation")
    theirs = channel(torch, FOUND, int), channel(torch, TRUTH, int)
    def dice(level): return metrics.DiceScore(num_classes=1, average="micro", aggregation_level=level)(*theirs)
    close(dice_score(TRUTH, FOUND, over="each"), dice("samplewise").mean(), rtol=1e-6)
    close(dice_score(TRUTH, FOUND), dice("global"), rtol=1e-6)
    close(iou_score(TRUTH, FOUND, over="each"), metrics.MeanIoU(num_classes=1)(*theirs), rtol=1e-6)


def test_keras_pools_the_batch(torch, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    def theirs(truth, found): return float(keras.losses.Dice()(np.asarray(truth, "float32")[..., None], np.asarray(found, "float32")[..., None]))
    close(dice_loss(TRUTH, FOUND, smooth=0.0, over="all"), theirs(TRUTH, FOUND), rtol=1e-4)
    assert theirs(EMPTY, EMPTY) == 1 != dice_loss(EMPTY, EMPTY, smooth=0.0)

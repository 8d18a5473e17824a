"Distances of outlines: the choices that libraries make differently, and the libraries themselves on random masks."
from functools import partial

import numpy as np
import pytest

from lossbook import average_surface_distance, hausdorff_distance, surface_dice_score
from tests.peers.rows import agree, ask, case, row

INF, NAN = float("inf"), float("nan")

# A square of 30 pixels a side, found whole, and ten pixels more beside its corner: the smallest data on which
# the 95th percentile of each direction is 16.80 and that of both together is 0.
SQUARE, BLOB = np.zeros((2, 60, 60), int)
SQUARE[10:40, 10:40], BLOB[10:40, 10:40] = 1, 1
BLOB[50:52, 50:55] = 1
EMPTY = np.zeros_like(SQUARE)

# One pixel, and the same with its neighbour: distances 0 from the truth, 0 and 1 from the prediction.
PIXEL, TWO = np.array([[1, 0]]), np.array([[1, 1]])

rng = np.random.default_rng(0)
MASKS, FOUND = (rng.random((2, 6, 9, 11)) < 0.3).astype(int)
VOLUMES, MADE = (rng.random((2, 3, 5, 6, 7)) < 0.4).astype(int)


def close(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-15)


def batch(x):
    "A batch of one image of one channel."
    return np.asarray(x, float)[None, None]


def monai(name, data, **options):
    return getattr(ask.monai.metrics, name)(*map(batch, data[::-1]), include_background=True, **options)


def monai_mean_of_two():
    "The mean over an image that is found and one that is missed."
    import torch
    from monai.metrics import HausdorffDistanceMetric
    metric = HausdorffDistanceMetric(include_background=True, percentile=95)
    metric(*(torch.tensor(np.stack(x)[:, None].astype(float)) for x in ([BLOB, EMPTY], [SQUARE, SQUARE])))
    return metric.aggregate().item()


def torchmetrics(data):
    call = ask.torchmetrics.segmentation.hausdorff_distance(*(batch(x).astype(int) for x in data[::-1]), num_classes=1, include_background=True)
    return call.then(lambda each: each.mean())


def hd(*data, **options):
    return partial(hausdorff_distance, *data, **options)


FOUND_WHOLE, MISSED, NOTHING, PAIR = (SQUARE, BLOB), (SQUARE, EMPTY), (EMPTY, EMPTY), ([SQUARE, SQUARE], [BLOB, EMPTY])
CASES = [
    case("95th percentile of distances", "A square of 30 by 30 pixels is found whole, and ten pixels more beside its corner, in an image of 60 by 60.",
         row("of each direction, then the larger", hd(*FOUND_WHOLE, percentile=95), 16.7976, monai("compute_hausdorff_distance", FOUND_WHOLE, percentile=95)),
         row("of all distances of both directions", hd(*FOUND_WHOLE, percentile=95, percentile_of="pooled"), 0.0),
         row("no percentile: the largest", hd(*FOUND_WHOLE), 369**0.5, monai("compute_hausdorff_distance", FOUND_WHOLE), torchmetrics(FOUND_WHOLE))),
    case("Hausdorff distance to an empty mask", "The truth is there and nothing is marked.",
         row("infinite", hd(*MISSED), INF, monai("compute_hausdorff_distance", MISSED), torchmetrics(MISSED)),
         row("no value", hd(*MISSED, percentile=95), INF, monai("compute_hausdorff_distance", MISSED, percentile=95), gives=NAN, wrong=True)),
    case("Hausdorff distance of two empty masks", "Nothing to measure from.",
         row("0, since nothing is wrong", hd(*NOTHING), 0),
         row("no value", hd(*NOTHING), 0, monai("compute_hausdorff_distance", NOTHING), gives=NAN),
         row("refused", hd(*NOTHING), 0, torchmetrics(NOTHING), gives="")),
    case("mean distance with a missed object", "Of two squares one is found as above and one is missed altogether.",
         row("infinite", hd(*PAIR, percentile=95), INF),
         row("the missed one left out, which improves the mean", hd(*PAIR, percentile=95, undefined=NAN), 16.7976,
             ask.monai.by("HausdorffDistanceMetric(percentile=95).aggregate()", monai_mean_of_two), wrong=True)),
    case("average surface distance", "One pixel, and the same with its neighbour: distances 0 from the truth, 0 and 1 from the prediction.",
         row("mean of all distances", partial(average_surface_distance, PIXEL, TWO), 1/3, monai("compute_average_surface_distance", (PIXEL, TWO), symmetric=True)),
         row("mean of the two means", partial(average_surface_distance, PIXEL, TWO, mean_of="directed"), 1/4)),
]

test_ours, test_theirs = agree(CASES)


@pytest.mark.parametrize("mean_of, blob", [("pooled", 0.71843), ("directed", 0.68992)])
def test_the_mean_of_both_lists_or_of_two_means(mean_of, blob):
    close(average_surface_distance(SQUARE, BLOB, mean_of=mean_of), blob, rtol=1e-5)


def test_the_default_is_of_each_direction():
    assert hausdorff_distance(SQUARE, BLOB, percentile=95) == hausdorff_distance(BLOB, SQUARE, percentile=95) > 16


@pytest.mark.parametrize("distance", [hausdorff_distance, average_surface_distance])
def test_an_empty_prediction_does_not_improve_the_mean(distance):
    truth, found = [SQUARE, SQUARE], [BLOB, EMPTY]
    assert distance(truth, found) == distance(SQUARE, EMPTY) == distance(EMPTY, SQUARE) == np.inf
    assert distance(truth, found, undefined=np.nan) == distance(SQUARE, BLOB)
    assert distance.summary(truth, found, undefined=np.nan).undefined == 1
    close(distance(truth, found, undefined=85.0), (distance(SQUARE, BLOB) + 85)/2)
    assert distance(EMPTY, EMPTY) == distance(EMPTY, EMPTY, undefined=np.nan) == 0


def test_surface_dice_of_empty_masks():
    assert surface_dice_score(SQUARE, EMPTY, tolerance=np.inf) == surface_dice_score(EMPTY, SQUARE) == 0
    assert surface_dice_score(EMPTY, EMPTY) == 1
    assert np.isnan(surface_dice_score(EMPTY, EMPTY, undefined=np.nan))


# ---- the libraries themselves


@pytest.fixture(scope="module")
def monai(torch):
    return pytest.importorskip("monai.metrics")


def channel(torch, x):
    "A batch of images of one channel."
    return torch.tensor(np.asarray(x, float))[:, None]


def one(x):
    return np.asarray(x)[None]


@pytest.mark.parametrize("truth, found, axes", [(MASKS, FOUND, 2), (one(SQUARE), one(BLOB), 2), (VOLUMES, MADE, 3)], ids=["random", "square", "volumes"])
@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_monai(torch, monai, truth, found, axes, spaced):
    spacing = [3.0, 0.5, 1.5][:axes] if spaced else 1.0
    given = {"y_pred": channel(torch, found), "y": channel(torch, truth), "include_background": True, "spacing": spacing if spaced else None}
    ours = {"axes": axes, "spacing": spacing}
    for percentile in (None, 95, 50):
        theirs = monai.compute_hausdorff_distance(percentile=percentile, **given)
        close(hausdorff_distance(truth, found, percentile=percentile or 100, **ours), theirs.mean(), rtol=1e-5)
    close(average_surface_distance(truth, found, **ours), monai.compute_average_surface_distance(symmetric=True, **given).mean(), rtol=1e-5)
    close(surface_dice_score(truth, found, tolerance=1.5, **ours), monai.compute_surface_dice(class_thresholds=[1.5], **given).mean(), rtol=1e-5)


@pytest.fixture(scope="module")
def segmentation(torch):
    return pytest.importorskip("torchmetrics.functional.segmentation")


def of_torchmetrics(torch, segmentation, truth, found, **options):
    given = (channel(torch, x).int() for x in (found, truth))
    return segmentation.hausdorff_distance(*given, num_classes=1, include_background=True, **options).numpy().ravel()


def test_torchmetrics_on_square_images(torch, segmentation):
    truth, found = MASKS[..., :9], FOUND[..., :9]
    def theirs(*masks, **options): return of_torchmetrics(torch, segmentation, *masks, **options)
    close(hausdorff_distance(truth, found), theirs(truth, found).mean(), rtol=1e-5)
    close(hausdorff_distance(truth, found, spacing=(3, 0.5)), theirs(truth, found, spacing=[3.0, 0.5]).mean(), rtol=1e-5)


def test_torchmetrics_errs_on_images_that_are_not_square(torch, segmentation):
    if pytest.importorskip("torchmetrics").__version__ != "1.9.0":
        pytest.skip("the fault was seen in torchmetrics 1.9.0 (its issue 3300)")
    truth, found = np.zeros((2, 5, 8), int)
    truth[1:4, 1:4], found[1:4, 2:5], found[2, 7] = 1, 1, 1
    assert hausdorff_distance(truth, found) == 4 != of_torchmetrics(torch, segmentation, one(truth), one(found)).item() == 5

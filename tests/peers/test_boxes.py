"IoU of boxes where libraries disagree: our value by the argument that gives it against the published number, and against libraries where they are installed."
from functools import partial

import numpy as np
import pytest

from lossbook.boxes.iou import box_iou
from tests.peers.rows import Row, agree_with_published

SQUARE, MOVED, UPRIGHT = [0, 0, 10, 10], [5, 5, 15, 15], [2, 2, 6, 18]
BESIDE, DOT = [10, 0, 20, 10], [3, 3, 3, 3]
TINY = [0.3, 0.4, 0.3 + 1e-4, 0.4 + 1e-4]
by_pixels = partial(box_iou, inclusive=True)


def corners(box):
    "Corners of a box given as x, y, width and height."
    x, y, w, h = box
    return [x, y, x + w, y + h]


def loss(*boxes, **options):
    return lambda: 1 - box_iou(*boxes, **options)


A, B = [2, 0, 4, 4], [3, 0, 4, 4]  # x, y, width, height
ROWS = [
    Row("two squares", lambda: box_iou(SQUARE, MOVED), 1 / 7),
    Row("two squares, by pixels", lambda: by_pixels(SQUARE, MOVED), 0.17476),
    Row("touching", lambda: box_iou(SQUARE, BESIDE), 0.0),
    Row("touching, by pixels", lambda: by_pixels([0, 0, 1, 1], [1, 0, 2, 1]), 0.3333),
    Row("identical, no area", lambda: box_iou(DOT, DOT), 0.0),
    Row("identical, no area, by pixels", lambda: by_pixels(DOT, DOT), 1.0),
    Row("identical, no area, NaN", lambda: box_iou(DOT, DOT, undefined=np.nan), np.nan),
    Row("identical, no area, loss of GIoU", loss(DOT, DOT, kind="giou"), 1.0),
    Row("identical, tiny", lambda: box_iou(TINY, TINY), 1.0),
    Row("identical, tiny, loss", loss(TINY, TINY, kind="giou"), 0.0),
    Row("CIoU always", loss(SQUARE, UPRIGHT, kind="ciou"), 0.83489),
    Row("CIoU above one half", loss(SQUARE, UPRIGHT, kind="ciou", gate=0.5), 0.81890),
    Row("widths and heights", lambda: box_iou(corners(A), corners(B)), 0.6),
    Row("widths and heights read as corners", lambda: box_iou(A, B), 0.5),
    Row("far apart", loss([0, 0, 1, 1], [2, 2, 3, 3], kind="giou"), 16 / 9),
]

test_published = agree_with_published(ROWS)


@pytest.mark.parametrize("eps, published", [(1e-7, 0.909)])
def test_a_small_number_in_the_denominator_costs_a_perfect_box(eps, published):
    area = (TINY[2] - TINY[0]) * (TINY[3] - TINY[1])
    assert 1 - area / (area + eps) == pytest.approx(published, abs=5e-4)
    assert 1 - box_iou(TINY, TINY) == 0


def test_inverted_corners_are_refused_where_torchvision_says_1():
    with pytest.raises(ValueError, match=r"boxes_pred holds \[10, 10, 0, 0\] at \[1\]"):
        box_iou(SQUARE, [MOVED, [10, 10, 0, 0]], kind="giou")
    with pytest.raises(ValueError, match=r"boxes_true holds \[10, 10, 0, 0\]"):
        box_iou([10, 10, 0, 0], SQUARE)


def test_a_width_below_x_is_refused():
    with pytest.raises(ValueError, match=r"boxes_true holds \[12, 8, 5, 4\] at \[0\]: it must be finite x1, y1, x2, y2"):
        box_iou([[12, 8, 5, 4]], [SQUARE])


# ---- libraries


@pytest.fixture(scope="module")
def boxes():
    lows, spans = np.random.default_rng(0).uniform(0, 50, (2, 2, 40, 2))
    return np.concatenate([lows, lows + spans + 1], axis=-1)


def close(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


def test_pycocotools(boxes):
    mask = pytest.importorskip("pycocotools.mask")
    def theirs(dt, gt):
        given = (np.concatenate([x[:, :2], x[:, 2:] - x[:, :2]], axis=1) for x in (dt, gt))
        return mask.iou(*given, np.zeros(len(gt), np.uint8))
    close(box_iou(*boxes), theirs(*boxes))
    dots = np.tile(np.array(DOT, float), (2, 1))
    close(box_iou(dots, boxes[1]), theirs(dots, boxes[1]))
    close(box_iou(dots, dots), theirs(dots, dots))


def test_monai(boxes, torch):
    utils = pytest.importorskip("monai.data.box_utils")
    close(box_iou(*boxes), utils.box_iou(*boxes), rtol=1e-6)
    close(box_iou(*boxes, kind="giou"), utils.box_giou(*boxes), rtol=1e-6)
    close(box_iou(*boxes, kind="giou", pairwise=False), utils.box_pair_giou(*boxes), rtol=1e-6)


def test_keras(boxes, keras):
    iou = pytest.importorskip("keras.utils.bounding_boxes") if hasattr(keras.utils, "bounding_boxes") else keras.utils
    theirs = np.asarray(iou.compute_iou(*boxes.astype("float32"), "xyxy"))
    close(box_iou(*boxes), theirs, rtol=1e-5)
    theirs = np.asarray(iou.compute_ciou(*boxes.astype("float32"), "xyxy"))
    close(box_iou(*boxes, kind="ciou", pairwise=False), theirs, rtol=1e-4)

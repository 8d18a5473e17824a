"IoU of boxes and its relatives against exact fractions, on numbers that break naive code."
from fractions import Fraction as F
import math

import numpy as np
import pytest

from lossbook.boxes.iou import box_iou

SQUARE, MOVED, UPRIGHT = [0, 0, 10, 10], [5, 5, 15, 15], [2, 2, 6, 18]


def exact(kind, a, b):
    "IoU, GIoU or DIoU of two boxes as a fraction."
    a, b = ([F(x) for x in box] for box in (a, b))
    inner = [max(0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1)]
    outer = [max(a[i + 2], b[i + 2]) - min(a[i], b[i]) for i in (0, 1)]
    overlap, around = inner[0] * inner[1], outer[0] * outer[1]
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - overlap
    apart = [(b[i] + b[i + 2] - a[i] - a[i + 2]) / 2 for i in (0, 1)]
    seen = {"iou": 0, "giou": (around - union) / around, "diou": sum(x**2 for x in apart) / sum(x**2 for x in outer)}
    return overlap / union - seen[kind]


@pytest.mark.parametrize("kind, a, b, fraction", [
    ("iou", SQUARE, MOVED, F(1, 7)),
    ("giou", [0, 0, 1, 1], [2, 2, 3, 3], F(-7, 9)),  # row 29
    ("giou", SQUARE, MOVED, F(-5, 63)), ("diou", SQUARE, MOVED, F(2, 63)),  # row 30
    ("iou", SQUARE, UPRIGHT, F(8, 33)), ("giou", SQUARE, UPRIGHT, F(-4, 165)), ("diou", SQUARE, UPRIGHT, F(1267, 6996)),  # row 31
])
def test_rows_29_to_31(kind, a, b, fraction):
    assert exact(kind, a, b) == fraction
    assert box_iou(a, b, kind=kind) == pytest.approx(float(fraction), rel=1e-15)
    assert box_iou(b, a, kind=kind) == box_iou(a, b, kind=kind)


def test_row_24_integers_that_overflow_when_multiplied():
    box = np.array([0, 0, 50000, 50000], np.int32)
    with np.errstate(over="ignore"):
        assert box[2] * box[3] == -1794967296
    assert box_iou(box, box) == 1 and box_iou(box, box // 2) == 0.25
    assert box_iou(np.array([0, 0, 200, 200], np.uint8), np.array([100, 0, 200, 200], np.uint8)) == 0.5
    assert box_iou(np.array([-100, 0, 100, 100], np.int8), np.array([0, 0, 100, 100], np.int8)) == 0.5


@pytest.mark.parametrize("dtype, side", [("float32", 1e-30), ("float32", 1e-44), ("float64", 1e-200), ("float64", 5e-324), ("float64", 1e200), ("float16", 6e-8)])
@pytest.mark.parametrize("kind", ["iou", "giou", "diou", "ciou"])
def test_row_32_a_box_of_any_size_is_itself(dtype, side, kind):
    box = np.array([0, 0, side, side], dtype)
    assert box[2] > 0 and box_iou(box, box, kind=kind) == 1
    table = box_iou(np.stack([box, box]), np.stack([box, box, box]), kind=kind)
    assert table.dtype == dtype and (table == 1).all()


def test_row_32_in_float32_of_another_library():
    import array_api_strict as xp
    box = xp.asarray([0, 0, 1e-30, 1e-30], dtype=xp.float32)
    assert float(box_iou(box, box)) == 1


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_row_33_small_boxes_far_from_the_origin(dtype):
    a = np.array([2**24, 2**24, 2**24 + 3, 2**24 + 3], dtype)
    b = a + np.array([1, 0, 1, 0], dtype)
    assert box_iou(a, b) == 0.5 and box_iou(a[None], b[None]).item() == 0.5
    assert box_iou(a.astype("float32"), b.astype("float32")) != 0.5  # the numbers have changed before we see them


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-45, 1, 1e45, 1e160, 1e300])
@pytest.mark.parametrize("kind", ["iou", "giou", "diou"])
def test_scores_of_any_scale(scale, kind):
    a, b = (np.array(box) * scale for box in (SQUARE, MOVED))
    assert box_iou(a, b, kind=kind) == pytest.approx(float(exact(kind, a, b)), rel=1e-14)


def test_odd_boxes_among_others_are_exact():
    "A table of boxes of every size, zero among them; the quick road serves some of its pairs."
    sides = [0.0, 1e-300, 1e-170, 1e-60, 1.0, 3.0, 1e60, 1e170, 1e300]
    boxes = np.array([[0, 0, w, h] for w in sides for h in (1e-300, 1e-170, 1.0, 1e170)])
    table = box_iou(boxes, boxes)
    assert np.isfinite(table).all() and table.min() >= 0 and table.max() == 1
    for i, j in np.ndindex(table.shape):
        both = boxes[i, 2] or boxes[j, 2]
        assert table[i, j] == pytest.approx(float(exact("iou", boxes[i], boxes[j])) if both else 0, rel=1e-14, abs=1e-160)


def test_ciou_of_random_boxes():
    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b = (np.concatenate([low, low + span]) for low, span in rng.uniform(0.1, 1, (2, 2, 2)))
        iou, diou = (float(exact(kind, a, b)) for kind in ("iou", "diou"))
        angles = [math.atan((box[2] - box[0]) / (box[3] - box[1])) for box in (a, b)]
        v = 4 / math.pi**2 * (angles[0] - angles[1]) ** 2
        assert box_iou(a, b, kind="ciou") == pytest.approx(diou - v**2 / (1 - iou + v), rel=1e-12, abs=1e-14)
        assert box_iou(a, b, kind="ciou", gate=0.3) == pytest.approx(diou - (iou >= 0.3) * v**2 / (1 - iou + v), rel=1e-12, abs=1e-14)


def test_at_the_gate_shapes_count():
    a, b = [0, 0, 2, 1], [0, 0, 1, 1]
    assert box_iou(a, b) == 0.5
    assert box_iou(a, b, kind="ciou", gate=0.5) == box_iou(a, b, kind="ciou") < box_iou(a, b, kind="diou")
    assert box_iou(a, b, kind="ciou", gate=0.5 + 1e-15) == box_iou(a, b, kind="diou")

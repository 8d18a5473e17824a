"GIoU, DIoU and CIoU where the answer is an exact fraction, and where areas under- or overflow."
from fractions import Fraction
from math import atan, pi

import numpy as np
import pytest

from lossbook import ciou_loss, diou_loss, giou_loss

LOSSES = [giou_loss, diou_loss, ciou_loss]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
ROWS = [  # truth, prediction, IoU, GIoU, DIoU
    ([0, 0, 1, 1], [2, 2, 3, 3], 0, Fraction(-7, 9), Fraction(-4, 9)),
    ([0, 0, 10, 10], [5, 5, 15, 15], Fraction(1, 7), Fraction(-5, 63), Fraction(2, 63)),
    ([0, 0, 10, 10], [2, 2, 6, 18], Fraction(8, 33), Fraction(-4, 165), Fraction(1267, 6996)),
]
each_row = pytest.mark.parametrize("truth, pred, iou, giou, diou", ROWS)


def close(ours, exact, rtol=4e-16):
    np.testing.assert_allclose(ours, np.asarray(exact, float), rtol=rtol)


def rational(box):
    return [Fraction(float(x)) for x in box]


def exactly(truth, pred):
    "IoU, GIoU and DIoU as fractions."
    a, b = rational(truth), rational(pred)
    inner = [max(Fraction(0), min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1)]
    outer = [max(a[i + 2], b[i + 2]) - min(a[i], b[i]) for i in (0, 1)]
    area = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    union = sum(area) - inner[0] * inner[1]
    apart = sum(((b[i] + b[i + 2] - a[i] - a[i + 2]) / 2) ** 2 for i in (0, 1))
    iou, hull = inner[0] * inner[1] / union, outer[0] * outer[1]
    return iou, iou - (hull - union) / hull, iou - apart / (outer[0] ** 2 + outer[1] ** 2)


@each_row
def test_the_fractions_of_three_pairs(truth, pred, iou, giou, diou):
    assert exactly(truth, pred) == (iou, giou, diou)
    for a, b in ((truth, pred), (pred, truth)):
        close(giou_loss(a, b), 1 - giou)
        close(diou_loss(a, b), 1 - diou)


def test_the_shape_of_the_third_pair():
    truth, pred, iou, _, diou = ROWS[2]
    v = 4/pi**2 * (atan(1) - atan(1/4))**2
    close(ciou_loss(truth, pred), float(1 - diou) + v**2/(float(1 - iou) + v), rtol=1e-15)
    close(ciou_loss(truth, pred, gate=0.5), 1 - diou)


def test_random_boxes_in_fractions():
    rng = np.random.default_rng(0)
    corner = rng.uniform(-5, 5, (2, 200, 2))
    truth, pred = np.concatenate([corner, corner + rng.uniform(0.01, 6, corner.shape)], axis=-1)
    exact = [exactly(a, b) for a, b in zip(truth, pred)]
    close(giou_loss(truth, pred, reduction="none"), [1 - giou for _, giou, _ in exact], rtol=1e-14)
    close(diou_loss(truth, pred, reduction="none"), [1 - diou for _, _, diou in exact], rtol=1e-14)


@each_loss
@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e150])
def test_no_unit_is_too_small_or_too_large(loss, scale):
    for truth, pred, *_ in ROWS:
        a, b = np.array(truth) * scale, np.array(pred) * scale
        close(loss(a, b), loss(truth, pred), rtol=1e-14)
        np.testing.assert_allclose(loss.grad(a, b) * scale, loss.grad(truth, pred), rtol=1e-13, atol=1e-16)
        assert loss(a, a) == 0 and np.allclose(loss.grad(a, a) * scale, 0, atol=1e-16)


@each_loss
def test_a_float32_box_of_side_1e_30(loss):
    tiny = np.array([0, 0, 1e-30, 1e-30], np.float32)
    assert loss(tiny, tiny) == 0 and not loss.grad(tiny, tiny).any()


@each_loss
def test_far_from_the_origin_a_box_keeps_its_digits(loss):
    near, far = np.array([[0, 0, 3, 3], [1, 0, 4, 3]]), 2**24
    assert loss(near[0], near[1]) == loss(near[0] + far, near[1] + far)


@each_loss
def test_boxes_without_area(loss):
    point, line = np.array([2.0, 3, 2, 3]), np.array([2.0, 3, 2, 8])
    assert loss(point, point) == loss(line, line) == 1
    assert not loss.grad(point, point).any() and not loss.grad(line, line).any()
    for a in (point, line):
        for b in (point + 1, line + [0, 1, 0, 1], np.array([0.0, 0, 9, 9])):
            assert 0 <= loss(a, b) <= 2.5 and np.isfinite(loss.grad(a, b)).all()

"""GIoU, DIoU and CIoU against what libraries publish: their formulas copied out short, each with its small number, and numbers measured.

torchvision 0.28.0, detectron2, ultralytics 8.4.190 and mmdet 3.3.0 are not installed. Ours has no small number, so formulas are compared
on boxes of ordinary size with theirs set to 0, and on a tiny box as they are. PyTorch differentiates the formulas.
"""
from math import pi

import numpy as np
import pytest

from lossbook import ciou_loss, diou_loss, giou_loss

SQUARE = np.array([0.0, 0, 10, 10])
TINY = np.array([0.3, 0.4, 0.3 + 1e-4, 0.4 + 1e-4])
POINT = np.array([5.0, 5, 5, 5])
LOSSES = [giou_loss, diou_loss, ciou_loss]


def pairs(n=300, seed=0):
    "Boxes of all kinds of overlap: apart, across, one in the other."
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 10, (2, n, 2))
    return np.concatenate([corner, corner + rng.uniform(0.5, 10, corner.shape)], axis=-1)


def tied_pairs(n=2000, seed=0):
    "Boxes on a coarse grid, so that edges coincide, with area."
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 4, (2, n, 2))
    return np.concatenate([corner, corner + rng.integers(1, 4, corner.shape)], axis=-1).astype(float)


# ---- the formulas, in torch


def overlap_union_hull(torch, a, b):
    inner = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2]))
    inner = torch.maximum(inner, torch.zeros_like(inner))
    outer = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    overlap = inner[..., 0] * inner[..., 1]
    area = [(x[..., 2] - x[..., 0]) * (x[..., 3] - x[..., 1]) for x in (a, b)]
    return overlap, area[0] + area[1] - overlap, outer


def torchvision_giou(torch, a, b, eps=1e-7):
    overlap, union, outer = overlap_union_hull(torch, a, b)
    hull = outer[..., 0] * outer[..., 1]
    return 1 - overlap/(union + eps) + (hull - union)/(hull + eps)


def mmdet_giou(torch, a, b, eps=1e-7):
    overlap, union, outer = overlap_union_hull(torch, a, b)
    least = torch.full_like(union, eps)
    union, hull = torch.maximum(union, least), torch.maximum(outer[..., 0] * outer[..., 1], least)
    return 1 - overlap/union + (hull - union)/hull


def torchvision_diou(torch, a, b, eps=1e-7):
    overlap, union, outer = overlap_union_hull(torch, a, b)
    step = (b[..., :2] + b[..., 2:] - a[..., :2] - a[..., 2:]) / 2
    return 1 - overlap/(union + eps) + (step**2).sum(-1) / ((outer**2).sum(-1) + eps)


def shapes_differ(torch, a, b):
    angle = [torch.atan((x[..., 2] - x[..., 0]) / (x[..., 3] - x[..., 1])) for x in (a, b)]
    return 4/pi**2 * (angle[0] - angle[1])**2


def ciou(torch, a, b, eps=1e-7, counts=lambda iou: True, hold=True):
    overlap, union, _ = overlap_union_hull(torch, a, b)
    iou, v = overlap/(union + eps), shapes_differ(torch, a, b)
    alpha = v/torch.where(1 - iou + v + eps == 0, 1, 1 - iou + v + eps) * counts(iou)
    return torchvision_diou(torch, a, b, eps) + (alpha.detach() if hold else alpha) * v


def torchvision_ciou(torch, a, b, eps=1e-7):  # and detectron2's; ultralytics' but for where eps stands
    return ciou(torch, a, b, eps)


def mmdet_ciou(torch, a, b, eps=1e-7):
    return ciou(torch, a, b, eps, counts=lambda iou: iou > 0.5)


FORMULAS = {
    "torchvision GIoU": (giou_loss, torchvision_giou, {}),
    "mmdet GIoU": (giou_loss, mmdet_giou, {}),
    "torchvision DIoU": (diou_loss, torchvision_diou, {}),
    "torchvision CIoU": (ciou_loss, torchvision_ciou, {"hold_alpha": True}),
    "mmdet CIoU": (ciou_loss, mmdet_ciou, {"gate": 0.5, "hold_alpha": True}),
}
each_formula = pytest.mark.parametrize("loss, formula, options", FORMULAS.values(), ids=FORMULAS)
both_kinds = pytest.mark.parametrize("boxes", [pairs(), tied_pairs()], ids=["random", "tied"])


def off_the_gate(torch, boxes):
    "The pairs whose IoU is not one half: there mmdet does not count the shape yet, and we do."
    overlap, union, _ = overlap_union_hull(torch, *map(torch.asarray, boxes))
    return boxes[:, (2*overlap != union).numpy()]


@each_formula
@both_kinds
def test_the_values_of_their_formula(torch, loss, formula, options, boxes):
    boxes = off_the_gate(torch, boxes)
    a, b = map(torch.asarray, boxes)
    ours = loss(*boxes, reduction="none", **options)
    np.testing.assert_allclose(ours, formula(torch, a, b, eps=0.0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ours, formula(torch, a, b), rtol=0, atol=1e-6)


@each_formula
@both_kinds
def test_the_gradients_of_their_formula(torch, loss, formula, options, boxes):
    "At ties too: `maximum` and `minimum` of PyTorch give each side half."
    boxes = off_the_gate(torch, boxes)
    a, b = torch.asarray(boxes[0]), torch.asarray(boxes[1]).requires_grad_()
    formula(torch, a, b, eps=0.0).sum().backward()
    ours = loss.grad(*boxes, reduction="sum", **options)
    np.testing.assert_allclose(ours, b.grad, rtol=1e-12, atol=1e-12)


@both_kinds
@pytest.mark.parametrize("gate", [0.0, 0.3])
def test_alpha_as_a_part_of_the_value(torch, boxes, gate):
    a, b = torch.asarray(boxes[0]), torch.asarray(boxes[1]).requires_grad_()
    ciou(torch, a, b, eps=0.0, counts=lambda iou: iou >= gate, hold=False).sum().backward()
    np.testing.assert_allclose(ciou_loss.grad(*boxes, reduction="sum", gate=gate), b.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@both_kinds
def test_torch_differentiates_our_formula_to_our_gradient(torch, loss, boxes):
    a, b = torch.asarray(boxes[0]), torch.asarray(boxes[1]).requires_grad_()
    loss(a, b, reduction="sum").backward()
    np.testing.assert_allclose(loss.grad(*boxes, reduction="sum"), b.grad, rtol=1e-12, atol=1e-12)


def test_what_hold_alpha_leaves_alone():
    a, b = pairs()
    assert (ciou_loss(a, b, reduction="none") == ciou_loss(a, b, reduction="none", hold_alpha=True)).all()
    assert abs(ciou_loss.grad(a, b) - ciou_loss.grad(a, b, hold_alpha=True)).max() > 1e-5


# ---- the numbers measured


def test_the_gradient_of_disjoint_boxes():
    "The slope of the score by the prediction, which is the second box; level edges tie, and half of both slopes is 0."
    truth, pred = [0.0, 0, 1, 1], [3.0, 0, 4, 1]
    np.testing.assert_allclose(-giou_loss.grad(truth, pred), [-0.25, 0, 0.125, 0], atol=1e-16)
    np.testing.assert_allclose(-giou_loss.grad(pred, truth), [-0.125, 0, 0.25, 0], atol=1e-16)
    lower, higher = [3.0, 0.01, 4, 1.01], [3.0, -0.01, 4, 0.99]
    assert giou_loss.grad(truth, higher)[1] < -0.2 < 0.2 < giou_loss.grad(truth, lower)[1]


@pytest.mark.parametrize("formula, published", [(torchvision_giou, 0.909), (torchvision_diou, 0.909), (torchvision_ciou, 0.909), (mmdet_giou, 0.9)])
def test_a_small_number_is_large_beside_a_small_box(torch, formula, published):
    tiny = torch.asarray(TINY)
    np.testing.assert_allclose(formula(torch, tiny, tiny).item(), published, atol=5e-4)
    for loss in LOSSES:
        assert loss(TINY, TINY) == 0 and not loss.grad(TINY, TINY).round(9).any()


def test_boxes_without_area(torch):
    point = torch.asarray(POINT)
    assert torchvision_giou(torch, point, point).item() == 1  # as measured; the metric is NaN
    assert np.isnan(torchvision_ciou(torch, point, point).item())
    for loss in LOSSES:
        assert loss(POINT, POINT) == 1 and not loss.grad(POINT, POINT).any()


def test_inverted_boxes_score_as_perfect_in_torchvision_and_are_refused_here(torch):
    inverted = np.array([10.0, 10, 0, 0])
    a, b = torch.asarray(SQUARE), torch.asarray(inverted)
    area = (b[2] - b[0]) * (b[3] - b[1])
    assert area.item() == 100
    for loss in LOSSES:
        for boxes in ((SQUARE, inverted), (inverted, SQUARE)):
            with pytest.raises(ValueError, match=r"holds \[10, 10, 0, 0\]"):
                loss(*boxes)

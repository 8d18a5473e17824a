"Boxes: the choices that libraries make differently, and the libraries themselves on random boxes."
from functools import partial

import numpy as np
import pytest

from lossbook import box_iou, box_squared_error, ciou_loss, convert_boxes, giou_loss, iou_loss, smooth_l1_loss
from tests.peers.rows import agree, ask, case, row

SQUARE, MOVED, UPRIGHT = [0, 0, 10, 10], [5, 5, 15, 15], [2, 2, 6, 18]
APART, INVERTED, DOT = [20, 20, 30, 30], [10, 10, 0, 0], [3, 3, 3, 3]
TINY = [0.3, 0.4, 0.3 + 1e-4, 0.4 + 1e-4]
A, B = [2, 0, 4, 4], [3, 0, 4, 4]  # x, y, width, height; or two corners


def ciou_of_keras():
    return ask.keras.utils.bounding_boxes.compute_ciou(*(np.array([box], "float32") for box in (SQUARE, UPRIGHT)), "xyxy").then(lambda score: 1 - score[0])


def eiou_of_mmdet():
    return 1 - box_iou(SQUARE, UPRIGHT) - 0.1/2


def siou(sign):
    "Of the two boxes, by its formula; the sign is that of the distance."
    step, hull = np.array([-1.0, 5]), np.array([10.0, 18])
    gamma = 2 - np.sin(2*np.arcsin(1/np.hypot(*step)))
    shape = ((1 - np.exp(-np.array([6/10, 6/16])))**4).sum()
    return 1 - box_iou(SQUARE, UPRIGHT) + ((1 - np.exp(sign*gamma*(step/hull)**2)).sum() + shape)/2


def siou_of_mmdet():
    return siou(1)


def siou_of_the_paper():
    return siou(-1)


def a_quarter():
    return box_squared_error([SQUARE, SQUARE], [MOVED, SQUARE]) / 4


def over_sampled():
    return smooth_l1_loss([0, 0, 0, 0], [1, 1, 0, 0], beta=1/9, reduction="sum") / 256


def coco(first, second):
    "pycocotools takes x, y, width, height, and crowds."
    sized = (np.array([[x, y, X - x, Y - y]], float) for x, y, X, Y in (first, second))
    return ask.pycocotools.mask.iou(*sized, np.zeros(1, np.uint8)).then(lambda table: table[0, 0])


def monai(name, *boxes):
    return getattr(ask.monai.data.box_utils, name)(*(np.array([box], float) for box in boxes)).then(lambda table: table[0, 0])


def keras(name, *boxes):
    return getattr(ask.keras.utils.bounding_boxes, name)(*(np.array([box], "float32") for box in boxes), "xyxy").then(np.ravel).then(np.ravel)


def monai_loss(*boxes):
    return ask.monai.losses.BoxGIoULoss()(*(np.array([box], float) for box in boxes[::-1]))


def iou(*boxes, **options):
    return partial(box_iou, *boxes, **options)


def from_sizes():
    return box_iou(convert_boxes(A, source="xywh"), convert_boxes(B, source="xywh"))


CASES = [
    case("IoU of two squares", "Corners lie between pixels, or name the last pixel that belongs to the box, which makes it wider by 1.",
         row("continuous corners", iou(SQUARE, MOVED), 1 / 7, coco(SQUARE, MOVED), monai("box_iou", SQUARE, MOVED), keras("compute_iou", SQUARE, MOVED)),
         row("corners are pixels", iou(SQUARE, MOVED, inclusive=True), 0.17476, said="detectron2's VOC evaluation, mmdet with use_legacy_coordinate")),
    case("boxes that touch", "Two boxes side by side.",
         row("continuous corners", iou([0, 0, 1, 1], [1, 0, 2, 1]), 0.0, coco([0, 0, 1, 1], [1, 0, 2, 1]), monai("box_iou", [0, 0, 1, 1], [1, 0, 2, 1])),
         row("corners are pixels, one column shared", iou([0, 0, 1, 1], [1, 0, 2, 1], inclusive=True), 0.3333, said="detectron2's VOC evaluation")),
    case("two boxes without area, identical", "A point against itself: 0/0.",
         row("0", iou(DOT, DOT), 0.0, coco(DOT, DOT), said="ultralytics"),
         row("one pixel", iou(DOT, DOT, inclusive=True), 1.0, said="detectron2's VOC evaluation"),
         row("no value", iou(DOT, DOT, undefined=np.nan), np.nan, said="torchvision"),
         row("as a GIoU loss", partial(giou_loss, DOT, DOT), 1.0, said="torchvision"),
         row("as a CIoU loss", partial(ciou_loss, DOT, DOT), 1.0, gives=np.nan, said="torchvision", wrong=True)),
    case("a tiny box against itself", "A box of 0.0001 by 0.0001, as coordinates from 0 to 1 make them. A small number in the denominator, harmless in pixels, is larger than the box.",
         row("the score is 1", iou(TINY, TINY), 1.0),
         row("the score is 0.08", iou(TINY, TINY), 1.0, monai("box_iou", TINY, TINY), gives=0.07738, wrong=True),
         row("the score is 0.09", iou(TINY, TINY), 1.0, gives=0.0909, said="ultralytics", wrong=True),
         row("the loss is 0", partial(giou_loss, TINY, TINY), 0.0),
         row("the loss is 0.909", partial(giou_loss, TINY, TINY), 0.0, gives=0.909, said="torchvision", wrong=True),
         row("the loss is 0.9", partial(giou_loss, TINY, TINY), 0.0, gives=0.9, said="mmdet", wrong=True),
         row("the loss is 0.92", partial(giou_loss, TINY, TINY), 0.0, monai_loss(TINY, TINY), gives=0.9226, wrong=True)),
    case("corners in the wrong order", "The second box is [10, 10, 0, 0]: its area is (-10)(-10) = 100.",
         row("refused", partial(giou_loss, SQUARE, INVERTED), "boxes_pred holds [10, 10, 0, 0]", monai("box_giou", SQUARE, INVERTED), gives="", said="detectron2"),
         row("a perfect score", iou(SQUARE, INVERTED, kind="giou"), "boxes_pred holds [10, 10, 0, 0]", gives=1.0, said="torchvision, ultralytics, mmdet", wrong=True),
         row("no overlap", iou(SQUARE, INVERTED), "boxes_pred holds [10, 10, 0, 0]", coco(SQUARE, INVERTED), gives=0.0)),
    case("widths read as corners", "x, y, width, height of two boxes. Read as two corners they are boxes too, and no error is raised.",
         row("as x, y, width, height", from_sizes, 0.6, ask.pycocotools.mask.iou([A], [B], np.zeros(1, np.uint8)).then(np.ravel)),
         row("as two corners", iou(A, B), 0.5, monai("box_iou", A, B))),
    case("CIoU loss", "The weight of the difference in shape, alpha, always counts, or above an IoU of one half only.",
         row("always", partial(ciou_loss, SQUARE, UPRIGHT), 0.83489, ciou_of_keras(), said="torchvision, detectron2, ultralytics"),
         row("always, alpha held in the gradient", partial(ciou_loss, SQUARE, UPRIGHT, hold_alpha=True), 0.83489, said="torchvision, detectron2, ultralytics"),
         row("above one half", partial(ciou_loss, SQUARE, UPRIGHT, gate=0.5), 0.81890, said="mmdet")),
    case("EIoU and SIoU losses", "No functions of the package: the formulas on the chapter's page, and what mmdet makes of them.",
         row("EIoU, smoothed", eiou_of_mmdet, 0.7076, said="mmdet"),
         row("SIoU, the sign of the distance turned", siou_of_mmdet, 0.7086, said="mmdet"),
         row("SIoU, as its paper has it", siou_of_the_paper, 0.8497)),
    case("IoU loss", "UnitBox takes the logarithm.",
         *(row(form, partial(iou_loss, SQUARE, MOVED, form=form), value, said="mmdet") for form, value in [("log", 1.94591), ("linear", 0.85714), ("square", 0.97959)])),
    case("IoU loss of boxes that do not meet", "The logarithm of 0.",
         row("infinite", partial(iou_loss, SQUARE, APART, form="log"), np.inf),
         row("cut off at 1e-6", partial(iou_loss, SQUARE, APART, form="log", eps=1e-6), 13.81551, said="mmdet")),
    case("GIoU of boxes that do not meet", "Two unit squares, apart on the diagonal.",
         row("the loss", partial(giou_loss, [0, 0, 1, 1], [2, 2, 3, 3]), 16 / 9, monai_loss([0, 0, 1, 1], [2, 2, 3, 3]), said="torchvision"),
         row("its slope, side by side", partial(giou_loss.grad, [0.0, 0, 1, 1], [3.0, 0, 4, 1]), [0.25, 0, -0.125, 0], said="torchvision, at level edges half of both slopes")),
    case("mean over boxes or over all four numbers", "Two boxes, of which one is off by 5 in each number.",
         row("over boxes", partial(box_squared_error, [SQUARE, SQUARE], [MOVED, SQUARE]), 50),
         row("over numbers", a_quarter, 12.5, ask.torch.mse_loss(np.array([MOVED, SQUARE], float), np.array([SQUARE, SQUARE], float)))),
    case("the box loss of a region proposal network", "Deltas of one positive anchor of 256 that were sampled, off by 1, 1, 0 and 0.",
         row("over all sampled anchors", over_sampled, 2 * (1 - 1/18) / 256,
             ask.torch.smooth_l1_loss(np.array([1.0, 1, 0, 0]), np.zeros(4), beta=1/9, reduction="sum").then(lambda loss: loss / 256), said="torchvision")),
]

test_ours, test_theirs = agree(CASES)


def test_inverted_corners_are_refused_in_lists_too():
    with pytest.raises(ValueError, match=r"boxes_pred holds \[10, 10, 0, 0\] at \[1\]"):
        box_iou(SQUARE, [MOVED, INVERTED], kind="giou")
    with pytest.raises(ValueError, match=r"boxes_true holds \[10, 10, 0, 0\]"):
        box_iou(INVERTED, SQUARE)


@pytest.mark.parametrize("eps, published", [(1e-7, 0.909)])
def test_a_small_number_in_the_denominator_costs_a_perfect_box(eps, published):
    area = (TINY[2] - TINY[0]) * (TINY[3] - TINY[1])
    assert 1 - area / (area + eps) == pytest.approx(published, abs=5e-4)
    assert 1 - box_iou(TINY, TINY) == 0


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

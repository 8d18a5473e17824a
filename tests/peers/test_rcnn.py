"The losses of Faster R-CNN and Mask R-CNN against slow literal transcriptions of their papers, and against PyTorch's automatic gradients."
import math

import numpy as np
import pytest

from lossbook import FasterRcnnPrediction, FasterRcnnTargets, MaskRcnnPrediction, MaskRcnnTargets
from lossbook import assign_anchors, crop_masks, faster_rcnn_loss, mask_loss, mask_rcnn_loss, roi_head_loss, roi_targets, rpn_loss, rpn_targets
from lossbook.detectors.faster_rcnn import roi_box, roi_classification, rpn_box, rpn_classification

rng = np.random.default_rng(0)


def boxes(n):
    low = rng.uniform(0, 40, (n, 2))
    return np.concatenate([low, low + rng.uniform(4, 24, (n, 2))], axis=1)


def random_image(m=3):
    n, classes = rng.integers(0, 4), rng.integers(1, 4)
    objects, labels = boxes(n), rng.integers(0, classes, n)
    anchors, proposals = boxes(12), np.concatenate([objects + rng.normal(0, 0.5, (n, 4)), boxes(4)])
    roi = roi_targets(proposals, objects, labels, classes, size=5, seed=rng)
    truth = MaskRcnnTargets(*rpn_targets(anchors, objects, size=8, seed=rng), *roi, rng.integers(0, 2, (len(proposals), m, m)))
    shapes = [(12,), (12, 4), (len(proposals), classes + 1), (len(proposals), classes, 4), (len(proposals), classes, m, m)]
    return truth, MaskRcnnPrediction(*(rng.normal(size=shape) for shape in shapes))


def log_loss(positive, z):
    return math.log1p(math.exp(-z)) if positive else math.log1p(math.exp(z))


def smooth_l1(error, beta):
    return error**2 / (2 * beta) if abs(error) < beta else abs(error) - beta / 2


def transcribed(t, p):
    "The five terms, in the order of the sum."
    anchors = [a for a in range(len(t.anchor_sampled)) if t.anchor_sampled[a]]
    rpn_cls = sum(log_loss(t.anchor_objects[a], p.anchor_logits[a]) for a in anchors)
    rpn_reg = sum(smooth_l1(e, 1 / 9) for a in anchors if t.anchor_objects[a] for e in p.anchor_deltas[a] - t.anchor_deltas[a])
    proposals = [r for r in range(len(t.sampled)) if t.sampled[r]]
    classes = p.deltas.shape[1]
    cls = sum(math.log(sum(math.exp(z) for z in p.logits[r])) - p.logits[r, t.labels[r]] for r in proposals)
    positive = [r for r in proposals if t.labels[r] < classes]
    reg = sum(smooth_l1(e, 1.0) for r in positive for e in p.deltas[r, t.labels[r]] - t.deltas[r])
    pixels = [log_loss(t.masks[r, i, j], p.mask_logits[r, t.labels[r], i, j]) for r in positive for i, j in np.ndindex(t.masks.shape[1:])]
    return rpn_cls / len(anchors), rpn_reg / len(anchors), cls / len(proposals), reg / len(proposals), sum(pixels) / max(len(pixels), 1)


def test_500_random_images():
    for _ in range(500):
        t, p = random_image()
        np.testing.assert_allclose(list(mask_rcnn_loss.terms(t, p).values()), transcribed(t, p), rtol=1e-12, atol=1e-15)


def test_sums_are_those_of_their_parts():
    t, p = random_image()
    two, four = rpn_loss(t, p) + roi_head_loss(t, p), faster_rcnn_loss(t, p)
    np.testing.assert_allclose([two, four + mask_loss(t, p)], [four, mask_rcnn_loss(t, p)], rtol=1e-12)
    small = FasterRcnnTargets(*t[:6]), FasterRcnnPrediction(*p[:4])
    assert faster_rcnn_loss(*small) == four


@pytest.mark.parametrize("loss, options", [
    (mask_rcnn_loss, {}), (rpn_classification, {}), (roi_classification, {}), (mask_loss, {}), (roi_box, {"beta": 0.3}),
    *((rpn_box, {"divisor": divisor}) for divisor in ("sampled", "positive", "locations")),
], ids=str)
def test_gradients_are_those_of_torch(torch, loss, options):
    for _ in range(5):
        t, p = random_image()
        there = MaskRcnnPrediction(*(torch.tensor(field, requires_grad=True) for field in p))
        value = loss(MaskRcnnTargets(*map(torch.tensor, t)), there, **options)
        if value.requires_grad:
            value.backward()
        for mine, theirs in zip(loss.grad(t, p, **options), there):
            expected = np.zeros(mine.shape) if theirs.grad is None else theirs.grad.numpy()
            np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-15)


def test_anchors_are_assigned_as_by_a_loop():
    from lossbook import box_iou
    for _ in range(50):
        objects, anchors = boxes(rng.integers(1, 4)), boxes(10)
        iou = box_iou(objects, anchors)
        for a, said in enumerate(assign_anchors(anchors, objects)):
            top = iou[:, a].max()
            best = any(iou[o, a] == iou[o].max() > 0 for o in range(len(objects)))
            assert said == (iou[:, a].argmax() if top >= 0.7 or best else -1 if top < 0.3 else -2)


def test_crops_are_the_pixels_under_the_centres_of_cells():
    for _ in range(20):
        mask, (box,), m = rng.integers(0, 2, (20, 30)), boxes(1) - 10, 5
        for i, j in np.ndindex(m, m):
            x, y = box[0] + (j + 0.5) * (box[2] - box[0]) / m, box[1] + (i + 0.5) * (box[3] - box[1]) / m
            inside = 0 <= x < 30 and 0 <= y < 20
            assert crop_masks(mask[None], [box], size=m)[0, i, j] == (mask[int(y), int(x)] if inside else 0)

"YOLO's loss against a slow literal transcription of equation 3 of Redmon et al. (2016), and against PyTorch's automatic gradients."
import numpy as np
import pytest

from lossbook import YoloPrediction, YoloTargets, yolo_loss, yolo_targets

rng = np.random.default_rng(0)


def box_of(r, c, side, x, y, w, h):
    "Corners of a box told by its cell."
    cx, cy = (c + x) / side, (r + y) / side
    return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2


def iou(a, b):
    w, h = (max(0.0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return w * h / (sum(areas) - w * h)


def transcribed(objects, labels, pred):
    "From objects and a prediction to a number, one loop for each sum of the paper."
    side, _, predictors = pred.confidence.shape
    classes = pred.classes.shape[-1]
    in_cell = {}
    for box, label in zip(objects, labels):
        cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        in_cell.setdefault((int(cy * side), int(cx * side)), (box, cx, cy, label))
    total = 0.0
    for r in range(side):
        for c in range(side):
            responsible, best = None, 0.0
            if (r, c) in in_cell:
                box, cx, cy, label = in_cell[r, c]
                ious = [iou(box, box_of(r, c, side, *pred.centres[r, c, j], *pred.roots[r, c, j] ** 2)) for j in range(predictors)]
                responsible = max(range(predictors), key=lambda j: ious[j])
                best = ious[responsible]
                x, y = cx * side - c, cy * side - r
                px, py = pred.centres[r, c, responsible]
                total += 5 * ((x - px) ** 2 + (y - py) ** 2)
                w, h = box[2] - box[0], box[3] - box[1]
                pw, ph = pred.roots[r, c, responsible] ** 2
                total += 5 * ((w**0.5 - pw**0.5) ** 2 + (h**0.5 - ph**0.5) ** 2)
                for k in range(classes):
                    total += ((k == label) - pred.classes[r, c, k]) ** 2
            for j in range(predictors):
                if j == responsible:
                    total += (best - pred.confidence[r, c, j]) ** 2
                else:
                    total += 0.5 * pred.confidence[r, c, j] ** 2
    return total


def random_image(n=None):
    side, predictors, classes = rng.integers(1, 5), rng.integers(1, 4), rng.integers(1, 5)
    n = rng.integers(0, 5) if n is None else n
    low = rng.uniform(0, 0.7, (n, 2))
    objects = np.concatenate([low, low + rng.uniform(0.05, 0.3, (n, 2))], axis=1)
    grid = (side, side)
    pred = YoloPrediction(rng.random((*grid, predictors, 2)), rng.uniform(0.1, 1, (*grid, predictors, 2)),
                          rng.normal(size=(*grid, predictors)), rng.normal(size=(*grid, classes)))
    return objects, rng.integers(0, classes, n), pred


def test_500_random_images():
    for _ in range(500):
        objects, labels, pred = random_image()
        targets = yolo_targets(objects, labels, pred, crowded="first")
        np.testing.assert_allclose(yolo_loss(targets, pred), transcribed(objects, labels, pred), rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_gradients_are_those_of_torch(torch, n):
    objects, labels, pred = random_image(n)
    there = YoloPrediction(*(torch.tensor(field, requires_grad=True) for field in pred))
    targets = yolo_targets(objects, labels, there, crowded="first")
    assert all(isinstance(field, torch.Tensor) for field in targets)
    yolo_loss(targets, there).backward()
    ours = yolo_loss.grad(YoloTargets(*map(np.asarray, targets)), pred)
    for mine, theirs in zip(ours, there):
        expected = np.zeros(mine.shape) if theirs.grad is None else theirs.grad.numpy()
        np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-15)

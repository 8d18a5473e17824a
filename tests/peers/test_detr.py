"DETR's matching and loss against a slow literal transcription of Carion et al. (2020), and against PyTorch's automatic gradients."
import math
from itertools import permutations

import numpy as np
import pytest

from lossbook import DetrPrediction, DetrTargets, detr_loss, detr_targets, match_boxes

rng = np.random.default_rng(0)


def giou(a, b):
    inter = math.prod(max(0.0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1))
    hull = math.prod(max(a[k + 2], b[k + 2]) - min(a[k], b[k]) for k in (0, 1))
    union = sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)) - inter
    return inter / union - (hull - union) / hull


def centred(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]


def corners(box):
    return box[0] - box[2] / 2, box[1] - box[3] / 2, box[0] + box[2] / 2, box[1] + box[3] / 2


def transcribed(objects, labels, pred):
    "The best of all ways to give objects to answers, and the loss of it."
    queries, none = len(pred.logits), pred.logits.shape[1] - 1
    proba = [[math.exp(z) / sum(math.exp(y) for y in row) for z in row] for row in pred.logits]

    def distance(o, q):
        return sum(abs(a - b) for a, b in zip(centred(objects[o]), pred.cxcywh[q]))

    def overlap(o, q):
        return giou(objects[o], corners(pred.cxcywh[q]))

    def cost(way):
        return sum(-proba[q][labels[o]] + 5 * distance(o, q) - 2 * overlap(o, q) for o, q in enumerate(way))

    way = min(permutations(range(queries), len(objects)), key=cost)
    wanted = [none] * queries
    for o, q in enumerate(way):
        wanted[q] = labels[o]
    weights = [0.1 if label == none else 1.0 for label in wanted]
    classes = sum(-w * math.log(proba[q][wanted[q]]) for q, w in enumerate(weights)) / sum(weights)
    boxes = sum(5 * distance(o, q) + 2 * (1 - overlap(o, q)) for o, q in enumerate(way))
    return way, classes + boxes / max(len(objects), 1)


def random_image(n=None):
    queries, classes = rng.integers(1, 6), rng.integers(1, 4)
    n = rng.integers(0, queries + 1) if n is None else min(n, queries)
    low = rng.uniform(0, 0.6, (n, 2))
    objects = np.concatenate([low, low + rng.uniform(0.05, 0.4, (n, 2))], axis=1)
    return objects, rng.integers(0, classes, n), DetrPrediction(rng.normal(size=(queries, classes + 1)), rng.uniform(0.1, 0.8, (queries, 4)))


def test_500_random_images():
    for _ in range(500):
        objects, labels, pred = random_image()
        way, value = transcribed(objects, labels, pred)
        assert match_boxes(objects, labels, pred).tolist() == list(way)
        np.testing.assert_allclose(detr_loss(detr_targets(objects, labels, pred), pred), value, rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_gradients_are_those_of_torch(torch, n):
    for _ in range(5):
        objects, labels, pred = random_image(n)
        there = DetrPrediction(*(torch.tensor(field, requires_grad=True) for field in pred))
        targets = detr_targets(objects, labels, there)
        assert all(isinstance(field, torch.Tensor) for field in targets)
        detr_loss(targets, there).backward()
        ours = detr_loss.grad(DetrTargets(*map(np.asarray, targets)), pred)
        for mine, theirs in zip(ours, there):
            np.testing.assert_allclose(mine, theirs.grad.numpy(), rtol=1e-11, atol=1e-14)


def test_scipy_is_asked_for_by_name(monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    objects, labels, pred = random_image(1)
    with pytest.raises(ImportError, match=r"pip install 'lossbook\[distances\]'"):
        match_boxes(objects, labels, pred)

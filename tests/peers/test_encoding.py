"Deltas as R-CNN's descendants write them, and the loss on them, from literal transcriptions of the published formulas."
import math

import numpy as np
import pytest

from lossbook import decode_boxes, encode_boxes, smooth_l1_loss

rng = np.random.default_rng(0)


def boxes(n):
    low = rng.uniform(0, 500, (n, 2))
    return np.concatenate([low, low + rng.uniform(1, 200, (n, 2))], axis=1)


TRUE, ANCHORS = boxes(50), boxes(50)
WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # what torchvision and Detectron2 multiply by in the second stage
LARGEST = math.log(1000 / 16)


def transcribed_deltas(box, anchor, weights):
    "Width and height first, then centres: the order of the code of Detectron2's `Box2BoxTransform.get_deltas`."
    w, h, aw, ah = box[2] - box[0], box[3] - box[1], anchor[2] - anchor[0], anchor[3] - anchor[1]
    x, y, ax, ay = box[0] + w / 2, box[1] + h / 2, anchor[0] + aw / 2, anchor[1] + ah / 2
    return [weights[0] * (x - ax) / aw, weights[1] * (y - ay) / ah, weights[2] * math.log(w / aw), weights[3] * math.log(h / ah)]


def transcribed_box(deltas, anchor, weights):
    "`apply_deltas`, with its limit on the sizes."
    aw, ah = anchor[2] - anchor[0], anchor[3] - anchor[1]
    x, y = anchor[0] + aw / 2 + deltas[0] / weights[0] * aw, anchor[1] + ah / 2 + deltas[1] / weights[1] * ah
    w, h = (math.exp(min(d / k, LARGEST)) * a for d, k, a in zip(deltas[2:], weights[2:], (aw, ah)))
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


@pytest.mark.parametrize("weights", [(1.0,) * 4, WEIGHTS])
def test_deltas_are_those_of_the_transcription(weights):
    stds = [1 / w for w in weights]
    deltas = encode_boxes(TRUE, ANCHORS, stds=stds)
    np.testing.assert_allclose(deltas, [transcribed_deltas(*pair, weights) for pair in zip(TRUE, ANCHORS)], rtol=1e-10, atol=1e-12)
    wild = 20 * deltas
    expected = [transcribed_box(*pair, weights) for pair in zip(wild, ANCHORS)]
    np.testing.assert_allclose(decode_boxes(wild, ANCHORS, stds=stds, limit=LARGEST), expected, rtol=1e-9, atol=1e-9)


def test_the_loss_of_the_region_proposal_network_divides_by_all_sampled_anchors(torch):
    "torchvision: smooth L1 with beta 1/9, summed over positive anchors, over the number of sampled ones."
    target, deltas = encode_boxes(TRUE, ANCHORS), rng.normal(size=(50, 4))
    sampled = 256
    theirs = torch.nn.functional.smooth_l1_loss(torch.tensor(deltas), torch.tensor(target), beta=1 / 9, reduction="sum") / sampled
    ours = smooth_l1_loss(target, deltas, beta=1 / 9, reduction="sum") / sampled
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)

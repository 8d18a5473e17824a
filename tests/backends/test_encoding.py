"Deltas on arrays of other libraries: the same numbers, in their dtype, under `jit`, and automatic gradients through the decoder."
import numpy as np
import pytest

from lossbook import decode_boxes, encode_boxes, iou_loss

BOXES = np.array([[5.0, 0, 25, 10], [1, 2, 4, 9]])
ANCHORS = np.array([[0.0, 0, 10, 20], [2, 2, 6, 6]])
STDS = (0.1, 0.1, 0.2, 0.2)
DELTAS = encode_boxes(BOXES, ANCHORS, stds=STDS)


@pytest.mark.parametrize("dtype, rtol", [("float64", 1e-12), ("float32", 1e-5)])
def test_there_and_back(asarray, dtype, rtol):
    boxes, anchors, deltas = (asarray(x.astype(dtype)) for x in (BOXES, ANCHORS, DELTAS))
    there = encode_boxes(boxes, anchors, stds=STDS)
    back = decode_boxes(deltas, anchors, stds=STDS, limit=4)
    for result, expected in [(there, DELTAS), (back, BOXES)]:
        assert type(result) is type(boxes) and str(result.dtype).endswith(dtype)
        np.testing.assert_allclose(np.asarray(result), expected, rtol=rtol, atol=rtol)


def test_libraries_are_not_mixed(asarray):
    with pytest.raises(TypeError, match="libraries are mixed"):
        encode_boxes(asarray(BOXES), ANCHORS)


def test_slopes_come_back_through_the_decoder(torch, jax):
    truth, deltas = BOXES[0], np.array([0.6, -0.2, 0.5, -0.4])
    steps = 1e-6 * np.eye(4)
    expected = [(iou_loss(truth, decode_boxes(deltas + s, ANCHORS[0])) - iou_loss(truth, decode_boxes(deltas - s, ANCHORS[0]))) / 2e-6 for s in steps]
    t = torch.tensor(deltas, requires_grad=True)
    iou_loss(torch.tensor(truth), decode_boxes(t, torch.tensor(ANCHORS[0]))).backward()
    np.testing.assert_allclose(t.grad, expected, rtol=1e-7)
    slope = jax.jit(jax.grad(lambda t: iou_loss(jax.numpy.asarray(truth), decode_boxes(t, jax.numpy.asarray(ANCHORS[0])))))(deltas)
    np.testing.assert_allclose(slope, expected, rtol=1e-7)

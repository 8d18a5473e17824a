"Forms and areas of boxes on arrays of other libraries: the same numbers, in their dtype, under `jit` and through automatic gradients."
import numpy as np
import pytest

from lossbook import box_area, convert_boxes

FORMS = ["xyxy", "xywh", "cxcywh"]
BOXES = np.array([[[2.0, 1, 6, 4], [0, 0, 0, 0]], [[-3.5, 2, 1, 2.25], [10, 20, 30, 60]]])


@pytest.mark.parametrize("source", FORMS)
@pytest.mark.parametrize("target", FORMS)
def test_forms(asarray, source, target):
    given = convert_boxes(BOXES, target=source)
    for dtype in ("float64", "float32"):
        there = convert_boxes(asarray(given.astype(dtype)), source=source, target=target)
        assert type(there) is type(asarray(given)) and str(there.dtype).endswith(dtype)
        np.testing.assert_array_equal(np.asarray(there), convert_boxes(BOXES, target=target))


@pytest.mark.parametrize("inclusive", [False, True])
def test_areas(asarray, inclusive):
    there = box_area(asarray(BOXES), inclusive=inclusive)
    np.testing.assert_array_equal(np.asarray(there), box_area(BOXES, inclusive=inclusive))


def test_values_are_checked_where_they_are_at_hand(asarray):
    with pytest.raises(ValueError, match=r"boxes holds \[1, 0, 0, 1\] at \[1\]"):
        box_area(asarray(np.array([[0.0, 0, 1, 1], [1, 0, 0, 1]])))


def test_jit_and_grad(torch, jax):
    to_corners = jax.jit(lambda boxes: convert_boxes(boxes, source="cxcywh"))
    np.testing.assert_array_equal(to_corners(convert_boxes(BOXES, target="cxcywh")), BOXES)
    np.testing.assert_array_equal(jax.grad(box_area)(BOXES[0, 0]), [-3, -4, 3, 4])
    box = torch.tensor(BOXES[0, 0], requires_grad=True)
    box_area(box).backward()
    assert box.grad.tolist() == [-3, -4, 3, 4]

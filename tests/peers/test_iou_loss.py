"Losses of boxes where libraries differ: our value by the argument that gives it against the published number."
import numpy as np
import pytest

from lossbook import box_absolute_error, box_squared_error, iou_loss

TRUE, PRED = [0.0, 0, 10, 10], [5.0, 5, 15, 15]
TINY = [0.5, 0.5, 0.5001, 0.5001]


@pytest.mark.parametrize("form", ["log", "linear", "square"])
def test_a_tiny_box_is_itself(form):
    assert iou_loss(TINY, TINY, form=form) == 0


@pytest.mark.parametrize("form", ["log", "linear", "square"])
def test_boxes_without_area_share_none(form):
    point = [3.0, 3, 3, 3]
    assert iou_loss(point, point, form=form) == (np.inf if form == "log" else 1)


def test_most_libraries_average_all_numbers(torch):
    true, pred = np.array([TRUE, TRUE]), np.array([PRED, TRUE])
    f, tensor = torch.nn.functional, torch.tensor
    np.testing.assert_allclose(box_squared_error(true, pred) / 4, f.mse_loss(tensor(pred), tensor(true)), rtol=1e-12)
    np.testing.assert_allclose(box_absolute_error(true, pred) / 4, f.l1_loss(tensor(pred), tensor(true)), rtol=1e-12)

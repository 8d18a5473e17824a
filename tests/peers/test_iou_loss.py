"Losses of boxes where libraries differ: our value by the argument that gives it against the published number."
import numpy as np
import pytest

from lossbook import box_absolute_error, box_squared_error, iou_loss

TRUE, PRED = [0.0, 0, 10, 10], [5.0, 5, 15, 15]
TINY = [0.5, 0.5, 0.5001, 0.5001]


@pytest.mark.parametrize("form, published", [("log", 1.946), ("linear", 0.857), ("square", 0.980)])
def test_the_three_modes_of_mmdetection(form, published):
    np.testing.assert_allclose(iou_loss(TRUE, PRED, form=form), published, atol=5e-4)


@pytest.mark.parametrize("form", ["log", "linear", "square"])
def test_a_tiny_box_is_itself(form):
    assert iou_loss(TINY, TINY, form=form) == 0


def test_torchvision_charges_a_tiny_box_for_the_number_it_adds():
    "`1 - inter / (union + eps)` with eps 1e-7."
    side = TINY[2] - TINY[0]
    np.testing.assert_allclose(1 - side**2 / (side**2 + 1e-7), 0.909, atol=5e-4)


@pytest.mark.parametrize("form", ["log", "linear", "square"])
def test_boxes_without_area_share_none(form):
    point = [3.0, 3, 3, 3]
    assert iou_loss(point, point, form=form) == (np.inf if form == "log" else 1)


def test_mmdetection_clips_iou():
    apart = [20.0, 20, 30, 30]
    np.testing.assert_allclose(iou_loss(TRUE, apart, eps=1e-6), -np.log(1e-6), rtol=1e-12)


def test_most_libraries_average_all_numbers(torch):
    true, pred = np.array([TRUE, TRUE]), np.array([PRED, TRUE])
    f, tensor = torch.nn.functional, torch.tensor
    np.testing.assert_allclose(box_squared_error(true, pred) / 4, f.mse_loss(tensor(pred), tensor(true)), rtol=1e-12)
    np.testing.assert_allclose(box_absolute_error(true, pred) / 4, f.l1_loss(tensor(pred), tensor(true)), rtol=1e-12)

"IoU of boxes on arrays of other libraries: the strict array API always, PyTorch and JAX where installed."
import array_api_strict
import numpy as np
import pytest
from array_api_compat import device

from lossbook.boxes.iou import box_iou

KINDS = ["iou", "giou", "diou", "ciou"]
each_kind = pytest.mark.parametrize("kind", KINDS)

rng = np.random.default_rng(0)
low, span = rng.uniform(0, 4, (2, 2, 6, 2))
TRUE, PRED = np.concatenate([low, low + span], axis=-1)
EDGES = np.array([[0, 0, 2, 2], [0, 0, 2, 2], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 3, 1], [9, 9, 11, 10]], float)
OTHERS = np.array([[0, 0, 2, 2], [2, 0, 4, 2], [1, 1, 1, 1], [0, 0, 2, 2], [0, 1, 3, 1], [0, 0, 2, 2]], float)


@each_kind
@pytest.mark.parametrize("options", [{}, {"inclusive": True}, {"pairwise": False}, {"undefined": 1, "gate": 0.5}], ids=str)
def test_the_numbers_are_those_of_numpy(asarray, kind, options):
    for pair in ((TRUE, PRED), (EDGES, OTHERS)):
        theirs = box_iou(*map(asarray, pair), kind=kind, **options)
        assert type(theirs) is type(asarray(pair[0]))
        np.testing.assert_allclose(np.asarray(theirs), box_iou(*pair, kind=kind, **options), rtol=1e-12, atol=1e-14)


@each_kind
def test_float32_and_the_device_come_back(asarray, kind):
    true, pred = (asarray(x.astype(np.float32)) for x in (TRUE, PRED))
    for pairwise in (True, False):
        scores = box_iou(true, pred, kind=kind, pairwise=pairwise)
        assert scores.dtype == pred.dtype and device(scores) == device(pred)


def test_numpy_answers_in_the_widest_float_that_came_in():
    single = TRUE.astype(np.float32)
    assert box_iou(single, single.astype(int)).dtype == np.float32
    assert box_iou(single, PRED).dtype == box_iou(TRUE.astype(int), PRED.astype(int)).dtype == np.float64
    assert box_iou(single, single, pairwise=False).dtype == np.float32
    assert type(box_iou(single[0], single[0])) is float


def test_libraries_do_not_mix(asarray):
    with pytest.raises(TypeError, match="libraries are mixed, boxes_true of numpy, boxes_pred of"):
        box_iou(TRUE, asarray(PRED))


def test_bad_boxes_are_refused(asarray):
    spoilt = PRED.copy()
    spoilt[2] = [3, 3, 1, 4]
    with pytest.raises(ValueError, match=r"boxes_pred holds \[3, 3, 1, 4\] at \[2\]"):
        box_iou(asarray(TRUE), asarray(spoilt))


@each_kind
def test_jit(jax, kind):
    jitted = jax.jit(lambda a, b: box_iou(a, b, kind=kind))
    np.testing.assert_allclose(jitted(TRUE, PRED), box_iou(TRUE, PRED, kind=kind), rtol=1e-12, atol=1e-14)


@each_kind
def test_automatic_gradients_are_finite_and_agree(torch, jax, kind):
    def total(a, b): return box_iou(a, b, kind=kind, pairwise=False).sum()
    for true, pred in ((TRUE, PRED), (EDGES, OTHERS)):
        leaf = torch.tensor(pred, requires_grad=True)
        total(torch.tensor(true), leaf).backward()
        by_jax = jax.grad(total, argnums=1)(jax.numpy.asarray(true), jax.numpy.asarray(pred))
        assert bool(torch.isfinite(leaf.grad).all())
        np.testing.assert_allclose(leaf.grad.numpy(), by_jax, rtol=1e-9, atol=1e-12)


def test_strict_boxes_stay_on_their_device():
    far = array_api_strict.Device("device1")
    true, pred = (array_api_strict.asarray(x, device=far) for x in (TRUE, PRED))
    assert device(box_iou(true, pred, kind="ciou")) == far

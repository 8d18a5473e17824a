"Laws of IoU and its relatives, on random boxes of any size, some of them without area."
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook.boxes.iou import box_iou, each_with_each, score_of_pairs

KINDS = ["iou", "giou", "diou", "ciou"]
LOWEST = {"iou": 0, "giou": -1, "diou": -1, "ciou": -1.5}
each_kind = pytest.mark.parametrize("kind", KINDS)


@st.composite
def boxes(draw, most=8, lead=None):
    "Corners `(n, 4)`: on a grid, where many touch and coincide, or anywhere."
    n, rng = lead or draw(st.integers(0, most)), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low, span = rng.integers(0, 5, (2, n, 2)) if draw(st.booleans()) else rng.uniform(0, 4, (2, n, 2))
    return np.concatenate([low, low + span], axis=-1).astype(float)


def close(a, b, atol=1e-12):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=atol)


def formula(kind, undefined=0.0):
    return lambda a, b: score_of_pairs(a, b, kind, 0.0, undefined)


@each_kind
@given(boxes(), boxes())
def test_both_ways_are_one(kind, a, b):
    assert (box_iou(a, b, kind=kind) == box_iou(b, a, kind=kind).T).all()


@each_kind
@given(boxes(), boxes())
def test_scores_lie_where_they_are_said_to(kind, a, b):
    scores, iou = box_iou(a, b, kind=kind), box_iou(a, b)
    assert scores.shape == (len(a), len(b))
    assert (scores >= LOWEST[kind] - 1e-12).all() and (scores <= iou + 1e-15).all() and (iou <= 1).all()


@each_kind
@given(boxes())
def test_a_box_is_itself(kind, a):
    own, area = np.diagonal(box_iou(a, a, kind=kind)), np.prod(a[:, 2:] - a[:, :2], axis=1)
    assert (own == (area > 0)).all()


@each_kind
@given(boxes(), boxes(), st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)))
def test_moved_together_nothing_changes(kind, a, b, step):
    close(box_iou(a + [*step, *step], b + [*step, *step], kind=kind), box_iou(a, b, kind=kind), atol=1e-9)


@each_kind
@given(boxes(), boxes(), st.floats(-250, 250))
def test_no_unit(kind, a, b, power):
    close(box_iou(a * 10.0**power, b * 10.0**power, kind=kind), box_iou(a, b, kind=kind))


@each_kind
@given(boxes(), boxes())
def test_across_and_down_are_alike_but_for_the_shape(kind, a, b):
    turn = [1, 0, 3, 2]
    if kind != "ciou":
        close(box_iou(a[:, turn], b[:, turn], kind=kind), box_iou(a, b, kind=kind))


@each_kind
@given(st.integers(1, 6).flatmap(lambda n: st.tuples(boxes(lead=n), boxes(lead=n))))
def test_pairs_are_the_diagonal_of_the_table(kind, pair):
    close(box_iou(*pair, kind=kind, pairwise=False), np.diagonal(box_iou(*pair, kind=kind)), atol=1e-15)


@given(boxes(), boxes(), st.sampled_from([0.0, 1.0, np.nan]))
def test_the_quick_road_is_the_formula(a, b, undefined):
    table = each_with_each(formula("iou", undefined), a, b, np.float64)
    np.testing.assert_allclose(box_iou(a, b, undefined=undefined), table, rtol=1e-15, atol=0)


def test_many_boxes_are_cut_into_slices():
    low, span = np.random.default_rng(0).uniform(0, 10, (2, 700, 2))
    many = np.concatenate([low, low + span], axis=-1)
    many[[3, 600], 2] = many[[3, 600], 0]
    for kind in KINDS:
        whole = box_iou(many, many, kind=kind)
        assert all((whole[rows] == box_iou(many[rows], many, kind=kind)).all() for rows in (slice(0, 9), slice(300, 320), slice(690, 700)))
    np.testing.assert_allclose(box_iou(many, many), formula("iou")(many[:, None], many[None]), rtol=1e-15)


@given(boxes(lead=4), boxes(lead=4))
def test_a_detour_is_never_shorter(a, b):
    one, two, ways = 1 - box_iou(a, a), 1 - box_iou(b, a), 1 - box_iou(a, b)
    some = np.prod(a[:, 2:] - a[:, :2], axis=1) > 0  # boxes without area have no distance from themselves
    detour = ways[:, :, None] + two[None]
    assert (detour.min(axis=1) >= one - 1e-12)[np.ix_(some, some)].all()


@each_kind
@given(boxes(), boxes())
def test_pixels_are_boxes_one_longer(kind, a, b):
    def grown(x): return x + [0, 0, 1, 1]
    close(box_iou(a, b, kind=kind, inclusive=True), box_iou(grown(a), grown(b), kind=kind))


@given(boxes(lead=6), boxes(lead=4))
def test_leading_axes_come_out_one_after_the_other(a, b):
    table = box_iou(a, b)
    assert box_iou(a.reshape(2, 3, 4), b.reshape(2, 2, 4)).tolist() == table.reshape(2, 3, 2, 2).tolist()
    assert box_iou(a[0], b).tolist() == table[0].tolist() and box_iou(a, b[0]).tolist() == table[:, 0].tolist()


@pytest.mark.parametrize("true, pred, shape", [((0, 4), (5, 4), (0, 5)), ((5, 4), (0, 4), (5, 0)), ((0, 4), (0, 4), (0, 0)), ((2, 0, 4), (3, 4), (2, 0, 3))])
@each_kind
def test_of_no_boxes(kind, true, pred, shape):
    assert box_iou(np.ones(true), np.ones(pred), kind=kind).shape == shape
    if true == pred:
        assert box_iou(np.ones(true), np.ones(pred), kind=kind, pairwise=False).shape == true[:-1]

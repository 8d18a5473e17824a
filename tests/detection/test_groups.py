"Sorting by group and score, and the pairs near enough to match, against plain loops."
import numpy as np

from lossbook.detection.groups import box_overlaps, close_pairs, in_company, ranks, sort_groups


def test_sorting_is_by_group_then_score_then_row():
    rng = np.random.default_rng(0)
    for n in (0, 1, 2, 50, 3000):
        for scores in (rng.random(n), rng.integers(0, 3, n) / 7, np.full(n, .3), rng.random(n) * 1e-300, -rng.random(n) * 1e300,
                       .5 + rng.integers(0, 9, n) * 1e-16):
            for groups in (1, 7, 2**31):
                group = rng.integers(0, groups, n)
                assert sort_groups(group, scores).tolist() == np.lexsort((np.arange(n), -scores, group)).tolist()


def test_ranks():
    assert ranks(np.array([0, 0, 0, 4, 7, 7])).tolist() == [0, 1, 2, 0, 0, 1]
    assert ranks(np.zeros(0, int)).tolist() == []


def test_pairs_are_all_within_a_group_that_are_near():
    rng = np.random.default_rng(1)
    for case in range(30):
        n, m = rng.integers(0, 40), rng.integers(0, 60)
        true_group, pred_group = np.sort(rng.integers(0, 6, n)), np.sort(rng.integers(0, 8, m))
        def boxes(k): return np.hstack([rng.integers(0, 9, (k, 2)), rng.integers(0, 6, (k, 2))]).astype(float)
        true, pred, crowd = boxes(n), boxes(m), rng.random(n) < .2
        some, first, count = in_company(true_group, pred_group)
        assert some.tolist() == [d for d in range(m) if pred_group[d] in true_group]
        pairs = close_pairs(first, count, box_overlaps(true, pred[some], crowd), .3, size=int(rng.integers(1, 50)))
        wanted = []
        for at, d in enumerate(some):
            for t in range(n):
                x, y = np.minimum(true[t, :2] + true[t, 2:], pred[d, :2] + pred[d, 2:]) - np.maximum(true[t, :2], pred[d, :2])
                if true_group[t] != pred_group[d] or x <= 0 or y <= 0: continue
                area = pred[d, 2] * pred[d, 3]
                iou = x * y / (area if crowd[t] else area + true[t, 2] * true[t, 3] - x * y)
                if iou >= .3: wanted.append((t, at, iou))
        assert list(zip(*(column.tolist() for column in pairs))) == wanted


def test_no_pairs():
    some, first, count = in_company(np.zeros(0, int), np.array([1, 2]))
    pairs = close_pairs(first, count, box_overlaps(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0, bool)), .5)
    assert [len(column) for column in pairs] == [0, 0, 0]

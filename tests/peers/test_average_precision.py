"""Average precision: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the library
itself, where it is installed. detectron2, mmdet, pycocotools and ultralytics are short transcriptions of their formulas.
What no argument of ours imitates stands below the rows.
"""
import os

import numpy as np
import pytest

from lossbook.ranking.average_precision import average_precision_bounds, average_precision_score, precision_recall_curve
from tests.peers.rows import Row, agree_with_published, agree_with_sklearn, rows_of

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn and torchmetrics warn where there are no positives

NAN = float("nan")
LETTERS = [1, 0, 1, 1, 0, 0, 1, 0, 0, 0], [0.95, 0.9, 0.8, 0.7, 0.65, 0.5, 0.45, 0.4, 0.2, 0.1]
TIED = [0.9, 0.5, 0.5, 0.5, 0.1]
LINES = [1, 0, 1, 0, 1], [1, 1, 0, 0, 1]  # the same labels at the same scores, in two orders
PILE = [1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]
PERFECT = [1, 1, 0], [0.9, 0.8, 0.1]
NOBODY = [0, 0, 0], [0.9, 0.5, 0.1]
EVERYBODY = [1, 1, 1], [0.9, 0.5, 0.1]
READINGS = ["step", "trapezoid", "voc11", "voc", "coco101"]


def thousand():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1000)
    return y, np.clip(0.3 * y + 0.7 * rng.random(1000), 0, 1)


THOUSAND = thousand()


def found(k, n):
    "`k` of `n` objects are found, with not one mistake: the arguments of our call."
    return dict(y_true=[1] * k, y_score=np.linspace(1, 0.5, k), missed=n - k)


# ---- how others are asked


def sk_ap(data):
    return lambda m: m.average_precision_score(*data)


def sk_trapezoid(data):
    def ask(m):
        precision, recall, _ = m.precision_recall_curve(*data)
        return m.auc(recall, precision)
    return ask


def tm_ap(data, **options):
    return lambda m, t: m.binary_average_precision(t(np.float32(data[1])), t(np.int64(data[0])), **options)


def keras_pr(data, **options):
    return lambda m: m.AUC(curve="PR", **options)(*map(np.float64, data))


def row(name, data, published, sklearn=None, torchmetrics=None, keras=None, **options):
    return Row(name, lambda: average_precision_score(*data, **options), published, sklearn, torchmetrics, keras)


ROWS = [
    row("step, ties in groups", LETTERS, 0.747024, sk_ap(LETTERS), tm_ap(LETTERS), keras_pr(LETTERS, summation_method="majoring")),
    row("trapezoid", LETTERS, 0.706845, sk_trapezoid(LETTERS), interpolation="trapezoid"),
    row("four bins", LETTERS, 0.583333, torchmetrics=tm_ap(LETTERS, thresholds=5), bins=4),
    row("11 levels", LETTERS, 0.769481, interpolation="voc11"),
    row("area under the envelope", LETTERS, 0.767857, interpolation="voc"),
    row("101 levels", LETTERS, 0.770156, interpolation="coco101"),
    *(row(f"ties in groups, line order {i}", (y, TIED), 0.7, sk_ap((y, TIED)), tm_ap((y, TIED))) for i, y in enumerate(LINES)),
    *(row(f"ties by line, area, order {i}", (y, TIED), value, interpolation="voc", ties="order") for i, (y, value) in enumerate(zip(LINES, [0.7556, 0.8667]))),
    *(row(f"ties by line, 101 levels, order {i}", (y, TIED), value, interpolation="coco101", ties="order") for i, (y, value) in enumerate(zip(LINES, [0.7564, 0.86535]))),
    row("all scores equal", PILE, 0.25, sk_ap(PILE), tm_ap(PILE)),
    row("all scores equal, trapezoid", PILE, 0.625, sk_trapezoid(PILE), interpolation="trapezoid"),
    *(row(f"all scores equal, {how}, by line", PILE, 1, interpolation=how, ties="order") for how in ["voc11", "voc", "coco101"]),
    *(row(f"perfect, {how}", PERFECT, 1, *[sk_ap(PERFECT), tm_ap(PERFECT), keras_pr(PERFECT)] * (how == "step"), interpolation=how) for how in READINGS),
    row("nobody to find, as 0", NOBODY, 0, sk_ap(NOBODY), tm_ap(NOBODY), keras_pr(NOBODY), undefined=0),
    row("nobody to find", NOBODY, NAN),
    row("nobody to find, as -1 (pycocotools)", NOBODY, -1, undefined=-1),
    row("nobody but positives", EVERYBODY, 1, sk_ap(EVERYBODY), tm_ap(EVERYBODY), keras_pr(EVERYBODY)),
    row("a thousand", THOUSAND, 0.85265, sk_ap(THOUSAND), tm_ap(THOUSAND)),
    row("a thousand in 19 bins", THOUSAND, 0.83968, torchmetrics=tm_ap(THOUSAND, thresholds=20), bins=19),
    Row("3 of 10, 11 levels", lambda: average_precision_score(**found(3, 10), interpolation="voc11"), 4 / 11),
    Row("3 of 10, 11 levels of floats", lambda: average_precision_score(**found(3, 10), interpolation="voc11", grid="float"), 3 / 11),
    Row("57 of 100, 101 levels", lambda: average_precision_score(**found(57, 100), interpolation="coco101"), 0.574257),
    Row("57 of 100, 101 levels of floats", lambda: average_precision_score(**found(57, 100), interpolation="coco101", grid="float"), 0.564356),
]


test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "torchmetrics")
def test_torchmetrics(row, torch):
    functional = pytest.importorskip("torchmetrics.functional.classification")
    row.agrees_with(float(row.torchmetrics(functional, torch.tensor)))


@rows_of(ROWS, "keras")
def test_keras(row, keras):
    row.agrees_with(float(row.keras(keras.metrics)), atol=2e-6)


def test_monai(torch):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # MONAI imports TensorBoard, which imports TensorFlow where it is
    metrics = pytest.importorskip("monai.metrics")
    def theirs(y, s): return float(metrics.compute_average_precision(torch.tensor(s, dtype=torch.float64), torch.tensor(y)))
    for data in (LETTERS, PILE, PERFECT, *((y, TIED) for y in LINES)):
        np.testing.assert_allclose(average_precision_score(*data), theirs(*data), rtol=1e-6)
    assert np.isnan(theirs(*NOBODY)) and np.isnan(theirs(*EVERYBODY))  # one class: refused, with a warning
    assert average_precision_score(*EVERYBODY) == 1


def test_scikit_learn_on_random_scores_with_ties_and_weights():
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(0)
    for _ in range(20):
        y, s, w = rng.integers(0, 2, 80), rng.integers(0, 20, 80) / 20, rng.random(80)
        for options in ({}, {"sample_weight": w}):
            theirs = metrics.average_precision_score(y, s, **options)
            np.testing.assert_allclose(average_precision_score(y, s, **options), theirs, rtol=1e-12)


def test_scikit_learn_s_curve_runs_the_other_way_and_drops_one_threshold():
    metrics = pytest.importorskip("sklearn.metrics")
    precision, recall, thresholds = metrics.precision_recall_curve(*THOUSAND)
    ours = precision_recall_curve(*THOUSAND)
    np.testing.assert_allclose(ours.precision, precision[::-1], rtol=1e-12)
    np.testing.assert_allclose(ours.recall, recall[::-1], rtol=1e-12)
    np.testing.assert_array_equal(ours.thresholds, [np.inf, *thresholds[::-1]])
    assert len(ours.thresholds) == len(thresholds) + 1 == len(precision)


def test_an_infinite_score_is_ranked_here_and_refused_by_scikit_learn():
    assert average_precision_score([1, 0], [np.inf, 0]) == 1
    metrics = pytest.importorskip("sklearn.metrics")
    with pytest.raises(ValueError, match="infinity"):
        metrics.average_precision_score([1, 0], [np.inf, 0])


def test_scikit_learn_s_several_classes():
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(1)
    y, s = rng.integers(0, 2, (60, 3)), rng.random((60, 3))
    for average in ("macro", "weighted", "micro"):
        theirs = metrics.average_precision_score(y, s, average=average)
        np.testing.assert_allclose(average_precision_score(y, s, multilabel=True, average=average), theirs, rtol=1e-12)


# ---- evaluators of detection, transcribed: detections one by one, best first


def detections(y, s, total=None):
    "Recall and precision after each detection, by a stable sort."
    y = np.asarray(y)[np.argsort(-np.asarray(s), kind="stable")]
    tp, fp = np.cumsum(y), np.cumsum(1 - y)
    return tp / (total or y.sum()), tp / (tp + fp)


def detectron2_voc11(recall, precision):
    best = [precision[recall >= t].max() if (recall >= t).any() else 0 for t in np.arange(0, 1.1, 0.1)]
    return sum(best) / 11


def voc_area(recall, precision):
    "detectron2 and mmdet: sentinels at both ends, the envelope, and the sum where recall changes."
    recall, precision = np.concatenate(([0], recall, [1])), np.concatenate(([0], precision, [0]))
    for i in range(len(precision) - 1, 0, -1):
        precision[i - 1] = max(precision[i - 1], precision[i])
    at = np.flatnonzero(recall[1:] != recall[:-1])
    return ((recall[at + 1] - recall[at]) * precision[at + 1]).sum()


def pycocotools(recall, precision):
    precision, levels = precision.copy(), np.linspace(0, 1, 101)
    for i in range(len(precision) - 1, 0, -1):
        precision[i - 1] = max(precision[i - 1], precision[i])
    places = np.searchsorted(recall, levels, side="left")
    return np.mean([precision[i] if i < len(precision) else 0 for i in places])


def ultralytics(recall, precision):
    recall = np.concatenate(([0], recall, [recall[-1], 1]))
    precision = np.concatenate(([1], precision, [0, 0]))
    levels = np.linspace(0, 1, 101)
    return np.trapezoid(np.interp(levels, recall, np.maximum.accumulate(precision[::-1])[::-1]), levels)


EVALUATORS = {"voc11": detectron2_voc11, "voc": voc_area, "coco101": pycocotools}


@pytest.mark.parametrize("how", EVALUATORS)
def test_evaluators_of_detection(how):
    rng, options = np.random.default_rng(2), dict(interpolation=how, ties="order", grid="float")
    lists = [LETTERS, PILE, PERFECT, *((y, TIED) for y in LINES)]
    lists += [(rng.integers(0, 2, n), rng.integers(0, 12, n)) for n in range(3, 60)]
    for y, s in lists:
        for missed in (0, 3, 10):
            if sum(y) + missed:
                theirs = EVALUATORS[how](*detections(y, s, sum(y) + missed))
                np.testing.assert_allclose(average_precision_score(y, s, missed=missed, **options), theirs, rtol=1e-12)


@pytest.mark.parametrize("how, k, n, theirs", [("voc11", 3, 10, 3 / 11), ("coco101", 57, 100, 57 / 101)])
def test_evaluators_lose_a_level_to_rounding(how, k, n, theirs):
    recall = np.arange(1, k + 1) / n
    np.testing.assert_allclose(EVALUATORS[how](recall, np.ones(k)), theirs, rtol=1e-12)


def test_the_curve_of_pycocotools():
    "Through its own `accumulate`, on matches that are given."
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    for k, n in [(57, 100), (3, 10), (5, 8)]:
        ev = cocoeval.COCOeval()
        p = ev.params
        p.imgIds, p.catIds, p.iouThrs, p.areaRng, p.maxDets, p.areaRngLbl = [1], [1], np.array([0.5]), [[0, 1e10]], [1000], ["all"]
        ev._paramsEval = p
        matched = np.ones((1, k))
        ev.evalImgs = [dict(image_id=1, category_id=1, aRng=[0, 1e10], maxDet=1000, dtIds=list(range(k)), gtIds=list(range(n)), dtMatches=matched,
                            gtMatches=np.ones((1, n)), dtScores=list(np.linspace(1, 0.5, k)), gtIgnore=np.zeros(n), dtIgnore=np.zeros((1, k), bool))]
        ev.accumulate()
        theirs = ev.eval["precision"].mean()
        np.testing.assert_allclose(average_precision_score(**found(k, n), interpolation="coco101", grid="float"), theirs, rtol=1e-12)


# ---- what no argument of ours imitates


def test_ultralytics_gives_a_perfect_detector_less_than_one():
    np.testing.assert_allclose(ultralytics(*detections(*LETTERS)), 0.76286, atol=5e-6)
    np.testing.assert_allclose([ultralytics(np.arange(1, 9) / 8, np.ones(8)), ultralytics(*detections(*PILE))], 0.995, rtol=1e-12)


def keras_counts(y, s, thresholds=200):
    "True and false positives at each threshold of Keras, the lowest first: those strictly above it."
    inner = [(i + 1) / (thresholds - 1) for i in range(thresholds - 2)]
    y, above = np.asarray(y), np.asarray(s) > np.array([-1e-7, *inner, 1 + 1e-7])[:, None]
    return (above & (y == 1)).sum(axis=1), (above & (y == 0)).sum(axis=1)


def keras_interpolated(y, s):
    "Davis and Goadrich between thresholds, as Keras integrates it."
    tp, fp = map(np.float64, keras_counts(y, s))
    called, steps = tp + fp, tp[:-1] - tp[1:]
    slope = np.divide(steps, np.maximum(called[:-1] - called[1:], 0), out=np.zeros_like(steps), where=called[:-1] > called[1:])
    intercept = tp[1:] - slope * called[1:]
    both = (called[:-1] > 0) & (called[1:] > 0)
    ratio = np.divide(called[:-1], called[1:], out=np.ones_like(steps), where=both)
    return (slope * (steps + intercept * np.log(ratio))).sum() / tp[0]


def keras_lower(y, s):
    tp, fp = map(np.float64, keras_counts(y, s))
    precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
    recall = tp / tp[0]
    return ((recall[:-1] - recall[1:]) * np.minimum(precision[:-1], precision[1:])).sum()


@pytest.mark.parametrize("ours, data, published", [
    (keras_interpolated, LETTERS, 0.7111), (keras_lower, LETTERS, 0.416667), (keras_lower, PERFECT, 0.5)])
def test_keras_interpolates_or_takes_the_lower_neighbour(ours, data, published):
    np.testing.assert_allclose(ours(*data), published, atol=5e-7)


def test_keras_does_so_live(keras):
    for method, ours, data in [("interpolation", keras_interpolated, LETTERS), ("minoring", keras_lower, LETTERS), ("minoring", keras_lower, PERFECT)]:
        theirs = float(keras_pr(data, summation_method=method)(keras.metrics))
        np.testing.assert_allclose(theirs, ours(*data), rtol=2e-6)


def test_the_lower_neighbour_is_no_bound_of_ours():
    low, high = average_precision_bounds(*PERFECT, bins=200)
    assert low == high == 1


# ---- which detections are true positives is decided before any precision: two rules, one pair of boxes

OBJECTS, DETECTIONS = [[0, 0, 10, 10], [3, 0, 13, 10]], [[0, 0, 10, 10], [1, 0, 11, 10]]


def overlap(a, b):
    width, height = (max(0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    return width * height / (200 - width * height)  # of boxes 10 by 10


def true_positives(rule):
    "VOC takes the object that overlaps most, and errs if it is taken; COCO the one that overlaps most of those still free."
    free, right = [0, 1], []
    for box in DETECTIONS:
        best = max(free if rule == "coco" else [0, 1], key=lambda k: overlap(OBJECTS[k], box), default=None)
        right.append(int(best in free and overlap(OBJECTS[best], box) >= 0.5))
        free = [k for k in free if k != best]
    return right


@pytest.mark.parametrize("rule, flags, published", [("coco", [1, 1], 1.0), ("voc", [1, 0], 0.5)])
def test_two_rules_of_matching(rule, flags, published):
    assert true_positives(rule) == flags
    missed = len(OBJECTS) - sum(flags)
    for interpolation in ("voc", "step"):
        np.testing.assert_allclose(average_precision_score(flags, [0.9, 0.8], missed=missed, interpolation=interpolation), published)

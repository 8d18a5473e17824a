"""Average precision: the choices that libraries make differently, and the libraries themselves on random scores.

detectron2, mmdet, pycocotools and ultralytics are short transcriptions of their formulas.
"""
from functools import partial

import numpy as np
import pytest

from lossbook.ranking.average_precision import average_precision_bounds, average_precision_score, precision_recall_curve
from tests.peers.rows import agree, ask, case, row

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn and torchmetrics warn where there are no positives

NAN = float("nan")
LETTERS = [1, 0, 1, 1, 0, 0, 1, 0, 0, 0], [0.95, 0.9, 0.8, 0.7, 0.65, 0.5, 0.45, 0.4, 0.2, 0.1]
TIED = [0.9, 0.5, 0.5, 0.5, 0.1]
LINES = ([1, 0, 1, 0, 1], TIED), ([1, 1, 0, 0, 1], TIED)  # the same labels at the same scores, in two orders
PILE = [1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]
PERFECT = [1, 1, 0], [0.9, 0.8, 0.1]
NOBODY = [0, 0, 0], [0.9, 0.5, 0.1]
EVERYBODY = [1, 1, 1], [0.9, 0.5, 0.1]


def thousand():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1000)
    return y, np.clip(0.3 * y + 0.7 * rng.random(1000), 0, 1)


THOUSAND = thousand()


def ours(data, **options):
    return partial(average_precision_score, *data, **options)


def found(k, n, **options):
    "Of `n` objects `k` are found, with not one mistake."
    return partial(average_precision_score, [1] * k, np.linspace(1, 0.5, k), missed=n - k, **options)


# ---- how others are asked


def sk(data):
    return ask.sklearn.average_precision_score(*data)


def sk_trapezoid(data):
    def area():
        from sklearn import metrics
        precision, recall, _ = metrics.precision_recall_curve(*data)
        return metrics.auc(recall, precision)
    return ask.sklearn.by("auc(recall, precision)", area)


def tm(data, **options):
    return ask.torchmetrics.classification.binary_average_precision(np.float32(data[1]), np.int64(data[0]), **options)


def keras(data, **options):
    return ask.keras.metrics.AUC(curve="PR", **options)(*map(np.float64, data))


def monai(data):
    return ask.monai.metrics.compute_average_precision(np.float64(data[1]), data[0])


def pycocotools(k, n):
    "What its `accumulate` makes of matches that are given."
    def area():
        from pycocotools.cocoeval import COCOeval
        ev = COCOeval()
        p = ev.params
        p.imgIds, p.catIds, p.iouThrs, p.areaRng, p.maxDets, p.areaRngLbl = [1], [1], np.array([0.5]), [[0, 1e10]], [1000], ["all"]
        ev._paramsEval = p
        ev.evalImgs = [dict(image_id=1, category_id=1, aRng=[0, 1e10], maxDet=1000, dtIds=list(range(k)), gtIds=list(range(n)),
                            dtMatches=np.ones((1, k)), gtMatches=np.ones((1, n)), dtScores=list(np.linspace(1, 0.5, k)),
                            gtIgnore=np.zeros(n), dtIgnore=np.zeros((1, k), bool))]
        ev.accumulate()
        return ev.eval["precision"].mean()
    return ask.pycocotools.by("COCOeval.accumulate()", area)


CASES = [
    case("average precision of one list", "A sum of steps, a trapezoid, or the mean of best precisions at some levels of recall: the same curve, read in other ways.",
         row("step sum, equal scores in one group", ours(LETTERS), 0.747024, sk(LETTERS), tm(LETTERS), monai(LETTERS), keras(LETTERS, summation_method="majoring")),
         row("trapezoids under the curve", ours(LETTERS, interpolation="trapezoid"), 0.706845, sk_trapezoid(LETTERS)),
         row("best precision at 11 levels", ours(LETTERS, interpolation="voc11"), 0.769481, said="detectron2 and mmdet, VOC 2007"),
         row("area under the best precision", ours(LETTERS, interpolation="voc"), 0.767857, said="detectron2 and mmdet, VOC 2010"),
         row("best precision at 101 levels", ours(LETTERS, interpolation="coco101"), 0.770156, said="pycocotools and torchmetrics' mean average precision"),
         row("four bins of scores", ours(LETTERS, bins=4), 0.583333, tm(LETTERS, thresholds=5)),
         row("interpolated between 200 thresholds", ours(LETTERS), 0.747024, keras(LETTERS), gives=0.7111),
         row("the lower of two neighbours", ours(LETTERS), 0.747024, keras(LETTERS, summation_method="minoring"), gives=0.416667, wrong=True),
         row("trapezoids through 101 samples, with a zero at the end", ours(LETTERS), 0.747024, gives=0.76286, said="ultralytics' compute_ap", wrong=True)),
    case("equal scores in another order", "Labels and scores are the same pairs in both lists. Evaluators of detection rank equal scores in the order of the input.",
         *(row(f"in one group, {which} order", ours(data), 0.7, sk(data), tm(data), monai(data)) for which, data in zip(["first", "second"], LINES)),
         *(row(f"by line, area, {which} order", ours(data, interpolation="voc", ties="order"), value, said="mmdet, detectron2")
           for which, data, value in zip(["first", "second"], LINES, [0.7556, 0.8667])),
         *(row(f"by line, 101 levels, {which} order", ours(data, interpolation="coco101", ties="order"), value, said="pycocotools")
           for which, data, value in zip(["first", "second"], LINES, [0.7564, 0.86535]))),
    case("all scores equal", "One positive of four, and nothing that tells them apart.",
         row("one group: the share of positives", ours(PILE), 0.25, sk(PILE), tm(PILE), monai(PILE)),
         row("trapezoid, which starts from a precision of 1", ours(PILE, interpolation="trapezoid"), 0.625, sk_trapezoid(PILE)),
         *(row(f"by line, {how}", ours(PILE, interpolation=how, ties="order"), 1, said=who)
           for how, who in [("voc11", "detectron2, mmdet"), ("voc", "detectron2, mmdet"), ("coco101", "pycocotools")]),
         row("by line, 101 samples", ours(PILE), 0.25, gives=0.995, said="ultralytics")),
    case("a perfect ranking", "Both positives come first.",
         row("step sum", ours(PERFECT), 1, sk(PERFECT), tm(PERFECT), monai(PERFECT), keras(PERFECT)),
         *(row(words, ours(PERFECT, interpolation=how), 1, said=who) for how, words, who in [
             ("trapezoid", "trapezoids", ""), ("voc11", "11 levels", "detectron2, mmdet"), ("voc", "area", "detectron2, mmdet"), ("coco101", "101 levels", "pycocotools")]),
         row("101 samples, with a zero at the end", ours(PERFECT), 1, gives=0.995, said="ultralytics", wrong=True),
         row("the lower of two neighbours", ours(PERFECT), 1, keras(PERFECT, summation_method="minoring"), gives=0.5, wrong=True)),
    case("average precision without positives", "Recall reads 0/0.",
         row("no value", ours(NOBODY), NAN, monai(NOBODY)),
         row("0", ours(NOBODY, undefined=0), 0, sk(NOBODY), tm(NOBODY), keras(NOBODY)),
         row("-1", ours(NOBODY, undefined=-1), -1, said="pycocotools")),
    case("average precision without negatives", "Nothing can be ranked wrongly.",
         row("1", ours(EVERYBODY), 1, sk(EVERYBODY), tm(EVERYBODY), keras(EVERYBODY)),
         row("one class is refused, with a warning", ours(EVERYBODY), 1, monai(EVERYBODY), gives=NAN)),
    case("average precision in bins", "A thousand scores: labels `y = rng.integers(0, 2, 1000)`, scores `clip(.3*y + .7*rng.random(1000), 0, 1)`, `rng = default_rng(0)`.",
         row("every score for itself", ours(THOUSAND), 0.85265, sk(THOUSAND), tm(THOUSAND), monai(THOUSAND)),
         row("19 bins", ours(THOUSAND, bins=19), 0.83968, tm(THOUSAND, thresholds=20))),
    case("a level of recall that floats miss, 3 of 10", "Three of ten objects are found and no mistake is made: four of eleven levels are reached. In floats the fourth level is 0.30000000000000004, above 3/10.",
         row("levels as fractions", found(3, 10, interpolation="voc11"), 4 / 11),
         row("levels as floats", found(3, 10, interpolation="voc11", grid="float"), 3 / 11, said="detectron2", wrong=True)),
    case("a level of recall that floats miss, 57 of 100", "58 of the 101 levels are reached; `linspace` puts one of them above 57/100.",
         row("levels as fractions", found(57, 100, interpolation="coco101"), 0.574257),
         row("levels as floats", found(57, 100, interpolation="coco101", grid="float"), 0.564356, pycocotools(57, 100), wrong=True)),
]

test_ours, test_theirs = agree(CASES)


@pytest.mark.parametrize("k, n", [(3, 10), (5, 8)])
def test_the_curve_of_pycocotools(k, n):
    pytest.importorskip("pycocotools")
    np.testing.assert_allclose(found(k, n, interpolation="coco101", grid="float")(), pycocotools(k, n).value(), rtol=1e-12)


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


def pycocotools_101(recall, precision):
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


EVALUATORS = {"voc11": detectron2_voc11, "voc": voc_area, "coco101": pycocotools_101}


@pytest.mark.parametrize("how", EVALUATORS)
def test_evaluators_of_detection(how):
    rng, options = np.random.default_rng(2), dict(interpolation=how, ties="order", grid="float")
    lists = [LETTERS, PILE, PERFECT, *LINES]
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

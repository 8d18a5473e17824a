"ROC curves and the area under them: the choices that libraries make differently, and the libraries themselves on random data."
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from lossbook.ranking.average_precision import precision_recall_curve
from lossbook.ranking.ranked_scores import RankedScores
from lossbook.ranking.roc import roc_auc_bounds, roc_auc_score, roc_auc_standard_error, roc_curve
from tests.peers.rows import agree, ask, case, row

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn warns of the single label it is shown

NAN = float("nan")
SPAM, SCORES = [1, 0, 1, 1, 0, 0, 1, 0, 0, 0], [0.95, 0.9, 0.8, 0.7, 0.65, 0.5, 0.45, 0.4, 0.2, 0.1]
ONE_CLASS = [1, 1, 1], [0.2, 0.6, 0.9]
LOGITS = [1, 0, 1, 0, 1], np.array([3, -1, 2, 0.5, -2])
LARGE = [1, 0, 1, 0, 1], np.float32([100, 20, 40, 30, 10])


def thousand():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1000)
    return y, np.clip(0.3 * y + 0.7 * rng.random(1000), 0, 1)


def three_classes():
    rng = np.random.default_rng(1)
    scores = rng.dirichlet(np.ones(3), 60)
    y = np.repeat([0, 1, 2], [40, 15, 5])
    scores[np.arange(60), y] += 0.3
    return y, scores / scores.sum(axis=1, keepdims=True)


THOUSAND, THREE = thousand(), three_classes()
ABSENT = np.minimum(THREE[0], 1), THREE[1]  # the third class never occurs


tm = ask.torchmetrics.classification


def sk(data, **options):
    return ask.sklearn.roc_auc_score(*data, **options)


def tm_auc(data, **options):
    return tm.binary_auroc(*data[::-1], **options)


def keras_auc(data, **options):
    return ask.keras.metrics.AUC(**options)(*map(np.float32, data))


def auc(data, **options):
    return partial(roc_auc_score, *data, **options)


def points_of_a_curve():
    return len(roc_curve(*THOUSAND).fpr)


def points_of_precision_and_recall():
    return len(precision_recall_curve(*THOUSAND).recall)


def first_threshold():
    return roc_curve(*LETTERS).thresholds[0]


def bent_only():
    return len(roc_curve(*THOUSAND, drop_intermediate=True).fpr)


LETTERS = SPAM, SCORES
CASES = [
    case("area under the ROC curve", "All agree on the whole area; a part of it has two scales.",
         row("the whole", auc(LETTERS), 19 / 24, sk(LETTERS), tm_auc(LETTERS), keras_auc(LETTERS)),
         row("up to a false positive rate of 0.3, one half by chance", auc(LETTERS, max_fpr=0.3), 0.6895,
             sk(LETTERS, max_fpr=0.3), tm_auc(LETTERS, max_fpr=0.3)),
         row("up to a false positive rate of 0.3, as an area", auc(LETTERS, max_fpr=0.3, standardize=False), 0.1417)),
    case("AUC, one class only", "There are no negatives, so no pair to rank: 0/0. As 0 it reads as the worst ranking there is.",
         row("no value", auc(ONE_CLASS), NAN, sk(ONE_CLASS),
             ask.monai.metrics.compute_roc_auc(np.float64(ONE_CLASS[1]), ONE_CLASS[0])),
         row("0", auc(ONE_CLASS, undefined=0), 0, tm_auc(ONE_CLASS), keras_auc(ONE_CLASS))),
    case("AUC of logits", "Keras counts scores in bins from 0 to 1, and what lies outside falls into the outer ones.",
         row("ranked as they are", auc(LOGITS), 2 / 3, sk(LOGITS), tm_auc(LOGITS), ask.monai.metrics.compute_roc_auc(LOGITS[1], LOGITS[0])),
         row("in bins of probabilities", auc(LOGITS, bins=200), 0.75, keras_auc(LOGITS), wrong=True)),
    case("AUC of large logits in float32", "torchmetrics takes what is not from 0 to 1 for logits and puts it through a sigmoid, which is 1 from 17 on.",
         row("ranked as they are", auc(LARGE), 2 / 3, sk(LARGE)),
         row("through a sigmoid of float32", auc((LARGE[0], 1 / (1 + np.exp(-LARGE[1])))), 1 / 3, tm_auc(LARGE), wrong=True)),
    case("AUC in bins", "A thousand scores: labels `y = rng.integers(0, 2, 1000)`, scores `clip(.3*y + .7*rng.random(1000), 0, 1)`, `rng = default_rng(0)`.",
         row("every score for itself", auc(THOUSAND), 0.8143, sk(THOUSAND), tm_auc(THOUSAND),
             ask.monai.metrics.compute_roc_auc(THOUSAND[1], THOUSAND[0])),
         row("20 thresholds", auc(THOUSAND, bins=19), 0.8127, tm_auc(THOUSAND, thresholds=20)),
         row("200 thresholds", auc(THOUSAND, bins=199), 0.8142, keras_auc(THOUSAND))),
    case("points of a curve", "Of the same thousand scores: every threshold is a point of the curve, or only those where it bends.",
         row("ROC, every threshold", points_of_a_curve, 1001, ask.sklearn.roc_curve(*THOUSAND, drop_intermediate=False).then(lambda curve: len(curve[0]))),
         row("ROC, where it bends", bent_only, 316, ask.sklearn.roc_curve(*THOUSAND).then(lambda curve: len(curve[0]))),
         row("precision and recall, every threshold", points_of_precision_and_recall, 1001,
             ask.sklearn.precision_recall_curve(*THOUSAND).then(lambda curve: len(curve[0])))),
    case("the first threshold of a ROC curve", "The curve starts where nobody is called positive.",
         row("infinity", first_threshold, np.inf, ask.sklearn.roc_curve(*LETTERS).then(lambda curve: curve[2][0])),
         row("1, which a score may reach", first_threshold, np.inf, tm.binary_roc(*LETTERS[::-1]).then(lambda curve: curve[2][0]), gives=1)),
    case("AUC of three classes", "`S = rng.dirichlet(ones(3), 60)`, `rng = default_rng(1)`, classes of 40, 15 and 5 rows, the true column raised by 0.3, rows made to sum to 1.",
         *(row(f"{words}, {average}", auc(THREE, multiclass=kind, average=average), value, sk(THREE, multi_class=kind, average=average))
           for kind, words, average, value in [("ovr", "each against the rest", "macro", 0.8103), ("ovo", "each pair", "macro", 0.8097),
                                               ("ovr", "each against the rest", "weighted", 0.8318), ("ovr", "each against the rest", "micro", 0.7810)]),
         row("one value for each class", auc(THREE), [0.87375, 0.71704, 0.84], sk(THREE, multi_class="ovr", average=None)),
         row("refused until told how", auc(THREE), [0.87375, 0.71704, 0.84], sk(THREE), gives="multi_class")),
    case("AUC, a class that never occurs", "The same scores, the third class never true.",
         row("left out of the mean", auc(ABSENT, average="macro"), 0.73),
         row("counted as 0", auc(ABSENT, average="macro", undefined=0), 0.4867, tm.multiclass_auroc(*ABSENT[::-1], num_classes=3)),
         row("no mean", auc(ABSENT, average="macro"), 0.73, sk(ABSENT, multi_class="ovr", labels=[0, 1, 2]), gives=NAN)),
]

test_ours, test_theirs = agree(CASES)


# ---- where a library gives what no argument of ours imitates


def test_torchmetrics_starts_a_curve_at_one(torch):
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    fpr, tpr, thresholds = metrics.binary_roc(torch.tensor(SCORES), torch.tensor(SPAM))
    ours = roc_curve(SPAM, SCORES)
    np.testing.assert_allclose(fpr, ours.fpr, rtol=1e-6)
    np.testing.assert_allclose(tpr, ours.tpr, rtol=1e-6)
    assert thresholds[0] == 1 and ours.thresholds[0] == np.inf


def test_points_on_a_line_of_unequal_steps():
    "scikit-learn keeps a point between steps (1, 2) and (2, 4); both keep that of the highest score."
    y, s = np.repeat([0, 1, 0, 1, 0, 1], [1, 2, 2, 4, 3, 1]), np.repeat([9, 9, 8, 8, 7, 7], [1, 2, 2, 4, 3, 1])
    theirs = pytest.importorskip("sklearn.metrics").roc_curve(y, s)[2]
    ours = roc_curve(y, s, drop_intermediate=True)
    assert theirs.tolist() == [np.inf, 9, 8, 7] == ours.thresholds.tolist()
    longer = np.append(y, [0, 1]), np.append(s, [10, 10])  # now 9 is not the highest
    theirs = pytest.importorskip("sklearn.metrics").roc_curve(*longer)[2]
    assert len(theirs) >= len(roc_curve(*longer, drop_intermediate=True).thresholds)


# ---- random data


@pytest.mark.parametrize("seed", range(30))
def test_random_data_with_ties_and_weights(seed):
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(seed)
    n = rng.integers(4, 200)
    y, s, w = np.append([0, 1], rng.integers(0, 2, n)), rng.integers(0, rng.integers(2, 300), n + 2) / 7, rng.uniform(0.1, 2, n + 2)
    for weight in (None, w):
        for ours, theirs in zip(roc_curve(y, s, sample_weight=weight), metrics.roc_curve(y, s, drop_intermediate=False, sample_weight=weight)):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
        for f in (0.01, 0.3, 0.9, 1):
            theirs = metrics.roc_auc_score(y, s, max_fpr=f, sample_weight=weight)
            np.testing.assert_allclose(roc_auc_score(y, s, max_fpr=f, sample_weight=weight), theirs, rtol=1e-11)
        thin = roc_curve(y, s, drop_intermediate=True, sample_weight=weight)
        np.testing.assert_allclose(np.trapezoid(thin.tpr, thin.fpr), roc_auc_score(y, s, sample_weight=weight), rtol=1e-12)
        assert 0 <= roc_auc_score(y, s, sample_weight=weight) <= 1 == roc_auc_score(y, y, sample_weight=weight)


@pytest.mark.parametrize("seed", range(20))
def test_bins_bound_the_area_of_the_scores_they_forgot(seed):
    rng = np.random.default_rng(seed)
    y, s, w = np.append([0, 1], rng.integers(0, 2, 60)), rng.normal(0.5, 0.4, 62), rng.uniform(0.1, 2, 62)
    for weight in (None, w):
        low, high = roc_auc_bounds(y, s, bins=7, sample_weight=weight)
        place = np.clip(np.floor(s * 7), -1, 7)
        worst, best = (roc_auc_score(y, place + side * (y - 0.5) / 2, sample_weight=weight) for side in (-1, 1))
        np.testing.assert_allclose([low, high], [worst, best], rtol=1e-12)
        assert low <= roc_auc_score(y, s, sample_weight=weight) <= high
        np.testing.assert_allclose((low + high) / 2, roc_auc_score(y, s, bins=7, sample_weight=weight), rtol=1e-12)
        exact = roc_auc_score(y, s, sample_weight=weight)
        assert roc_auc_bounds(y, s, sample_weight=weight) == (exact, exact)


def test_the_standard_error_against_the_scatter_of_samples():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [50, 80])
    samples = [RankedScores.from_scores(y, np.round(rng.normal(y, 1 + y), 1)) for _ in range(3000)]  # with ties
    scatter = np.std([roc_auc_score.of(sample) for sample in samples])
    errors = [roc_auc_standard_error.of(sample) for sample in samples]
    np.testing.assert_allclose(np.mean(errors), scatter, rtol=0.04)


def test_the_standard_error_against_a_bootstrap_of_each_class():
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], [150, 100])
    s = rng.normal(y, 1)
    drawn = [np.append(rng.integers(0, 150, 150), rng.integers(150, 250, 100)) for _ in range(2000)]
    np.testing.assert_allclose(roc_auc_standard_error(y, s), np.std([roc_auc_score(y[d], s[d]) for d in drawn]), rtol=0.05)


@pytest.mark.parametrize("seed", range(10))
def test_the_standard_error_against_the_table_of_pairs(seed):
    rng = np.random.default_rng(seed)
    y, s = np.append([0, 0, 1, 1], rng.integers(0, 2, 40)), rng.integers(0, 8, 44)
    wins = (np.sign(s[y == 1][:, None] - s[y == 0]) + 1) / 2
    squared = wins.mean(axis=1).var(ddof=1) / wins.shape[0] + wins.mean(axis=0).var(ddof=1) / wins.shape[1]
    np.testing.assert_allclose(roc_auc_standard_error(y, s), np.sqrt(squared), rtol=1e-12)
    np.testing.assert_allclose(roc_auc_score(y, s), float(Fraction(int(round(wins.sum() * 2)), 2 * wins.size)), rtol=1e-15)

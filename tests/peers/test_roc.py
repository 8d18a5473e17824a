"""ROC curves and the area under them: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the
library itself, where it is installed.
"""
from fractions import Fraction

import numpy as np
import pytest

from lossbook.ranking.ranked_scores import RankedScores
from lossbook.ranking.roc import roc_auc_bounds, roc_auc_score, roc_auc_standard_error, roc_curve
from tests.peers.rows import Row, agree_with_published, agree_with_sklearn, rows_of

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


def keras_auc(m, y_true, y_score, **options):
    metric = m.AUC(**options)
    metric.update_state(np.asarray(y_true, "float32"), np.asarray(y_score, "float32"))
    return metric.result()


def of_classes(kind, average, published):
    return Row(f"three classes, {kind} {average}", lambda: roc_auc_score(*THREE, multiclass=kind, average=average), published,
               lambda m: m.roc_auc_score(*THREE, multi_class=kind, average=average))


ROWS = [
    Row("ten letters", lambda: roc_auc_score(SPAM, SCORES), 19 / 24,
        lambda m: m.roc_auc_score(SPAM, SCORES), lambda m, t: m.binary_auroc(t(SCORES), t(SPAM)), lambda m: keras_auc(m, SPAM, SCORES)),
    Row("part of the area, standardised", lambda: roc_auc_score(SPAM, SCORES, max_fpr=0.3), 0.6895,
        lambda m: m.roc_auc_score(SPAM, SCORES, max_fpr=0.3), lambda m, t: m.binary_auroc(t(SCORES), t(SPAM), max_fpr=0.3)),
    Row("part of the area, raw", lambda: roc_auc_score(SPAM, SCORES, max_fpr=0.3, standardize=False), 0.1417),
    Row("one class", lambda: roc_auc_score(*ONE_CLASS), NAN, lambda m: m.roc_auc_score(*ONE_CLASS)),
    Row("one class, as 0", lambda: roc_auc_score(*ONE_CLASS, undefined=0), 0,
        torchmetrics=lambda m, t: m.binary_auroc(t(ONE_CLASS[1]), t(ONE_CLASS[0])), keras=lambda m: keras_auc(m, *ONE_CLASS)),
    Row("logits", lambda: roc_auc_score(*LOGITS), 2 / 3,
        lambda m: m.roc_auc_score(*LOGITS), lambda m, t: m.binary_auroc(t(LOGITS[1]), t(LOGITS[0]))),
    Row("logits in bins of probabilities", lambda: roc_auc_score(*LOGITS, bins=200), 0.75, keras=lambda m: keras_auc(m, *LOGITS)),
    Row("large logits of float32", lambda: roc_auc_score(*LARGE), 2 / 3, lambda m: m.roc_auc_score(*LARGE)),
    Row("large logits of float32, made probabilities of float32", lambda: roc_auc_score(LARGE[0], 1 / (1 + np.exp(-LARGE[1]))), 1 / 3,
        torchmetrics=lambda m, t: m.binary_auroc(t(LARGE[1]), t(LARGE[0]))),
    Row("1000 samples", lambda: roc_auc_score(*THOUSAND), 0.8143,
        lambda m: m.roc_auc_score(*THOUSAND), lambda m, t: m.binary_auroc(t(THOUSAND[1]), t(THOUSAND[0]))),
    Row("1000 samples, 20 thresholds", lambda: roc_auc_score(*THOUSAND, bins=19), 0.8127,
        torchmetrics=lambda m, t: m.binary_auroc(t(THOUSAND[1]), t(THOUSAND[0]), thresholds=20)),
    Row("1000 samples, 200 thresholds", lambda: roc_auc_score(*THOUSAND, bins=199), 0.8142, keras=lambda m: keras_auc(m, *THOUSAND)),
    Row("points of a curve", lambda: len(roc_curve(*THOUSAND).fpr), 1001,
        lambda m: len(m.roc_curve(*THOUSAND, drop_intermediate=False)[0])),
    Row("points of a curve where it bends", lambda: len(roc_curve(*THOUSAND, drop_intermediate=True).fpr), 316,
        lambda m: len(m.roc_curve(*THOUSAND)[0])),
    Row("first threshold", lambda: roc_curve(*THOUSAND).thresholds[0], np.inf, lambda m: m.roc_curve(*THOUSAND)[2][0]),
    of_classes("ovr", "macro", 0.8103),
    of_classes("ovo", "macro", 0.8097),
    of_classes("ovr", "weighted", 0.8318),
    of_classes("ovr", "micro", 0.7810),
    Row("a class that never occurs, left out", lambda: roc_auc_score(*ABSENT, average="macro"), 0.73),
    Row("a class that never occurs, as 0", lambda: roc_auc_score(*ABSENT, average="macro", undefined=0), 0.4867,
        torchmetrics=lambda m, t: m.multiclass_auroc(t(ABSENT[1]), t(ABSENT[0]), num_classes=3)),
]

test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "torchmetrics")
def test_torchmetrics(row, torch):
    row.agrees_with(row.torchmetrics(pytest.importorskip("torchmetrics.functional.classification"), torch.tensor).numpy())


@rows_of(ROWS, "keras")
def test_keras(row, keras):
    row.agrees_with(float(row.keras(keras.metrics)))


# ---- where a library gives what no argument of ours imitates


def test_torchmetrics_starts_a_curve_at_one(torch):
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    fpr, tpr, thresholds = metrics.binary_roc(torch.tensor(SCORES), torch.tensor(SPAM))
    ours = roc_curve(SPAM, SCORES)
    np.testing.assert_allclose(fpr, ours.fpr, rtol=1e-6)
    np.testing.assert_allclose(tpr, ours.tpr, rtol=1e-6)
    assert thresholds[0] == 1 and ours.thresholds[0] == np.inf


def test_scikit_learn_refuses_three_classes_unless_it_is_told_how():
    metrics = pytest.importorskip("sklearn.metrics")
    with pytest.raises(ValueError, match="multi_class"):
        metrics.roc_auc_score(*THREE)
    np.testing.assert_allclose(roc_auc_score(*THREE), metrics.roc_auc_score(*THREE, multi_class="ovr", average=None))


def test_scikit_learn_has_no_mean_with_a_class_that_never_occurs():
    theirs = pytest.importorskip("sklearn.metrics").roc_auc_score(*ABSENT, multi_class="ovr", labels=[0, 1, 2])
    assert np.isnan(theirs) and np.isnan(roc_auc_score(*ABSENT)).tolist() == [False, False, True]


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

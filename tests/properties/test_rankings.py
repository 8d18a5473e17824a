"Rankings against scikit-learn, on lists with ties and weights, added in any split; and the promise of bins."
import numpy as np
import pytest
from sklearn import metrics

from lossbook import BinnedScores, RankedScores, average_precision_bounds, average_precision_score, precision_recall_curve
from lossbook import roc_auc_bounds, roc_auc_score, roc_curve


def made_list(seed):
    "Labels of both kinds, scores with more or fewer ties, weights of which some may be 0 or `None`, and a split in any order."
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 80))
    y_true = rng.permutation(np.arange(n) < rng.integers(1, n))
    y_score = rng.normal(0, 10 ** rng.uniform(-3, 6), n) + y_true
    y_score = [y_score, y_score.round(1), rng.integers(-2, 3, n) / 2, np.full(n, 0.5)][rng.integers(4)]
    weight = [None, rng.uniform(0.1, 3, n), rng.integers(0, 3, n) + (np.arange(n) == y_true.argmax()) + (np.arange(n) == y_true.argmin())][rng.integers(3)]
    batches = np.array_split(rng.permutation(n), rng.integers(1, 6))
    return y_true, y_score, weight, batches


def in_batches(made, kind, **how):
    "The sum of the rankings of all batches, empty ones left out."
    y_true, y_score, weight, batches = made
    return sum(kind.from_scores(y_true[rows], y_score[rows], sample_weight=None if weight is None else weight[rows], **how)
               for rows in batches if len(rows))


@pytest.mark.parametrize("block", range(20))
def test_two_thousand_lists_equal_scikit_learn(block):
    for seed in range(100 * block, 100 * block + 100):
        y_true, y_score, weight, _ = made = made_list(seed)
        ranking = in_batches(made, RankedScores)
        for ours, theirs in ((roc_auc_score, metrics.roc_auc_score), (average_precision_score, metrics.average_precision_score)):
            expected = theirs(y_true, y_score, sample_weight=weight)
            for value in (ours.of(ranking), ours(y_true, y_score, sample_weight=weight)):
                np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12, err_msg=f"{ours.__name__} of list {seed}")


@pytest.mark.parametrize("seed", range(200))
def test_curves_equal_scikit_learn(seed):
    y_true, y_score, weight, _ = made = made_list(seed)
    kept = slice(None) if weight is None else weight > 0  # a score without weight is no point of ours
    given = y_true[kept], y_score[kept]
    weight = weight if weight is None else weight[kept]
    ranking = in_batches(made, RankedScores)
    fpr, tpr, thresholds = metrics.roc_curve(*given, sample_weight=weight, drop_intermediate=False)
    for ours, theirs in zip(roc_curve.of(ranking), (fpr, tpr, thresholds)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    precision, recall, thresholds = metrics.precision_recall_curve(*given, sample_weight=weight)
    for ours, theirs in zip(precision_recall_curve.of(ranking), (precision, recall, np.append(thresholds, np.inf))):
        np.testing.assert_allclose(ours, theirs[::-1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(200))
def test_bins_keep_their_promise(seed):
    y_true, y_score, weight, _ = made = made_list(seed)
    bins = int(2 ** np.random.default_rng(seed).integers(0, 8))
    binned = in_batches(made, BinnedScores, bins=bins, range=(-2, 2))
    for score, bounds in ((roc_auc_score, roc_auc_bounds), (average_precision_score, average_precision_bounds)):
        exact, (low, high) = score(y_true, y_score, sample_weight=weight), bounds.of(binned)
        assert low - 1e-12 <= exact <= high + 1e-12, score.__name__
        assert low - 1e-12 <= score.of(binned) <= high + 1e-12, score.__name__

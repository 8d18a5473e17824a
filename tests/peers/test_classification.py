"""Scores that count: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the
library itself, where it is installed.
"""
import os

import numpy as np
import pytest

from lossbook.classification.averages import one_vs_rest
from lossbook.classification.confusion_matrix import (
    accuracy_score, balanced_accuracy_score, cohen_kappa_score, exact_match_score, f1_score, fbeta_score, hamming_loss, matthews_corrcoef, npv_score,
    precision_score, recall_score, specificity_score, top_k_accuracy_score)
from lossbook.summaries import ConfusionMatrix
from tests.peers.rows import Row, agree_with_published, agree_with_sklearn, rows_of

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn warns where it divides zero by zero

NAN = float("nan")
FIVE = [0, 0, 1, 1, 3], [0, 2, 1, 1, 3]  # label 2 is called once and never true
ZEROS = [0, 0, 0], [0, 0, 0]
MISSED = [1, 0, 0], [0, 0, 0]
SKEWED = [0] * 8 + [1] * 2, [0] * 4 + [1] * 6
BATCHES = ([1, 0, 0, 0], [1, 1, 0, 0]), ([1, 1, 1, 0], [1, 1, 0, 0])
TAGS = np.array([[1, 0, 1]]), np.array([[1, 1, 1]])
ARTICLES = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]]), np.array([[1, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]])
CONSTANT = [0, 1, 1], [0, 0, 0]
REAL_CLASS = [0, 0, 1, 1, 2], [0, 1, 1, 0, 0]  # label 0 is a class, and is to be left out
TIES = [[0.5, 0.5, 0.5, 0.1]]


def harmonic(p, r):
    return 2 * p * r / (p + r)


def mean(values):
    return sum(values) / len(values)


def one_hot(y, k):
    return np.eye(k)[np.asarray(y)]


def of_summaries():
    return f1_score.of(sum(f1_score.summary(*batch, labels=2) for batch in BATCHES))


ROWS = [
    Row("recall, a label never true, left out", lambda: recall_score(*FIVE, average="macro"), 0.8333,
        lambda m: m.recall_score(*FIVE, average="macro", zero_division=NAN)),
    Row("recall, a label never true, left out of balanced accuracy", lambda: recall_score(*FIVE, average="macro"), 0.8333,
        lambda m: m.balanced_accuracy_score(*FIVE)),
    Row("recall, a label never true, as 0", lambda: recall_score(*FIVE, average="macro", undefined=0), 0.625,
        lambda m: m.recall_score(*FIVE, average="macro"),
        lambda m, t: m.multiclass_recall(t(FIVE[1]), t(FIVE[0]), num_classes=4, average="macro")),
    Row("recall, a label never true, as 1", lambda: recall_score(*FIVE, average="macro", undefined=1), 0.875,
        lambda m: m.recall_score(*FIVE, average="macro", zero_division=1)),
    Row("accuracy", lambda: accuracy_score(*FIVE), 0.8,
        lambda m: m.accuracy_score(*FIVE),
        lambda m, t: m.multiclass_accuracy(t(FIVE[1]), t(FIVE[0]), num_classes=4, average="micro")),
    Row("accuracy that is macro recall", lambda: recall_score(*FIVE, average="macro", undefined=0), 0.625,
        torchmetrics=lambda m, t: m.multiclass_accuracy(t(FIVE[1]), t(FIVE[0]), num_classes=4)),
    Row("accuracy is micro F1", lambda: f1_score(*FIVE, average="micro"), 0.8,
        lambda m: m.f1_score(*FIVE, average="micro")),
    Row("accuracy is weighted recall", lambda: recall_score(*FIVE, average="weighted"), 0.8,
        lambda m: m.recall_score(*FIVE, average="weighted")),
    Row("F1, labels from the data", lambda: f1_score(*FIVE, average="macro"), 0.6667,
        lambda m: m.f1_score(*FIVE, average="macro")),
    Row("F1, an absent label left out", lambda: f1_score(*FIVE, average="macro", labels=5), 0.6667,
        lambda m: m.f1_score(*FIVE, average="macro", labels=range(5), zero_division=NAN),
        lambda m, t: m.multiclass_f1_score(t(FIVE[1]), t(FIVE[0]), num_classes=5)),
    Row("F1, an absent label as 0", lambda: f1_score(*FIVE, average="macro", labels=5, undefined=0), 0.5333,
        lambda m: m.f1_score(*FIVE, average="macro", labels=range(5)),
        keras=lambda m: m.F1Score(average="macro")(one_hot(FIVE[0], 5), one_hot(FIVE[1], 5))),
    Row("precision of nothing, as 0", lambda: precision_score(*ZEROS, undefined=0), 0,
        lambda m: m.precision_score(*ZEROS), lambda m, t: m.binary_precision(t(ZEROS[1]), t(ZEROS[0])),
        lambda m: m.Precision()(*ZEROS)),
    Row("recall of nothing, as 0", lambda: recall_score(*ZEROS, undefined=0), 0,
        lambda m: m.recall_score(*ZEROS), lambda m, t: m.binary_recall(t(ZEROS[1]), t(ZEROS[0])),
        lambda m: m.Recall()(*ZEROS)),
    Row("F1 of nothing, as 0", lambda: f1_score(*ZEROS, undefined=0), 0,
        lambda m: m.f1_score(*ZEROS), lambda m, t: m.binary_f1_score(t(ZEROS[1]), t(ZEROS[0]))),
    Row("precision of nothing, as 1", lambda: precision_score(*ZEROS, undefined=1), 1,
        lambda m: m.precision_score(*ZEROS, zero_division=1)),
    Row("recall of nothing, as 1", lambda: recall_score(*ZEROS, undefined=1), 1,
        lambda m: m.recall_score(*ZEROS, zero_division=1)),
    Row("F1 of nothing, as 1", lambda: f1_score(*ZEROS, undefined=1), 1,
        lambda m: m.f1_score(*ZEROS, zero_division=1)),
    Row("precision of nothing", lambda: precision_score(*ZEROS), NAN,
        lambda m: m.precision_score(*ZEROS, zero_division=NAN)),
    Row("recall of nothing", lambda: recall_score(*ZEROS), NAN,
        lambda m: m.recall_score(*ZEROS, zero_division=NAN)),
    Row("F1 of nothing", lambda: f1_score(*ZEROS), NAN,
        lambda m: m.f1_score(*ZEROS, zero_division=NAN)),
    Row("precision 0/0 and recall 0: precision", lambda: precision_score(*MISSED), NAN,
        lambda m: m.precision_score(*MISSED, zero_division=NAN)),
    Row("precision 0/0 and recall 0: recall", lambda: recall_score(*MISSED), 0,
        lambda m: m.recall_score(*MISSED, zero_division=NAN)),
    Row("precision 0/0 and recall 0: F1", lambda: f1_score(*MISSED), 0,
        lambda m: m.f1_score(*MISSED, zero_division=NAN)),
    Row("mean of F1", lambda: f1_score(*SKEWED, average="macro"), 0.5833,
        lambda m: m.f1_score(*SKEWED, average="macro"),
        lambda m, t: m.multiclass_f1_score(t(SKEWED[1]), t(SKEWED[0]), num_classes=2)),
    Row("F1 of means", lambda: harmonic(*(s(*SKEWED, average="macro") for s in (precision_score, recall_score))), 0.7059,
        lambda m: harmonic(*(s(*SKEWED, average="macro") for s in (m.precision_score, m.recall_score)))),
    Row("F1, mean of batches", lambda: mean([f1_score(*batch) for batch in BATCHES]), 0.7333,
        lambda m: mean([m.f1_score(*batch) for batch in BATCHES])),
    Row("F1 of all batches", of_summaries, 0.75,
        lambda m: m.f1_score(*np.concatenate(BATCHES, axis=1))),
    Row("a score on the threshold, strictly above", lambda: accuracy_score([1], np.array([0.5]) > 0.5), 0,
        torchmetrics=lambda m, t: m.binary_accuracy(t([0.5]), t([1])),
        keras=lambda m: m.BinaryAccuracy()([1], [0.5])),
    Row("a score on the threshold, at or above", lambda: accuracy_score([1], np.array([0.5]) >= 0.5), 1),
    Row("rows of yes and no, cell by cell", lambda: accuracy_score(*TAGS), 0.6667,
        torchmetrics=lambda m, t: m.multilabel_accuracy(t(TAGS[1]), t(TAGS[0]), num_labels=3, average="micro"),
        keras=lambda m: m.BinaryAccuracy()(*TAGS)),
    Row("rows of yes and no, row by row", lambda: exact_match_score(*TAGS), 0,
        lambda m: m.accuracy_score(*TAGS),
        lambda m, t: m.multilabel_exact_match(t(TAGS[1]), t(TAGS[0]), num_labels=3)),
    Row("rows of yes and no, label by label", lambda: accuracy_score(*TAGS, multilabel=True).mean(), 0.6667,
        torchmetrics=lambda m, t: m.multilabel_accuracy(t(TAGS[1]), t(TAGS[0]), num_labels=3)),
    Row("rows of yes and no, wrong cells", lambda: hamming_loss(*TAGS, multilabel=True), 0.3333,
        lambda m: m.hamming_loss(*TAGS),
        lambda m, t: m.multilabel_hamming_distance(t(TAGS[1]), t(TAGS[0]), num_labels=3)),
    Row("rows of yes and no, F1 of each row", lambda: f1_score(*ARTICLES, over="each"), 0.7778,
        lambda m: m.f1_score(*ARTICLES, average="samples")),
    Row("Hamming loss of plain labels", lambda: hamming_loss(*FIVE), 0.2,
        lambda m: m.hamming_loss(*FIVE),
        lambda m, t: m.multiclass_hamming_distance(t(FIVE[1]), t(FIVE[0]), num_classes=4, average="micro")),
    Row("Hamming loss that is a mean over labels", lambda: 1 - recall_score(*FIVE, average="macro", undefined=0), 0.375,
        torchmetrics=lambda m, t: m.multiclass_hamming_distance(t(FIVE[1]), t(FIVE[0]), num_classes=4)),
    Row("balanced accuracy, a label never true", lambda: balanced_accuracy_score(*FIVE), 0.8333,
        lambda m: m.balanced_accuracy_score(*FIVE)),
    Row("balanced accuracy, adjusted", lambda: balanced_accuracy_score(*FIVE, adjusted=True), 0.75,
        lambda m: m.balanced_accuracy_score(*FIVE, adjusted=True)),
    Row("correlation of nothing, as 0", lambda: matthews_corrcoef(*ZEROS), 0,
        lambda m: m.matthews_corrcoef(*ZEROS)),
    Row("correlation of nothing, as 1", lambda: matthews_corrcoef(*ZEROS, undefined=1), 1,
        torchmetrics=lambda m, t: m.binary_matthews_corrcoef(t(ZEROS[1]), t(ZEROS[0]))),
    Row("correlation with calls that never vary", lambda: matthews_corrcoef(*CONSTANT), 0,
        lambda m: m.matthews_corrcoef(*CONSTANT)),
    Row("kappa of nothing", lambda: cohen_kappa_score(*ZEROS), NAN,
        lambda m: m.cohen_kappa_score(*ZEROS, labels=[0, 1]),
        lambda m, t: m.multiclass_cohen_kappa(t(ZEROS[1]), t(ZEROS[0]), num_classes=2)),
    Row("recall without a label, left out", lambda: recall_score(*REAL_CLASS, labels=3, ignore_index=0, average="macro"), 0.25,
        lambda m: m.recall_score(*REAL_CLASS, labels=[1, 2], average="macro")),
    Row("recall without a label, its vote taken", lambda: recall_score.of(one_vs_rest(ConfusionMatrix.from_labels(*REAL_CLASS), [1, 2]), average="macro"), 0.25,
        lambda m: m.recall_score(*REAL_CLASS, labels=[1, 2], average="macro")),
    Row("recall without a label, as 0", lambda: recall_score(*REAL_CLASS, labels=3, ignore_index=0, average="macro", undefined=0), 0.1667,
        torchmetrics=lambda m, t: m.multiclass_recall(t(REAL_CLASS[1]), t(REAL_CLASS[0]), num_classes=3, average="macro", ignore_index=0)),
    *(Row(f"first of three equal scores, the first column first, {y}", lambda y=y: top_k_accuracy_score([y], TIES, k=1, ties="index"), int(y == 0),
          torchmetrics=lambda m, t, y=y: m.multiclass_accuracy(t(TIES), t([y]), num_classes=4, average="micro")) for y in range(3)),
    *(Row(f"first of three equal scores, the last column first, {y}", lambda y=y: top_k_accuracy_score([y], TIES, k=1, ties="reverse"), int(y == 2),
          lambda m, y=y: m.top_k_accuracy_score([y], TIES, k=1, labels=range(4))) for y in range(3)),
    *(Row(f"first of three equal scores, each first, {y}", lambda y=y: top_k_accuracy_score([y], TIES, k=1, ties="optimistic"), 1,
          keras=lambda m, y=y: m.sparse_top_k_categorical_accuracy(np.array([y]), np.array(TIES), k=1)) for y in range(3)),
    *(Row(f"first of three equal scores, a third each, {y}", lambda y=y: top_k_accuracy_score([y], TIES, k=1), 0.3333) for y in range(3)),
]


test_ours_is_the_published_value = agree_with_published(ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "torchmetrics")
def test_torchmetrics(row):
    torch = pytest.importorskip("torch")
    theirs = row.torchmetrics(pytest.importorskip("torchmetrics.functional.classification"), torch.tensor)
    row.agrees_with(theirs)


@rows_of(ROWS, "keras")
def test_keras(row):
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    theirs = row.keras(pytest.importorskip("keras").metrics)
    np.testing.assert_allclose(row.ours(), float(theirs), rtol=1e-6)


def test_logistic_regression_calls_a_half_negative():
    linear_model = pytest.importorskip("sklearn.linear_model")
    model = linear_model.LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    model.intercept_[:] = 0
    assert model.predict_proba([[0.0]])[0, 1] == 0.5 and model.predict([[0.0]])[0] == 0


rng = np.random.default_rng(0)
y_true, y_pred, weights = rng.integers(0, 6, 500), rng.integers(0, 5, 500), rng.random(500)  # label 5 is never called


@pytest.mark.parametrize("average", [None, "macro", "micro", "weighted"])
@pytest.mark.parametrize("undefined", [0.0, 1.0, NAN])
@pytest.mark.parametrize("sample_weight", [None, weights], ids=["counts", "weights"])
def test_averages_of_scikit_learn(average, undefined, sample_weight):
    metrics = pytest.importorskip("sklearn.metrics")
    same = {"average": average, "sample_weight": sample_weight}
    for score, options in ((precision_score, {}), (recall_score, {}), (f1_score, {}), (fbeta_score, {"beta": 0.3})):
        theirs = getattr(metrics, score.__name__)(y_true, y_pred, zero_division=undefined, **same, **options)
        np.testing.assert_allclose(score(y_true, y_pred, undefined=undefined, **same, **options), theirs, rtol=1e-12)


def test_ends_of_f_beta():
    metrics = pytest.importorskip("sklearn.metrics")
    for beta, end in ((0, precision_score), (np.inf, recall_score)):
        theirs = metrics.fbeta_score(y_true, y_pred, beta=beta, average=None)
        np.testing.assert_allclose(fbeta_score(y_true, y_pred, beta=beta, undefined=0), theirs, rtol=1e-12)
        np.testing.assert_array_equal(fbeta_score(y_true, y_pred, beta=beta), end(y_true, y_pred))


def test_specificity_is_the_recall_of_the_rest():
    metrics = pytest.importorskip("sklearn.metrics")
    theirs = [metrics.recall_score(y_true != k, y_pred != k) for k in range(6)]
    np.testing.assert_allclose(specificity_score(y_true, y_pred), theirs, rtol=1e-12)


def test_specificity_of_torchmetrics():
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.classification")
    theirs = metrics.multiclass_specificity(torch.tensor(y_pred), torch.tensor(y_true), num_classes=6, average=None)
    np.testing.assert_allclose(specificity_score(y_true, y_pred), theirs, rtol=1e-6)


def test_npv_of_torchmetrics():
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.classification")
    theirs = metrics.multiclass_negative_predictive_value(torch.tensor(y_pred), torch.tensor(y_true), num_classes=6, average=None)
    np.testing.assert_allclose(npv_score(y_true, y_pred), theirs, rtol=1e-6)


@pytest.mark.parametrize("price", [None, "linear", "quadratic"])
def test_kappa_of_others(price):
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.classification")
    ours = cohen_kappa_score(y_true, y_pred, weights=price)
    np.testing.assert_allclose(ours, pytest.importorskip("sklearn.metrics").cohen_kappa_score(y_true, y_pred, weights=price), rtol=1e-12)
    theirs = metrics.multiclass_cohen_kappa(torch.tensor(y_pred), torch.tensor(y_true), num_classes=6, weights=price)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_correlation_of_torchmetrics():
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.classification")
    theirs = metrics.multiclass_matthews_corrcoef(torch.tensor(y_pred), torch.tensor(y_true), num_classes=6)
    np.testing.assert_allclose(matthews_corrcoef(y_true, y_pred), theirs, rtol=1e-4, atol=1e-6)
    never = metrics.binary_matthews_corrcoef(torch.tensor(CONSTANT[1]), torch.tensor(CONSTANT[0]))
    np.testing.assert_allclose(never, -0.408, atol=5e-4)  # what the chapter says of it


@pytest.mark.parametrize("ties, k", [("reverse", 1), ("reverse", 3), ("optimistic", 1), ("optimistic", 3)])
def test_many_ties(ties, k):
    score = rng.integers(0, 4, (200, 6)).astype(float)
    ours = top_k_accuracy_score(y_true[:200], score, k=k, ties=ties)
    if ties == "reverse":
        theirs = pytest.importorskip("sklearn.metrics").top_k_accuracy_score(y_true[:200], score, k=k, labels=range(6))
    else:
        os.environ.setdefault("KERAS_BACKEND", "torch")
        pytest.importorskip("torch")
        theirs = float(pytest.importorskip("keras").metrics.sparse_top_k_categorical_accuracy(y_true[:200], score, k=k).mean())
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("ties", ["mean", "optimistic", "pessimistic"])
def test_the_order_of_columns_does_not_matter_to_a_fair_rule(ties):
    score, order = rng.integers(0, 4, (200, 6)), rng.permutation(6)
    ours = [top_k_accuracy_score(y_true[:200], score[:, columns], labels=columns, ties=ties) for columns in (np.arange(6), order)]
    assert ours[0] == pytest.approx(ours[1], rel=1e-12)


def test_words_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    truth, called = (np.where(numbers, "malignant", "benign") for numbers in (y_true > 2, y_pred > 1))
    theirs = metrics.f1_score(truth, called, pos_label="malignant")
    np.testing.assert_allclose(f1_score(truth, called), theirs, rtol=1e-12)
    with pytest.raises(ValueError, match="pos_label"):
        metrics.f1_score(truth, called)

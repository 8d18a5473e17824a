"""Scores that count: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the
library itself, where it is installed.
"""
import os

import numpy as np
import pytest

from lossbook.classification.confusion_matrix import accuracy_score, f1_score, fbeta_score, precision_score, recall_score, specificity_score
from tests.peers.rows import Row, agree_with_published, agree_with_sklearn, rows_of

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn warns where it divides zero by zero

NAN = float("nan")
FIVE = [0, 0, 1, 1, 3], [0, 2, 1, 1, 3]  # label 2 is called once and never true
ZEROS = [0, 0, 0], [0, 0, 0]
MISSED = [1, 0, 0], [0, 0, 0]
SKEWED = [0] * 8 + [1] * 2, [0] * 4 + [1] * 6
BATCHES = ([1, 0, 0, 0], [1, 1, 0, 0]), ([1, 1, 1, 0], [1, 1, 0, 0])
TAGS = np.array([[1, 0, 1]]), np.array([[1, 1, 1]])


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
    Row("rows of yes and no, row by row", lambda: (TAGS[0] == TAGS[1]).all(axis=-1).mean(), 0,
        lambda m: m.accuracy_score(*TAGS)),
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


def test_words_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    truth, called = (np.where(numbers, "malignant", "benign") for numbers in (y_true > 2, y_pred > 1))
    theirs = metrics.f1_score(truth, called, pos_label="malignant")
    np.testing.assert_allclose(f1_score(truth, called), theirs, rtol=1e-12)
    with pytest.raises(ValueError, match="pos_label"):
        metrics.f1_score(truth, called)

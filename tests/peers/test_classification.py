"Scores that count: the choices that libraries make differently, and the libraries themselves on random labels."
import os
from functools import partial

import numpy as np
import pytest

from lossbook.classification.averages import one_vs_rest
from lossbook.classification.confusion_matrix import (
    accuracy_score, balanced_accuracy_score, cohen_kappa_score, exact_match_score, f1_score, fbeta_score, hamming_loss, matthews_corrcoef, npv_score,
    precision_score, recall_score, specificity_score, top_k_accuracy_score)
from lossbook.summaries import ConfusionMatrix
from tests.peers.rows import agree, ask, case, row

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


tm = ask.torchmetrics.classification


def logistic_regression():
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    model.intercept_[:] = 0
    assert model.predict_proba([[0.0]])[0, 1] == 0.5
    return model.predict([[0.0]])[0]


def sklearn_f1_of_means():
    from sklearn import metrics
    p, r = metrics.precision_score(*SKEWED, average="macro"), metrics.recall_score(*SKEWED, average="macro")
    return 2 * p * r / (p + r)


def sklearn_mean_of_batches():
    from sklearn import metrics
    return np.mean([metrics.f1_score(*batch) for batch in BATCHES])


def one_hot(y, k):
    return np.eye(k)[np.asarray(y)]


def f1_of_means():
    p, r = precision_score(*SKEWED, average="macro"), recall_score(*SKEWED, average="macro")
    return 2 * p * r / (p + r)


def mean_over_batches():
    return np.mean([f1_score(*batch) for batch in BATCHES])


def sum_of_summaries():
    return f1_score.of(sum(f1_score.summary(*batch, labels=2) for batch in BATCHES))


def strictly_above():
    return accuracy_score([1], np.array([0.5]) > 0.5)


def at_or_above():
    return accuracy_score([1], np.array([0.5]) >= 0.5)


def label_by_label():
    return accuracy_score(*TAGS, multilabel=True).mean()


def mean_over_labels():
    return 1 - recall_score(*FIVE, average="macro", undefined=0)


def chosen_against_the_rest():
    return recall_score.of(one_vs_rest(ConfusionMatrix.from_labels(*REAL_CLASS), [1, 2]), average="macro")


def top_1(choice, ties, values, *theirs):
    "A row for each of the three classes that share the highest score."
    return [row(f"{choice}, truth {y}", partial(top_k_accuracy_score, [y], TIES, k=1, ties=ties), value, *(their(y) for their in theirs))
            for y, value in enumerate(values)]


CASES = [
    case("macro recall, a label never true", "Label 2 is called once and is never true, so its recall reads 0/0.",
         row("left out of the mean", partial(recall_score, *FIVE, average="macro"), 0.8333,
             ask.sklearn.recall_score(*FIVE, average="macro", zero_division=NAN), ask.sklearn.balanced_accuracy_score(*FIVE)),
         row("counted as 0", partial(recall_score, *FIVE, average="macro", undefined=0), 0.625,
             ask.sklearn.recall_score(*FIVE, average="macro"), tm.multiclass_recall(*FIVE[::-1], num_classes=4, average="macro")),
         row("counted as 1", partial(recall_score, *FIVE, average="macro", undefined=1), 0.875,
             ask.sklearn.recall_score(*FIVE, average="macro", zero_division=1))),
    case("what is called accuracy", "Four of five are right. A mean over labels of recall has the same name in torchmetrics.",
         row("share of right answers", partial(accuracy_score, *FIVE), 0.8,
             ask.sklearn.accuracy_score(*FIVE), tm.multiclass_accuracy(*FIVE[::-1], num_classes=4, average="micro")),
         row("micro F1, the same", partial(f1_score, *FIVE, average="micro"), 0.8, ask.sklearn.f1_score(*FIVE, average="micro")),
         row("weighted recall, the same", partial(recall_score, *FIVE, average="weighted"), 0.8, ask.sklearn.recall_score(*FIVE, average="weighted")),
         row("macro recall", partial(recall_score, *FIVE, average="macro", undefined=0), 0.625, tm.multiclass_accuracy(*FIVE[::-1], num_classes=4)),
         row("balanced", partial(balanced_accuracy_score, *FIVE), 0.8333, ask.sklearn.balanced_accuracy_score(*FIVE)),
         row("balanced, 0 by chance", partial(balanced_accuracy_score, *FIVE, adjusted=True), 0.75,
             ask.sklearn.balanced_accuracy_score(*FIVE, adjusted=True))),
    case("macro F1, a label in neither list", "Label 4 exists, and is neither true nor called.",
         row("labels are those of the data", partial(f1_score, *FIVE, average="macro"), 0.6667, ask.sklearn.f1_score(*FIVE, average="macro")),
         row("five labels, the absent one left out", partial(f1_score, *FIVE, average="macro", labels=5), 0.6667,
             ask.sklearn.f1_score(*FIVE, average="macro", labels=range(5), zero_division=NAN), tm.multiclass_f1_score(*FIVE[::-1], num_classes=5)),
         row("five labels, the absent one 0", partial(f1_score, *FIVE, average="macro", labels=5, undefined=0), 0.5333,
             ask.sklearn.f1_score(*FIVE, average="macro", labels=range(5)),
             ask.keras.metrics.F1Score(average="macro")(one_hot(FIVE[0], 5), one_hot(FIVE[1], 5)))),
    *(case(f"{name} without a positive", "All three are 0, and called so: 0/0.",
           row("0", partial(score, *ZEROS, undefined=0), 0, getattr(ask.sklearn, score.__name__)(*ZEROS),
               getattr(tm, f"binary_{name.replace('F1', 'f1_score')}")(*ZEROS[::-1]), *keras),
           row("1", partial(score, *ZEROS, undefined=1), 1, getattr(ask.sklearn, score.__name__)(*ZEROS, zero_division=1)),
           row("no value", partial(score, *ZEROS), NAN, getattr(ask.sklearn, score.__name__)(*ZEROS, zero_division=NAN),
               said="segmentation-models-pytorch with reduction micro, whatever its zero_division"))
      for name, score, keras in [("precision", precision_score, [ask.keras.metrics.Precision()(*ZEROS)]),
                                 ("recall", recall_score, [ask.keras.metrics.Recall()(*ZEROS)]), ("F1", f1_score, [])]),
    case("precision 0/0 and recall 0", "One positive, and nobody is called positive.",
         *(row(score.__name__, partial(score, *MISSED), value, getattr(ask.sklearn, score.__name__)(*MISSED, zero_division=NAN))
           for score, value in [(precision_score, NAN), (recall_score, 0), (f1_score, 0)])),
    case("correlation where all is 0", "Matthews' coefficient divides by zero.",
         row("0", partial(matthews_corrcoef, *ZEROS), 0, ask.sklearn.matthews_corrcoef(*ZEROS)),
         row("1, since nothing is wrong", partial(matthews_corrcoef, *ZEROS, undefined=1), 1, tm.binary_matthews_corrcoef(*ZEROS[::-1])),
         row("0, calls that never vary", partial(matthews_corrcoef, *CONSTANT), 0, ask.sklearn.matthews_corrcoef(*CONSTANT)),
         row("an answer where there is none", partial(matthews_corrcoef, *CONSTANT), 0, tm.binary_matthews_corrcoef(*CONSTANT[::-1]),
             gives=-0.408248, wrong=True)),
    case("kappa where all is 0", "Agreement by chance is certain: 0/0.",
         row("no value", partial(cohen_kappa_score, *ZEROS), NAN,
             ask.sklearn.cohen_kappa_score(*ZEROS, labels=[0, 1]), tm.multiclass_cohen_kappa(*ZEROS[::-1], num_classes=2))),
    case("macro F1, of means or a mean", "Both are in the literature: the mean of the F1 of labels, or F1 of mean precision and mean recall.",
         row("mean of F1", partial(f1_score, *SKEWED, average="macro"), 0.5833,
             ask.sklearn.f1_score(*SKEWED, average="macro"), tm.multiclass_f1_score(*SKEWED[::-1], num_classes=2)),
         row("F1 of means", f1_of_means, 0.7059, ask.sklearn.by("2*p*r/(p + r) of macro precision and recall", sklearn_f1_of_means))),
    case("F1 of batches", "A ratio of sums is no mean of ratios.",
         row("mean over batches", mean_over_batches, 0.7333, ask.sklearn.by("mean of f1_score()", sklearn_mean_of_batches)),
         row("of all rows", sum_of_summaries, 0.75, ask.sklearn.f1_score(*np.concatenate(BATCHES, axis=1)))),
    case("a score on the threshold", "The score is 0.5, the truth 1.",
         row("called positive strictly above", strictly_above, 0, tm.binary_accuracy([0.5], [1]), ask.keras.metrics.BinaryAccuracy()([1], [0.5]),
             ask.sklearn.by("LogisticRegression.predict()", logistic_regression)),
         row("called positive at it too", at_or_above, 1, said="segmentation-models-pytorch")),
    case("accuracy of several answers at once", "Three tags, two of them right.",
         row("the whole row is right", partial(exact_match_score, *TAGS), 0,
             ask.sklearn.accuracy_score(*TAGS), tm.multilabel_exact_match(*TAGS[::-1], num_labels=3)),
         row("cell by cell", partial(accuracy_score, *TAGS), 0.6667,
             tm.multilabel_accuracy(*TAGS[::-1], num_labels=3, average="micro"), ask.keras.metrics.BinaryAccuracy()(*TAGS)),
         row("label by label, then the mean", label_by_label, 0.6667, tm.multilabel_accuracy(*TAGS[::-1], num_labels=3)),
         row("share of wrong cells", partial(hamming_loss, *TAGS, multilabel=True), 0.3333,
             ask.sklearn.hamming_loss(*TAGS), tm.multilabel_hamming_distance(*TAGS[::-1], num_labels=3))),
    case("F1 of each row of tags", "Each row has an F1 of its own.",
         row("mean over rows", partial(f1_score, *ARTICLES, over="each"), 0.7778, ask.sklearn.f1_score(*ARTICLES, average="samples"))),
    case("Hamming loss of plain labels", "With one label a row it is the share of wrong answers.",
         row("share of wrong answers", partial(hamming_loss, *FIVE), 0.2,
             ask.sklearn.hamming_loss(*FIVE), tm.multiclass_hamming_distance(*FIVE[::-1], num_classes=4, average="micro")),
         row("a mean over labels", mean_over_labels, 0.375, tm.multiclass_hamming_distance(*FIVE[::-1], num_classes=4))),
    case("macro recall without one class", "Label 0 is a class like others, and is to be left out.",
         row("left out", partial(recall_score, *REAL_CLASS, labels=3, ignore_index=0, average="macro"), 0.25,
             ask.sklearn.recall_score(*REAL_CLASS, labels=[1, 2], average="macro")),
         row("its rows count, its recall does not", chosen_against_the_rest, 0.25, ask.sklearn.recall_score(*REAL_CLASS, labels=[1, 2], average="macro")),
         row("counted as 0 in the mean", partial(recall_score, *REAL_CLASS, labels=3, ignore_index=0, average="macro", undefined=0), 0.1667,
             tm.multiclass_recall(*REAL_CLASS[::-1], num_classes=3, average="macro", ignore_index=0), wrong=True)),
    case("the first of equal scores", "Columns 0, 1 and 2 share the highest score. Is the true one among the first k = 1?",
         *top_1("the first column first", "index", [1, 0, 0], lambda y: tm.multiclass_accuracy(TIES, [y], num_classes=4, average="micro")),
         *top_1("the last column first", "reverse", [0, 0, 1], lambda y: ask.sklearn.top_k_accuracy_score([y], TIES, k=1, labels=range(4))),
         *top_1("each is first", "optimistic", [1, 1, 1],
                lambda y: ask.keras.metrics.sparse_top_k_categorical_accuracy(np.array([y]), np.array(TIES), k=1).then(lambda hits: hits[0])),
         *top_1("a third each", "mean", [0.3333] * 3)),
]

test_ours, test_theirs = agree(CASES)


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

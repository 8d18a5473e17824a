"""Time and memory of losses and metrics against scikit-learn, on the same data, with input checks on.

`python benchmarks/speed.py [part...]` with parts of the book: regression, classification, ranking, segmentation. Ratios below 1 are ours.
"""
import sys
import time
import tracemalloc
import warnings

import numpy as np
from sklearn import metrics

import lossbook

SIZES = {"regression": (10**6, 10**7), "classification": (10**6, 10**7), "ranking": (10**6, 10**7), "segmentation": (10**6,)}


def regression(n):
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=n)
    y_pred = y_true + 0.5 * rng.normal(size=n)
    true32, pred32 = y_true.astype(np.float32), y_pred.astype(np.float32)
    return {
        "squared error, a loss": (lambda: lossbook.squared_error(y_true, y_pred), lambda: metrics.mean_squared_error(y_true, y_pred)),
        "mean squared error": (lambda: lossbook.mean_squared_error(y_true, y_pred), lambda: metrics.mean_squared_error(y_true, y_pred)),
        "mean squared error, float32": (lambda: lossbook.mean_squared_error(true32, pred32), lambda: metrics.mean_squared_error(true32, pred32)),
        "mean absolute error": (lambda: lossbook.mean_absolute_error(y_true, y_pred), lambda: metrics.mean_absolute_error(y_true, y_pred)),
        "R2": (lambda: lossbook.r2_score(y_true, y_pred), lambda: metrics.r2_score(y_true, y_pred)),
    }


def classification(n, classes=10):
    rng = np.random.default_rng(0)
    mask, proba = rng.random(n) < 0.3, rng.random(n)
    y_true, y_pred = rng.integers(0, classes, (2, n))
    shares = rng.random((n, classes))
    shares /= shares.sum(axis=1, keepdims=True)
    of_labels = {"labels": range(classes)}
    return {
        "log loss, two classes": (lambda: lossbook.log_loss(mask, proba), lambda: metrics.log_loss(mask, proba)),
        f"log loss, {classes} classes": (lambda: lossbook.cross_entropy(y_true, shares), lambda: metrics.log_loss(y_true, shares)),
        "accuracy": (lambda: lossbook.accuracy_score(y_true, y_pred), lambda: metrics.accuracy_score(y_true, y_pred)),
        "confusion matrix": (lambda: lossbook.ConfusionMatrix.from_labels(y_true, y_pred, labels=classes),
                             lambda: metrics.confusion_matrix(y_true, y_pred, **of_labels)),
        "F1, macro": (lambda: lossbook.f1_score(y_true, y_pred, average="macro"), lambda: metrics.f1_score(y_true, y_pred, average="macro")),
    }


def ranking(n):
    rng = np.random.default_rng(0)
    y_true = (rng.random(n) < 0.3).astype(int)
    logits = rng.normal(size=n) + y_true
    proba, rounded, weight = 1 / (1 + np.exp(-logits)), logits.round(2), rng.random(n)
    weighted = {"sample_weight": weight}
    def roc_auc(y_score, **how): return lambda: metrics.roc_auc_score(y_true, y_score, **how)
    return {
        "ROC AUC of logits": (lambda: lossbook.roc_auc_score(y_true, logits), roc_auc(logits)),
        "ROC AUC of probabilities": (lambda: lossbook.roc_auc_score(y_true, proba), roc_auc(proba)),
        "ROC AUC, many ties": (lambda: lossbook.roc_auc_score(y_true, rounded), roc_auc(rounded)),
        "ROC AUC, weighted": (lambda: lossbook.roc_auc_score(y_true, logits, **weighted), roc_auc(logits, **weighted)),
        "ROC AUC in 4096 bins": (lambda: lossbook.roc_auc_score(y_true, proba, bins=4096), roc_auc(proba)),
        "ROC curve": (lambda: lossbook.roc_curve(y_true, logits), lambda: metrics.roc_curve(y_true, logits, drop_intermediate=False)),
        "average precision": (lambda: lossbook.average_precision_score(y_true, logits), lambda: metrics.average_precision_score(y_true, logits)),
        "AP in 4096 bins": (lambda: lossbook.average_precision_score(y_true, proba, bins=4096), lambda: metrics.average_precision_score(y_true, proba)),
    }


def segmentation(n):
    rng = np.random.default_rng(0)
    mask_true, mask_pred = rng.random((2, n)) < 0.3
    return {"Dice of masks": (lambda: lossbook.dice_score(mask_true, mask_pred), lambda: metrics.f1_score(mask_true, mask_pred))}


def seconds(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def megabytes(call):
    "Most memory that a call held beyond its inputs."
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def fastest(ours, theirs, enough=2.0):
    "The least time of each, measured by turns for about two seconds, three times at least."
    a, b, started = [], [], time.perf_counter()
    while len(a) < 3 or time.perf_counter() - started < enough:
        a.append(seconds(ours))
        b.append(seconds(theirs))
    return min(a), min(b)


def main(parts):
    warnings.simplefilter("ignore")
    print(f"{'':29}{'ours':>12}{'scikit-learn':>15}{'time':>8}{'ours':>11}{'scikit-learn':>15}{'memory':>8}")
    for part in parts or SIZES:
        for n in SIZES[part]:
            print(f"\n{part}, {n:,} rows")
            for name, (ours, theirs) in globals()[part](n).items():
                (a, b), (held, theirs_held) = fastest(ours, theirs), map(megabytes, (ours, theirs))
                print(f"{name:29}{1000*a:9.2f} ms{1000*b:12.2f} ms{a/b:8.3f}{held:8.1f} MB{theirs_held:12.1f} MB{held/theirs_held:8.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])

"Time and memory of losses and metrics against scikit-learn on the same data: `python benchmarks/losses.py`."
import time
import tracemalloc

import numpy as np
from sklearn import metrics

import lossbook

N, ROUNDS = 10**6, 5
rng = np.random.default_rng(0)
y_true, y_pred = rng.normal(size=(2, N))
true32, pred32 = y_true.astype(np.float32), y_pred.astype(np.float32)
labels_true, labels_pred = rng.integers(0, 21, (2, N))
mask_true, mask_pred = rng.random((2, N)) < 0.3
proba = rng.random(N)

ROWS = {
    "squared error": (lambda: lossbook.squared_error(y_true, y_pred), lambda: metrics.mean_squared_error(y_true, y_pred)),
    "its gradient": (lambda: lossbook.squared_error.grad(y_true, y_pred), lambda: 2*(y_pred - y_true) / N),
    "mean squared error": (lambda: lossbook.mean_squared_error(y_true, y_pred), lambda: metrics.mean_squared_error(y_true, y_pred)),
    "mean squared error, float32": (lambda: lossbook.mean_squared_error(true32, pred32), lambda: metrics.mean_squared_error(true32, pred32)),
    "Dice of masks": (lambda: lossbook.dice_score(mask_true, mask_pred), lambda: metrics.f1_score(mask_true, mask_pred)),
    "soft Dice loss": (lambda: lossbook.dice_loss(mask_true, proba, over="all"),
                       lambda: 1 - (2*(mask_true*proba).sum() + 1) / (mask_true.sum() + proba.sum() + 1)),
    "confusion matrix, 21 labels": (lambda: lossbook.ConfusionMatrix.from_labels(labels_true, labels_pred, labels=21),
                                    lambda: metrics.confusion_matrix(labels_true, labels_pred, labels=range(21))),
    "F1, 21 labels found in the data": (lambda: lossbook.f1_score(labels_true, labels_pred, average="macro"),
                                        lambda: metrics.f1_score(labels_true, labels_pred, average="macro")),
}


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


def main():
    print(f"{N:,} numbers, best of {ROUNDS}; theirs is scikit-learn, or NumPy in one line where it has none\n")
    print(f"{'':33}{'ours':>9}{'theirs':>9}{'ratio':>7}{'ours':>10}{'theirs':>9}")
    for name, (ours, theirs) in ROWS.items():
        a, b = (min(seconds(call) for _ in range(ROUNDS)) for call in (ours, theirs))
        print(f"{name:33}{1000*a:6.1f} ms{1000*b:6.1f} ms{a/b:7.2f}{megabytes(ours):7.1f} MB{megabytes(theirs):6.1f} MB")


if __name__ == "__main__":
    main()

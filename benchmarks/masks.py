"""Dice and mean IoU of one labelled image against scikit-learn and, where it is installed, torchmetrics: `python benchmarks/masks.py`.

1024 x 1024 pixels, 21 labels, four in five right. Each library gets the labels as it likes them best: int64 tensors for torchmetrics.
"""
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn import metrics

import lossbook

sys.path.append(str(Path(__file__).parent))
from speed import fastest

LABELS = 21


def image(dtype):
    rng = np.random.default_rng(0)
    y_true, noise = rng.integers(0, LABELS, (2, 1024, 1024))
    y_pred = np.where(rng.random(y_true.shape) < 0.8, y_true, noise)
    return y_true.astype(dtype), y_pred.astype(dtype)


def of_sklearn(y_true, y_pred):
    t, p = y_true.ravel(), y_pred.ravel()
    return {"Dice": lambda: metrics.f1_score(t, p, average="macro"), "mean IoU": lambda: metrics.jaccard_score(t, p, average="macro")}


def of_torchmetrics(y_true, y_pred):
    import torch
    from torchmetrics.functional.classification import multiclass_jaccard_index
    from torchmetrics.functional.segmentation import dice_score, mean_iou

    t, p = (torch.tensor(y.astype(np.int64))[None] for y in (y_true, y_pred))
    how = {"num_classes": LABELS, "input_format": "index"}
    return {
        "Dice": lambda: dice_score(p, t, average="macro", **how),
        "mean IoU": lambda: mean_iou(p, t, **how),
        "mean IoU, JaccardIndex": lambda: multiclass_jaccard_index(p, t, num_classes=LABELS),
    }


def main():
    warnings.simplefilter("ignore")
    print(f"{'':38}{'labels':>6}{'ours':>12}{'theirs':>13}{'time':>8}")
    for library, calls in {"scikit-learn": of_sklearn, "torchmetrics": of_torchmetrics}.items():
        for dtype in ("uint8", "int64"):
            y_true, y_pred = image(dtype)
            try:
                theirs = calls(y_true, y_pred)
            except ImportError:
                print(f"{library}: not installed")
                break
            for name, ask in theirs.items():
                score = lossbook.dice_score if name == "Dice" else lossbook.iou_score

                def ours():
                    return score(y_true, y_pred, labels=LABELS, average="macro")

                assert abs(float(ask()) - ours()) < 1e-6
                a, b = fastest(ours, ask)
                print(f"{library:14}{name:24}{dtype:>6}{1000*a:9.2f} ms{1000*b:10.2f} ms{a/b:8.3f}")


if __name__ == "__main__":
    main()

"""Time and memory of the IoU of every pair of boxes against pycocotools, on the same boxes, with input checks on.

`python benchmarks/boxes.py`. Ratios below 1 are ours.
"""
from pathlib import Path
import sys

import numpy as np
from pycocotools import mask

sys.path.insert(0, str(Path(__file__).parent))
from speed import fastest, megabytes

import lossbook

SIZES = (100, 500, 2000)


def random_boxes(rng, n):
    low, span = rng.uniform(0, 600, (n, 2)), rng.uniform(5, 200, (n, 2))
    return np.concatenate([low, low + span], axis=1)


def pairs(n):
    rng = np.random.default_rng(0)
    true, pred = random_boxes(rng, n), random_boxes(rng, n)
    true_sized, pred_sized = (lossbook.convert_boxes(boxes, target="xywh") for boxes in (true, pred))
    flat = np.where(np.arange(n)[:, None] < n // 100, true[:, [0, 1, 0, 3]], true)  # one box in a hundred has no width
    flat_sized = lossbook.convert_boxes(flat, target="xywh")
    def theirs(first, second): return lambda: mask.iou(first, second, np.zeros(len(second), np.uint8))
    return {
        "IoU": (lambda: lossbook.box_iou(true, pred), theirs(true_sized, pred_sized)),
        "IoU, one in 100 flat": (lambda: lossbook.box_iou(flat, pred), theirs(flat_sized, pred_sized)),
        "GIoU, against IoU": (lambda: lossbook.box_iou(true, pred, kind="giou"), theirs(true_sized, pred_sized)),
    }


def main():
    print(f"{'':22}{'ours':>12}{'pycocotools':>14}{'time':>8}{'ours':>11}{'of the table':>14}")
    for n in SIZES:
        print(f"\n{n:,} boxes against {n:,}")
        for name, (ours, theirs) in pairs(n).items():
            (a, b), held = fastest(ours, theirs), megabytes(ours)
            print(f"{name:22}{1000*a:9.2f} ms{1000*b:11.2f} ms{a/b:8.3f}{held:8.1f} MB{held / (8*n*n/1e6):14.3f}")


if __name__ == "__main__":
    main()

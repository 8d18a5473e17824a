"""A thousand million scores through a `BinnedScores`, a million at a time: seconds, and the most memory the process ever held.

`python benchmarks/stream.py [scores]`.
"""
import resource
import sys
import time

import numpy as np

from lossbook import BinnedScores, roc_auc_bounds, roc_auc_score


def batches(n, size=10**6):
    "Labels and scores, in two arrays that every batch is drawn into."
    rng = np.random.default_rng(0)
    draws, scores = np.empty((2, size))
    for _ in range(0, n, size):
        y_true = rng.random(out=draws) < 0.3
        np.multiply(rng.random(out=scores), 0.7, out=scores)
        scores += 0.3 * y_true
        yield y_true, scores


def main(n):
    ranking, counting, started = BinnedScores(4096), 0.0, time.perf_counter()
    for y_true, scores in batches(n):
        before = time.perf_counter()
        ranking += BinnedScores.from_scores(y_true, scores, bins=4096)
        counting += time.perf_counter() - before
    low, high = roc_auc_bounds.of(ranking)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{n:,} scores: counted in {counting:.1f} s of {time.perf_counter() - started:.1f} s, {megabytes:.0f} MB at most")
    print(f"AUC {roc_auc_score.of(ranking):.6f}, for certain between {low:.6f} and {high:.6f}")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**9)

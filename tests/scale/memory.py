"`python -m tests.scale.memory ENGINE MILLIONS FOLDER`: summarise that many pixels and scores; print the most kilobytes of any process that read."
import logging
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from lossbook.ranking.ranked_scores import BinnedScores
from lossbook.scale.metrics_that_add import summarize
from lossbook.scale.partitions import split_arrays
from lossbook.summaries import ConfusionMatrix

ROWS = 2**20
PIXELS, SCORES = partial(ConfusionMatrix.from_labels, labels=21), partial(BinnedScores.from_scores, bins=4096)


def peak():
    "The most memory that this process has held, mapped files included, in kilobytes; it starts anew with each program."
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def hollow(folder, name, dtype, n):
    "A file of `n` zeros that takes no room on the disk."
    path = Path(folder, name)
    np.lib.format.open_memmap(path, "w+", dtype, (n,)).flush()
    return path


def summarize_both(folder, n, on=None):
    labels, called, scores = (hollow(folder, f"{i}.npy", dtype, n) for i, dtype in enumerate([np.uint8, np.uint8, np.float32]))
    pixels = summarize(split_arrays(y_true=labels, y_pred=called, rows=ROWS), PIXELS, on=on)
    scores = summarize(split_arrays(y_true=labels, y_score=scores, rows=ROWS), SCORES, on=on)
    assert pixels.total == scores.total_neg == n


def here(folder, n):
    summarize_both(folder, n)
    return [peak()]


def processes(folder, n):
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        summarize_both(folder, n, pool)
        return [peak(), *pool.map(call_peak, range(8))]


def call_peak(_):
    return peak()


def cluster(folder, n):
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL) as cluster, Client(cluster) as client:
        summarize_both(folder, n, client)
        return list(client.run(peak).values())


if __name__ == "__main__":
    engine, millions, folder = sys.argv[1:]
    print(max(globals()[engine](folder, int(millions) * 10**6)))

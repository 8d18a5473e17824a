"""A segmentation of a thousand million pixels and a hundred million scores, from memory-mapped files: seconds, and the most memory a process held.

`python -m benchmarks scale` draws two and a half bytes a pixel into a temporary folder. Each answer is that of a process of its own.
"""
import json
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

if __package__:
    from benchmarks.harness import Answer
from lossbook import BinnedScores, ConfusionMatrix, iou_score, roc_auc_bounds, split_arrays, summarize

LABELS, CHUNK = 21, 10**7
MOST = {"pixels": 10**9, "scores": 10**8}
ENGINES = {"lossbook": 0, "two processes": 2} # processes that are started; none: in this one


def chunks(n):
    "Random bytes, a chunk at a time: of pixels, and of what is noise in them."
    rng = np.random.default_rng(0)
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        yield slice(start, start + size), *rng.integers(0, 256, (2, size), np.uint8)


def draw(folder, pixels, scores):
    "Files of labels, four of five called right; and of scores, higher where the label is 1."
    shapes = {"truth": (np.uint8, pixels), "guess": (np.uint8, pixels), "positive": (np.uint8, scores), "score": (np.float32, scores)}
    truth, guess, positive, score = (
        np.lib.format.open_memmap(Path(folder, f"{name}.npy"), "w+", dtype, (n,)) for name, (dtype, n) in shapes.items())
    for rows, byte, noise in chunks(pixels):
        truth[rows] = byte % LABELS
        guess[rows] = np.where(noise < 51, noise % LABELS, truth[rows])
    for rows, byte, noise in chunks(scores):
        positive[rows] = byte < 77
        score[rows] = (noise + np.float32(1 / 256) * byte[::-1] + 60 * positive[rows]) / 320


def pixels(files, on):
    total = summarize(split_arrays(y_true=files["truth"], y_pred=files["guess"]), partial(ConfusionMatrix.from_labels, labels=LABELS), **on)
    return f"mean IoU {iou_score.of(total, average='macro'):.6f}"


def scores(files, on):
    total = summarize(split_arrays(y_true=files["positive"], y_score=files["score"]), partial(BinnedScores.from_scores, bins=4096), **on)
    return "AUC between {:.6f} and {:.6f}".format(*roc_auc_bounds.of(total))


def peak(_=None):
    "The most memory this process has held, in megabytes."
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(what, n, workers, folder):
    files = {path.stem: np.load(path, mmap_mode="r")[:n] for path in Path(folder).iterdir()}
    with ProcessPoolExecutor(workers, get_context("spawn")) if workers else nullcontext() as pool:
        started = time.perf_counter()
        answer = globals()[what](files, dict(on=pool, progress=n >= 10**8))
        seconds = time.perf_counter() - started
        most = max([peak(), *(pool.map(peak, range(4 * workers)) if pool else [])])
    print(json.dumps([seconds, most, answer]), file=sys.stderr) # the bar has the other stream


def answers():
    "Seconds and megabytes of each engine, as the data grow a hundredfold."
    with TemporaryDirectory() as folder:
        draw(folder, *MOST.values())
        for what, most in MOST.items():
            for n in (most // 100, most // 10, most):
                found = {engine: measured(what, n, workers, folder) for engine, workers in ENGINES.items()}
                assert len({answer for *_, answer in found.values()}) == 1, found # the same bits
                yield Answer(what, n, *({engine: each[i] for engine, each in found.items()} for i in (0, 1)))


def measured(what, n, workers, folder):
    "What a fresh process measures."
    command = [sys.executable, __file__, what, str(n), str(workers), folder]
    return json.loads(subprocess.run(command, check=True, stderr=subprocess.PIPE).stderr.splitlines()[-1])


if __name__ == "__main__":
    measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])

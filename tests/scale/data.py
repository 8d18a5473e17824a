"Partitions and summarizers for every summary, in functions that other processes can import."
import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from lossbook.detection.coco import DetectionMatches
from lossbook.ranking.ranked_scores import BinnedScores, RankedScores, rank_scores
from lossbook.regression.squared_error import squared_error
from lossbook.scale.metrics_that_add import Together
from lossbook.scale.partitions import split_arrays, split_coco
from lossbook.segmentation.panoptic import PanopticCounts
from lossbook.summaries import ConfusionMatrix, Moments, WeightedMean
from tools.book import ROOT

N, ROWS = 30_000, 2_900  # eleven partitions, the last of another length; long enough for BLAS to use threads if it may
DRAWINGS, IMAGES = ROOT / "nbs/detection/drawings", 19


def bits(x):
    "Everything that a summary holds, floats as their bytes."
    if isinstance(x, (np.ndarray, np.generic, int, float)):
        return np.asarray(x).dtype.str, np.shape(x), np.asarray(x).tobytes()
    if isinstance(x, dict):
        return {name: bits(value) for name, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [bits(value) for value in x]
    return bits(vars(x)) if hasattr(x, "__dict__") else x


def questions(y_true, y_pred):
    return Together(moments=Moments.from_values(y_true, y_pred), squares=WeightedMean.from_loss(squared_error, y_true, y_pred))


def every_summary():
    "Name to the partitions and the summarizer of a summary."
    rng = np.random.default_rng(0)
    labels, weight = rng.integers(0, 5, (2, N)).astype(np.uint8), rng.uniform(0.1, 2, N)
    values = rng.normal(1e9, 1, (2, N, 2))
    holes = np.where(rng.random((N, 3)) < 0.1, np.nan, rng.normal(size=(N, 3)))
    positive, scores, maps = rng.random(N) < 0.3, rng.normal(0.5, 0.2, (N, 5)), rng.integers(0, [3, 2], (2, 600, 4, 5, 2))
    pairs = dict(y_true=labels[0], y_pred=labels[1])
    prices = dict(y_true=values[0, :, 0], y_pred=values[1, :, 0])
    ranked = dict(y_true=positive, y_score=scores[:, 0])
    return {name: (parts if isinstance(parts, list) else split_arrays(rows=ROWS, **parts), summarizer) for name, parts, summarizer in [
        ("counts", pairs, partial(ConfusionMatrix.from_labels, labels=5)),
        ("weighted counts", {**pairs, "sample_weight": weight}, partial(ConfusionMatrix.from_labels, labels=5)),
        ("moments", prices, Moments.from_values),
        ("weighted moments of two outputs", dict(y_true=values[0], y_pred=values[1], sample_weight=weight), Moments.from_values),
        ("means with holes", dict(values=holes, sample_weight=weight), WeightedMean.from_values),
        ("a loss", prices, partial(WeightedMean.from_loss, squared_error)),
        ("ranking", ranked, RankedScores.from_scores),
        ("weighted ranking", {**ranked, "sample_weight": weight}, RankedScores.from_scores),
        ("ranking in bins", ranked, partial(BinnedScores.from_scores, bins=64)),
        ("rankings of classes", dict(y_true=labels[0], y_score=scores), partial(rank_scores, multiclass="ovr")),
        ("panoptic", split_arrays(y_true=maps[0], y_pred=maps[1], rows=58), partial(PanopticCounts.from_maps, labels=3)),
        ("detections", split_coco(DRAWINGS / "drawings.json", DRAWINGS / "yolo.json", images=IMAGES), DetectionMatches.from_objects),
        ("two at once", prices, questions),
    ]}


@dataclass
class Several:
    "Partitions that are read together."
    partitions: dict

    def read(self):
        return {"given": {name: part.read() for name, part in self.partitions.items()}}


def all_summaries(summarizers, given):
    return Together(**{name: summarizer(**given[name]) for name, summarizer in summarizers.items()})


def every_summary_at_once():
    "Partitions and a summarizer for all of them."
    every = every_summary()
    parts = zip(*(parts for parts, _ in every.values()), strict=True)
    summarizers = {name: summarizer for name, (_, summarizer) in every.items()}
    return [Several(dict(zip(every, each))) for each in parts], partial(all_summaries, summarizers)


# ---- partitions that behave badly


@dataclass
class Late:
    "A partition that comes after a while of its own."
    partition: object
    seconds: float

    def read(self):
        time.sleep(self.seconds)
        return self.partition.read()


@dataclass
class Deadly:
    "A partition whose reading kills the process: the first time, or every time. Each reading leaves a file."
    partition: object
    folder: str
    number: int
    kills: bool = False
    always: bool = False

    def read(self):
        first = not list(Path(self.folder).glob(f"{self.number}-*"))
        Path(self.folder, f"{self.number}-{time.time_ns()}").touch()
        if self.kills and (first or self.always):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.partition.read()

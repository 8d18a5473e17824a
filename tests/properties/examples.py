"""A good call of every public function that reads data: what laws are tried on, and what `tools.robustness` spoils.

A loss or a metric is found by itself; any other function has its data here, by the name it is public under.
"""
from atexit import register
from functools import cache
from inspect import signature
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Callable, NamedTuple

import numpy as np

import lossbook
from lossbook.core import Loss
from lossbook.detectors.yolo import Places
from lossbook.summaries import Metric
from tests.detection.test_files import RESULTS, TRUTH, VOC
from tests.properties.inputs import detr, make_call, mask_rcnn, metric_data, numbers, required, yolo

N, K = 140, 3  # examples, so many that sums are made in parts, and classes


class Example(NamedTuple):
    "A function with data by argument; a structured argument is a `NamedTuple` or a dict of arrays."
    name: str
    function: Callable
    data: dict
    options: dict

    def __call__(self): return self.function(**self.data, **self.options)

    def places(self):
        "Where each array or object stands: its argument, and its field or key or `None`."
        return [(argument, part) for argument, x in self.data.items() for part in parts_of(x)]

    def at(self, argument, part=None):
        x = self.data[argument]
        return x if part is None else x[part] if isinstance(x, dict) else getattr(x, part)

    def choices(self):
        "The names of the options, but for the axes of a picture."
        given = signature(self.function).parameters.values()
        return [p.name for p in given if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name not in (*self.data, "ax")]

    def choose(self, **options): return self._replace(options={**self.options, **options})

    def put(self, value, argument, part=None):
        "The same call with another value in one place."
        x = self.data[argument]
        whole = value if part is None else {**x, part: value} if isinstance(x, dict) else x._replace(**{part: value})
        return self._replace(data={**self.data, argument: whole})

    def map(self, change):
        "The same call with every array changed."
        for place in self.places():
            if isinstance(self.at(*place), np.ndarray): self = self.put(change(self.at(*place)), *place)
        return self


def parts_of(x):
    "The fields or keys of arrays that are given together, else `None` alone."
    held = x if isinstance(x, dict) else x._asdict() if hasattr(x, "_fields") else {}
    return list(held) if held and all(isinstance(y, np.ndarray) for y in held.values()) else [None]


def example(name, seed=0):
    "An example of a public function by its name, `ConfusionMatrix.from_labels` being one as well."
    first, *rest = name.split(".")
    function, rng = getattr(lossbook, first), np.random.default_rng(seed)
    for word in rest: function = getattr(function, word)
    if name in DATA:
        data = DATA[name](rng)
        options = data.pop("options", {})
    elif isinstance(function, Loss):
        call = make_call(function, seed, (N,), classes=K)
        data, options = dict(zip(function.inputs, call[1:3])), call.options
    elif isinstance(function, Metric):
        inputs = list(function.__signature__.parameters)[:2]
        data, options = dict(zip(inputs, metric_data(function, seed, N, K))), required(function)
    else: raise LookupError(f"{name} has no example: give it one in tests/properties/examples.py")
    return Example(name, function, data, options)


# ---- data of functions that are no losses and no metrics

def boxes(rng, n=N): return numbers(rng, "boxes", (n, 4), K)
def labels(rng, n=N): return np.append(rng.permutation(K), rng.integers(0, K, n - K))
def proba(rng, n=N): return rng.dirichlet(np.ones(K), n)
def logits(rng): return {"logits": rng.normal(0, 2, (N, K))}
def pixels(rng): return {name: (rng.random((5, 6)) < .4).astype("uint8") for name in ("y_true", "y_pred")}
def reals(rng): return {"y_true": rng.normal(0, 2, N), "y_pred": rng.normal(0, 2, N)}
def ranking(rng): return {"y_true": np.append([0, 1], rng.integers(0, 2, N - 2)), "y_score": rng.integers(0, 9, N)/8}
def forecasts(rng): return dict(zip(("y_true", "y_proba"), ranking(rng).values()))
def ranked(rng): return {"ranking": lossbook.rank_scores(*ranking(rng).values())}
def table(rng): return {"cm": lossbook.ConfusionMatrix.from_labels(labels(rng), labels(rng), labels=K)}
def image(rng): return {"proposals": boxes(rng), "boxes": boxes(rng, K), "labels": labels(rng, K)}
def answers(rng):
    corners, said = boxes(rng, 2)/40 + .2, detr(rng, ())[1]
    return {"boxes": corners, "labels": rng.integers(0, 2, 2), "y_pred": said}


def spread(rng):
    "Labels and logits that are right more often than not, and not always."
    y_true = labels(rng, 20)
    return {"y_true": y_true, "logits": 2*np.eye(K)[np.append(y_true[:-4], (y_true[-4:] + 1) % K)] + rng.normal(size=(20, K))}


def scene(rng):
    "Objects and detections of two images as dicts of arrays; each detection is near an object."
    truth = {"boxes": boxes(rng), "labels": labels(rng), "image_ids": np.arange(N) % 2}
    return {"ground_truth": truth, "detections": {**truth, "boxes": truth["boxes"] + rng.random((N, 1)), "scores": rng.integers(1, 9, N)/8}}


def read_scene(rng):
    truth, found = scene(rng).values()
    read = lossbook.evaluate_detections(truth, found).sources
    return dict(zip(("ground_truth", "detections"), read))


def only(kind, x): return kind(*(getattr(x, field) for field in kind._fields))


def regions(rng):
    truth, said = mask_rcnn(rng, (N,))
    return {"y_true": only(lossbook.FasterRcnnTargets, truth), "y_pred": only(lossbook.FasterRcnnPrediction, said)}


@cache
def folder(name, text):
    "A folder with one file, there as long as the process is."
    path = Path(mkdtemp(prefix="lossbook-"))
    register(rmtree, path)
    (path / name).write_text(text)
    return path


def grid(rng):
    "Two objects in two cells of a grid, and what a network said of it."
    low = np.array([[.1, .1], [.6, .6]]) + rng.random((2, 2))/20
    return {"boxes": np.concatenate([low, low + .2], axis=1), "labels": rng.integers(0, 3, 2), "y_pred": yolo(rng, ())[1]}


DATA = {
    "array_namespace": lambda rng: {},
    "assign_anchors": lambda rng: {"anchors": boxes(rng), "boxes": boxes(rng, K)},
    "balanced_class_weight": lambda rng: {"y_true": labels(rng)},
    "box_area": lambda rng: {"boxes": boxes(rng)},
    "box_iou": lambda rng: {"boxes_true": boxes(rng), "boxes_pred": boxes(rng)},
    "check_gradient": lambda rng: {"loss": lossbook.squared_error, **reals(rng)},
    "classification_report": table,
    "confuse_detections": read_scene,
    "convert_boxes": lambda rng: {"boxes": boxes(rng), "options": {"target": "cxcywh"}},
    "crop_masks": lambda rng: {"masks": (rng.random((K, 20, 20)) < .5).astype(float), "boxes": boxes(rng, K), "options": {"size": 2}},
    "decode_boxes": lambda rng: {"deltas": rng.normal(size=(N, 4)), "anchors": boxes(rng)},
    "detr_targets": answers,
    "encode_boxes": lambda rng: {"boxes": boxes(rng), "anchors": boxes(rng)},
    "evaluate_detections": scene,
    "faster_rcnn_loss": regions,
    "fit_temperature": spread,
    "html_report": lambda rng: {"evaluations": lossbook.evaluate_detections(**scene(rng))},
    "load_coco": lambda rng: {"source": TRUTH},
    "load_coco_results": lambda rng: {"source": RESULTS, "ground_truth": lossbook.load_coco(TRUTH)},
    "load_voc": lambda rng: {"folder": folder("a.xml", VOC)},
    "load_voc_results": lambda rng: {"folder": folder("dog.txt", "a .9 1 2 10 20"), "ground_truth": lossbook.load_voc(folder("a.xml", VOC))},
    "load_yolo": lambda rng: {"folder": folder("a.txt", "1 .5 .5 .2 .5"), "image_sizes": (50, 40), "names": ["cat", "dog"]},
    "load_yolo_results": lambda rng: {"folder": folder("a.txt", "1 .5 .5 .2 .5 .9"), "image_sizes": (50, 40),
                                      "ground_truth": lossbook.load_yolo(**DATA["load_yolo"](rng))},
    "label_metric": lambda rng: {"formula": lambda tp, fp: tp + fp},
    "log_softmax": logits,
    "loss": lambda rng: {"formula": lambda y_true, y_pred: (y_pred - y_true)**2},
    "match_boxes": answers,
    "match_detections": lambda rng: {"boxes_true": boxes(rng), "boxes_pred": boxes(rng), "scores": rng.integers(0, 9, N)/8},
    "non_maximum_suppression": lambda rng: {"boxes": boxes(rng), "scores": rng.integers(0, 9, N)/8},
    "one_vs_rest": table,
    "plot_boxes": lambda rng: {"boxes": boxes(rng, 9)},
    "plot_confusion_matrix": table,
    "plot_loss": lambda rng: {"loss": lossbook.huber_loss, "y_pred": rng.normal(0, 2, N)},
    "plot_mask": pixels,
    "plot_precision_recall": ranked,
    "plot_reliability": ranked,
    "plot_residuals": reals,
    "plot_roc": ranked,
    "metric": lambda rng: {"source": lossbook.Moments},
    "ranking_metric": lambda rng: {"formula": lambda tp, fp: tp},
    "rank_probabilities": forecasts,
    "rank_scores": ranking,
    "regression_report": lambda rng: {"summary": lossbook.Moments.from_values(*reals(rng).values())},
    "roi_targets": lambda rng: {**image(rng), "options": {"classes": K, "seed": 0}},
    "rpn_targets": lambda rng: {"anchors": boxes(rng), "boxes": boxes(rng, K), "options": {"seed": 0}},
    "sample_anchors": lambda rng: {"assigned": rng.integers(-2, K, N), "options": {"seed": 0}},
    "sigmoid": logits,
    "softmax": logits,
    "surface_distances": pixels,
    "top_forecasts": lambda rng: {"y_true": labels(rng), "y_proba": proba(rng)},
    "unweighted_proba": lambda rng: {"y_proba": proba(rng), "class_weight": rng.uniform(.5, 2, K)},
    "yolo_boxes": lambda rng: {"y_pred": only(Places, yolo(rng, ())[1])},
    "yolo_targets": grid,
    "BinnedScores.from_scores": lambda rng: {**ranking(rng), "options": {"bins": 4}},
    "ConfusionMatrix.from_labels": lambda rng: {"y_true": labels(rng), "y_pred": labels(rng), "options": {"labels": K}},
    "Masks.from_arrays": lambda rng: {"masks": rng.random((K, 4, 5)) < .5},
    "Moments.from_values": reals,
    "PanopticCounts.from_maps": lambda rng: {"y_true": rng.integers(0, 2, (2, 3, 4, 2)), "y_pred": rng.integers(0, 2, (2, 3, 4, 2)), "options": {"labels": 2}},
    "RankedScores.from_scores": ranking,
    "WeightedMean.from_values": lambda rng: {"values": rng.normal(size=(N, 2))},
}

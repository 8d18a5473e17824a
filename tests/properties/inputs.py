"""Random inputs for any loss and metric of the package, drawn by the names of their arguments.

Hypothesis draws shapes, options and a seed; NumPy draws the numbers, so that none lies on a kink but by chance.
"""
import inspect
import re
from ast import literal_eval
from importlib import import_module
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from lossbook.core import Loss, LossSum
from lossbook.detectors.faster_rcnn import RoiPrediction, RpnPrediction
from lossbook.detectors.mask_rcnn import MaskPrediction, MaskRcnnPrediction, MaskRcnnTargets
from lossbook.detectors.set_prediction import DetrPrediction, DetrTargets
from lossbook.detectors.yolo import YoloPrediction, YoloTargets
from lossbook.ranking.ranked_scores import RankedScores
from lossbook.segmentation.panoptic import PanopticCounts
from lossbook.summaries import ConfusionMatrix, LabelMetric, Metric, WeightedMean
from tests.properties.toys import TOYS
from tools.stub import public_modules

settings.register_profile("book", derandomize=True, deadline=None, max_examples=20, database=None)
settings.load_profile("book")


def walk(kind):
    "Every object of a class that a module of the package holds, by the name it is first found under."
    names = {}
    for module in public_modules():
        for name, value in vars(import_module(f"lossbook.{'.'.join(module.parts)}")).items():
            if isinstance(value, kind):
                names.setdefault(id(value), (name, value))
    return dict(names.values())


LOSSES, METRICS = walk(Loss), walk(Metric)
OF_AMOUNTS = {"squared_log_error"}  # losses that refuse numbers far below zero
OVER_CLASSES = [loss for loss in [*LOSSES.values(), *TOYS] if "class_weight" in loss.__signature__.parameters]
each_loss = pytest.mark.parametrize("loss", [*LOSSES.values(), *TOYS], ids=[*LOSSES, *(f"toy:{toy.__name__}" for toy in TOYS)])
each_loss_over_classes = pytest.mark.parametrize("loss", OVER_CLASSES, ids=[loss.__name__ for loss in OVER_CLASSES])
each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


# ---- what a function takes


def options_of(function):
    "The options of a loss or metric with their defaults."
    return {p.name: p.default for p in list(function.__signature__.parameters.values()) if p.kind == p.KEYWORD_ONLY}


def inputs_of(metric):
    "The names of a metric's inputs."
    return [p.name for p in metric.__signature__.parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]


def return_docment(function):
    "What the source of a loss or metric says of the value it returns."
    source = inspect.getsource(inspect.unwrap(function)) if hasattr(function, "__wrapped__") else ""
    return "".join(re.findall(r"^\): # (.*)", source, re.M))


def choices(call, name):
    "The choices of an option that takes a word, read off the sentence that refuses a wrong one."
    try:
        call(**{name: "no such word"})
    except ValueError as error:
        listed = re.fullmatch(rf"{name} is 'no such word': it must be (.*)", str(error))
        return [literal_eval(word) for word in re.split(", | or ", listed[1])] if listed else []


def formulas(loss):
    "The losses made from one formula that a loss adds up."
    return [formula for _, term in loss.parts for formula in formulas(term)] if isinstance(loss, LossSum) else [loss]


# ---- arrays by name


def numbers(rng, name, shape, classes):
    "Random numbers that an argument, or a field of one, may hold."
    if name.endswith("proba"):
        return rng.uniform(0.02, 0.98, shape)
    if name.endswith("labels"):
        return rng.integers(0, classes, shape)
    if name.endswith("weight"):
        return rng.uniform(0.1, 2.0, shape)
    if "boxes" in name:
        corner = rng.uniform(0, 5, (*shape[:-1], 2))  # any two overlap
        return np.concatenate([corner, corner + rng.uniform(6, 15, corner.shape)], axis=-1)
    return rng.normal(0, 2, shape)


def foreground(rng, shape, soft=True):
    "Zeros and ones in any dtype, or probabilities where they may be soft."
    dtype = rng.choice(["bool", "uint8", "int64", "float32", "float64", *["soft"] * soft])
    return rng.random(shape) if dtype == "soft" else (rng.random(shape) < 0.5).astype(dtype)


def example_shape(name, ndim, inner, classes, by_class):
    "The axes of one example: boxes end in 4 corners, scores over classes in as many as there are."
    last = 4 if "boxes" in name else classes if by_class and name.endswith(("proba", "logits", "score")) else None
    return (*inner[:ndim - 1], last) if last and ndim else inner[:ndim]


def structured(ndim, name, f):
    "`f(name, ndim)` for an argument, or for each field of a structured one."
    return type(ndim)(*(f(f"{name}.{field}", n) for field, n in zip(ndim._fields, ndim))) if hasattr(ndim, "_fields") else f(name, ndim)


# ---- calls of losses


class Call(NamedTuple):
    "One call of a loss: examples along the leading axes, classes last."
    loss: Loss
    y_true: object
    y_pred: object
    options: dict
    lead: tuple

    def __call__(self, **options):
        return self.loss(self.y_true, self.y_pred, **{**self.options, **options})

    def grad(self, **options):
        return self.loss.grad(self.y_true, self.y_pred, **{**self.options, **options})

    def map(self, f):
        "The same call with `f` of every array."
        weight = self.options.get("sample_weight")
        options = {**self.options, **({} if weight is None else {"sample_weight": f(weight)})}
        return self._replace(y_true=map_arrays(f, self.y_true), y_pred=map_arrays(f, self.y_pred), options=options)

    def with_options(self, **options):
        return self._replace(options={**self.options, **options})


def map_arrays(f, x):
    return type(x)(*map(f, x)) if hasattr(x, "_fields") else f(x)


def arrays_of(x):
    return list(x) if hasattr(x, "_fields") else [x]


def yolo(rng, lead):
    "Targets and prediction of a grid of 2 x 2 cells with two predictors and three classes, some cells empty."
    grid = (*lead, 2, 2)
    charge = rng.integers(0, 3, grid)  # predictor 0 or 1, or neither
    responsible = np.stack([charge == 0, charge == 1], axis=-1).astype(float)
    truth = YoloTargets(responsible, rng.random((*grid, 2)), rng.random((*grid, 2)), responsible*rng.random((*grid, 2)), rng.integers(0, 3, grid))
    return truth, YoloPrediction(*(rng.normal(size=(*grid, *last)) for last in [(2, 2), (2, 2), (2,), (3,)]))


def mask_rcnn(rng, lead):
    "Targets and prediction of three anchors and two proposals of two classes, with masks of 1 x 2; some count, some are background."
    sampled, objects, proposals = (rng.integers(0, 2, (*lead, n)).astype(float) for n in (3, 3, 2))
    truth = MaskRcnnTargets(sampled, objects, rng.normal(size=(*lead, 3, 4)), proposals, rng.integers(0, 3, (*lead, 2)),
                            rng.normal(size=(*lead, 2, 4)), rng.integers(0, 2, (*lead, 2, 1, 2)).astype(float))
    said = MaskRcnnPrediction(*(rng.normal(size=(*lead, *last)) for last in [(3,), (3, 4), (2, 3), (2, 2, 4), (2, 2, 1, 2)]))
    return truth, said


def detr(rng, lead):
    "Targets and prediction of four answers and two classes, some without an object; any two boxes overlap."
    def boxes(): return np.concatenate([rng.uniform(0.4, 0.6, (*lead, 4, 2)), rng.uniform(0.5, 0.9, (*lead, 4, 2))], axis=-1)
    return DetrTargets(rng.integers(0, 3, (*lead, 4)), boxes()), DetrPrediction(rng.normal(size=(*lead, 4, 3)), boxes())


def known_fields(loss, y_true, y_pred):
    "The fields that a loss knows, of structures that may have more; all of them for a sum of losses that know different ones."
    terms = formulas(loss)
    if len({type(term.pred_ndim) for term in terms}) > 1:
        return y_true, y_pred
    wanted = terms[0].true_ndim, terms[0].pred_ndim
    return tuple(type(ndim)(*(getattr(given, field) for field in ndim._fields)) for ndim, given in zip(wanted, (y_true, y_pred)))


# Truth and prediction whose fields share axes.
STRUCTURES = {YoloPrediction: yolo, DetrPrediction: detr, **dict.fromkeys([RpnPrediction, RoiPrediction, MaskPrediction], mask_rcnn)}


def make_call(loss, seed, lead, inner=(2, 3, 2), classes=3, soft=False, over="each"):
    "A call of a loss on random numbers; `soft` gives probabilities of classes in place of labels."
    rng, first = np.random.default_rng(seed), formulas(loss)[0]
    if draw_both := STRUCTURES.get(type(first.pred_ndim)):
        return Call(loss, *known_fields(loss, *draw_both(rng, lead)), {}, lead)
    true_name, pred_name = loss.inputs
    by_class = "class_axis" in options_of(loss)
    many = by_class or hasattr(first.pred_ndim, "_fields")

    def draw(name, ndim):
        drawn = numbers(rng, name, (*lead, *example_shape(name, ndim, inner, classes, many)), classes)
        return np.abs(drawn) if first.__name__ in OF_AMOUNTS else drawn

    y_pred = structured(first.pred_ndim, pred_name, draw)
    if by_class and pred_name.endswith("proba"):
        y_pred = y_pred / y_pred.sum(axis=-1, keepdims=True)
    if by_class:
        truth = rng.integers(0, classes, y_pred.shape[:-1])
        y_true = rng.dirichlet(np.ones(classes), y_pred.shape[:-1]) if soft else truth.astype(rng.choice(["uint8", "int32", "int64"]))
    elif pred_name.endswith(("proba", "logits", "score")) and true_name == "y_true" and not hasattr(first.true_ndim, "_fields"):
        y_true = foreground(rng, (*lead, *inner[:first.true_ndim]), soft=not pred_name.endswith("score"))
    else:
        y_true = structured(first.true_ndim, true_name, draw)
    return Call(loss, y_true, y_pred, {"over": over} if "over" in options_of(loss) else {}, lead)


IGNORED = 77


def of_labels(loss, seed, lead):
    "A call on labels of four classes with every option of labels: weights, smoothing where it can, the first one ignored."
    call = make_call(loss, seed, lead, classes=4)
    labels = call.y_true.astype(int)
    labels[(0,) * labels.ndim] = IGNORED
    weight = np.random.default_rng(seed).uniform(0.5, 3, 4)
    soft = {"label_smoothing": 0.2} if takes_soft_truth(loss) else {}
    return call._replace(y_true=labels).with_options(class_weight=weight, ignore_index=IGNORED, **soft)


def words(loss):
    "The options of a loss that take a word, each with its choices, but for those that `@loss` adds."
    call = make_call(loss, 0, (2,))
    named = [name for name, default in options_of(loss).items() if isinstance(default, str) and name not in loss.added]
    return {name: found for name in named if (found := choices(call, name))}


def takes_soft_truth(loss):
    "Whether a loss over classes takes probabilities for the truth."
    try:
        make_call(loss, 0, (2,), soft=True)()
    except (TypeError, ValueError, IndexError):
        return False
    return True


@st.composite
def calls(draw, loss, lead=None, over=None, weighted=None, class_axis=True):
    "Calls of a loss on random shapes, with random weights and choices."
    options, seed = options_of(loss), draw(st.integers(0, 2**32 - 1))
    lead = tuple(draw(st.lists(st.integers(1, 4), max_size=2))) if lead is None else lead
    inner = tuple(draw(st.lists(st.integers(1, 4), min_size=3, max_size=3)))
    over = (draw(st.sampled_from(["each", "all"])) if over is None else over) if "over" in options else "each"
    soft = "class_axis" in options and takes_soft_truth(loss) and draw(st.booleans())
    call = make_call(loss, seed, lead, inner, draw(st.integers(2, 4)), soft, over)
    picked = {name: draw(st.sampled_from(found)) for name, found in words(loss).items()}
    if draw(st.booleans()) if weighted is None else weighted:
        picked["sample_weight"] = np.random.default_rng(seed).uniform(0.1, 2, () if over == "all" else lead)
    call = call.with_options(**picked)
    return move_classes(call, draw(st.integers(-len(lead) - 1, len(lead)))) if class_axis and "class_axis" in options else call


def move_classes(call, axis):
    "The same call with its classes along another axis."
    def moved(y): return np.moveaxis(y, -1, axis)
    soft = np.ndim(call.y_true) == np.ndim(call.y_pred)
    return call._replace(y_true=moved(call.y_true) if soft else call.y_true, y_pred=moved(call.y_pred)).with_options(class_axis=axis)


# ---- data of metrics


def required(metric):
    "Values for the options of a metric that have no default."
    return {name: {"parameters": 1}[name] for name, default in metric.asks.items() if default is inspect.Parameter.empty}


def enough(metric, n):
    "`n`, or as many rows as a metric needs to have a value: two that may vary, five for a column fitted to weighted rows."
    return max(n, 5 if "parameters" in metric.asks else 2 if "missed" in metric.asks else 1)


def metric_words(metric):
    "The options of a metric that take a word, each with its choices; who stands first among ties depends on the order of examples."
    y_true, y_pred = metric_data(metric, 0, 5)
    named = [name for name, default in options_of(metric).items() if (isinstance(default, str) or name in ("average", "weights")) and not (metric.source is RankedScores and name == "ties")]
    return {name: found for name in named if (found := choices(lambda **options: metric(y_true, y_pred, **required(metric), **options), name))}


def metric_data(metric, seed, n, classes=3):
    "Truth and prediction of `n` examples for a metric, by what it summarises them in and by the names of its inputs."
    rng = np.random.default_rng(seed)
    if metric.source is ConfusionMatrix:
        shape = (n, *(3,) * metric.ndim) if isinstance(metric, LabelMetric) else (n,)
        return rng.integers(0, classes, shape), rng.integers(0, classes, shape)
    if metric.source is PanopticCounts:
        return rng.integers(0, [classes, 2], (n, 3, 4, 2)), rng.integers(0, [classes, 2], (n, 3, 4, 2))
    if metric.source is RankedScores:
        proba = rng.integers(0, 9, n) / 8  # with ties
        return rng.integers(0, 2, n), proba if inputs_of(metric)[-1] == "y_proba" else 10*proba - 5
    if metric.source is WeightedMean and inputs_of(metric)[-1] == "y_score":
        return rng.integers(0, classes, n), rng.integers(0, 3, (n, classes)) / 2  # with ties
    if metric.source is WeightedMean and "spacing" in options_of(metric):
        return rng.random((n, 3, 4)) < 0.2, rng.random((n, 3, 4)) < 0.2  # masks, some of them empty
    if metric.source is WeightedMean:
        return rng.integers(0, 2, (n, 2)), rng.integers(0, 2, (n, 2))  # rows of yes and no
    scored = inputs_of(metric)[-1].endswith(("proba", "logits", "score"))
    y_pred = numbers(rng, inputs_of(metric)[-1], n, classes)
    return foreground(rng, n) if scored else rng.normal(0, 2, n), y_pred


def flat(value):
    "All numbers of a value, of an array, or of a tuple of arrays such as a curve."
    return np.concatenate([np.ravel(part) for part in value]) if isinstance(value, tuple) else np.asarray(value)

"One small loss of each kind that `@loss` can make, so that the laws hold for kinds that no chapter uses yet."
from typing import NamedTuple

from array_api_compat import device

from lossbook.core import array_namespace, loss, one_of


class Found(NamedTuple):
    boxes: object
    logits: object


class Truth(NamedTuple):
    boxes: object
    labels: object


@loss
def odd_error(y_true, y_pred, *, unit=1.0, power="cube"):
    one_of(power, "power", ["line", "cube"])
    xp = array_namespace(y_true, y_pred)
    distance = xp.maximum(y_pred - y_true, y_true - y_pred) / unit
    return distance if power == "line" else distance**3


@odd_error.gradient
def _(y_true, y_pred, *, unit=1.0, power="cube"):
    one_of(power, "power", ["line", "cube"])
    xp = array_namespace(y_true, y_pred)
    error = (y_pred - y_true) / unit
    return (xp.sign(error) if power == "line" else 3*error*xp.maximum(error, -error)) / unit


@loss
def excess(y_true, y_pred, *, unit=1.0, margin=0.25):
    xp = array_namespace(y_true, y_pred)
    return xp.maximum((y_pred - y_true - margin) / unit, xp.zeros_like(y_pred))**2


@excess.gradient
def _(y_true, y_pred, *, unit=1.0, margin=0.25):
    xp = array_namespace(y_true, y_pred)
    return 2*xp.maximum((y_pred - y_true - margin) / unit, xp.zeros_like(y_pred)) / unit


@loss
def brier(y_true, y_proba):
    return (y_proba - y_true)**2


@brier.gradient
def _(y_true, y_proba):
    return 2*(y_proba - y_true)


def shares(y_true, logits):
    xp = array_namespace(logits)
    hot = xp.astype(xp.arange(logits.shape[-1], device=device(logits)) == y_true[..., None], logits.dtype) if y_true.ndim < logits.ndim else y_true
    powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return hot, powers / xp.sum(powers, axis=-1, keepdims=True)


@loss(pred_ndim=1, class_axis=-1)
def cross_entropy(y_true, logits):
    hot, share = shares(y_true, logits)
    xp = array_namespace(logits)
    return -xp.sum(hot * xp.log(share), axis=-1)


@cross_entropy.gradient
def _(y_true, logits):
    hot, share = shares(y_true, logits)
    return share * array_namespace(hot).sum(hot, axis=-1, keepdims=True) - hot


@loss(true_ndim=Truth(1, 0), pred_ndim=Found(1, 1))
def corners(y_true, y_pred):
    return array_namespace(y_pred.boxes).sum((y_pred.boxes - y_true.boxes)**2, axis=-1)


@corners.gradient
def _(y_true, y_pred):
    return Found(2*(y_pred.boxes - y_true.boxes), None)


@loss(true_ndim=Truth(1, 0), pred_ndim=Found(1, 1))
def classes(y_true, y_pred):
    return cross_entropy.formula(y_true.labels, y_pred.logits)


@classes.gradient
def _(y_true, y_pred):
    return Found(None, cross_entropy.derivative(y_true.labels, y_pred.logits))


@loss(true_ndim=1, pred_ndim=1)
def edges(boxes_true, boxes_pred):
    return array_namespace(boxes_true, boxes_pred).sum((boxes_pred - boxes_true)**2, axis=-1)


@edges.gradient
def _(boxes_true, boxes_pred):
    return 2*(boxes_pred - boxes_true)


detector = (corners + 0.5*classes).named("detector")
both = (odd_error + 2*excess.named("over")).named("both")
TOYS = [odd_error, excess, brier, cross_entropy, corners, edges, both, detector]

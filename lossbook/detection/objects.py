"""The objects of a set of images, true and detected: what the loaders give and the evaluation takes."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING: from .masks import Masks

__all__ = ["GroundTruth", "Detections"]


class GroundTruth(NamedTuple):
    "True objects, in the order of their file."
    images: np.ndarray # Ids of the images `(I,)`, rising: whole numbers or strings
    categories: np.ndarray # Ids of the categories `(K,)`, rising
    names: list[str] # Names of the categories
    image: np.ndarray # Of each object the place of its image in `images`, `(n,)`
    category: np.ndarray # The place of its category in `categories`, `(n,)`
    boxes: np.ndarray # x, y, width, height in pixels, float64 `(n, 4)`; NaN where only a mask is known
    area: np.ndarray # Area in square pixels, `(n,)`: it decides the size range
    crowd: np.ndarray # Whether it stands for a crowd of objects, bool `(n,)`
    ignored: np.ndarray # Whether it is neither to be found nor to be missed, bool `(n,)`; crowds always are
    masks: Masks | None = None # Masks of the objects, if they were asked for
    sizes: np.ndarray | None = None # Width and height of the images, `(I, 2)`, NaN where they are not known


class Detections(NamedTuple):
    "Detected objects, in the order of their file."
    image: np.ndarray # Of each detection the place of its image in the ground truth's `images`, `(m,)`
    category: np.ndarray # The place of its category in the ground truth's `categories`, `(m,)`
    scores: np.ndarray # The higher the surer, float64 `(m,)`
    boxes: np.ndarray # x, y, width, height in pixels, float64 `(m, 4)`; NaN where only a mask is known
    area: np.ndarray # Area in square pixels, `(m,)`: it decides the size range
    masks: Masks | None = None # Masks of the detections, if they were asked for

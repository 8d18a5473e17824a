"""Objects and detections from whatever they are given as: a file, its content, arrays, or read already."""
import os

import numpy as np

from .coco_files import check_boxes, check_known, load_coco, load_coco_results, places
from .faults import Faults
from .masks import Masks
from .objects import Detections, GroundTruth
from ..boxes.forms import convert_boxes

__all__ = []

TRUE_KEYS = ["boxes", "labels", "image_ids", "form", "area", "crowd", "ignored", "masks", "images", "categories", "names"]
PRED_KEYS = ["boxes", "scores", "labels", "image_ids", "form", "area", "masks"]


def read_ground_truth(
    source, # COCO file or its dict; dict of arrays with `boxes`, `labels`, `image_ids`; or `GroundTruth`
    kind="box", # What will be compared: `'box'` or `'mask'`
): # `GroundTruth`
    "True objects, checked."
    if isinstance(source, GroundTruth): return with_what(source, kind, "ground_truth")
    if isinstance(source, dict) and not {"images", "annotations"} & set(source) or is_arrays(source): return true_arrays(source, kind)
    if isinstance(source, (str, os.PathLike, dict)): return load_coco(source, kind=kind)
    raise TypeError(f"ground_truth is {type(source).__name__}: give a COCO file, its dict, GroundTruth, or a dict of arrays")


def read_detections(
    source, # COCO results or their list; dict of arrays with `boxes`, `scores`, `labels`, `image_ids`; or `Detections`
    ground_truth, # `GroundTruth`
    kind="box", # What will be compared: `'box'` or `'mask'`
    sizes="coco", # Area of a detected mask, as in `load_coco_results`
): # `Detections`
    "Detections, checked."
    if isinstance(source, Detections): return with_what(source, kind, "detections")
    if isinstance(source, dict): return pred_arrays(source, ground_truth, kind, sizes)
    if isinstance(source, (str, os.PathLike, list, np.ndarray)):
        return load_coco_results(source, ground_truth, kind=kind, sizes=sizes)
    raise TypeError(f"detections is {type(source).__name__}: give COCO results, their list, Detections, or a dict of arrays")


def is_arrays(source): return isinstance(source, dict) and "boxes" in source


def with_what(objects, kind, name):
    "Objects that hold what is to be compared."
    if kind == "box" or objects.masks is not None: return objects
    raise ValueError(f"{name} holds no masks: read it with kind='mask'")


def column(source, key, length, dtype=None):
    "One entry of a dict of arrays. `ValueError` unless it has one value an object."
    values = np.asarray(source[key]) if dtype is None else np.asarray(source[key], dtype)
    if values.shape == (length,): return values
    raise ValueError(f"{key} has shape {values.shape} where there are {length} boxes")


def check_keys(source, known, needed):
    "`ValueError` for a key that is not known, or one that lacks."
    if odd := [key for key in source if key not in known]:
        raise ValueError(f"{odd[0]!r} is no key of a dict of arrays: it may hold {', '.join(known)}")
    if lacking := [key for key in needed if key not in source]:
        raise ValueError(f"{lacking[0]!r} lacks in a dict of arrays: it needs {', '.join(needed)}")


def boxes_and_masks(source, kind):
    "Boxes as x, y, width, height, and masks, of a dict of arrays."
    masks = source.get("masks")
    if masks is not None and not isinstance(masks, Masks): masks = Masks.from_arrays(masks)
    if kind == "mask" and masks is None: raise ValueError("'masks' lacks in a dict of arrays: kind is 'mask'")
    if "boxes" not in source: return masks.boxes, masks
    boxes = np.asarray(source["boxes"], float).reshape(-1, 4) if len(source["boxes"]) else np.zeros((0, 4))
    return as_sides(boxes, source.get("form", "xyxy")), masks


def as_sides(boxes, form):
    "Boxes of any form as x, y, width, height."
    if form == "xywh": return boxes
    return convert_boxes(boxes, source=form, target="xywh")


def needed(kind, *others): return ["masks" if kind == "mask" else "boxes", *others]


def true_arrays(source, kind):
    "A dict of arrays as `GroundTruth`."
    check_keys(source, TRUE_KEYS, needed(kind, "labels", "image_ids"))
    boxes, masks = boxes_and_masks(source, kind)
    n, faults = len(boxes), Faults("ground_truth")
    labels, image_ids = column(source, "labels", n), column(source, "image_ids", n)
    images, categories = (known_ids(source, key, values) for key, values in (("images", image_ids), ("categories", labels)))
    labels, image_ids = labels.tolist(), image_ids.tolist()
    image, category = places(image_ids, images), places(labels, categories)
    def where(i): return f"object {i}"
    check_known(image, image_ids.__getitem__, where, "image_ids", "image", faults)
    check_known(category, labels.__getitem__, where, "labels", "category", faults)
    check_boxes(boxes, where, faults)
    area = column(source, "area", n, float) if "area" in source else masks.area.astype(float) if kind == "mask" else boxes[:, 2]*boxes[:, 3]
    faults.among(~((area >= 0) & (area < np.inf)), lambda i: f"{where(i)}, area", lambda i: f"it is {area[i]}, it must be finite, 0 or above")
    faults.check()
    crowd, ignored = (column(source, key, n, bool) if key in source else np.zeros(n, bool) for key in ("crowd", "ignored"))
    names = [str(name) for name in source.get("names", categories.tolist())]
    if len(names) != len(categories): raise ValueError(f"names holds {len(names)} names where there are {len(categories)} categories")
    return GroundTruth(images, categories, names, image, category, boxes, area, crowd, crowd | ignored, masks)


def known_ids(source, key, values):
    "Ids that are declared, or those that occur, sorted."
    ids = np.sort(np.asarray(source[key])) if key in source else np.sort(values)
    twice = ids[1:] == ids[:-1]
    if key in source and twice.any(): raise ValueError(f"{key} holds {ids[1:][twice][0].item()!r} twice")
    return ids[np.append(True, ~twice)[:len(ids)]]


def pred_arrays(source, truth, kind, sizes):
    "A dict of arrays as `Detections`."
    check_keys(source, PRED_KEYS, needed(kind, "scores", "labels", "image_ids"))
    boxes, masks = boxes_and_masks(source, kind)
    m, faults = len(boxes), Faults("detections")
    labels, image_ids = column(source, "labels", m).tolist(), column(source, "image_ids", m).tolist()
    scores = column(source, "scores", m, float)
    image, category = places(image_ids, truth.images), places(labels, truth.categories)
    def where(i): return f"detection {i}"
    check_known(image, image_ids.__getitem__, where, "image_ids", "image", faults)
    check_known(category, labels.__getitem__, where, "labels", "category", faults)
    faults.among(~np.isfinite(scores), lambda i: f"{where(i)}, scores", lambda i: f"it is {scores[i]}, it must be finite")
    check_boxes(boxes, where, faults)
    faults.check()
    by_mask = kind == "mask" and (sizes == "mask" or sizes == "coco" and "boxes" not in source)
    area = column(source, "area", m, float) if "area" in source else masks.area.astype(float) if by_mask else boxes[:, 2]*boxes[:, 3]
    return Detections(image, category, scores, boxes, area, masks)

"""Objects and detections from whatever they are given as: a file, its content, arrays, or read already."""
import os

import numpy as np
from array_api_compat import is_array_api_obj

from .coco_files import check_boxes, check_known, check_numbers, check_truth, load_coco, load_coco_results
from .coco_files import places, sizes_at, sizes_of
from .faults import Faults
from .masks import Masks
from .objects import Detections, GroundTruth
from ..boxes.forms import convert_boxes
from ..core import as_array, one_of
from ..summaries import in_memory

__all__ = []

TRUE_KEYS = ["boxes", "labels", "image_ids", "form", "area", "crowd", "ignored", "masks",
             "images", "categories", "names"]
PRED_KEYS = ["boxes", "scores", "labels", "image_ids", "form", "area", "masks"]


def read_ground_truth(
    source, # COCO file or its dict; dict of arrays `boxes`, `labels`, `image_ids`; or `GroundTruth`
    kind="box", # What will be compared: `'box'` or `'mask'`
): # `GroundTruth`
    "True objects, checked."
    one_of(kind, "kind", ["box", "mask"])
    if isinstance(source, GroundTruth): return with_masks(source, kind, "ground_truth")
    if isinstance(source, dict) and not is_coco(source): return true_arrays(source, kind)
    if isinstance(source, (str, os.PathLike, dict)): return load_coco(source, kind=kind)
    raise TypeError(f"ground_truth is {type(source).__name__}: "
                    "give a COCO file, its dict, GroundTruth, or a dict of arrays")


def read_detections(
    source, # COCO results or their list; dict of `boxes`, `scores`, `labels`, `image_ids`; or `Detections`
    ground_truth, # `GroundTruth`
    kind="box", # What will be compared: `'box'` or `'mask'`
    sizes="coco", # Area of a detected mask, as in `load_coco_results`
): # `Detections`
    "Detections, checked."
    check_truth(ground_truth)
    one_of(kind, "kind", ["box", "mask"])
    one_of(sizes, "sizes", ["coco", "box", "mask"])
    if isinstance(source, Detections): return of_images(with_masks(source, kind, "detections"), ground_truth)
    if isinstance(source, dict): return pred_arrays(source, ground_truth, kind, sizes)
    if isinstance(source, (str, os.PathLike, list, tuple, np.ndarray)):
        return load_coco_results(source, ground_truth, kind=kind, sizes=sizes)
    raise TypeError(f"detections is {type(source).__name__}: "
                    "give COCO results, their list, Detections, or a dict of arrays")


def is_coco(source):
    "Whether a dict is a dataset of COCO's rather than one of arrays."
    return "annotations" in source or "images" in source and "labels" not in source


def with_masks(objects, kind, name):
    "Objects that hold what is to be compared."
    if kind == "box" or objects.masks is not None: return objects
    raise ValueError(f"{name} holds no masks: read it with kind='mask'")


def of_images(detections, truth):
    "Detections whose images and categories the ground truth has."
    for name, known in (("image", truth.images), ("category", truth.categories)):
        if (most := getattr(detections, name).max(initial=-1)) >= len(known):
            raise ValueError(f"detections holds {name} {most} of a ground truth that has {len(known)}: "
                             "read it with this one")
    return detections


# ---- entries of a dict of arrays

def check_keys(source, known, needed):
    "`ValueError` for a key that is not known, or one that lacks."
    if odd := [key for key in source if key not in known]:
        raise ValueError(f"{odd[0]!r} is no key of a dict of arrays: it may hold {', '.join(known)}")
    if lacking := [key for key in needed if source.get(key) is None]:
        raise ValueError(f"{lacking[0]!r} lacks in a dict of arrays: it needs {', '.join(needed)}")


def needed(kind, *others): return ["masks" if kind == "mask" else "boxes", *others]


def of_length(values, key, length):
    "An array that has one value an object. `ValueError` unless it has."
    if values.shape == (length,): return values
    raise ValueError(f"{key} has shape {values.shape}: it must be ({length},)")


def numbers_in(source, key, length):
    "An entry of numbers, one an object."
    return of_length(np.asarray(as_array(in_memory(source[key], key), key), float), key, length)


def flags_in(source, key, length):
    "An entry of 0 and 1, one an object; all 0 where it lacks."
    values = numbers_in(source, key, length) if key in source else np.zeros(length)
    if not (odd := values[(values != 0) & (values != 1)]).size: return values == 1
    raise ValueError(f"{key} holds {odd[0]:g}: it must hold 0 and 1")


def ids_in(source, key, length=None):
    "An entry of whole numbers or strings, one an object unless no length is asked for."
    values = in_memory(source[key], key)
    given = values if is_array_api_obj(source[key]) else source[key]
    values = of_length(values, key, values.size if length is None else length)
    kind, words = values.dtype.kind, [isinstance(one, str) for one in given]
    if not words: return values.astype(np.int64)
    if kind == "U" and all(words): return values
    if kind in "iu" and values.max() < 2**63: return values.astype(np.int64)
    raise TypeError(f"{key} holds {'numbers and words' if any(words) else values.dtype}: "
                    "it must hold whole numbers, or strings")


def known_ids(source, key, values):
    "Ids that are declared, or those that occur, sorted."
    ids = np.sort(ids_in(source, key) if key in source else values)
    twice = ids[1:] == ids[:-1]
    if key in source and twice.any(): raise ValueError(f"{key} holds {ids[1:][twice][0].item()!r} twice")
    return ids[np.append(True, ~twice)[:len(ids)]]


def boxes_and_masks(source, kind):
    "Boxes as x, y, width, height, and masks, of a dict of arrays."
    masks = masks_in(source)
    if "boxes" not in source: return masks.boxes, masks
    boxes = np.asarray(as_array(in_memory(source["boxes"], "boxes"), "boxes"), float)
    if not boxes.size: boxes = boxes.reshape(-1, 4)
    if boxes.shape[1:] != (4,): raise ValueError(f"boxes has shape {boxes.shape}: it must be (n, 4)")
    if masks is not None and len(masks) != len(boxes):
        raise ValueError(f"masks holds {len(masks)} masks where there are {len(boxes)} boxes")
    return as_sides(boxes, source.get("form", "xyxy")), masks


def as_sides(boxes, form):
    "Boxes of any form as x, y, width, height."
    one_of(form, "form", ["xyxy", "xywh", "cxcywh"])
    return boxes if form == "xywh" else convert_boxes(boxes, source=form, target="xywh")


def masks_in(source):
    "Masks of a dict of arrays, `None` if there are none."
    masks = source.get("masks")
    if masks is None: return None
    if not isinstance(masks, Masks): return Masks.from_arrays(masks)
    if not masks.faults: return masks
    row, words = masks.faults[0]
    raise ValueError(f"masks has faults, the first in row {row}: {words}")


def check_sizes(masks, image, sizes, where, faults):
    "Note masks whose size is not that of their image, where it is known."
    own, wanted = masks.sizes, sizes_at(image, sizes)
    other = ((own != wanted) & ~np.isnan(wanted)).any(axis=1)
    faults.among(other, lambda i: where(i, "masks"),
                 lambda i: f"size is {own[i].tolist()} where its image has {[int(x) for x in wanted[i]]}")


def at(name): return lambda i, *field: ", ".join([f"{name} {i}", *field])


# ---- dicts of arrays

def true_arrays(source, kind):
    "A dict of arrays as `GroundTruth`."
    check_keys(source, TRUE_KEYS, needed(kind, "labels", "image_ids"))
    boxes, masks = boxes_and_masks(source, kind)
    n, faults, where = len(boxes), Faults("ground_truth"), at("object")
    labels, image_ids = ids_in(source, "labels", n), ids_in(source, "image_ids", n)
    images, categories = known_ids(source, "images", image_ids), known_ids(source, "categories", labels)
    image, category = placed(image_ids, images, labels, categories, where, faults)
    area = area_in(source, boxes, masks if kind == "mask" else None, where, faults)
    sizes = None if masks is None else sizes_by_mask(masks, image, len(images))
    if sizes is not None: check_sizes(masks, image, sizes, where, faults)
    faults.check()
    crowd, ignored = flags_in(source, "crowd", n), flags_in(source, "ignored", n)
    names = [str(name) for name in source.get("names", categories.tolist())]
    if len(names) != len(categories):
        raise ValueError(f"names holds {len(names)} names where there are {len(categories)} categories")
    return GroundTruth(images, categories, names, image, category, boxes, area, crowd, crowd | ignored,
                       masks, sizes)


def pred_arrays(source, truth, kind, sizes):
    "A dict of arrays as `Detections`."
    check_keys(source, PRED_KEYS, needed(kind, "scores", "labels", "image_ids"))
    boxes, masks = boxes_and_masks(source, kind)
    m, faults, where = len(boxes), Faults("detections"), at("detection")
    labels, image_ids = ids_in(source, "labels", m), ids_in(source, "image_ids", m)
    scores = numbers_in(source, "scores", m)
    image, category = placed(image_ids, truth.images, labels, truth.categories, where, faults)
    check_numbers(scores, where, "scores", faults)
    by_mask = kind == "mask" and (sizes == "mask" or sizes == "coco" and "boxes" not in source)
    area = area_in(source, boxes, masks if by_mask else None, where, faults)
    if masks is not None: check_sizes(masks, image, sizes_of(truth), where, faults)
    faults.check()
    return Detections(image, category, scores, boxes, area, masks)


def placed(image_ids, images, labels, categories, where, faults):
    "Places of images and of categories."
    image_ids, labels = image_ids.tolist(), labels.tolist()
    image, category = places(image_ids, images), places(labels, categories)
    check_known(image, image_ids, where, "image_ids", "image", faults)
    check_known(category, labels, where, "labels", "category", faults)
    return image, category


def area_in(source, boxes, masks, where, faults):
    "Area of each object: as it is given, else of its mask, else of its box."
    check_boxes(boxes, where, faults)
    if "area" not in source: return boxes[:, 2]*boxes[:, 3] if masks is None else masks.area.astype(float)
    area = numbers_in(source, "area", len(boxes))
    check_numbers(area, where, "area", faults, least=0)
    return area


def sizes_by_mask(masks, image, images):
    "Width and height of the images that have a mask."
    sizes = np.full((images, 2), np.nan)
    sizes[image[image >= 0]] = masks.sizes[image >= 0, ::-1]
    return sizes

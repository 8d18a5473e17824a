"""COCO's files: read whole, checked whole, typed.

A file that is right is decoded by msgspec in one pass, results in pieces of about a megabyte. One that is not takes a slower
road, record by record, on which all faults are found.
"""
import gc
import json
import mmap
import os
import re
import warnings
from contextlib import contextmanager
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Optional, Union

import msgspec
import numpy as np

from .faults import Faults
from .masks import Masks
from .objects import Detections, GroundTruth
from ..core import one_of

__all__ = ["load_coco", "load_coco_results"]

Id, Box = Union[int, str], tuple[float, float, float, float]


class Rle(msgspec.Struct, gc=False):
    "A mask as run lengths."
    size: tuple[int, int]
    counts: Union[str, list[int]]


Segmentation = Union[list[list[float]], Rle]


class Image(msgspec.Struct, gc=False):
    id: Id
    width: Optional[float] = None
    height: Optional[float] = None


class Category(msgspec.Struct, gc=False):
    id: Id
    name: str


class BoxAnnotation(msgspec.Struct, gc=False):
    image_id: Id
    category_id: Id
    bbox: Box
    id: Optional[Id] = None
    area: Optional[float] = None
    iscrowd: Union[bool, int] = 0


class MaskAnnotation(msgspec.Struct, gc=False):
    image_id: Id
    category_id: Id
    segmentation: Segmentation
    bbox: Optional[Box] = None
    id: Optional[Id] = None
    area: Optional[float] = None
    iscrowd: Union[bool, int] = 0


def result_type(kind, known):
    "What a result of a kind is made of, where ids are what the known ones are."
    one = int if known.images.dtype.kind == "i" else str, int if known.categories.dtype.kind == "i" else str
    fields = [("image_id", one[0]), ("category_id", one[1]), ("score", float)]
    compared = [("bbox", Box)] if kind == "box" else [("segmentation", Segmentation), ("bbox", Optional[Box], None)]
    return msgspec.defstruct("Result", fields + compared, gc=False)


ANNOTATION = {"box": BoxAnnotation, "mask": MaskAnnotation}
PARTS = {"images": Image, "categories": Category, "annotations": None}
DATASET = {kind: msgspec.defstruct("Dataset", [(part, list[each or ANNOTATION[kind]]) for part, each in PARTS.items()])
           for kind in ANNOTATION}
PIECE, CUT = 1 << 20, re.compile(rb"\}\s*,\s*\{")


# ---- files

@contextmanager
def content_of(path):
    "The bytes of a file, without reading more of it than is looked at; the garbage collector rests meanwhile."
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:  # empty, or a pipe
            yield file.read()
            return
        collecting = gc.isenabled()
        gc.disable()
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content: yield content
        finally:
            if collecting: gc.enable()


def pieces(content):
    "A list of objects in lists of about a megabyte. Where a cut hits a string or an inner object, the piece is no JSON."
    start, end = re.compile(rb"\s*\[").match(content), re.compile(rb"\]\s*\Z")
    if not start: raise msgspec.DecodeError("no list")
    at, stop = start.end(), len(content)
    tail = end.search(content, max(at, stop - 64))
    if not tail: raise msgspec.DecodeError("no end")
    while True:
        cut = CUT.search(content, at + PIECE) if at + PIECE < stop else None
        yield b"[" + content[at:cut.start() + 1 if cut else tail.start()] + b"]"
        if not cut: return
        at = cut.end() - 1


def is_path(source): return isinstance(source, (str, os.PathLike))


def parsed(content, faults):
    "A document as Python objects, NaN and infinity allowed; `InvalidAnnotations` if it is none."
    try: return json.loads(bytes(content))
    except json.JSONDecodeError as error:
        words = "it is empty" if not len(content) else f"it is no whole JSON, {error.msg.lower()}"
        faults.add(f"line {error.lineno}, column {error.colno}", words)
    except UnicodeDecodeError as error: faults.add(f"byte {error.start}", "it is no text in UTF-8")
    except (RecursionError, ValueError) as error: faults.add("the document", f"it cannot be read, {str(error).lower()}")
    faults.check()


def converted(records, kind, where, faults):
    "Records as structs of a kind; those that do not fit join the faults and are left out, with a number for each that stays."
    if not isinstance(records, list):
        faults.add(where(""), f"it is {type(records).__name__}, it must be a list")
        return [], np.zeros(0, int)
    kept, numbers = [], []
    for number, record in enumerate(records):
        try: kept.append(msgspec.convert(record, kind)); numbers.append(number)
        except (msgspec.ValidationError, OverflowError) as error: faults.add(*in_words(error, where(number)))
    return kept, np.array(numbers, int)


def in_words(error, where):
    "Where and what, of a sentence of msgspec."
    words, _, path = str(error).replace("`", "").partition(" - at $")
    missing = re.fullmatch(r"Object missing required field (\w+)", words)
    if missing: return f"{where}, {missing[1]}", "it is missing"
    return f"{where}{', ' if path else ''}{path.lstrip('.')}", words[0].lower() + words[1:]


# ---- checks that every file shares

TABLE = 1 << 22  # span of ids up to which their places are looked up in a table


def places(ids, known):
    "The place of each id among sorted ones, -1 for one that is not there."
    if known.dtype.kind != "i" or not len(known) or not set(map(type, ids)) <= {int}: return by_name(ids, known)
    try: return by_number(np.fromiter(ids, np.int64, len(ids)), known)
    except OverflowError: return by_name(ids, known)


def by_number(values, known):
    "`places` of an array of whole numbers among such."
    if not len(known): return np.full(len(values), -1, np.int32)
    if known[-1] - known[0] >= TABLE:
        place = np.minimum(np.searchsorted(known, values), len(known) - 1)
        return np.where(known[place] == values, place, -1).astype(np.int32)
    table = np.full(known[-1] - known[0] + 2, -1, np.int32)
    table[known - known[0]] = np.arange(len(known))
    return table[np.where((values >= known[0]) & (values <= known[-1]), values - known[0], -1)]


def by_name(ids, known):
    "`places` of ids that may be words."
    place = {name: at for at, name in enumerate(known.tolist())}
    return np.fromiter((place.get(one, -1) for one in ids), np.int32, len(ids))


def places_in(records, name, known):
    "`places` of an id that records hold, of the type of the known ones."
    if known.dtype.kind != "i": return by_name(list(map(attrgetter(name), records)), known)
    try: return by_number(np.fromiter(map(attrgetter(name), records), np.int64, len(records)), known)
    except OverflowError: return by_name(list(map(attrgetter(name), records)), known)


def boxes_of(records):
    "The boxes of records, `(n, 4)`, NaN where a record has none; and which have one."
    boxes = list(map(attrgetter("bbox"), records))
    given = np.ones(len(boxes), bool)
    if None in boxes:
        given = np.array([box is not None for box in boxes])
        boxes = [box or (np.nan,)*4 for box in boxes]
    return np.fromiter(chain.from_iterable(boxes), float, 4*len(boxes)).reshape(-1, 4), given


HUGE = 1e100  # a side whose square is no number any more


def check_boxes(boxes, where, faults):
    "Note boxes that are none."
    finite = (np.abs(boxes) < HUGE).all(axis=1)
    faults.among(~finite, lambda i: f"{where(i)}, bbox", lambda i: f"it holds {boxes[i].tolist()}, it must be finite")
    for side, name in ((2, "width"), (3, "height")):
        faults.among(finite & (boxes[:, side] < 0), lambda i: f"{where(i)}, bbox",
                     lambda i: f"{name} is {boxes[i, side]:g}, it must be 0 or above")


def check_corners(boxes, image, sizes, faults):
    """Note that a file seems to hold corners: twenty boxes or more, all of which lie inside of their image when read as x1, y1, x2, y2,
    while half of them reach out of it by more than a pixel when read as x, y, width, height."""
    if (boxes[:, 2] <= boxes[:, 0]).any(): return
    known = (image >= 0) & np.isfinite(boxes).all(axis=1)
    boxes, size = boxes[known], sizes[image[known]]
    if len(boxes) < 20 or not np.isfinite(size).all(): return
    corners = (boxes[:, 2:] > boxes[:, :2]) & (boxes[:, 2:] <= size + 1) & (boxes[:, :2] >= -1)
    out = (boxes[:, :2] + boxes[:, 2:] > size + 1).any(axis=1)
    if corners.all() and 2*out.sum() >= len(out):
        faults.add("bbox", f"{out.sum()} of {len(out)} boxes reach out of their image and no box would as corners, "
                   "they must be x, y, width, height")


def check_known(place, id_of, where, name, what, faults):
    "Note ids that nothing is known of."
    faults.among(place < 0, lambda i: f"{where(i)}, {name}", lambda i: f"{id_of(i)!r} is no {what} of the ground truth")


def segmentations_of(records, image, sizes, where, faults):
    "What stands in the masks of records; a size that is not that of the image joins the faults."
    found = list(map(attrgetter("segmentation"), records))
    own = np.array([one.size if isinstance(one, Rle) else (-1, -1) for one in found], float).reshape(-1, 2)
    wanted = np.where((image < 0)[:, None], 1, sizes[image])[:, ::-1] if len(sizes) else np.ones((len(image), 2))
    usable = ((wanted >= 1) & (wanted < 1 << 24) & (np.floor(wanted) == wanted)).all(axis=1)
    faults.among(~usable, where, lambda i: f"its image has height and width {wanted[i].tolist()}, a mask needs whole numbers")
    other = usable & (image >= 0) & (own[:, 0] >= 0) & (own != wanted).any(axis=1)
    faults.among(other, lambda i: f"{where(i)}, segmentation",
                 lambda i: f"size is {list(map(int, own[i]))} where its image has {list(map(int, wanted[i]))}")
    return [one.counts if isinstance(one, Rle) else one for one in found]


def masks_of(segmentations, image, sizes, where, faults):
    "Masks as `Masks`; nothing is built before all else is right."
    faults.check()
    masks = Masks.from_coco(segmentations, sizes[image][:, ::-1])
    for row, words in masks.faults: faults.add(f"{where(row)}, segmentation", words)
    faults.check()
    return masks


# ---- ground truth

def load_coco(
    source, # Path of a JSON file, or what stands in it
    *,
    kind="box", # What will be compared: `'box'` needs `bbox`, `'mask'` needs `segmentation`
): # `GroundTruth`; an object without `iscrowd` is no crowd, one without `area` has that of its mask or box
    "True objects as COCO writes them. `InvalidAnnotations` counts all faults, `OSError` if there is no file."
    one_of(kind, "kind", ["box", "mask"])
    name = Path(source).name if is_path(source) else "ground truth"
    faults, numbers = Faults(name), None
    try:
        if is_path(source):
            with content_of(source) as content: data = msgspec.json.decode(content, type=DATASET[kind])
        else: data = msgspec.convert(source, DATASET[kind])
        parts = [getattr(data, part) for part in PARTS]
    except (msgspec.MsgspecError, OverflowError, UnicodeDecodeError, RecursionError):
        parts, numbers = slowly(source, kind, faults)
    return objects_of(*parts, kind, numbers, faults)


def slowly(source, kind, faults):
    "The parts of a ground truth record by record, and the number that each annotation has in its file."
    if is_path(source):
        with content_of(source) as content: source = parsed(content, faults)
    if not isinstance(source, dict):
        faults.add("the document", f"it is {type(source).__name__}, it must be an object with images, categories, annotations")
        faults.check()
    parts = []
    for part, each in PARTS.items():
        if part in source: parts.append(converted(source[part], each or ANNOTATION[kind], lambda i: f"{part}[{i}]".replace("[]", ""), faults))
        else:
            faults.add(part, "it is missing")
            parts.append(([], np.zeros(0, int)))
    return [records for records, _ in parts], parts[-1][1]


def ids_of(records, part, faults):
    "The ids of records, sorted, and their order; an id that stands twice is a fault."
    ids = [record.id for record in records]
    words = sum(isinstance(one, str) for one in ids)
    if words not in (0, len(ids)): faults.add(part, "some ids are numbers and some are words, they must be of one kind")
    try: values = np.array(ids if not words else [str(one) for one in ids], None if words else np.int64)
    except OverflowError:
        faults.add(part, "an id is too great, it must fit 64 bits")
        values = np.zeros(len(ids), np.int64)
    order = np.argsort(values, kind="stable")
    again = order[1:][values[order[1:]] == values[order[:-1]]]
    for row in np.sort(again): faults.add(f"{part}[{row}].id", f"{ids[row]!r} stands twice")
    return values[order], order


def objects_of(images, categories, annotations, kind, numbers, faults):
    "Checked records as `GroundTruth`."
    image_ids, image_order = ids_of(images, "images", faults)
    category_ids, category_order = ids_of(categories, "categories", faults)
    def where(i): return f"annotations[{i if numbers is None else numbers[i]}]"
    ids = [list(map(attrgetter(name), annotations)) for name in ("image_id", "category_id")]
    image, category = (places(own, known) for own, known in zip(ids, (image_ids, category_ids)))
    check_known(image, ids[0].__getitem__, where, "image_id", "image", faults)
    check_known(category, ids[1].__getitem__, where, "category_id", "category", faults)
    sizes = np.array([[np.nan if side is None else side for side in (images[row].width, images[row].height)] for row in image_order])
    sizes, (boxes, given) = sizes.reshape(-1, 2), boxes_of(annotations)
    check_boxes(np.where(given[:, None], boxes, 0), where, faults)
    check_corners(boxes, image, sizes, faults)
    segmentations = segmentations_of(annotations, image, sizes, where, faults) if kind == "mask" else None
    area = np.array([np.nan if record.area is None else record.area for record in annotations], float)
    absent = np.array([record.area is None for record in annotations], bool)
    faults.among(~absent & ~((area >= 0) & (area < np.inf)), lambda i: f"{where(i)}.area",
                 lambda i: f"it is {area[i]:g}, it must be finite, 0 or above")
    crowd = np.array([record.iscrowd for record in annotations], float)
    faults.among((crowd != 0) & (crowd != 1), lambda i: f"{where(i)}.iscrowd", lambda i: f"it is {crowd[i]:g}, it must be 0 or 1")
    faults.check()
    masks = masks_of(segmentations, image, sizes, where, faults) if kind == "mask" else None
    area = np.where(absent, masks.area if kind == "mask" else boxes[:, 2]*boxes[:, 3], area)
    tell_twins(annotations, faults.source)
    return GroundTruth(image_ids, category_ids, [categories[row].name for row in category_order], image, category,
                       boxes, area, crowd == 1, crowd == 1, masks, sizes)


def tell_twins(annotations, source):
    "Warn of annotations that share an id: pycocotools takes them for one, here each is an object."
    ids = [record.id for record in annotations if record.id is not None]
    if twins := len(ids) - len(set(ids)):
        warnings.warn(f"{source}: {twins} annotations have an id that stood before; each is an object of its own", stacklevel=4)


# ---- results

def load_coco_results(
    source, # Path of a JSON file, the list in it, or an array `(m, 7)`: image id, x, y, width, height, score, category id
    ground_truth, # `GroundTruth`, which knows images and categories
    *,
    kind="box", # What will be compared: `'box'` needs `bbox`, `'mask'` needs `segmentation`
    sizes="coco", # Area of a detected mask: `'box'`, `'mask'`; `'coco'`: of its box if the first record has one
): # `Detections`
    "Detections as COCO writes them. `InvalidAnnotations` counts all faults, `OSError` if there is no file."
    one_of(kind, "kind", ["box", "mask"])
    one_of(sizes, "sizes", ["coco", "box", "mask"])
    if isinstance(source, np.ndarray): source = records_of(source)
    faults = Faults(Path(source).name if is_path(source) else "results")
    try:
        if is_path(source): parts = read_pieces(source, ground_truth, kind, faults)
        else: parts = [columns(msgspec.convert(source, list[result_type(kind, ground_truth)]), ground_truth, kind, faults)]
    except (msgspec.MsgspecError, OverflowError, UnicodeDecodeError, RecursionError):
        faults = Faults(faults.source)
        if is_path(source):
            with content_of(source) as content: source = parsed(content, faults)
        kept, numbers = converted(source, result_type(kind, ground_truth), lambda i: f"record {i}" if i != "" else "the document", faults)
        parts = [columns(kept, ground_truth, kind, faults, numbers)]
    image, category, scores, boxes, segmentations = zip(*parts)
    image, category, scores, boxes = map(np.concatenate, (image, category, scores, boxes))
    if ground_truth.sizes is not None: check_corners(boxes, image, ground_truth.sizes, faults)
    faults.check()
    area = boxes[:, 2]*boxes[:, 3]
    if kind == "box": return Detections(image, category, scores, boxes, area)
    def where(i): return f"record {i}"
    masks = masks_of(list(chain.from_iterable(segmentations)), image, ground_truth.sizes, where, faults)
    if sizes == "mask" or sizes == "coco" and np.isnan(boxes[:1]).all(): area = masks.area.astype(float)
    elif np.isnan(area).any(): area = np.where(np.isnan(area), np.prod(masks.boxes[:, 2:], axis=1), area)
    return Detections(image, category, scores, boxes, area, masks)


def records_of(array):
    "Rows of image id, x, y, width, height, score and category id as records."
    if array.ndim != 2 or array.shape[1] != 7:
        raise ValueError(f"results has shape {array.shape}: it must be (m, 7), image id, x, y, width, height, score, category id")
    whole = array[:, [0, 6]].astype(np.int64).tolist()
    return [{"image_id": image, "bbox": row[:4], "score": row[4], "category_id": category}
            for (image, category), row in zip(whole, array[:, 1:6].tolist())]


def read_pieces(path, truth, kind, faults):
    "Columns of a results file, a piece at a time."
    decoder, parts, number = msgspec.json.Decoder(list[result_type(kind, truth)]), [], 0
    with content_of(path) as content:
        for piece in pieces(content):
            records = decoder.decode(piece)
            parts.append(columns(records, truth, kind, faults, range(number, number + len(records))))
            number += len(records)
    return parts


def columns(records, truth, kind, faults, numbers=None):
    "Places of images and categories, scores, boxes and segmentations of results; `numbers` are their places in the file."
    def where(i): return f"record {i if numbers is None else numbers[i]}"
    image, category = places_in(records, "image_id", truth.images), places_in(records, "category_id", truth.categories)
    check_known(image, lambda i: records[i].image_id, where, "image_id", "image", faults)
    check_known(category, lambda i: records[i].category_id, where, "category_id", "category", faults)
    scores, (boxes, given) = np.fromiter(map(attrgetter("score"), records), float, len(records)), boxes_of(records)
    faults.among(~np.isfinite(scores), lambda i: f"{where(i)}, score", lambda i: f"it is {scores[i]}, it must be finite")
    check_boxes(np.where(given[:, None], boxes, 0), where, faults)
    found = segmentations_of(records, image, truth.sizes, where, faults) if kind == "mask" else []
    return image, category, scores, boxes, found

"COCO's files: read whole, checked whole, typed."
# A file that is right is decoded by msgspec in one pass, results in pieces that a processor's cache holds, or
# as columns if they are all alike. One that is not takes a slower road, record by record, on which all faults are found.
import gc
import json
import mmap
import os
import re
import warnings
from collections.abc import Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Annotated, NamedTuple, Optional, Union

import msgspec
import numpy as np

from .faults import Faults
from .masks import Masks
from .objects import Detections, GroundTruth
from .regular import columns_of
from ..core import one_of

__all__ = ["load_coco", "load_coco_results"]

Id, Box = Union[int, str], tuple[float, float, float, float]
Side = Annotated[int, msgspec.Meta(le=1 << 53)]


class Rle(msgspec.Struct, gc=False):
    "A mask as run lengths."
    size: tuple[Side, Side]
    counts: Union[str, list[int]]


Segmentation = Union[list[list[float]], Rle]


class Image(msgspec.Struct, gc=False):
    id: Id
    width: Optional[float] = None
    height: Optional[float] = None


class Category(msgspec.Struct, gc=False):
    id: Id
    name: str


class Annotation(msgspec.Struct, gc=False, kw_only=True):
    image_id: Id
    category_id: Id
    id: Optional[Id] = None
    area: Optional[float] = None
    iscrowd: Union[bool, int] = 0


class BoxAnnotation(Annotation, kw_only=True):
    bbox: Box


class MaskAnnotation(Annotation, kw_only=True):
    segmentation: Segmentation
    bbox: Optional[Box] = None


def result_type(kind, known):
    "What a result of a kind is made of, where ids are what the known ones are."
    image, category = (int if ids.dtype.kind == "i" else str for ids in (known.images, known.categories))
    fields = [("image_id", image), ("category_id", category), ("score", float)]
    compared = [("bbox", Box)]
    if kind == "mask": compared = [("segmentation", Segmentation), ("bbox", Optional[Box], None)]
    return msgspec.defstruct("Result", fields + compared, gc=False)


RECORDS = {kind: {"images": Image, "categories": Category, "annotations": annotation}
           for kind, annotation in (("box", BoxAnnotation), ("mask", MaskAnnotation))}
DATASET = {kind: msgspec.defstruct("Dataset", [(part, list[each]) for part, each in parts.items()])
           for kind, parts in RECORDS.items()}


# ---- files

PIECE, CUT = 1 << 19, re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\{")
START, END = re.compile(rb"[ \t\r\n]*\["), re.compile(rb"\][ \t\r\n]*\Z")
UNREADABLE = msgspec.MsgspecError, OverflowError, UnicodeError, RecursionError


def is_path(source): return isinstance(source, (str, os.PathLike))


def is_text(content): return isinstance(content, (bytes, mmap.mmap))


@contextmanager
def content_of(path):
    "The bytes of a file, of which no more is read than is looked at; the garbage collector rests meanwhile."
    keep_freed_memory()
    collecting = gc.isenabled()
    gc.disable()
    try:
        with open(path, "rb") as file:
            if not os.fstat(file.fileno()).st_size: yield file.read()  # a pipe, or nothing
            else:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content: yield content
    finally:
        if collecting: gc.enable()


def keep_freed_memory():
    """Have freed memory used again. glibc hands it back to the system and asks for it anew, page by page, but for
    twice the size of the largest block that it has seen freed, of up to 32 MB: mallopt(3), M_MMAP_THRESHOLD."""
    np.empty(31 << 20, np.uint8)


def opened(source): return content_of(source) if is_path(source) else nullcontext(source)


def typed(content, kind):
    "A document as what it should be. Raises one of `UNREADABLE` unless it is."
    return msgspec.json.decode(content, type=kind) if is_text(content) else msgspec.convert(content, kind)


def parsed(content, faults):
    "A document as Python objects, NaN and infinity allowed; `InvalidAnnotations` if it is none."
    if not is_text(content): return content
    try: return json.loads(bytes(content))
    except json.JSONDecodeError as error:
        words = f"it is no whole JSON, {error.msg.lower()}" if len(content) else "it is empty"
        faults.add(f"line {error.lineno}, column {error.colno}", words)
    except UnicodeDecodeError as error: faults.add(f"byte {error.start}", "it is no text in UTF-8")
    except (RecursionError, ValueError) as error:
        faults.add("the document", f"it cannot be read, {str(error).lower()}")
    faults.check()


def pieces(content):
    """A list of objects in lists of about `PIECE` bytes. It is cut between `}` and `{`: where that is inside
    of a string or of an inner list, the piece is no JSON, so no cut goes wrong unseen."""
    start = START.match(content)
    tail = start and END.search(content, max(start.end(), len(content) - 64))
    if not tail: raise msgspec.DecodeError("no list")
    at, stop = start.end(), tail.start()
    while cut := CUT.search(content, at + PIECE, stop):
        yield b"".join((b"[", content[at:cut.start() + 1], b"]"))
        at = cut.end() - 1
    yield b"[" + content[at:stop] + b"]"


# ---- records

class Part(NamedTuple):
    "Records of a list that are of their type."
    records: list
    numbers: Sequence[int] # The number of each in the list
    whole: bool = True # Whether none was left out


def in_list(name):
    "Function of the number of a record in a list, and of a field: where that is."
    return lambda number, *field: ".".join([f"{name}[{number}]", *field])


def in_results(number, *field):
    "Where a field of a result is."
    return ", ".join([f"record {number}", *field])


def of_part(where, part):
    "Function of the place of a record in a `Part`, and of a field: where that is."
    return lambda i, *field: where(part.numbers[i], *field)


def converted(records, kind, name, where, faults):
    "`Part` of the records that are of a kind; the others join the faults."
    if not isinstance(records, (list, tuple)):
        faults.add(name, f"it is {type(records).__name__}, it must be a list")
        return Part([], [], whole=False)
    kept, numbers = [], []
    for number, record in enumerate(records):
        try: kept.append(as_struct(record, kind))
        except UNREADABLE as error: faults.add(*in_words(error, where, number))
        else: numbers.append(number)
    return Part(kept, numbers, whole=len(kept) == len(records))


def as_struct(record, kind):
    "A record as a struct. One that was made in Python may hold what JSON does not, of NumPy or in bytes."
    try: return msgspec.convert(record, kind)
    except UNREADABLE:
        if not isinstance(record, dict): raise
        fields = {name: plain(record[name]) for name in kind.__struct_fields__ if name in record}
        return msgspec.convert(fields, kind)


def plain(value):
    "A value as JSON would hold it."
    if isinstance(value, dict): return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)): return list(map(plain, value))
    if isinstance(value, bytes): return value.decode("ascii", "replace")
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def in_words(error, where, number):
    "Where and what, of a sentence of msgspec."
    words, _, path = str(error).replace("`", "").partition(" - at $")
    path, missing = path.lstrip("."), re.fullmatch(r"Object missing required field (\w+)", words)
    if missing: return where(number, ".".join(filter(None, [path, missing[1]]))), "it is missing"
    return where(number, *filter(None, [path])), words[0].lower() + words[1:]


TABLE = 1 << 22  # span of ids up to which their places are looked up in a table


def places(ids, known):
    "The place of each id among sorted ones, -1 for one that is not there."
    if known.dtype.kind != "i" or not set(map(type, ids)) <= {int}: return by_name(ids, known)
    try: return by_number(np.fromiter(ids, np.int64, len(ids)), known)
    except OverflowError: return by_name(ids, known)


def by_number(values, known):
    "`places` of an array of whole numbers among such."
    if not len(known): return np.full(len(values), -1, np.int32)
    if int(known[-1]) - int(known[0]) >= TABLE:
        place = np.minimum(np.searchsorted(known, values), len(known) - 1)
        return np.where(known[place] == values, place, -1).astype(np.int32)
    table = np.full(known[-1] - known[0] + 2, -1, np.int32)
    table[known - known[0]] = np.arange(len(known))
    return table[np.where((values >= known[0]) & (values <= known[-1]), values - known[0], -1)]


def by_name(ids, known):
    "`places` of ids that may be words."
    place = {name: at for at, name in enumerate(known.tolist())}
    return np.fromiter((place.get(one, -1) for one in ids), np.int32, len(ids))


def places_of(ids, known):
    "`places` of ids of the type of the known ones."
    if known.dtype.kind == "i":
        if isinstance(ids, np.ndarray): return by_number(ids, known)
        try: return by_number(np.fromiter(ids, np.int64, len(ids)), known)
        except OverflowError: pass  # one needs more than 64 bits
    return by_name(ids, known)


def numbers_in(records, name):
    "A number of each record, NaN where it has none; and which have one."
    values = np.fromiter(map(attrgetter(name), records), float, len(records))
    given = ~np.isnan(values)
    if not given.all(): given = np.array([getattr(record, name) is not None for record in records])
    return values, given


def boxes_of(records):
    "The boxes of records, `(n, 4)`, NaN where a record has none; and which have one."
    boxes, n = map(attrgetter("bbox"), records), len(records)
    try: return np.fromiter(chain.from_iterable(boxes), float, 4*n).reshape(n, 4), np.ones(n, bool)
    except TypeError: boxes = list(map(attrgetter("bbox"), records))
    given = np.array([box is not None for box in boxes])
    return np.array([box or (np.nan,)*4 for box in boxes]), given


# ---- checks

HUGE = 1e100  # a side whose square is no number any more


def check_truth(ground_truth):
    "`TypeError` unless something is a `GroundTruth`."
    if isinstance(ground_truth, GroundTruth): return
    raise TypeError(f"ground_truth is {type(ground_truth).__name__}: it must be GroundTruth, from a loader")


def check_boxes(boxes, where, faults):
    "Note boxes that are none."
    if np.abs(boxes).max(initial=0) < HUGE and boxes[:, 2:].min(initial=0) >= 0: return
    finite = (np.abs(boxes) < HUGE).all(axis=1)
    faults.among(~finite, lambda i: where(i, "bbox"),
                 lambda i: f"it holds {boxes[i].tolist()}, it must be finite")
    for side, name in ((2, "width"), (3, "height")):
        faults.among(finite & (boxes[:, side] < 0), lambda i: where(i, "bbox"),
                     lambda i: f"{name} is {boxes[i, side]:g}, it must be 0 or above")


def check_corners(boxes, image, sizes, faults):
    """Note that a file seems to hold corners: twenty boxes or more that, as x1, y1, x2, y2, all lie in their
    image, while a quarter of them, as x, y, width, height, reach out by more than a tenth of its side."""
    if (boxes[:, 2:] < boxes[:, :2]).any(): return
    known = (image >= 0) & np.isfinite(boxes).all(axis=1)
    boxes, size = boxes[known], sizes[image[known]]
    inside = (boxes[:, :2] >= -1).all(axis=1) & (boxes[:, 2:] <= size + 1).all(axis=1)
    out = (boxes[:, :2] + boxes[:, 2:] > 1.1*size).any(axis=1)
    if len(boxes) >= 20 and inside.all() and 4*out.sum() >= len(out):
        faults.add("bbox", f"{out.sum()} of {len(out)} boxes reach out of their image and no box would as "
                   "corners, they must be x, y, width, height")


def check_known(place, ids, where, name, what, faults):
    "Note ids that nothing is known of."
    faults.among(place < 0, lambda i: where(i, name),
                 lambda i: f"{plain(ids[i])!r} is no {what} of the ground truth")


def check_numbers(values, where, name, faults, least=-np.inf):
    "Note numbers that are not finite, or too low."
    above = "" if least == -np.inf else f", {least:g} or above"
    faults.among(~((values >= least) & (np.abs(values) < np.inf)), lambda i: where(i, name),
                 lambda i: f"it is {values[i]:g}, it must be finite{above}")


def sizes_of(truth):
    "Width and height of the images, NaN where they are not known."
    return np.full((len(truth.images), 2), np.nan) if truth.sizes is None else truth.sizes


def sizes_at(image, sizes):
    "Height and width of images at some places, NaN at -1."
    return np.append(sizes, [[np.nan, np.nan]], axis=0)[image, ::-1]


def segmentations_of(records, image, sizes, where, faults):
    "What stands in the masks of records; a size that is not that of the image joins the faults."
    found, wanted = list(map(attrgetter("segmentation"), records)), sizes_at(image, sizes)
    usable = ((wanted >= 1) & (wanted < 1 << 24) & (np.floor(wanted) == wanted)).all(axis=1)
    faults.among(~usable & (image >= 0), where,
                 lambda i: f"height and width of its image are {wanted[i].tolist()}, "
                 "a mask needs whole numbers above 0")
    rles, given = np.array([isinstance(one, Rle) for one in found], bool), np.copy(wanted)
    sides = chain.from_iterable(one.size for one in found if isinstance(one, Rle))
    given[rles] = np.fromiter(sides, float).reshape(-1, 2)
    faults.among((given != wanted).any(axis=1) & usable, lambda i: where(i, "segmentation"),
                 lambda i: f"size is {list(found[i].size)} where its image has {[int(x) for x in wanted[i]]}")
    return [one.counts if isinstance(one, Rle) else one for one in found]


def masks_of(segmentations, image, sizes, where, faults):
    "Masks as `Masks`; nothing is built before all else is right."
    faults.check()
    masks = Masks.from_coco(segmentations, sizes[image][:, ::-1])
    for row, words in masks.faults: faults.add(where(row, "segmentation"), words)
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
    faults = Faults(Path(source).name if is_path(source) else "ground truth")
    with opened(source) as content: return objects_of(*parts_of(content, kind, faults), kind, faults)


def parts_of(content, kind, faults):
    "Images, categories and annotations of a ground truth, each as a `Part`."
    try: data = typed(content, DATASET[kind])
    except UNREADABLE: return slowly(parsed(content, faults), kind, faults)
    lists = data.images, data.categories, data.annotations
    return [Part(records, range(len(records))) for records in lists]


def slowly(data, kind, faults):
    "`parts_of` something that has faults, record by record."
    if not isinstance(data, dict):
        faults.add("the document", f"it is {type(data).__name__}, "
                   "it must be an object with images, categories and annotations")
        faults.check()
    def part(name, each):
        if name in data: return converted(data[name], each, name, in_list(name), faults)
        faults.add(name, "it is missing")
        return Part([], [], whole=False)
    return [part(*each) for each in RECORDS[kind].items()]


def objects_of(images, categories, annotations, kind, faults):
    "The parts of a ground truth as `GroundTruth`."
    image_ids, image_order = ids_of(images, "images", faults)
    category_ids, category_order = ids_of(categories, "categories", faults)
    records, where = annotations.records, of_part(in_list("annotations"), annotations)
    image = references(records, "image", images, image_ids, where, faults)
    category = references(records, "category", categories, category_ids, where, faults)
    sizes = np.array([(one.width, one.height) for one in images.records], float).reshape(-1, 2)[image_order]
    boxes, given = boxes_of(records)
    check_boxes(np.where(given[:, None], boxes, 0), where, faults)
    check_corners(boxes, image, sizes, faults)
    segmentations = segmentations_of(records, image, sizes, where, faults) if kind == "mask" else None
    area, given_area = numbers_in(records, "area")
    check_numbers(np.where(given_area, area, 0), where, "area", faults, least=0)
    flags = list(map(attrgetter("iscrowd"), records))
    faults.among([flag not in (0, 1) for flag in flags], lambda i: where(i, "iscrowd"),
                 lambda i: f"it is {records[i].iscrowd}, it must be 0 or 1")
    faults.check()
    masks = masks_of(segmentations, image, sizes, where, faults) if kind == "mask" else None
    area = np.where(given_area, area, masks.area if kind == "mask" else boxes[:, 2]*boxes[:, 3])
    crowd = np.array(flags, bool)
    tell_twins(records, faults.source)
    return GroundTruth(image_ids, category_ids, [categories.records[row].name for row in category_order],
                       image, category, boxes, area, crowd, crowd, masks, sizes)


def ids_of(part, name, faults):
    "The ids of a part, sorted, and their order; an id that stands twice is a fault."
    ids = [record.id for record in part.records]
    words = sum(isinstance(one, str) for one in ids)
    if words not in (0, len(ids)):
        faults.add(name, "some ids are numbers and some are words, they must be of one kind")
        faults.check()
    try: values = np.array(ids, str if words else np.int64)
    except OverflowError:
        faults.add(name, "an id is too great, it must fit 64 bits")
        faults.check()
    order = np.argsort(values, kind="stable")
    again = order[1:][values[order[1:]] == values[order[:-1]]]
    where = of_part(in_list(name), part)
    for row in np.sort(again): faults.add(where(row, "id"), f"{ids[row]!r} stands twice")
    return values[order], order


def references(records, what, part, known, where, faults):
    "Places of the images or categories of records; unknown ones are faults if those there are have none."
    ids = list(map(attrgetter(f"{what}_id"), records))
    place = places(ids, known)
    if part.whole: check_known(place, ids, where, f"{what}_id", what, faults)
    return place


def tell_twins(annotations, source):
    "Warn of annotations that share an id: pycocotools takes them for one, here each is an object."
    if len(set(map(attrgetter("id"), annotations))) == len(annotations): return
    ids = [record.id for record in annotations if record.id is not None]
    if twins := len(ids) - len(set(ids)):
        warnings.warn(f"{source}: {twins} annotations have an id that stood before; "
                      "each is an object of its own", stacklevel=4)


# ---- results

def load_coco_results(
    source, # Path of a JSON file, its list, or rows of image, x, y, width, height, score, category `(m, 7)`
    ground_truth, # `GroundTruth`, which knows images and categories
    *,
    kind="box", # What will be compared: `'box'` needs `bbox`, `'mask'` needs `segmentation`
    sizes="coco", # Area of a detected mask: of its `'box'`, its `'mask'`; `'coco'`: box if record 0 has one
): # `Detections`
    "Detections as COCO writes them. `InvalidAnnotations` counts all faults, `OSError` if there is no file."
    check_truth(ground_truth)
    one_of(kind, "kind", ["box", "mask"])
    one_of(sizes, "sizes", ["coco", "box", "mask"])
    if isinstance(source, np.ndarray): source = records_of(source)
    name = Path(source).name if is_path(source) else "results"
    with opened(source) as content:
        return detections_of(*read_results(content, name, ground_truth, kind), ground_truth, kind, sizes)


def detections_of(parts, faults, truth, kind, sizes):
    "Pieces of results as `Detections`."
    image, category, scores, boxes, segmentations = zip(*parts)
    image, category, scores, boxes = map(np.concatenate, (image, category, scores, boxes))
    check_corners(boxes, image, sizes_of(truth), faults)
    faults.check()
    area = boxes[:, 2]*boxes[:, 3]
    if kind == "box": return Detections(image, category, scores, boxes, area)
    masks = masks_of(list(chain(*segmentations)), image, sizes_of(truth), in_results, faults)
    if sizes == "mask" or sizes == "coco" and np.isnan(boxes[:1]).all(): area = masks.area.astype(float)
    elif np.isnan(area).any(): area = np.where(np.isnan(area), np.prod(masks.boxes[:, 2:], axis=1), area)
    return Detections(image, category, scores, boxes, area, masks)


def records_of(array):
    "Rows of image id, x, y, width, height, score and category id as records."
    if array.ndim != 2 or array.shape[1] != 7:
        raise ValueError(f"results has shape {array.shape}: it must be (m, 7), "
                         "image id, x, y, width, height, score, category id")
    if array.dtype.kind not in "iuf": raise TypeError(f"results holds {array.dtype}: it must hold numbers")
    def whole(x): return int(x) if x % 1 == 0 else x
    return [{"image_id": whole(image), "bbox": box, "score": score, "category_id": whole(category)}
            for image, *box, score, category in array.tolist()]


class Fields(NamedTuple):
    "What stands in results."
    numbers: Sequence[int] # The number of each in the list
    image_ids: Sequence # Of the type of those that are known
    category_ids: Sequence
    scores: np.ndarray # `(n,)`
    boxes: np.ndarray # `(n, 4)`, NaN where a result has none
    given: np.ndarray # Which have one
    records: list # The results themselves; nothing if they have no masks


def read_results(content, name, truth, kind):
    "Columns of results, a piece at a time, and what is wrong with them."
    faults = Faults(name)
    try: return [columns(fields, truth, kind, faults) for fields in fields_of(content, truth, kind)], faults
    except UNREADABLE: faults = Faults(name)
    part = converted(parsed(content, faults), result_type(kind, truth), "the document", in_results, faults)
    return [columns(fields_of_records(*part[:2]), truth, kind, faults)], faults


def fields_of(content, truth, kind):
    "`Fields` of results, a piece at a time. Raises one of `UNREADABLE` where they cannot be."
    number, record = 0, list[result_type(kind, truth)]
    if not is_text(content): content, decode = [content], partial(msgspec.convert, type=record)
    else: content, decode = pieces(content), msgspec.json.Decoder(record).decode
    alike = kind == "box" and truth.images.dtype.kind == truth.categories.dtype.kind == "i"
    for piece in content:
        fields = fields_of_text(piece, number) if alike and is_text(piece) else None
        alike = fields is not None
        if not alike: fields = fields_of_records(records := decode(piece), range(number, number + len(records)))
        yield fields
        number += len(fields.scores)


def fields_of_text(piece, number):
    "`Fields` of a piece whose results are all alike, from a number on; `None` of another."
    found = columns_of(piece, {"image_id": int, "category_id": int, "score": float, "bbox": 4})
    if found is None: return None
    image_ids, category_ids, scores, boxes = found.values()
    n = len(scores)
    return Fields(range(number, number + n), image_ids, category_ids, scores, boxes, np.ones(n, bool), [])


def fields_of_records(records, numbers):
    "`Fields` of results, each of its type."
    ids = (list(map(attrgetter(name), records)) for name in ("image_id", "category_id"))
    return Fields(numbers, *ids, numbers_in(records, "score")[0], *boxes_of(records), records)


def columns(fields, truth, kind, faults):
    "Places of images and categories, scores, boxes and segmentations of results."
    numbers, image_ids, category_ids, scores, boxes, given, records = fields
    where = of_part(in_results, fields)
    image, category = places_of(image_ids, truth.images), places_of(category_ids, truth.categories)
    check_known(image, image_ids, where, "image_id", "image", faults)
    check_known(category, category_ids, where, "category_id", "category", faults)
    check_numbers(scores, where, "score", faults)
    check_boxes(boxes if given.all() else np.where(given[:, None], boxes, 0), where, faults)
    found = segmentations_of(records, image, sizes_of(truth), where, faults) if kind == "mask" else []
    return image, category, scores, boxes, found

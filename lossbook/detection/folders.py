"""Annotations in folders, one file an image or one a class: Pascal VOC's XML and text, YOLO's text."""
import re
from numbers import Real
from os import listdir
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from ..core import one_of
from .coco_files import check_boxes, check_known, check_numbers, check_truth, is_path, places
from .faults import Faults
from .objects import Detections, GroundTruth

__all__ = ["load_voc", "load_voc_results", "load_yolo", "load_yolo_results"]


class Row(NamedTuple):
    "An object as it stands in a file."
    image: str
    category: str | int
    box: list # x, y, width, height
    place: str # Where it stands
    score: float = 0
    ignored: bool = False


def files_in(folder, ending):
    "The files of a folder with an ending, sorted by their stems. `FileNotFoundError` if there is none."
    if not is_path(folder): raise TypeError(f"folder is {type(folder).__name__}: it must be a path")
    found = [Path(folder, name) for name in listdir(folder) if name.endswith(ending)]
    if found: return sorted(found, key=lambda path: path.stem)
    raise FileNotFoundError(f"{folder} holds no file that ends in {ending}")


NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?", re.IGNORECASE)


def numbers_of(words, place, faults):
    "Words as numbers; `None`, and a fault, if one is none."
    odd = [word for word in words if not NUMBER.fullmatch(word)]
    if not odd: return list(map(float, words))
    faults.add(place, f"it holds {odd[0]!r}, it must hold numbers")


def lines_of(path, faults):
    "Where each line of a text file is that is not empty, and its words."
    try: lines = path.read_bytes().decode().removeprefix("\ufeff").split("\n")
    except UnicodeDecodeError as error:
        faults.add(f"{path.name}, byte {error.start}", "it is no text in UTF-8")
        return []
    return [(f"{path.name}, line {i}", line.split()) for i, line in enumerate(lines, 1) if line.strip()]


def checked(rows, images, categories, faults):
    "Places of images and categories, and boxes, of rows."
    def where(i, *field): return ", ".join([rows[i].place, *field])
    images_named, categories_named = [row.image for row in rows], [row.category for row in rows]
    image, category = places(images_named, images), places(categories_named, categories)
    boxes = np.array([row.box for row in rows], float).reshape(-1, 4)
    check_known(image, images_named, where, "image", "image", faults)
    check_known(category, categories_named, where, "class", "class", faults)
    check_numbers(np.array([row.score for row in rows], float), where, "score", faults)
    check_boxes(boxes, where, faults)
    faults.check()
    return image, category, boxes


def as_truth(rows, images, categories, names, sizes, faults):
    "Rows as `GroundTruth`; images and categories are sorted."
    images, categories = np.array(images), np.array(categories)
    image, category, boxes = checked(rows, images, categories, faults)
    ignored = np.array([row.ignored for row in rows], bool)
    return GroundTruth(images, categories, names, image, category, boxes, boxes[:, 2]*boxes[:, 3],
                       np.zeros(len(rows), bool), ignored, sizes=np.array(sizes, float).reshape(-1, 2))


def as_detections(rows, truth, faults):
    "Rows as `Detections`."
    image, category, boxes = checked(rows, truth.images, truth.categories, faults)
    scores = np.array([row.score for row in rows], float)
    return Detections(image, category, scores, boxes, boxes[:, 2]*boxes[:, 3])


# ---- Pascal VOC

def from_corners(corners, inclusive):
    "Left, top, width and height of corners; sides are 1 longer if the last pixels lie inside."
    x1, y1, x2, y2 = corners
    return [x1, y1, x2 - x1 + inclusive, y2 - y1 + inclusive]


def load_voc(
    folder, # Folder of XML files, one an image, whose name is the image's id
    *,
    inclusive=True, # Whether corners name the last pixel inside, as VOC's do: sides are 1 longer
): # `GroundTruth`; difficult objects are `ignored`, categories are names
    "True objects as Pascal VOC writes them. `InvalidAnnotations` counts all faults."
    inclusive = one_of(inclusive, "inclusive", [True, False])
    faults, rows, sizes, files = Faults(str(folder)), [], [], files_in(folder, ".xml")
    for path in files:
        root = annotation_in(path, faults)
        if root is None: continue
        sizes.append(size_in(root, f"{path.name}, size", faults))
        for number, each in enumerate(root.findall("object")):
            rows.append(object_in(each, path.stem, f"{path.name}, object {number}", inclusive, faults))
    rows = list(filter(None, rows))
    names = sorted({row.category for row in rows})
    return as_truth(rows, [path.stem for path in files], names, names, sizes, faults)


DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E")  # in UTF-8 and in UTF-16


def annotation_in(path, faults):
    "The root of an XML file; `None`, and a fault, if there is none. No entity is declared, and so none is followed."
    content = path.read_bytes()
    if DOCTYPE.search(content): return faults.add(path.name, "it declares a document type with its entities, as no file of VOC's does")
    try: root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        faults.add(path.name, f"it is no whole XML, {error}")
    else:
        if root.tag == "annotation": return root
        faults.add(path.name, f"it holds <{root.tag}>, it must hold <annotation>")


def size_in(root, place, faults):
    "Width and height of the image, NaN if they are not said."
    words = [root.findtext(f"size/{side}", "").strip() for side in ("width", "height")]
    return numbers_of(words, place, faults) if all(words) else [np.nan, np.nan]


def object_in(element, image, place, inclusive, faults):
    "An object of VOC's as a `Row`; `None`, and a fault, if it is none."
    before = faults.count
    name, difficult = (element.findtext(tag, "").strip() for tag in ("name", "difficult"))
    ends = {end: element.findtext(f"bndbox/{end}", "").strip() for end in ("xmin", "ymin", "xmax", "ymax")}
    lacking = [end for end, word in ends.items() if not word]
    if not name: faults.add(f"{place}, name", "it is missing")
    if difficult not in ("", "0", "1"):
        faults.add(f"{place}, difficult", f"it is {difficult!r}, it must be 0 or 1")
    if lacking: faults.add(f"{place}, bndbox", f"{lacking[0]} is missing")
    else: corners = numbers_of(ends.values(), f"{place}, bndbox", faults)
    if faults.count > before: return None
    return Row(image, name, from_corners(corners, inclusive), place, ignored=difficult == "1")


def load_voc_results(
    folder, # Folder of text files, one a class: `comp4_det_test_CLASS.txt`, `CLASS.txt`
    ground_truth, # `GroundTruth` of `load_voc`
    *,
    inclusive=True, # As in `load_voc`
): # `Detections`
    """Detections as Pascal VOC writes them, lines of image, score, xmin, ymin, xmax, ymax.
    `InvalidAnnotations` counts all faults."""
    inclusive = one_of(inclusive, "inclusive", [True, False])
    check_truth(ground_truth)
    faults, rows, seen = Faults(str(folder)), [], {}
    for path in files_in(folder, ".txt"):
        category = class_of(path.stem, ground_truth)
        first = seen.setdefault(category, path)
        if first != path: faults.add(path.name, f"it is of class {category!r}, and so is {first.name}")
        for place, (image, *words) in lines_of(path, faults):
            if len(words) != 5:
                faults.add(place, f"it has {len(words) + 1} words, it must have 6: image, score, corners")
            elif numbers := numbers_of(words, place, faults):
                score, *corners = numbers
                rows.append(Row(image, category, from_corners(corners, inclusive), place, score))
    return as_detections(rows, ground_truth, faults)


def class_of(stem, truth):
    "The id of the class that a file's name ends in; of several the one with the longest name."
    named = dict(zip(truth.names, truth.categories.tolist()))
    ends = [name for name in named if stem == name or stem.endswith(f"_{name}")]
    return named[max(ends, key=len)] if ends else stem.rpartition("_")[2]


# ---- YOLO

FAR = 2  # a greater number is one of pixels, not of units of the image


def load_yolo(
    folder, # Folder of text files, one an image, whose name is the image's id
    image_sizes, # Width and height of each image by its id, or of all; an image without a file has no objects
    names, # List of the names of the classes
): # `GroundTruth`; category ids are the numbers of the classes
    """True objects as YOLO writes them, lines of class, centre, width and height in units of the image.
    `InvalidAnnotations` counts all faults."""
    if not isinstance(names, (list, tuple)):
        raise TypeError(f"names is {type(names).__name__}: it must be a list")
    if odd := [name for name in names if not isinstance(name, (str, int))]:
        raise TypeError(f"names holds {odd[0]!r}: it must hold words")
    rows, sizes, faults = yolo_rows(folder, image_sizes, 5)
    images, names = sorted(sizes), list(map(str, names))
    return as_truth(rows, images, np.arange(len(names)), names, [sizes[image] for image in images], faults)


def load_yolo_results(
    folder, # Folder of text files, one an image; an image without a file has no detections
    image_sizes, # Width and height of each image by its id, or of all
    ground_truth, # `GroundTruth` of `load_yolo`
): # `Detections`
    """Detections as YOLO writes them, lines of class, centre, width, height and confidence.
    `InvalidAnnotations` counts all faults."""
    check_truth(ground_truth)
    rows, _, faults = yolo_rows(folder, image_sizes, 6)
    return as_detections(rows, ground_truth, faults)


def yolo_rows(folder, image_sizes, length):
    "Lines of `length` numbers as rows, the sizes of all images by id, and the faults."
    faults, files = Faults(str(folder)), files_in(folder, ".txt")
    sizes = image_sizes if isinstance(image_sizes, dict) else {path.stem: image_sizes for path in files}
    for path in files:
        if path.stem not in sizes: faults.add(path.name, "image_sizes has no size for it")
    for image, size in sizes.items():
        if not is_size(size):
            faults.add(f"image {image}", f"its size is {size!r}, it must be two numbers above 0")
    faults.check()
    rows = [yolo_row(words, path.stem, place, sizes[path.stem], length, faults)
            for path in files for place, words in lines_of(path, faults)]
    return list(filter(None, rows)), sizes, faults


def is_size(size):
    "Whether something is a width and a height."
    if not isinstance(size, (list, tuple, np.ndarray)) or len(size) != 2: return False
    return all(isinstance(side, Real) and 0 < side < np.inf for side in size)


def yolo_row(words, image, place, size, length, faults):
    "A line of YOLO's as a `Row`; `None`, and a fault, if it is none."
    if len(words) != length:
        what = ", which looks like a polygon" if len(words) > 6 else ""
        parts = "class, centre, width, height" + ", confidence"*(length == 6)
        return faults.add(place, f"it has {len(words)} numbers{what}, it must have {length}: {parts}")
    if not (numbers := numbers_of(words, place, faults)): return None
    number, x, y, width, height, score = [*numbers, 0][:6]
    if number % 1: return faults.add(place, f"class is {number:g}, it must be a whole number")
    if (most := max(x, y, width, height)) > FAR:
        return faults.add(place, f"it holds {most:g}, it must be in units of the image, which ends at 1")
    pixels = [(x - width/2)*size[0], (y - height/2)*size[1], width*size[0], height*size[1]]
    return Row(image, int(number), pixels, place, score)

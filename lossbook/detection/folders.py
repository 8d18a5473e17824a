"""Annotations that lie in folders, one file an image or one a class: Pascal VOC's XML and text, YOLO's text."""
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from .coco_files import check_boxes, check_known, places
from .faults import Faults
from .objects import Detections, GroundTruth

__all__ = ["load_voc", "load_voc_results", "load_yolo", "load_yolo_results"]


def files_in(folder, ending):
    "The files of a folder with an ending, sorted. `FileNotFoundError` if there is none."
    found = sorted(Path(folder).glob(f"*{ending}"))
    if found: return found
    raise FileNotFoundError(f"{folder} holds no file that ends in {ending}")


def numbers_in(words, where, faults):
    "Words as numbers, or `None` where one is none."
    try: return [float(word) for word in words]
    except (TypeError, ValueError):
        faults.add(where, f"{[word for word in words]} holds what is no number")


def as_truth(images, names, rows, sizes, faults, ignored):
    "Rows of image, class and box as `GroundTruth`; categories are the names, sorted, or numbers that index them."
    images, categories = np.array(images), np.arange(len(names)) if isinstance(names, list) else np.array(sorted(names))
    image, category = (places([row[i] for row in rows], known) for i, known in enumerate((images, categories)))
    boxes, none = np.array([row[2] for row in rows], float).reshape(-1, 4), np.zeros(len(rows), bool)
    check_known(category, lambda i: rows[i][1], lambda i: rows[i][3], "class", "class", faults)
    check_boxes(boxes, lambda i: rows[i][3], faults)
    faults.check()
    words = list(names) if isinstance(names, list) else categories.tolist()
    return GroundTruth(images, categories, words, image, category, boxes, boxes[:, 2]*boxes[:, 3], none,
                       np.array(ignored, bool), None, sizes)


def as_detections(rows, truth, faults):
    "Rows of image, class, box, where and score as `Detections`."
    ids = [[row[i] for row in rows] for i in (0, 1)]
    image, category = places(ids[0], truth.images), places(ids[1], truth.categories)
    boxes, scores = np.array([row[2] for row in rows], float).reshape(-1, 4), np.array([row[4] for row in rows], float)
    def where(i): return rows[i][3]
    check_known(image, lambda i: rows[i][0], where, "image", "image", faults)
    check_known(category, lambda i: rows[i][1], where, "class", "category", faults)
    check_boxes(boxes, where, faults)
    faults.among(~np.isfinite(scores), lambda i: f"{where(i)}, score", lambda i: f"it is {scores[i]}, it must be finite")
    faults.check()
    return Detections(image, category, scores, boxes, boxes[:, 2]*boxes[:, 3])


def from_corners(corners, longer):
    "Left, top, width and height of corners whose last pixels lie inside if sides are 1 longer."
    x1, y1, x2, y2 = corners
    return [x1, y1, x2 - x1 + longer, y2 - y1 + longer]


# ---- Pascal VOC

def load_voc(
    folder, # Folder of XML files, one an image, whose name is the image's id
    *,
    inclusive=True, # Whether corners name the last pixel inside, as VOC's do: sides are 1 longer
): # `GroundTruth`; difficult objects are `ignored`, categories are names
    "True objects as Pascal VOC writes them. `InvalidAnnotations` counts all faults."
    faults, rows, ignored, sizes, files = Faults(str(folder)), [], [], [], files_in(folder, ".xml")
    for path in files:
        try: tree = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as error:
            faults.add(path.name, f"it is no whole XML, {error}")
            continue
        size = [tree.findtext(f"size/{side}") for side in ("width", "height")]
        sizes.append(numbers_in(size, f"{path.name}, size", faults) if all(size) else [np.nan, np.nan])
        for number, each in enumerate(tree.findall("object")):
            where = f"{path.name}, object {number}"
            corners = numbers_in([each.findtext(f"bndbox/{end}") for end in ("xmin", "ymin", "xmax", "ymax")], f"{where}, bndbox", faults)
            if not (name := (each.findtext("name") or "").strip()): faults.add(f"{where}, name", "it is missing")
            if corners is None or not name: continue
            rows.append((path.stem, name, from_corners(corners, inclusive), where))
            ignored.append((each.findtext("difficult") or "0").strip() == "1")
    faults.check()
    return as_truth([path.stem for path in files], {row[1] for row in rows}, rows, np.array(sizes), faults, ignored)


def load_voc_results(
    folder, # Folder of text files, one a class: `comp4_det_test_CLASS.txt`, `CLASS.txt`
    ground_truth, # `GroundTruth` of `load_voc`
    *,
    inclusive=True, # As in `load_voc`
): # `Detections`
    "Detections as Pascal VOC writes them, lines of image, score, xmin, ymin, xmax, ymax. `InvalidAnnotations` counts all faults."
    faults, rows = Faults(str(folder)), []
    for path in files_in(folder, ".txt"):
        name = next((n for n in sorted(ground_truth.names, key=len, reverse=True)
                     if path.stem == n or path.stem.endswith(f"_{n}")), path.stem.rpartition("_")[2])
        for where, (image, *words) in lines_of(path):
            if len(words) != 5: faults.add(where, f"it has {len(words) + 1} words, it must have 6: image, score and four corners")
            elif (values := numbers_in(words, where, faults)) is not None:
                rows.append((image, name, from_corners(values[1:], inclusive), where, values[0]))
    return as_detections(rows, ground_truth, faults)


def lines_of(path):
    "Where each line of a text file is that is not empty, and its words."
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(f"{path.name}, line {i}", line.split()) for i, line in enumerate(lines, 1) if line.strip()]


# ---- YOLO

def load_yolo(
    folder, # Folder of text files, one an image, whose name is the image's id
    image_sizes, # Width and height of each image by its id, or of all of them
    names, # Names of the classes, in order
): # `GroundTruth`; category ids are the numbers of the classes
    "True objects as YOLO writes them, lines of class, centre, width and height in units of the image."
    faults, files = Faults(str(folder)), files_in(folder, ".txt")
    sizes, rows = sizes_of(files, image_sizes, faults), []
    for path in files: rows += yolo_rows(path, sizes[path.stem], 5, faults)
    faults.check()
    return as_truth([path.stem for path in files], list(names), rows, np.array(list(sizes.values())), faults, np.zeros(len(rows)))


def load_yolo_results(
    folder, # Folder of text files, one an image; an image without a file has no detections
    image_sizes, # As in `load_yolo`
    ground_truth, # `GroundTruth` of `load_yolo`
): # `Detections`
    "Detections as YOLO writes them, lines of class, centre, width, height and confidence."
    faults, files = Faults(str(folder)), files_in(folder, ".txt")
    sizes, rows = sizes_of(files, image_sizes, faults), []
    for path in files: rows += yolo_rows(path, sizes[path.stem], 6, faults)
    return as_detections(rows, ground_truth, faults)


def sizes_of(files, image_sizes, faults):
    "Width and height of the image of each file."
    if not isinstance(image_sizes, dict): return {path.stem: image_sizes for path in files}
    for path in files:
        if path.stem not in image_sizes: faults.add(path.name, "image_sizes has no size for it")
    faults.check()
    return {path.stem: image_sizes[path.stem] for path in files}


def yolo_rows(path, size, length, faults):
    "The lines of a file of YOLO's as rows of image, class, box, where and score."
    rows = []
    for where, words in lines_of(path):
        if len(words) != length:
            what = ", which looks like a polygon" if len(words) > 6 else ""
            faults.add(where, f"it has {len(words)} numbers{what}, it must have {length}: class, centre, width, height"
                       + (", confidence" if length == 6 else ""))
        elif (values := numbers_in(words, where, faults)) is not None:
            kind, x, y, w, h, *score = values
            if kind % 1: faults.add(where, f"class is {kind:g}, it must be a whole number")
            else: rows.append((path.stem, int(kind), [(x - w/2)*size[0], (y - h/2)*size[1], w*size[0], h*size[1]], where, *score))
    return rows

"""pycocotools' `COCO` and `COCOeval`, as far as evaluating goes: code for them runs by changing one import.

Arrays and numbers are those of pycocotools 2.0.11, bit for bit, except where that is wrong: `COCOeval` says where.
"""
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from warnings import warn

import msgspec
import numpy as np

from .coco import AREA_RANGES, IOU_THRESHOLDS, DetectionMatches, StatLine, in_words, mean_of_known
from .coco_files import content_of, is_path, load_coco, load_coco_results, parsed, records_of
from .detection_ap import hits_by_quotient
from .faults import Faults
from ..core import one_of

__all__ = []

IDS = {"images": ["id"], "categories": ["id"], "annotations": ["image_id", "category_id"]}
FIELDS = {"box": ("id", "image_id", "category_id", "bbox", "score", "area", "iscrowd")}
FIELDS["mask"] = *FIELDS["box"], "segmentation"


class COCO:
    "A ground truth, or results for one: `dataset` is what the file holds, the rest looks things up in it."
    def __init__(
        self,
        annotation_file=None, # Path of a COCO file; `None`: fill `dataset`, then call `createIndex`
    ):
        self.dataset = {} if annotation_file is None else read_json(annotation_file, dict)
        self.createIndex()

    def createIndex(self):
        "Index `dataset`: `imgs`, `cats` and `anns` by id, `imgToAnns` and `catToImgs`."
        check_ids(self.dataset)
        images, categories, anns = (self.dataset.get(part, []) for part in IDS)
        self.imgs, self.cats = ({one["id"]: one for one in part} for part in (images, categories))
        self.anns = {ann["id"]: ann for ann in anns if "id" in ann}
        self.imgToAnns, self.catToImgs = defaultdict(list), defaultdict(list)
        for ann in anns:
            self.imgToAnns[ann["image_id"]].append(ann)
            self.catToImgs[ann["category_id"]].append(ann["image_id"])

    def getAnnIds(self, imgIds=(), catIds=(), areaRng=(), iscrowd=None):
        "Ids of the annotations of some images and categories, between two areas, crowds or not."
        images, categories = listed(imgIds), listed(catIds)
        groups = [self.imgToAnns.get(i, ()) for i in images] if images else [self.dataset.get("annotations", [])]
        return [ann["id"] for ann in chain(*groups) if (not categories or ann["category_id"] in categories)
                and (not len(areaRng) or areaRng[0] < ann["area"] < areaRng[1])
                and (iscrowd is None or ann.get("iscrowd", 0) == iscrowd)]

    def getCatIds(self, catNms=(), supNms=(), catIds=()):
        "Ids of the categories of some names, supercategories and ids."
        wanted = {"name": listed(catNms), "supercategory": listed(supNms), "id": listed(catIds)}
        return [one["id"] for one in self.dataset.get("categories", [])
                if all(not values or one.get(key) in values for key, values in wanted.items())]

    def getImgIds(self, imgIds=(), catIds=()):
        "Ids of those of some images that show all of some categories."
        shown = [set(self.catToImgs.get(category, ())) for category in listed(catIds)]
        some = listed(imgIds) or (shown[0] if shown else self.imgs)
        return [i for i in dict.fromkeys(some) if all(i in images for images in shown)]

    def loadAnns(self, ids=()): return [self.anns[i] for i in listed(ids)]

    def loadCats(self, ids=()): return [self.cats[i] for i in listed(ids)]

    def loadImgs(self, ids=()): return [self.imgs[i] for i in listed(ids)]

    def loadRes(
        self,
        resFile, # Path of a results file, the list in it, or an array `(m, 7)` as in `load_coco_results`
    ): # `COCO`, with ids from 1 and the area of each box, or of each mask if the first result has no box
        "Results for this ground truth. `InvalidAnnotations` counts all faults, such as images that it lacks."
        results = read_json(resFile, list) if is_path(resFile) else resFile
        if isinstance(results, np.ndarray): results = records_of(results)
        if not isinstance(results, list):
            raise ValueError(f"resFile is a {type(results).__name__}: it must be a path, a list or an array")
        check_ids({"annotations": results}, "results")
        first, found = {*results[0]} if results else {"bbox"}, COCO()
        if "keypoints" in first and not first & {"bbox", "segmentation"}: refuse_keypoints()
        _, said = objects_of(self, [], results, self.imgs, self.cats, "box" if "bbox" in first else "mask")
        boxes = (said.boxes if said.masks is None else said.masks.boxes).tolist()
        found.dataset = {**self.dataset, "annotations": [
            {"bbox": box, **one, "id": i, "area": area, "iscrowd": 0}
            for i, (one, box, area) in enumerate(zip(results, boxes, said.area.tolist()), 1)]}
        found.createIndex()
        return found

    def __getattr__(self, name):
        raise AttributeError(f"COCO has no attribute {name!r} here, where it holds what COCOeval needs")


def listed(ids):
    "One id, or several, as a list."
    return list(ids) if hasattr(ids, "__len__") and not isinstance(ids, str) else [ids]


def rising(values):
    "Different values, sorted."
    return sorted({*np.ravel(values).tolist()})


def read_json(path, kind):
    "What stands in a JSON file. `ValueError` unless it is of a kind."
    with content_of(path) as content:
        try: data = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            data = parsed(content, Faults(Path(path).name))
    if isinstance(data, kind): return data
    raise ValueError(f"{path} holds a {type(data).__name__}, it must hold a {kind.__name__}")


def check_ids(dataset, source="dataset"):
    "`InvalidAnnotations` unless all records say what they are, or where they belong."
    faults = Faults(source)
    for part, names in IDS.items():
        records = dataset.get(part, [])
        if not isinstance(records, list): faults.add(part, f"it is a {type(records).__name__}, it must be a list")
        for i, record in enumerate(records if isinstance(records, list) else ()):
            for name in names:
                value = record.get(name) if isinstance(record, dict) else None
                if not isinstance(value, (int, str, float, np.generic)):
                    faults.add(f"{part}[{i}].{name}", f"it is {value!r}, it must be a number or a string")
    faults.check()


def refuse_keypoints(): raise NotImplementedError("keypoints are not judged here: only 'segm' and 'bbox' are")


def objects_of(truth, anns, results, images, categories, kind):
    "Annotations and results, those of some images and categories, as `GroundTruth` and `Detections`."
    anns, results = plain(anns, kind), plain(results, kind)
    sizes = sizes_of(truth, chain(anns, results))
    read = load_coco({"images": [{"id": i, **sizes.get(i, {})} for i in images], "annotations": anns,
                      "categories": [{"id": i, "name": str(i)} for i in categories]}, kind=kind)
    return read, load_coco_results(results, read, kind=kind)


def plain(records, kind):
    "What matters of records, as JSON would hold it: no NumPy, no bytes."
    def as_python(value): return getattr(value, "tolist", lambda: repr(value))()
    kept = [{name: record[name] for name in FIELDS[kind] if name in record} for record in records]
    kept = msgspec.to_builtins(kept, enc_hook=as_python, builtin_types=(bytes,))
    masks = [record["segmentation"] for record in kept if isinstance(record.get("segmentation"), dict)]
    for rle in masks:
        if isinstance(rle.get("counts"), bytes): rle["counts"] = rle["counts"].decode("latin-1")
    return kept


def sizes_of(truth, records):
    "Width and height of each image; a mask's run lengths know them where the image does not."
    def sides(height, width): return {"height": height, "width": width}
    masks = [(record["image_id"], record.get("segmentation")) for record in records]
    masks = [(i, rle) for i, rle in masks if isinstance(rle, dict) and np.shape(rle.get("size")) == (2,)]
    known = [(i, one) for i, one in truth.imgs.items() if {"height", "width"} <= {*one}]
    sizes = {i: sides(*rle["size"]) for i, rle in masks}
    return sizes | {i: sides(one["height"], one["width"]) for i, one in known}


@dataclass(slots=True)
class Params:
    "How detections are judged. A name that is not here cannot be set."
    iouType: str = "segm"
    useCats: int = 1 # 0: all categories are judged as one
    imgIds: list = field(default_factory=list)
    catIds: list = field(default_factory=list)
    iouThrs: np.ndarray = field(default_factory=lambda: np.array(IOU_THRESHOLDS))
    recThrs: np.ndarray = field(default_factory=lambda: np.linspace(0, 1, 101))
    maxDets: list = field(default_factory=lambda: [1, 10, 100])
    areaRng: list = field(default_factory=lambda: [list(ends) for ends in AREA_RANGES.values()])
    areaRngLbl: list = field(default_factory=lambda: list(AREA_RANGES))

    def settle(self):
        "Sort what has an order, and refuse what cannot be judged."
        if self.iouType == "keypoints": refuse_keypoints()
        one_of(self.iouType, "iouType", ["bbox", "segm"])
        self.imgIds, self.catIds, self.maxDets = map(rising, (self.imgIds, self.catIds, self.maxDets))
        if len(self.areaRng) != len(self.areaRngLbl):
            raise ValueError(f"areaRngLbl has {len(self.areaRngLbl)} names, it must have one for each areaRng")


class COCOeval:
    """The judge: `evaluate`, `accumulate`, `summarize`, then `eval` and `stats`.

    pycocotools 2.0.11 is wrong here, and this is right: an annotation of id 0, or of the id of another, is an
    object like any other; AP is that of the last of `maxDets` (pycocotools: -1 unless one is 100), of which there
    may be any number; results without masks have none (pycocotools takes their boxes); faults are refused.
    """
    def __init__(
        self,
        cocoGt=None, # `COCO` of the truth
        cocoDt=None, # `COCO` of the results, as `loadRes` makes it
        iouType="segm", # `'segm'` or `'bbox'`
    ):
        self.cocoGt, self.cocoDt, self.params, self.eval, self.stats = cocoGt, cocoDt, Params(iouType), {}, []
        if cocoGt is not None: self.params.imgIds, self.params.catIds = cocoGt.getImgIds(), cocoGt.getCatIds()
        self.params.settle()
        self._matched = None, None

    def evaluate(self):
        "Match the detections of the chosen images and categories."
        self.params.settle()
        self._matched = which(self.params), self._match(self.params)

    def accumulate(
        self,
        p=None, # `Params`; `None`: those of `evaluate`
    ):
        "Fill `eval`: precision and scores by threshold, recall, category, size, limit; recall by all but recall."
        p = p or self.params
        p.settle()
        known, matches = self._matched
        if known != which(p): matches = self._match(p)
        levels, shape = np.array(rising([0, *p.recThrs])), (len(p.areaRng), len(p.maxDets))
        step, level = np.searchsorted(rising(p.iouThrs), p.iouThrs), np.searchsorted(levels, p.recThrs)
        def curves(area, limit):
            return matches.precision(hits_by_quotient(matches.positives(area), levels), area, limit)
        places = [(area, limit) for area in matches.rules.area_ranges for limit in p.maxDets]
        both = np.stack([curves(*place) for place in places], -1)[:, step][:, :, level]
        recall = np.stack([matches.recall(*place) for place in places], -1)[step]
        precision, scores, recall = (table.reshape(*table.shape[:-1], *shape) for table in (*both, recall))
        self.eval = {"params": p, "counts": [*precision.shape], "date": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
                     "precision": precision, "recall": recall, "scores": scores}

    def summarize(self):
        "Print the numbers as pycocotools does, and keep them as `stats`."
        if not self.eval: raise RuntimeError("nothing is accumulated yet: call evaluate and accumulate first")
        p = self.eval["params"]
        most, sizes = p.maxDets[-1], ("small", "medium", "large")
        lines = [*(StatLine("AP", False, t, "all", most) for t in (None, .5, .75)),
                 *(StatLine("AP", False, None, size, most) for size in sizes),
                 *(StatLine("AR", True, None, "all", limit) for limit in p.maxDets),
                 *(StatLine("AR", True, None, size, most) for size in sizes)]
        self.stats = np.array([self._mean(line) for line in lines])
        rules = SimpleNamespace(iou_thresholds=p.iouThrs)
        for line, value in zip(lines, self.stats): print(in_words(line, value, rules))

    def _match(self, p):
        kind, said = "mask" if p.iouType == "segm" else "box", self._chosen(self.cocoDt, p)
        truth, found = objects_of(self.cocoGt, self._chosen(self.cocoGt, p), said, p.imgIds, p.catIds, kind)
        area = np.array([ann.get("area", own) for ann, own in zip(said, found.area)], float)
        return DetectionMatches.from_objects(
            truth, found._replace(area=area), kind=kind, iou_thresholds=rising(p.iouThrs),
            max_detections=p.maxDets, categories="each" if p.useCats else "pooled",
            area_ranges=dict(zip(["all", *range(1, len(p.areaRng))], map(tuple, p.areaRng))))

    def _chosen(self, coco, p):
        "Annotations of the chosen images and categories; a warning counts those that the ground truth has no place for."
        images, categories, truth = {*p.imgIds}, {*p.catIds}, self.cocoGt
        anns = coco.dataset.get("annotations", [])
        lost = sum(ann["image_id"] not in truth.imgs or ann["category_id"] not in truth.cats for ann in anns)
        if lost: warn(f"{lost} of {len(anns)} annotations are left out: the ground truth lacks their image or category")
        return [ann for ann in anns if ann["image_id"] in images and ann["category_id"] in categories]

    def _mean(self, line):
        p = self.eval["params"]
        table = self.eval["recall" if line.recall else "precision"]
        if line.threshold: table = table[np.asarray(p.iouThrs) == line.threshold]
        return mean_of_known(table[..., np.array(p.areaRngLbl) == line.area, np.array(p.maxDets) == line.limit])

    def __getattr__(self, name):
        absent = name in ("evalImgs", "ious")
        raise AttributeError(f"{name} is not kept here: read eval" if absent else f"COCOeval has no attribute {name!r}")


def which(p):
    "What matches depend on, to compare."
    lists = p.imgIds, p.catIds, p.maxDets, p.iouThrs, p.areaRng
    return [p.iouType, bool(p.useCats), *(np.ravel(values).tolist() for values in lists)]

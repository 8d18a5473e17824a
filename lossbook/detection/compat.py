"""A stand-in for the two classes of pycocotools, as far as evaluating goes: change one import and go on.

    from lossbook.detection.compat import COCO, COCOeval

Arrays and numbers are those of pycocotools 2.0.11, bit for bit, but where that is wrong: an annotation whose id is 0, or is that
of another one, counts like any other; `maxDets` may hold any number of limits, and AP is reported at the greatest. Images and
categories that results name and the ground truth does not are refused. Key points are not judged here.
"""
import json
import os
from collections import defaultdict
from datetime import datetime
from types import SimpleNamespace

import numpy as np

from .coco import AREA_RANGES, IOU_THRESHOLDS, DetectionMatches, mean_of_known
from .coco import StatLine, in_words
from .coco_files import load_coco, load_coco_results
from .detection_ap import hits_by_quotient

__all__ = []


class COCO:
    "A ground truth, or results that belong to one."
    def __init__(
        self,
        annotation_file=None, # Path of a COCO file; `None`: fill `dataset` and call `createIndex`
    ):
        self.dataset = {}
        if annotation_file is not None:
            with open(annotation_file, encoding="utf-8") as file: self.dataset = json.load(file)
            if not isinstance(self.dataset, dict): raise ValueError(f"{annotation_file} holds no COCO dataset: it must be an object")
        self.createIndex()

    def createIndex(self):
        "Make what looks up images, categories and annotations by id."
        self.imgs, self.cats, self.anns = ({one.get("id"): one for one in self.dataset.get(part, [])}
                                           for part in ("images", "categories", "annotations"))
        self.imgToAnns, self.catToImgs = defaultdict(list), defaultdict(list)
        for one in self.dataset.get("annotations", []):
            self.imgToAnns[one["image_id"]].append(one)
            if "category_id" in one: self.catToImgs[one["category_id"]].append(one["image_id"])

    def getAnnIds(self, imgIds=(), catIds=(), areaRng=(), iscrowd=None):
        "Ids of the annotations of some images and categories, between two areas, crowds or not."
        images, categories = listed(imgIds), listed(catIds)
        some = [one for i in images for one in self.imgToAnns.get(i, [])] if images else self.dataset.get("annotations", [])
        return [one["id"] for one in some if (not categories or one["category_id"] in categories)
                and (not len(areaRng) or areaRng[0] < one["area"] < areaRng[1])
                and (iscrowd is None or one.get("iscrowd", 0) == iscrowd)]

    def getCatIds(self, catNms=(), supNms=(), catIds=()):
        "Ids of the categories of some names, families, ids."
        wanted = zip(("name", "supercategory", "id"), map(listed, (catNms, supNms, catIds)))
        wanted = [(key, values) for key, values in wanted if values]
        return [one["id"] for one in self.dataset.get("categories", []) if all(one.get(key) in values for key, values in wanted)]

    def getImgIds(self, imgIds=(), catIds=()):
        "Ids of some images that hold objects of all of some categories."
        found = set(listed(imgIds)) or set(self.imgs)
        for category in listed(catIds): found &= set(self.catToImgs[category])
        return list(found)

    def loadAnns(self, ids=()): return [self.anns[i] for i in listed(ids)]

    def loadCats(self, ids=()): return [self.cats[i] for i in listed(ids)]

    def loadImgs(self, ids=()): return [self.imgs[i] for i in listed(ids)]

    def loadRes(
        self,
        resFile, # Path of a results file, the list in it, or an array `(m, 7)`
    ): # `COCO`
        "Results for the images of this ground truth. `InvalidAnnotations` when they are judged, if they are wrong."
        found = COCO()
        if isinstance(resFile, (str, os.PathLike)):
            with open(resFile, encoding="utf-8") as file: results = json.load(file)
        elif isinstance(resFile, np.ndarray): results = self.loadNumpyAnnotations(resFile)
        else: results = resFile
        if not isinstance(results, list): raise ValueError(f"results is {type(results).__name__}: it must be a list")
        found.dataset = {"images": self.dataset.get("images", []), "categories": self.dataset.get("categories", []),
                         "annotations": [{**one, "id": i, "iscrowd": 0} for i, one in enumerate(results, 1)]}
        found.createIndex()
        return found

    def loadNumpyAnnotations(self, data):
        "Rows of image id, x, y, width, height, score and category id as results."
        return [{"image_id": int(row[0]), "bbox": row[1:5], "score": row[5], "category_id": int(row[6])} for row in data.tolist()]


def listed(ids):
    "One id, or several, as a list."
    return list(ids) if hasattr(ids, "__iter__") and not isinstance(ids, str) else [ids]


class Params:
    "How detections are judged, as pycocotools names it."
    def __init__(self, iouType="segm"):
        self.iouType, self.useCats, self.imgIds, self.catIds = iouType, 1, [], []
        self.iouThrs, self.recThrs = np.array(IOU_THRESHOLDS), np.linspace(0, 1, 101)
        self.maxDets, self.areaRng, self.areaRngLbl = [1, 10, 100], list(map(list, AREA_RANGES.values())), list(AREA_RANGES)


class COCOeval:
    "The judge: `evaluate`, `accumulate`, `summarize`, then `eval` and `stats`."
    def __init__(
        self,
        cocoGt=None, # `COCO` of the truth
        cocoDt=None, # `COCO` of the results, as `loadRes` gives it
        iouType="segm", # `'segm'` or `'bbox'`
    ):
        if iouType not in ("segm", "bbox"): raise NotImplementedError(f"iouType is {iouType!r}: only 'segm' and 'bbox' are judged here")
        self.cocoGt, self.cocoDt, self.params, self.eval, self.stats = cocoGt, cocoDt, Params(iouType), {}, []
        if cocoGt is not None:
            self.params.imgIds, self.params.catIds = sorted(cocoGt.getImgIds()), sorted(cocoGt.getCatIds())

    def __getattr__(self, name):
        if name in ("evalImgs", "ious"): raise AttributeError(f"{name} is not kept here: read eval['precision'] and its kin")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def evaluate(self):
        "Match the detections of the chosen images and categories."
        p, kind = self.params, {"segm": "mask", "bbox": "box"}[self.params.iouType]
        p.imgIds, p.maxDets = sorted(set(p.imgIds)), sorted(p.maxDets)
        if p.useCats: p.catIds = sorted(set(p.catIds))
        truth = load_coco(chosen(self.cocoGt.dataset, p.imgIds, p.catIds), kind=kind)
        said = chosen(self.cocoDt.dataset, p.imgIds, p.catIds)["annotations"]
        found = load_coco_results([{name: one[name] for name in FIELDS if name in one} for one in said], truth, kind=kind)
        self._order = np.argsort(p.iouThrs, kind="stable")
        self._matches = DetectionMatches.from_objects(
            truth, found, kind=kind, iou_thresholds=tuple(np.asarray(p.iouThrs)[self._order]), max_detections=tuple(p.maxDets),
            area_ranges={"all": (0, np.inf), **{f"range {a}": tuple(ends) for a, ends in enumerate(p.areaRng)}},
            categories="each" if p.useCats else "pooled")

    def accumulate(self, p=None):
        "Precision, recall and scores as arrays by threshold, recall, category, size range and limit."
        p, matches = p or self.params, self._matches
        places = [(f"range {a}", limit) for a in range(len(p.areaRng)) for limit in p.maxDets]
        def table(area, limit): return matches.precision(hits_by_quotient(matches.positives(area), np.asarray(p.recThrs)), area, limit)
        both, back = [table(*place) for place in places], np.argsort(self._order)
        shape = len(p.areaRng), len(p.maxDets)
        def arranged(tables): return np.stack(tables, -1)[back].reshape(*tables[0].shape, *shape)
        self.eval = {
            "params": p, "counts": [len(p.iouThrs), len(p.recThrs), len(matches.rules.categories), *shape],
            "date": datetime.now().strftime("%Y-%m-%d %H:%M:%S"), "precision": arranged([table[0] for table in both]),
            "recall": arranged([matches.recall(*place) for place in places]), "scores": arranged([table[1] for table in both])}

    def summarize(self):
        "Print the numbers of pycocotools, and keep them as `stats`."
        if not self.eval: raise RuntimeError("nothing is accumulated yet: call evaluate and accumulate first")
        p, most = self.params, self.params.maxDets[-1]
        sizes = [label for label in p.areaRngLbl if label != "all"]
        lines = [StatLine("", False, t, "all", most) for t in (None, .5, .75)]
        lines += [StatLine("", False, None, area, most) for area in sizes]
        lines += [StatLine("", True, None, "all", limit) for limit in p.maxDets]
        lines += [StatLine("", True, None, area, most) for area in sizes]
        rules = SimpleNamespace(iou_thresholds=(p.iouThrs[0], p.iouThrs[-1]))
        self.stats = np.array([self._number(line) for line in lines])
        for line, value in zip(lines, self.stats): print(in_words(line, value, rules))

    def _number(self, line):
        p = self.params
        table = self.eval["recall" if line.recall else "precision"]
        if line.threshold is not None: table = table[np.flatnonzero(np.asarray(p.iouThrs) == line.threshold)]
        if line.area not in p.areaRngLbl: return -1.0
        return mean_of_known(table[..., p.areaRngLbl.index(line.area), p.maxDets.index(line.limit)])

    def __str__(self):
        self.summarize()
        return ""


FIELDS = ("image_id", "category_id", "bbox", "segmentation", "score")


def chosen(dataset, images, categories):
    "The part of a dataset in some images and categories; annotations elsewhere are left out, as pycocotools does."
    images, categories = set(images), set(categories)
    whole = {part: {one["id"] for one in dataset.get(part, [])} for part in ("images", "categories")}
    def wanted(one):
        return ((one["image_id"] in images or one["image_id"] not in whole["images"])
                and (one["category_id"] in categories or one["category_id"] not in whole["categories"]))
    return {"images": [one for one in dataset.get("images", []) if one["id"] in images],
            "categories": [one for one in dataset.get("categories", []) if one["id"] in categories],
            "annotations": [one for one in dataset.get("annotations", []) if wanted(one)]}

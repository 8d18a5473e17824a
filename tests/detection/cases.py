"Small sets of images made to be hard, and what pycocotools says of them."
import contextlib
import io
from typing import NamedTuple

import numpy as np

SIZE = 40, 48  # height and width of the images of mask cases


class Case(NamedTuple):
    "A ground truth and results as COCO writes them, and how they are to be judged."
    ground_truth: dict
    results: list
    options: dict


def box_case(seed):
    "Ties in score and in IoU, crowds, areas at the ends of the size ranges, images and categories without objects."
    rng = np.random.default_rng(seed)
    sides, step = rng.choice([[8, 16, 32, 33], [16, 32, 96, 97], [10, 10, 11, 12]]), rng.choice([1.0, 0.5, 0.1, 1 / 3])
    corners = rng.choice([4, 12, 40, 120])

    def shape():
        return {"bbox": [*(rng.integers(0, corners, 2) * step).tolist(), *(rng.choice(sides, 2) * rng.choice([1.0, 1.0, step])).tolist()]}

    def like(shape):
        moved = np.array(shape["bbox"]) + rng.integers(-2, 3, 4) * step * (rng.random(4) < 0.35)
        return {"bbox": [*moved[:2].tolist(), *np.maximum(moved[2:], 1.0).tolist()]}

    def area(shape):
        own = shape["bbox"][2] * shape["bbox"][3]
        return float(rng.choice([own, own, 1024, 9216, 1e10, 50]))

    return case(rng, shape, like, area, kinds=4, objects=14, detections=26)


def mask_case(seed):
    "The same with masks: polygons of one part or several, crowds as run lengths; results with boxes, or without."
    from pycocotools import mask

    rng = np.random.default_rng(seed)
    with_boxes = rng.random() < 0.4

    def polygon():
        points = rng.uniform(0, 1, 2) * SIZE[::-1] + rng.normal(0, rng.choice([2, 8, 20]), (rng.integers(3, 9), 2))
        return np.round(points * 2 if rng.random() < 0.3 else points, 2).ravel().tolist()

    def shape():
        return {"segmentation": [polygon() for _ in range(rng.choice([1, 1, 1, 2, 3]))]}

    def like(shape):
        moved = [(np.array(part) + rng.choice([0, 0.5, 2]) * rng.normal(size=len(part))).tolist() for part in shape["segmentation"]]
        found = rle(moved)
        plain = {"bbox": mask.toBbox(found).tolist()} if with_boxes else {}
        return {**plain, "segmentation": {"size": found["size"], "counts": found["counts"].decode()}}

    def rle(polygons):
        return mask.merge(mask.frPyObjects(polygons, *SIZE))

    def area(shape):
        return float(rng.choice([mask.area(rle(shape["segmentation"])), 1024, 50]))

    made = case(rng, shape, like, area, kinds=3, objects=9, detections=14)
    for one in made.ground_truth["annotations"]:
        one["bbox"] = mask.toBbox(rle(one["segmentation"])).tolist()
        if one["iscrowd"]:
            one["segmentation"] = {"size": list(SIZE), "counts": uncompressed(mask.decode(rle(one["segmentation"])))}
    return made


def uncompressed(pixels):
    "A mask as a list of counts."
    flat = np.concatenate([[0], pixels.ravel(order="F"), [2]])
    edges = np.flatnonzero(np.diff(flat[1:], prepend=0))
    return np.diff(edges, prepend=0).tolist()


def case(rng, shape, like, area, kinds, objects, detections):
    "Images, objects made by `shape`, and detections that are `like` some of them or like nothing."
    images, categories = int(rng.integers(1, 5)), int(rng.integers(1, kinds))

    def place():
        return {"image_id": int(rng.integers(images)) * 3 + 1, "category_id": int(rng.integers(categories)) * 2 + 1}

    truth = [{"id": i + 1, **place(), **shape(), "iscrowd": int(rng.random() < 0.15)} for i in range(rng.integers(0, objects))]
    for one in truth:
        one["area"] = area(one)
    few_scores, results = rng.choice([0.9, 0.5, 0.5, 0.3, rng.random()], 30), []
    for i in range(rng.integers(1, detections)):
        known = truth[rng.integers(len(truth))] if truth and rng.random() < 0.75 else {**place(), **shape()}
        where = place() if rng.random() < 0.08 else {key: known[key] for key in ("image_id", "category_id")}
        results.append({**where, **like(known), "score": float(few_scores[i] if rng.random() < 0.6 else rng.random())})
    options = {"max_detections": [(1, 10, 100), (1, 2, 3), (1, 3, 5)][rng.integers(3)],
               "categories": ["each", "each", "each", "pooled"][rng.integers(4)]}
    dataset = {"images": [{"id": i * 3 + 1, "width": SIZE[1], "height": SIZE[0]} for i in rng.permutation(images).tolist()],
               "categories": [{"id": k * 2 + 1, "name": f"category {k}"} for k in rng.permutation(categories).tolist()],
               "annotations": truth}
    return Case(dataset, results, options)


def reference(case, kind="bbox"):
    "pycocotools' arrays and stats."
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {**case.ground_truth, "annotations": [dict(one) for one in case.ground_truth["annotations"]], "info": {}}
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes([dict(one) for one in case.results]), kind)
        judge.params.maxDets = list(case.options["max_detections"])
        judge.params.useCats = int(case.options["categories"] == "each")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.eval, judge.stats

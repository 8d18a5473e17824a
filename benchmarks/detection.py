"""Seconds and peak memory of COCO evaluation, from two files to twelve numbers, each in a fresh process.

`python -m benchmarks detection`; `--help` tells its options. Clocks start after the imports. Every library
has the threads it takes by itself; one that is missing, fails or differs from pycocotools is named. The data
are drawn here, in the proportions of COCO's validation set of 2017. The whole table:
`python -m benchmarks detection --cases 36k 150k 500k dense masks --rounds 3 --slow`.
"""
import json
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

if __package__:
    from benchmarks.harness import Answer

TOOLS = ["pycocotools", "faster-coco-eval", "hotcoco", "ultrafast-pycocotools", "vernier", "lossbook"]
NUMBERS = "AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl".split()
SIZE = 640, 480


class Case(NamedTuple):
    images: int
    classes: int
    objects: int
    detections: int
    right: float # Share of the detections that are drawn near an object
    log_area: tuple = (7.47, 2.35) # Mean and deviation of log area: 41 % small, 35 % medium, 24 % large
    kind: str = "box"
    even: bool = True # Whether all images have as many detections, or more where there are more objects
    slow: bool = False # Whether pycocotools takes more than half a minute


CASES = {
    "36k": Case(5000, 80, 36_781, 36_000, right=.8, even=False),
    "150k": Case(5000, 80, 36_781, 150_000, right=.4),
    "500k": Case(5000, 80, 36_781, 500_000, right=.2, slow=True),
    "dense": Case(600, 1, 600*150, 600*130, right=.85, log_area=(6.5, .5), slow=True),
    "masks": Case(1000, 80, 7000, 40_000, right=.4, kind="mask"),
}


# Data

def write(name, folder):
    "Draw a case and write its two files."
    case, rng = CASES[name], np.random.default_rng(0)
    share = class_shares(case.classes)
    palette = rng.choice(case.classes, (case.images, 3), p=share) # the classes that an image shows
    objects = draw_objects(rng, case, palette)
    (folder/f"{name}-truth.json").write_text(json.dumps(as_dataset(rng, case, *objects)))
    found = draw_detections(rng, case, palette, share, *objects)
    (folder/f"{name}-results.json").write_text(json.dumps(as_results(rng, case, *found)))


def class_shares(classes):
    "Three objects in ten are people; the other classes fall off from 4 % to 1 in 2,000."
    if classes == 1: return np.ones(1)
    rest = np.exp(-np.arange(classes - 1)/18)
    return np.append(.3, .7*rest/rest.sum())


def draw_objects(rng, case, palette):
    "Image, class and box of each object, image by image."
    busy = rng.gamma(1.3, size=case.images) if case.classes > 1 else np.ones(case.images)
    image = dealt(case.objects, busy)
    return image, palette[image, rng.integers(3, size=len(image))], draw_boxes(rng, len(image), case.log_area)


def dealt(n, weights):
    "Images of `n` things, in proportion to the weights of the images."
    counts = np.diff(np.round(n*np.cumsum(weights)/weights.sum()), prepend=0).astype(int)
    return np.repeat(np.arange(len(weights)), counts)


def draw_boxes(rng, n, log_area):
    "Boxes of objects that fill three fifths of them."
    side, aspect = np.sqrt(rng.lognormal(*log_area, n)/.6), rng.lognormal(0, .25, n)
    sides = np.stack([side*aspect, side/aspect], 1).clip(2, SIZE)
    return np.hstack([rng.random((n, 2))*(SIZE - sides), sides]).round(2)


def draw_detections(rng, case, palette, share, image, category, boxes):
    "Image, class, box and score of each detection: right and false ones, often of classes of the image."
    n = case.detections
    where = dealt(n, np.ones(case.images) if case.even else np.bincount(image, minlength=case.images))
    own, other = palette[where, rng.integers(3, size=n)], rng.choice(case.classes, n, p=share)
    kind = np.where(rng.random(n) < .7, own, other)
    box, score = draw_boxes(rng, n, case.log_area), rng.beta(1, 4, n)
    objects = np.bincount(image, minlength=case.images)[where]
    right = np.flatnonzero((rng.random(n) < case.right) & (objects > 0))
    near = np.searchsorted(image, where[right]) + rng.integers(objects[right])
    box[right], score[right] = moved(rng, boxes[near]), rng.beta(4, 2, len(right))
    kind[right] = np.where(rng.random(len(right)) < .9, category[near], kind[right])
    return where, kind, box, score.round(4)


def moved(rng, boxes):
    "Boxes as detectors give them for these, good and bad ones."
    error = rng.normal(size=boxes.shape)*rng.exponential(.07, (len(boxes), 1))*np.tile(boxes[:, 2:], 2)
    low = (boxes[:, :2] + error[:, :2]).clip(0, np.subtract(SIZE, 2))
    high = (boxes[:, :2] + boxes[:, 2:] + error[:, 2:]).clip(low + 1, SIZE)
    return np.hstack([low, high - low]).round(2)


def outline(rng, box):
    "Corners of a polygon in a box, `(n, 2)`."
    angle = np.linspace(0, 2*np.pi, rng.integers(8, 46), endpoint=False)
    reach = rng.uniform(.75, 1, (len(angle), 1))/2
    return (box[:2] + box[2:]*(.5 + reach*np.stack([np.cos(angle), np.sin(angle)], 1))).round(2)


def polygon_area(corners):
    x, y = corners.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1))/2


def compressed(corners):
    "A polygon as compressed run lengths."
    from pycocotools import mask
    run = mask.frPyObjects([corners.ravel().tolist()], *SIZE[::-1])[0]
    return {"size": run["size"], "counts": run["counts"].decode()}


def counted(corners):
    "A polygon as run lengths, the way COCO stores a crowd."
    from pycocotools import mask
    pixels = mask.decode(compressed(corners)).ravel("F")
    ends = np.flatnonzero(np.diff(pixels, prepend=0, append=1 - pixels[-1]))
    return {"size": SIZE[::-1], "counts": np.diff(ends, prepend=0).tolist()}


def as_dataset(rng, case, image, category, boxes):
    "Objects in the layout of COCO, one in 80 a crowd."
    outlines, crowd = [outline(rng, box) for box in boxes], rng.random(len(boxes)) < 1/80
    return {
        "images": [{"id": i, "width": SIZE[0], "height": SIZE[1], "file_name": f"{i:012}.jpg"}
                   for i in range(1, case.images + 1)],
        "annotations": [
            {"segmentation": counted(corners) if many else [corners.ravel().tolist()],
             "area": polygon_area(corners), "iscrowd": int(many), "image_id": i + 1, "bbox": box,
             "category_id": k + 1, "id": number}
            for number, (i, k, box, corners, many)
            in enumerate(zip(image.tolist(), category.tolist(), boxes.tolist(), outlines, crowd), 1)],
        "categories": [{"supercategory": "thing", "id": k, "name": f"class {k}"}
                       for k in range(1, case.classes + 1)],
    }


def as_results(rng, case, image, category, boxes, scores):
    "Detections in the layout of COCO's results; masks have a box beside them, since vernier needs it."
    columns = (column.tolist() for column in (image, category, boxes, scores))
    records = [{"image_id": i + 1, "category_id": k + 1, "bbox": box, "score": score}
               for i, k, box, score in zip(*columns)]
    if case.kind == "box": return records
    return [record | {"segmentation": compressed(outline(rng, box))} for record, box in zip(records, boxes)]


# One run

class Run(NamedTuple):
    version: str
    seconds: float
    megabytes: float
    numbers: list
    steps: dict # Seconds of each, of ours


def measure(tool, truth, results, kind):
    "One `Run`, in a process that has done nothing else."
    evaluate, steps = evaluator(tool), {}
    started = time.perf_counter()
    if tool == "lossbook": numbers = evaluate(truth, results, kind, steps)
    else: numbers = evaluate(truth, results, kind)
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024
    return Run(version(tool), seconds, megabytes, [float(number) for number in numbers][:12], steps)


def evaluator(tool):
    "Import a library: a function of two files and a kind, box or mask, that gives the twelve numbers."
    match tool:
        case "lossbook":
            from lossbook.detection import evaluation as ours
            def evaluate(truth, results, kind, steps):
                "What `evaluate_detections` does, step by step."
                def lap(step, function, *arguments, **options):
                    started = time.perf_counter()
                    result = function(*arguments, **options)
                    steps[step] = time.perf_counter() - started
                    return result
                known = lap("reading objects", ours.read_ground_truth, truth, kind)
                found = lap("reading detections", ours.read_detections, results, known, kind)
                matches = lap("matching", ours.DetectionMatches.from_objects, known, found, kind=kind)
                return lap("summing up", lambda: ours.DetectionEvaluation(matches, sources=(known, found)).stats.values())
            return evaluate
        case "vernier":
            from vernier.instance import Bbox, CocoDataset, Evaluator, Segm
            def evaluate(truth, results, kind):
                judge = Evaluator(iou=Segm() if kind == "mask" else Bbox(), parity_mode="strict")
                known = CocoDataset.from_json(Path(truth).read_bytes())
                return judge.evaluate(known, Path(results).read_bytes()).stats
            return evaluate
        case "pycocotools":
            from pycocotools.coco import COCO
            from pycocotools.cocoeval import COCOeval
        case "faster-coco-eval": from faster_coco_eval import COCO, COCOeval_faster as COCOeval
        case "hotcoco": from hotcoco import COCO, COCOeval
        case "ultrafast-pycocotools": from ultrafast_pycocotools import COCO, COCOeval

    def evaluate(truth, results, kind):
        known = COCO(truth)
        judge = COCOeval(known, known.loadRes(results), "segm" if kind == "mask" else "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
        return judge.stats
    return evaluate


# All runs

def apart(python, *words):
    "Last line that a command of this file prints in a fresh process."
    # the peak memory of a process begins with that of its parent, so that the parent does nothing large
    done = subprocess.run([python, __file__, *map(str, words)], capture_output=True, text=True)
    said = (done.stderr if done.returncode else done.stdout).strip().splitlines()[-1:]
    if done.returncode: raise RuntimeError(*said or [f"it ended with {done.returncode}"])
    return "".join(said)


def measured(name, folder, options):
    "Runs of every tool on a case, by turns."
    case, files = CASES[name], [folder/f"{name}-{part}.json" for part in ("truth", "results")]
    if not files[-1].exists(): apart(sys.executable, "write", name, folder)
    runs = {tool: [] for tool in options.tools}
    if case.slow and not options.slow and runs.pop("pycocotools", None) == []:
        print(f"{name}: without pycocotools, which takes long here; --slow waits for it")
    for _ in range(options.rounds):
        for tool, past in list(runs.items()):
            if tool == "pycocotools" and past and past[0].seconds > 5: continue # it is only the unit
            python = sys.executable if tool == "lossbook" else options.python
            try: past.append(Run(*json.loads(apart(python, "measure", tool, *files, case.kind))))
            except RuntimeError as error:
                del runs[tool]
                missing = str(error).startswith("ModuleNotFoundError")
                if missing: options.tools = [other for other in options.tools if other != tool]
                print(f"{'all' if missing else name}: without {tool}: {error}")
    return runs


def compare(name, runs):
    "Name the numbers that are not those of pycocotools."
    if "pycocotools" not in runs: return print(f"{name}: numbers not compared")
    for tool, each in runs.items():
        error = np.abs(np.array([run.numbers for run in each]) - runs["pycocotools"][0].numbers).max(0)
        wrong = [f"{number} by {by:.1e}" for number, by in zip(NUMBERS, error) if not by <= 1e-9]
        if wrong: print(f"{name}: {tool} differs from pycocotools in {', '.join(wrong)}")


def answers(options):
    "Medians of each case; libraries that are missing leave `options.tools`."
    with TemporaryDirectory() as passing:
        folder = options.data or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.cases:
            runs = measured(name, folder, options)
            compare(name, runs)
            options.versions |= {tool: each[0].version for tool, each in runs.items()}
            middle = [{tool: median(getattr(run, what) for run in each) for tool, each in runs.items()} for what in ("seconds", "megabytes")]
            laps = [run.steps for run in runs.get("lossbook", [])]
            steps = {step: median(each[step] for each in laps) for step in (laps[0] if laps else ())}
            yield Answer(name, CASES[name].detections, *middle, steps)


if __name__ == "__main__":
    match sys.argv[1:]:
        case "write", name, folder: write(name, Path(folder))
        case "measure", *words: print("\n" + json.dumps(measure(*words)))

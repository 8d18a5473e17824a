"""Time and memory of COCO evaluation, whole: load, match, accumulate, sum up, each in a fresh process, imports not counted.

`python benchmarks/detection.py --help`. The data are made here, after the proportions of COCO's validation set of 2017; tools that
are not installed are left out. The twelve numbers of each are compared with those of pycocotools. `make bench` runs a short form;
the committed table comes from `python benchmarks/detection.py --rounds 5 --cases 36k 150k 500k dense masks`.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

DETECTIONS = {"36k": 36_000, "150k": 150_000, "500k": 500_000}
TOOLS = ["pycocotools", "faster-coco-eval", "hotcoco", "ultrafast-pycocotools", "vernier", "lossbook"]

RUN = """
import contextlib, io, json, sys, time
tool, truth, results, kind = sys.argv[1:]
if tool == "lossbook":
    from lossbook.detection.evaluation import evaluate_detections
    def run(): return list(evaluate_detections(truth, results, kind=kind).stats.values())
else:
    if tool == "pycocotools": from pycocotools.coco import COCO; from pycocotools.cocoeval import COCOeval
    elif tool == "faster-coco-eval": from faster_coco_eval import COCO, COCOeval_faster as COCOeval
    elif tool == "hotcoco": from hotcoco import COCO, COCOeval
    elif tool == "ultrafast-pycocotools": from ultrafast_pycocotools import COCO, COCOeval
    elif tool == "vernier":
        import vernier
        vernier.patch_pycocotools()
        from pycocotools.coco import COCO; from pycocotools.cocoeval import COCOeval
    def run():
        known = COCO(truth)
        judge = COCOeval(known, known.loadRes(results), "segm" if kind == "mask" else "bbox")
        judge.evaluate(); judge.accumulate(); judge.summarize()
        return [float(value) for value in judge.stats]
start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()): stats = run()
seconds = time.perf_counter() - start
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print("RESULT" + json.dumps([seconds, peak, stats]))
"""


# ---- data

def outline(rng, box):
    "A polygon in a box, as annotators draw them."
    x, y, w, h = box
    angle = np.linspace(0, 2*np.pi, int(rng.integers(8, 30)), endpoint=False)
    reach = rng.uniform(.6, 1, (len(angle), 1))
    points = np.array([x + w/2, y + h/2]) + reach*np.column_stack([np.cos(angle)*w/2, np.sin(angle)*h/2])
    return np.round(points, 2).ravel().tolist()


def random_boxes(rng, n, low=2.3, high=5.6, size=(640, 480)):
    "Boxes whose sides are spread over their logarithm, so that two fifths of them are small."
    side = np.exp(rng.uniform(low, high, n))
    sides = np.minimum(np.column_stack([side, side*np.exp(rng.normal(0, .4, n))]), np.array(size) - 1)
    return np.round(np.hstack([rng.random((n, 2))*(np.array(size) - sides), sides]), 2)


def jittered(rng, boxes, spread):
    "Boxes near others."
    moved = boxes + rng.normal(0, 1, boxes.shape)*np.tile(boxes[:, 2:], 2)*spread
    moved[:, 2:] = np.maximum(moved[:, 2:], 1)
    return np.round(moved, 2)


def case(name, seed=0):
    "A ground truth and results, as COCO writes them."
    rng = np.random.default_rng(seed)
    images, classes, objects, found = {
        "dense": (600, 1, 150*600, 130*600), "masks": (1000, 80, 7000, 40_000)}.get(name, (5000, 80, 36_781, DETECTIONS.get(name)))
    image = np.repeat(np.arange(images), objects//images + 1)[:objects] if name == "dense" else np.sort(rng.integers(0, images, objects))
    share = 1/np.arange(1, classes + 1)**1.1
    category = rng.choice(classes, objects, p=share/share.sum())
    boxes = random_boxes(rng, objects, *((2.5, 3.6) if name == "dense" else ()))
    crowd = rng.random(objects) < .012
    like = rng.integers(0, objects, found)
    right = rng.random(found) < min(.8, .85*objects/found)
    guess = np.where(right[:, None], jittered(rng, boxes[like], .08), random_boxes(rng, found))
    kind = np.where(right | (rng.random(found) < .6), category[like], rng.choice(classes, found, p=share/share.sum()))
    score = np.round(np.where(right, rng.beta(4, 2, found), rng.beta(1, 4, found)), 4)
    order = np.argsort(image[like], kind="stable")
    truth = {
        "images": [{"id": int(i) + 1, "width": 640, "height": 480, "file_name": f"{i:012}.jpg"} for i in range(images)],
        "categories": [{"id": k + 1, "name": f"class {k}", "supercategory": "thing"} for k in range(classes)],
        "annotations": [{"id": i + 1, "image_id": int(image[i]) + 1, "category_id": int(category[i]) + 1, "bbox": boxes[i].tolist(),
                         "area": float(np.round(boxes[i, 2]*boxes[i, 3]*.6, 2)), "iscrowd": int(crowd[i]),
                         "segmentation": [outline(rng, boxes[i])]} for i in range(objects)]}
    results = [{"image_id": int(image[like[i]]) + 1, "category_id": int(kind[i]) + 1, "score": float(score[i]),
                **(as_mask(rng, guess[i]) if name == "masks" else {"bbox": guess[i].tolist()})} for i in order]
    return truth, results


def as_mask(rng, box):
    from pycocotools import mask
    size, counts = mask.frPyObjects([outline(rng, box)], 480, 640)[0].values()
    return {"segmentation": {"size": size, "counts": counts.decode()}}


# ---- runs

def measured(python, tool, truth, results, kind):
    "Seconds, megabytes and the twelve numbers of a run in a process of its own; `None` if the tool is not there."
    run = subprocess.run([python, "-c", RUN, tool, truth, results, kind], capture_output=True, text=True)
    found = [line for line in run.stdout.splitlines() if line.startswith("RESULT")]
    if found: return json.loads(found[0].removeprefix("RESULT"))
    if "ModuleNotFoundError" not in run.stderr: print(f"{tool} fails: {run.stderr.strip().splitlines()[-1:]}", file=sys.stderr)


def judged(name, folder, options):
    "One row of the table: medians of interleaved runs."
    paths = [str(Path(folder)/f"{name}_{part}.json") for part in ("truth", "results")]
    for path, part in zip(paths, case(name)): Path(path).write_text(json.dumps(part))
    runs = {tool: [] for tool in options.tools}
    for number in range(options.rounds):
        for tool in options.tools:
            if number and (not runs[tool] or tool == "pycocotools"): continue  # it is slow, and only the unit
            python = sys.executable if tool == "lossbook" else options.python
            if run := measured(python, tool, *paths, "mask" if name == "masks" else "box"): runs[tool].append(run)
    return {tool: (median(r[0] for r in each), median(r[1] for r in each), each[0][2]) for tool, each in runs.items() if each}


def words(name, row):
    "A row as Markdown, and on the way what does not agree."
    reference = row.get("pycocotools")
    for tool, (_, _, stats) in row.items():
        if reference and np.abs(np.subtract(stats[:12], reference[2][:12])).max() > 1e-9:
            print(f"{name}: {tool} is off by up to {np.abs(np.subtract(stats[:12], reference[2][:12])).max():.1e}", file=sys.stderr)
    cells = [f"{row[tool][0]:.3g} s, {row[tool][1]:.0f} MB" if tool in row else "" for tool in TOOLS]
    def ratio(a, b): return f"{row[a][0]/row[b][0]:.3g}" if a in row and b in row else ""
    return f"| {name} | {' | '.join(cells)} | {ratio('pycocotools', 'lossbook')} | {ratio('lossbook', 'hotcoco')} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=["36k", "masks"], choices=[*DETECTIONS, "dense", "masks"])
    parser.add_argument("--tools", nargs="+", default=TOOLS, choices=TOOLS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the other tools")
    options = parser.parse_args()
    print(f"| case | {' | '.join(TOOLS)} | pycocotools / lossbook | lossbook / hotcoco |\n|:--|{'--:|'*(len(TOOLS) + 2)}")
    with TemporaryDirectory() as folder:
        for name in options.cases: print(words(name, judged(name, folder, options)), flush=True)


if __name__ == "__main__":
    main()

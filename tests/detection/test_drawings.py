"The stored drawings and detections are those of the tiny YOLO: its chapter is run, and must make the like."
import json

import numpy as np
import pytest
from fastcore.nbio import read_nb

from lossbook.detection.evaluation import evaluate_detections
from tests.site.test_build import ROOT

FOLDER = ROOT / "nbs/detection/drawings"


@pytest.fixture(scope="module")
def capstone():
    "What the chapter's cells leave behind, up to the one that has trained."
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT / "nbs/detectors")
        patch.setenv("MPLBACKEND", "agg")
        for cell in read_nb("05_suppression.ipynb").cells:
            if cell.cell_type == "code": exec(cell.source, names)
            if "detect" in names: return names


def sides(boxes): return np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).astype(float)


def test_the_drawings_are_the_same(capstone):
    stored = json.loads((FOLDER / "drawings.json").read_text())
    made = [box for _, boxes, _ in capstone["unseen"] for box in sides(capstone["SIDE"] * boxes).round(2).tolist()]
    assert [one["bbox"] for one in stored["annotations"]] == made
    assert [one["category_id"] for one in stored["annotations"]] == [label for *_, labels in capstone["unseen"] for label in labels]
    assert [one["name"] for one in stored["categories"]] == capstone["NAMES"]


def test_the_detections_are_alike(capstone):
    found = []
    for image, (pixels, *_) in enumerate(capstone["unseen"]):
        boxes, scores, labels = capstone["detect"](capstone["layers"], pixels, score_threshold=.01)
        for box, score, label in zip(sides(capstone["SIDE"] * boxes).tolist(), scores.tolist(), labels.tolist()):
            found.append({"image_id": image, "category_id": label, "bbox": box, "score": score})
    stored = evaluate_detections(FOLDER / "drawings.json", FOLDER / "yolo.json").stats
    again = evaluate_detections(FOLDER / "drawings.json", found).stats
    for name in ("AP", "AP50", "AR100"): assert abs(stored[name] - again[name]) < .03, name

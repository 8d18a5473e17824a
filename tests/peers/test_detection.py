"""Detection against pycocotools, bit for bit, on thousands of made cases; `make peers` runs all of them, `make test` some.

Then the published numbers: those that the COCO API's demonstration prints, and those of Padilla et al. (2020).
"""
import os
from pathlib import Path

import numpy as np
import pytest

from lossbook.detection.evaluation import DetectionEvaluation, evaluate_detections
from tests.detection.cases import Case, box_case, mask_case, reference
from tests.peers.rows import agree, ask, case, row

WHOLE = os.environ.get("LOSSBOOK_CASES") == "all"
LOTS = [(kind, seed) for kind, number in (("box", 5000), ("mask", 1000)) for seed in range(0, number if WHOLE else number // 10, 100)]


@pytest.mark.parametrize("kind, first", LOTS)
def test_arrays_are_those_of_pycocotools(kind, first):
    pytest.importorskip("pycocotools")
    for seed in range(first, first + 100):
        case = box_case(seed) if kind == "box" else mask_case(seed)
        ours = evaluate_detections(case.ground_truth, case.results, kind=kind, **case.options)
        arrays, stats = reference(case, {"box": "bbox", "mask": "segm"}[kind])
        for name in ("precision", "recall", "scores"):
            assert np.array_equal(getattr(ours, name), arrays[name]), f"{kind} case {seed}: {name}"
        if case.options["max_detections"] == (1, 10, 100):
            assert list(ours.stats.values()) == stats.tolist(), f"{kind} case {seed}"


def test_any_split_adds_up():
    for seed in range(40):
        case = box_case(seed)
        whole = evaluate_detections(case.ground_truth, case.results, **case.options)
        parts = []
        for image in case.ground_truth["images"][::-1]:
            def of_image(records): return [one for one in records if one["image_id"] == image["id"]]
            here = {**case.ground_truth, "images": [image], "annotations": of_image(case.ground_truth["annotations"])}
            parts.append(evaluate_detections(here, of_image(case.results), **case.options).matches)
        assert sum(parts) == whole.matches
        assert DetectionEvaluation(sum(parts)).stats == whole.stats


# ---- what others give


def one_object(**changed):
    return {"images": [{"id": 1}], "categories": [{"id": 1, "name": "thing"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2500, "iscrowd": 0, **changed}]}


PERFECT = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "score": 0.9}]
OBJECTS = {"image_ids": [1, 1], "labels": ["thing"] * 2, "boxes": [[0, 0, 10, 10], [3, 0, 13, 10]]}
FOUND = {"image_ids": [1, 1], "labels": ["thing"] * 2, "boxes": [[0, 0, 10, 10], [1, 0, 11, 10]], "scores": [0.9, 0.8]}


def as_coco(objects, found):
    "Arrays of one image in the layout of COCO."
    sized = [[[x, y, X - x, Y - y] for x, y, X, Y in given["boxes"]] for given in (objects, found)]
    truth = one_object()
    truth["annotations"] = [{**truth["annotations"][0], "id": i, "bbox": box} for i, box in enumerate(sized[0], 1)]
    return truth, [{**PERFECT[0], "bbox": box, "score": score} for box, score in zip(sized[1], found["scores"])]


def pycocotools(truth, results, limits=(1, 10, 100), place=0):
    "One of the numbers that its `summarize` leaves."
    def ap():
        return reference(Case(truth, results, {"max_detections": limits, "categories": "each"}))[1][place]
    return ask.pycocotools.by(f"COCOeval.stats[{place}]", ap)


def matched_as_coco():
    return evaluate_detections(OBJECTS, FOUND, matching="coco", iou_thresholds=[0.5]).stats["AP"]


def matched_as_voc():
    return evaluate_detections(OBJECTS, FOUND, matching="voc", iou_thresholds=[0.5], interpolation="voc", grid="exact").stats["AP"]


def id_0():
    return evaluate_detections(one_object(id=0), PERFECT).stats["AP"]


def limits_of_300():
    return evaluate_detections(one_object(), PERFECT, max_detections=(1, 10, 300)).stats["AP"]


CASES = [
    case("two objects and two detections", "The second detection overlaps the first object most, and that one is taken.",
         row("the best object that is free", matched_as_coco, 1, pycocotools(*as_coco(OBJECTS, FOUND), place=1), said="torchmetrics"),
         row("the best object, free or not", matched_as_voc, 0.5, said="mmdet, detectron2's VOC evaluation")),
    case("an object of id 0", "A perfect detection of the only object.",
         row("an id like others", id_0, 1),
         row("the sign for no match", id_0, 1, pycocotools(one_object(id=0), PERFECT), gives=0, wrong=True)),
    case("other limits of detections an image", "The same, with limits of 1, 10 and 300 instead of 1, 10 and 100.",
         row("as asked", limits_of_300, 1),
         row("AP looks for a limit of 100", limits_of_300, 1, pycocotools(one_object(), PERFECT, (1, 10, 300)), gives=-1, wrong=True)),
]

test_ours, test_theirs = agree(CASES)


def test_annotations_of_one_id_are_two_objects():
    truth = one_object()
    truth["annotations"].append({**truth["annotations"][0], "bbox": [100, 100, 50, 50]})
    results = [*PERFECT, {**PERFECT[0], "bbox": [100, 100, 50, 50]}]
    with pytest.warns(UserWarning, match="1 annotations have an id that stood before"):
        assert evaluate_detections(truth, results).stats["AP"] == pytest.approx(1)


# ---- published numbers

@pytest.fixture
def real():
    folder = os.environ.get("LOSSBOOK_TEST_DATA")
    if not folder:
        pytest.skip("LOSSBOOK_TEST_DATA is not set: no real data")
    return Path(folder)


def coco_demo(real, kind, sizes="coco"):
    folder = real / "coco_val2014_100"
    results = folder / f"instances_val2014_fake{'bbox' if kind == 'box' else 'segm'}100_results.json"
    return evaluate_detections(folder / "instances_val2014_100.json", results, kind=kind, sizes=sizes)


def test_the_demonstration_of_coco(real):
    published = [.505, .697, .573, .586, .519, .501, .387, .594, .595, .640, .566, .564]
    assert [round(value, 3) for value in coco_demo(real, "box").stats.values()] == published


def test_the_demonstration_of_coco_array_by_array(real):
    pytest.importorskip("pycocotools")
    import contextlib
    import io

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    folder = real / "coco_val2014_100"
    for kind, word in (("box", "bbox"), ("mask", "segm")):
        ours = coco_demo(real, kind)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            truth = COCO(folder / "instances_val2014_100.json")
            judge = COCOeval(truth, truth.loadRes(str(folder / f"instances_val2014_fake{word}100_results.json")), word)
            judge.evaluate()
            judge.accumulate()
            judge.summarize()
        for name in ("precision", "recall", "scores"):
            assert np.array_equal(getattr(ours, name), judge.eval[name])
        assert printed.getvalue().splitlines()[-12:] == ours.lines()


def test_the_area_of_a_mask_is_a_choice(real):
    by_mask, by_box = (coco_demo(real, "mask", sizes).stats for sizes in ("mask", "box"))
    assert by_mask["AP"] == by_box["AP"]
    assert (round(by_mask["APs"], 3), round(by_box["APs"], 3)) == (.387, .409)


def padilla(real):
    "The example's files as arrays: `class [confidence] left top width height`, with VOC's inclusive pixels."
    def rows(folder):
        for path in sorted((real / "padilla_voc" / folder).glob("*.txt")):
            for line in path.read_text().splitlines():
                if line.strip():
                    label, *numbers = line.split()
                    yield path.stem, label, list(map(float, numbers))
    truth, found = list(rows("groundtruths")), list(rows("detections"))
    def columns(rows, boxes):
        return {"image_ids": [row[0] for row in rows], "labels": [row[1] for row in rows], "form": "xywh",
                "boxes": [[x, y, w + 1, h + 1] for x, y, w, h in boxes]}
    return columns(truth, [row[2] for row in truth]), {**columns(found, [row[2][1:] for row in found]), "scores": [row[2][0] for row in found]}


def test_padillas_example(real):
    truth, found = padilla(real)
    def ap(interpolation):
        how = dict(matching="voc", iou_thresholds=.3, grid="exact", interpolation=interpolation)
        return evaluate_detections(truth, found, **how).stats["AP"]
    assert (round(ap("voc"), 6), round(ap("voc11"), 6)) == (.245687, .268398)  # printed as 24.56 % and 26.84 %

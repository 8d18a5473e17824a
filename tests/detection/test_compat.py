"Code written for pycocotools, on our classes."
import os
from pathlib import Path

import numpy as np
import pytest

from lossbook.detection.compat import COCO, COCOeval
from lossbook.detection.faults import InvalidAnnotations
from tests.detection.cases import box_case, mask_case, reference


def judged(case, kind="bbox", **params):
    truth = COCO()
    truth.dataset = case.ground_truth
    truth.createIndex()
    judge = COCOeval(truth, truth.loadRes(case.results), kind)
    judge.params.maxDets = list(case.options["max_detections"])
    judge.params.useCats = int(case.options["categories"] == "each")
    for name, value in params.items(): setattr(judge.params, name, value)
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    return judge


@pytest.mark.parametrize("kind, make", [("bbox", box_case), ("segm", mask_case)])
def test_arrays_and_what_is_printed(kind, make, capsys):
    pytest.importorskip("pycocotools")
    for seed in range(120):
        case = make(seed)
        arrays, stats = reference(case, kind)
        judge = judged(case, kind)
        assert capsys.readouterr().out.count("\n") == 12
        assert judge.eval["counts"] == arrays["counts"]
        for name in ("precision", "recall", "scores"): assert np.array_equal(judge.eval[name], arrays[name])
        if case.options["max_detections"] == (1, 10, 100): assert np.array_equal(judge.stats, stats)


def theirs(case, **params):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO()
    truth.dataset = {**case.ground_truth, "annotations": [dict(one) for one in case.ground_truth["annotations"]], "info": {}}
    truth.createIndex()
    judge = COCOeval(truth, truth.loadRes([dict(one) for one in case.results]), "bbox")
    for name, value in params.items(): setattr(judge.params, name, value)
    judge.evaluate()
    judge.accumulate()
    return judge.eval


@pytest.mark.parametrize("params", [
    {"iouThrs": np.array([.75, .5, .9])}, {"recThrs": np.array([0, .1, .35, .9, 1])}, {"areaRng": [[0, 1e10], [100, 1200]], "areaRngLbl": ["all", "mid"]},
    {"imgIds": [1]}, {"catIds": [1]}, {"maxDets": [2, 7, 9]}, {"imgIds": [4, 1], "catIds": [3], "useCats": 0}])
def test_params(params):
    pytest.importorskip("pycocotools")
    for seed in range(60):
        case = box_case(seed)._replace(options={"max_detections": (1, 10, 100), "categories": "each"})
        ids = {image["id"] for image in case.ground_truth["images"]}, {one["id"] for one in case.ground_truth["categories"]}
        if not (set(params.get("imgIds", ())) <= ids[0] and set(params.get("catIds", ())) <= ids[1]): continue
        ours, wanted = judged(case, **params).eval, theirs(case, **params)
        for name in ("precision", "recall", "scores"): assert np.array_equal(ours[name], wanted[name]), (seed, name)


def test_looking_up():
    case = box_case(4)
    truth = COCO()
    truth.dataset = case.ground_truth
    truth.createIndex()
    annotations = case.ground_truth["annotations"]
    assert truth.getAnnIds() == [one["id"] for one in annotations]
    image, category = annotations[0]["image_id"], annotations[0]["category_id"]
    assert truth.getAnnIds(imgIds=image) == [one["id"] for one in annotations if one["image_id"] == image]
    assert set(truth.getAnnIds(catIds=[category], iscrowd=0)) == {
        one["id"] for one in annotations if one["category_id"] == category and not one["iscrowd"]}
    assert truth.getAnnIds(areaRng=[0, 1]) == []
    assert truth.loadAnns([1])[0] is annotations[0] and truth.loadImgs(image)[0]["id"] == image
    assert truth.getCatIds(catNms=truth.loadCats(category)[0]["name"]) == [category]
    assert sorted(truth.getImgIds()) == sorted(truth.imgs) and truth.getImgIds(imgIds=[image]) == [image]
    assert image in truth.getImgIds(catIds=category)


def test_arrays_as_results():
    case = box_case(1)
    truth = COCO()
    truth.dataset = case.ground_truth
    truth.createIndex()
    rows = np.array([[one["image_id"], *one["bbox"], one["score"], one["category_id"]] for one in case.results])
    assert [one["bbox"] for one in truth.loadRes(rows).dataset["annotations"]] == [one["bbox"] for one in case.results]


def test_what_is_not_there():
    judge = judged(box_case(2))
    with pytest.raises(AttributeError, match="evalImgs is not kept here"): judge.evalImgs
    with pytest.raises(AttributeError, match="no attribute 'other'"): judge.other
    with pytest.raises(NotImplementedError, match="only 'segm' and 'bbox'"): COCOeval(None, None, "keypoints")
    with pytest.raises(RuntimeError, match="call evaluate and accumulate first"): COCOeval().summarize()
    case = box_case(2)
    with pytest.raises(InvalidAnnotations, match="999 is no image"): judged(case._replace(results=[{**case.results[0], "image_id": 999}]))


def test_limits_of_any_number(capsys):
    case = box_case(7)._replace(options={"max_detections": (1, 300), "categories": "each"})
    assert len(judged(case).stats) == 11
    assert "maxDets=300" in capsys.readouterr().out


def test_the_demonstration_of_coco(capsys):
    folder = os.environ.get("LOSSBOOK_TEST_DATA")
    if not folder: pytest.skip("LOSSBOOK_TEST_DATA is not set: no real data")
    folder = Path(folder) / "coco_val2014_100"
    cocoGt = COCO(folder / "instances_val2014_100.json")
    cocoDt = cocoGt.loadRes(str(folder / "instances_val2014_fakebbox100_results.json"))
    cocoEval = COCOeval(cocoGt, cocoDt, "bbox")
    cocoEval.params.imgIds = sorted(cocoGt.getImgIds())[0:100]
    cocoEval.evaluate()
    cocoEval.accumulate()
    cocoEval.summarize()
    assert cocoEval.stats.round(3).tolist() == [.505, .697, .573, .586, .519, .501, .387, .594, .595, .640, .566, .564]
    assert "area=   all | maxDets=100 ] = 0.505" in capsys.readouterr().out

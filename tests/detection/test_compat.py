"Code written for pycocotools, on our classes."
import importlib.util
import os
import sys
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

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


def theirs(case, kind="bbox", **params):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO()
    truth.dataset = {**deepcopy(case.ground_truth), "info": {}}
    truth.createIndex()
    judge = COCOeval(truth, truth.loadRes(deepcopy(case.results)), kind)
    for name, value in params.items(): setattr(judge.params, name, value)
    judge.evaluate()
    judge.accumulate()
    return judge.eval


def same(ours, wanted):
    return all(np.array_equal(ours[name], wanted[name]) for name in ("counts", "precision", "recall", "scores"))


def drawn_params(rng, case):
    "Some parameters, of any kind that pycocotools takes: subsets in any order, ids that nothing has, levels that are not 0 to 1."
    images, categories = ([one["id"] for one in case.ground_truth[part]] for part in ("images", "categories"))
    def some(values): return rng.permutation(values)[:rng.integers(1, len(values) + 1)]
    drawn = {"imgIds": some([*images, 77]), "catIds": some([*categories, 99]).tolist(), "recThrs": np.sort(rng.random(rng.integers(1, 12))),
             "iouThrs": np.sort(some(np.linspace(.05, 1, 20))[:4]), "maxDets": some([1, 2, 3, 5, 10, 100]).tolist(),
             "areaRng": [[0, 1e10], [50, 1000], [0, 300.5]], "useCats": int(rng.random() < .5)}
    drawn = {name: value for name, value in drawn.items() if rng.random() < .5}
    if "areaRng" in drawn: drawn["areaRngLbl"] = ["all", "mine", "small"]
    if "catIds" in drawn and not drawn.get("useCats", 1): drawn["catIds"].sort()
    return drawn


@pytest.mark.parametrize("kind, make", [("bbox", box_case), ("segm", mask_case)])
def test_all_params_together(kind, make):
    pytest.importorskip("pycocotools")
    for seed in range(120):
        case = make(seed)._replace(options={"max_detections": (1, 10, 100), "categories": "each"})
        params = drawn_params(np.random.default_rng(seed), case)
        assert same(judged(case, kind, **deepcopy(params)).eval, theirs(case, kind, **params)), (seed, params)


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
        assert same(ours, wanted), seed


def test_params_that_change_after_evaluate():
    case = box_case(11)
    wanted = judged(case, imgIds=[1], maxDets=[1, 2, 5]).eval
    judge = judged(case)
    judge.params.imgIds, judge.params.maxDets = [1], [5, 2, 1]
    judge.accumulate()
    assert same(judge.eval, wanted)
    params = deepcopy(judge.params)
    judge.params.iouThrs = [.5]
    judge.accumulate(params)
    assert same(judge.eval, wanted)


@pytest.mark.parametrize("params, said", [
    ({"iouThrs": [0, .5]}, "iou_thresholds is"), ({"maxDets": [0]}, "max_detections is"), ({"iouType": "boundary"}, "iouType"),
    ({"areaRng": [[0, 1e10]]}, "areaRngLbl has 4 names"), ({"areaRng": [[9, 3]], "areaRngLbl": ["all"]}, "area_ranges")])
def test_params_that_make_no_sense(params, said):
    with pytest.raises(ValueError, match=said): judged(box_case(3), **params)


def test_a_misspelt_parameter_cannot_be_set():
    with pytest.raises(AttributeError, match="maxDet"): COCOeval().params.maxDet = [100]


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


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_real_data_array_by_array(kind, capsys):
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO as OtherCOCO
    from pycocotools.cocoeval import COCOeval as OtherCOCOeval

    folder = os.environ.get("LOSSBOOK_TEST_DATA")
    if not folder: pytest.skip("LOSSBOOK_TEST_DATA is not set: no real data")
    folder, judges, printed = Path(folder) / "coco_val2014_100", [], []
    for data, judge in ((COCO, COCOeval), (OtherCOCO, OtherCOCOeval)):
        truth = data(folder / "instances_val2014_100.json")
        results = truth.loadRes(str(folder / f"instances_val2014_fake{kind}100_results.json"))
        judges.append(judge(truth, results, kind))
        judges[-1].evaluate()
        judges[-1].accumulate()
        judges[-1].summarize()
        printed.append(capsys.readouterr().out.splitlines()[-12:])
    ours, wanted = judges
    assert same(ours.eval, wanted.eval) and printed[0] == printed[1] and ours.stats.tolist() == wanted.stats.tolist()
    for name in ("area", "id", "iscrowd", "bbox"):
        assert np.array_equal(*([ann[name] for ann in judge.cocoDt.anns.values()] for judge in judges))
    few = ours.cocoGt.getImgIds()[:40]
    for ask in (lambda data: data.getImgIds(catIds=[1, 3]), lambda data: data.getImgIds(imgIds=few, catIds=1), lambda data: data.getCatIds(supNms="animal"),
                lambda data: data.getAnnIds(imgIds=few, catIds=[1, 3], areaRng=[10, 5000], iscrowd=False), lambda data: data.getAnnIds(iscrowd=True)):
        assert sorted(ask(ours.cocoGt)) == sorted(ask(wanted.cocoGt))


# ---- what other code gives

def test_numpy_bytes_and_images_without_sizes():
    case = mask_case(5)
    mask_utils = pytest.importorskip("pycocotools.mask")
    height, width = (case.ground_truth["images"][0][side] for side in ("height", "width"))
    def as_code_has_it(record):
        made = {name: np.float32(value) if name == "score" else value for name, value in record.items()}
        rle = record["segmentation"]
        if not isinstance(rle, dict) or isinstance(rle["counts"], list): rle = mask_utils.merge(np.atleast_1d(mask_utils.frPyObjects(rle, height, width)).tolist())
        made["segmentation"] = {"size": tuple(rle["size"]), "counts": rle["counts"] if isinstance(rle["counts"], bytes) else rle["counts"].encode()}
        return {**made, "image_id": np.int64(record["image_id"])}
    truth, results = ([as_code_has_it(record) for record in records] for records in (case.ground_truth["annotations"], case.results))
    bare = {**case.ground_truth, "annotations": truth, "images": [{"id": one["id"]} for one in case.ground_truth["images"]]}
    rounded = case._replace(results=[{**one, "score": float(np.float32(one["score"]))} for one in case.results])
    assert same(judged(case._replace(ground_truth=bare, results=results), "segm").eval, judged(rounded, "segm").eval)


@pytest.fixture
def torchmetrics(monkeypatch, torch):
    "torchmetrics with boxes converted, which it leaves to torchvision."
    torchmetrics = pytest.importorskip("torchmetrics")
    if importlib.util.find_spec("torchvision") is None:
        def box_convert(boxes, in_fmt, out_fmt): return torch.cat([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
        ops = SimpleNamespace(box_convert=box_convert)
        monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(ops=ops))
        monkeypatch.setitem(sys.modules, "torchvision.ops", ops)
        monkeypatch.setattr("torchmetrics.detection.mean_ap._TORCHVISION_AVAILABLE", True)
    return torchmetrics


@pytest.mark.filterwarnings("ignore:7 of 28 annotations")  # of masks, torchmetrics leaves out images without objects: what is found there
@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("average", ["macro", "micro"])
def test_torchmetrics_on_our_classes(kind, average, torchmetrics, torch, monkeypatch):
    mask_utils = pytest.importorskip("pycocotools.mask")
    from torchmetrics.detection.mean_ap import MeanAveragePrecision

    rng = np.random.default_rng(6)
    def image(n, scored):
        corners = rng.integers(0, 60, (n, 2))
        boxes = np.hstack([corners, corners + rng.integers(4, 50, (n, 2))]) if n else np.zeros((0, 4))
        masks = np.zeros((n, 120, 120), bool)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes.astype(int)): mask[y1:y2, x1:x2] = True
        made = {"boxes": torch.tensor(boxes, dtype=torch.float), "masks": torch.tensor(masks), "labels": torch.tensor(rng.integers(0, 3, n))}
        return made | {"scores": torch.tensor(rng.random(n).round(1), dtype=torch.float)} if scored else made
    pred, true = [image(n, True) for n in (9, 0, 7, 12)], [image(n, False) for n in (6, 3, 0, 8)]
    for some, more in zip(pred, true):
        for name in ("boxes", "masks"): some[name][:min(len(some[name]), len(more[name]), 4)] = more[name][:min(len(some[name]), 4)]

    def judged():
        metric = MeanAveragePrecision(iou_type=kind, average=average, class_metrics=True)
        metric.update(pred, true)
        return {name: value.tolist() for name, value in metric.compute().items()}
    wanted = judged()
    monkeypatch.setattr("torchmetrics.detection.helpers._load_coco_backend_tools", lambda backend: (COCO, COCOeval, mask_utils))
    assert judged() == wanted
    assert wanted["map"] > .05 and len(wanted["map_per_class"]) == 3


# ---- where pycocotools is wrong, and where it says nothing

def perfect(**changed):
    truth = [{"id": i, "image_id": 1, "category_id": 1, "bbox": [60*i, 0, 50, 50], "area": 2500, "iscrowd": 0} for i in (1, 2)]
    dataset = {"images": [{"id": 1}], "categories": [{"id": 1, "name": "thing"}], "annotations": [truth[0], {**truth[1], **changed}]}
    results = [{"image_id": 1, "category_id": 1, "bbox": one["bbox"], "score": .9} for one in truth]
    return box_case(0)._replace(ground_truth=dataset, results=results, options={"max_detections": (1, 10, 100), "categories": "each"})


@pytest.mark.filterwarnings("ignore:.*have an id that stood before")
@pytest.mark.parametrize("id", [0, 1])
def test_ids_of_annotations_do_not_matter(id):
    pytest.importorskip("pycocotools")
    assert judged(perfect(id=id)).stats[0] == pytest.approx(1)
    assert reference(perfect(id=id))[1][0] < .6


def test_the_greatest_limit_is_that_of_ap():
    pytest.importorskip("pycocotools")
    case = perfect()._replace(options={"max_detections": (1, 10, 300), "categories": "each"})
    assert judged(case).stats[0] == pytest.approx(1)
    assert reference(case)[1][0] == -1


def test_no_results():
    assert judged(perfect()._replace(results=[])).stats[0] == 0
    judge = COCOeval(judged(perfect()).cocoGt, COCO(), "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    assert judge.stats[0] == 0


@pytest.mark.parametrize("part, change, said", [
    ("annotations", {"image_id": None}, "image_id: it is None"),
    ("annotations", {"bbox": [0, 0, -1, 5]}, "width is -1"), ("images", {"id": [1]}, r"images\[0\].id: it is \[1\]"),
    ("results", {"category_id": 5}, "5 is no category"), ("results", {"score": None}, "record 0, score"), ("results", {"bbox": [0, 0, 1]}, "record 0, bbox")])
def test_faults_are_refused(part, change, said):
    case = deepcopy(perfect())
    {**case.ground_truth, "results": case.results}[part][0].update(change)
    with pytest.raises(InvalidAnnotations, match=f"(?i){said}"): judged(case)


def test_what_has_no_place_is_told():
    case = perfect(image_id=8)
    with pytest.warns(UserWarning, match="1 of 2 annotations are left out"): judge = judged(case)
    assert judge.stats[0] == pytest.approx(1)


def test_results_without_masks_have_none():
    case = perfect()
    for one in case.ground_truth["annotations"]: one["segmentation"] = [[0, 0, 5, 0, 5, 5]]
    case.ground_truth["images"][0].update(width=200, height=100)
    with pytest.raises(InvalidAnnotations, match="segmentation: it is missing"): judged(case, "segm")


def test_files_that_are_none(tmp_path):
    path = tmp_path / "file.json"
    path.write_text("[1, 2")
    with pytest.raises(InvalidAnnotations, match="no whole JSON"): COCO(path)
    path.write_text("[1, 2]")
    with pytest.raises(ValueError, match="holds a list, it must hold a dict"): COCO(path)
    with pytest.raises(FileNotFoundError): COCO(tmp_path / "none.json")
    with pytest.raises(ValueError, match="must be a path, a list or an array"): judged(perfect()).cocoGt.loadRes({})
    with pytest.raises(NotImplementedError, match="keypoints"): judged(perfect()).cocoGt.loadRes([{"image_id": 1, "category_id": 1, "keypoints": [1, 2, 2]}])

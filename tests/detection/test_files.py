"Loaders: what they read, what they refuse, and in which words."
import copy
import gc
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossbook.detection.coco_files import load_coco, load_coco_results
from lossbook.detection.evaluation import evaluate_detections
from lossbook.detection.faults import InvalidAnnotations
from lossbook.detection.files import read_detections, read_ground_truth
from lossbook.detection.masks import Masks
from lossbook.detection.folders import load_voc, load_voc_results, load_yolo, load_yolo_results

SQUARE = {"size": [40, 50], "counts": [85, 5, 1910]}
TRUTH = {
    "info": {"any": ["thing", {"that": "is not read"}]},
    "images": [{"id": 7, "width": 50, "height": 40, "file_name": "b.jpg"}, {"id": 3, "width": 50, "height": 40}],
    "categories": [{"id": 2, "name": "dog"}, {"id": 1, "name": "cat", "supercategory": "animal"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 10.5, 20], "area": 150, "iscrowd": 0, "segmentation": [[1, 2, 11, 2, 11, 22, 1, 22]]},
        {"id": 2, "image_id": 3, "category_id": 1, "bbox": [0, 0, 5, 5], "iscrowd": 1, "segmentation": SQUARE}]}
RESULTS = [
    {"image_id": 3, "category_id": 1, "bbox": [0, 0, 5, 4], "score": 0.5, "segmentation": SQUARE},
    {"image_id": 7, "category_id": 2, "bbox": [1, 2, 10, 20], "score": 0.9, "segmentation": {"size": [40, 50], "counts": "Z1d0d000000000000000000f`1"}}]


def changed(data, *path, to):
    "A copy of a document in which one thing is another; `to=None` takes it away."
    data = copy.deepcopy(data)
    place = data
    for step in path[:-1]: place = place[step]
    if to is None: del place[path[-1]]
    else: place[path[-1]] = to
    return data


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, bytes): path.write_bytes(content)
        else: path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path
    return write


def faults(call, *args, **options):
    with pytest.raises(InvalidAnnotations) as caught: call(*args, **options)
    assert str(caught.value).startswith(f"{caught.value.source}: {caught.value.count} fault")
    assert "\n" not in str(caught.value)
    return caught.value


# ---- what is read

@pytest.mark.parametrize("kind", ["box", "mask"])
def test_a_ground_truth(write, kind):
    for source in (TRUTH, write("truth.json", TRUTH), str(write("truth.json", json.dumps(TRUTH, indent=2)))):
        truth = load_coco(source, kind=kind)
        assert (truth.images.tolist(), truth.categories.tolist(), truth.names) == ([3, 7], [1, 2], ["cat", "dog"])
        assert (truth.image.tolist(), truth.category.tolist()) == ([1, 0], [1, 0])
        assert truth.boxes.tolist() == [[1, 2, 10.5, 20], [0, 0, 5, 5]]
        assert truth.area.tolist() == ([150, 25] if kind == "box" else [150, 5])  # what lacks is that of the box, or of the mask
        assert truth.crowd.tolist() == truth.ignored.tolist() == [False, True]
        assert (truth.masks is None) == (kind == "box")


def test_results(write):
    truth = load_coco(TRUTH, kind="mask")
    for source in (RESULTS, write("results.json", RESULTS), write("spaced.json", json.dumps(RESULTS, indent=3).encode())):
        found = load_coco_results(source, truth)
        assert (found.image.tolist(), found.category.tolist(), found.scores.tolist()) == ([0, 1], [0, 1], [.5, .9])
        assert (found.boxes.tolist(), found.area.tolist()) == ([[0, 0, 5, 4], [1, 2, 10, 20]], [20, 200])
    areas = [load_coco_results(RESULTS, truth, kind="mask", sizes=sizes).area.tolist() for sizes in ("coco", "box", "mask")]
    assert areas == [[20, 200], [20, 200], [5, 200]]
    without = [{key: value for key, value in one.items() if key != "bbox"} for one in RESULTS]
    areas = [load_coco_results(without, truth, kind="mask", sizes=sizes).area.tolist() for sizes in ("coco", "box", "mask")]
    assert areas == [[5, 200], [5, 200], [5, 200]]


def test_results_as_an_array():
    truth = load_coco(TRUTH)
    for image in (3.5, np.nan, np.inf):
        error = faults(load_coco_results, np.array([[3, 0, 0, 5, 4, .5, 1], [image, 0, 0, 5, 4, .5, 1]]), truth)
        assert error.faults == ["record 1, image_id: expected int, got float"]
    assert faults(load_coco_results, np.array([[3, 0, 0, 5, 4, np.nan, 1]]), truth).faults[0].startswith("record 0, score: it is nan")
    assert len(load_coco_results(np.zeros((0, 7)), truth).scores) == 0
    with pytest.raises(TypeError, match="results holds <U3: it must hold numbers"): load_coco_results(np.full((1, 7), "one"), truth)
    found = load_coco_results(np.array([[3, 0, 0, 5, 4, .5, 1.0]]), load_coco(TRUTH))
    assert (found.image.tolist(), found.boxes.tolist(), found.scores.tolist()) == ([0], [[0, 0, 5, 4]], [.5])
    with pytest.raises(ValueError, match=r"results has shape \(1, 6\)"): load_coco_results(np.zeros((1, 6)), load_coco(TRUTH))


def test_results_of_numpy():
    "What was made in Python may hold NumPy's numbers and arrays, and pycocotools' bytes."
    truth = load_coco(TRUTH, kind="mask")
    rle = RESULTS[1]["segmentation"]
    results = [{"image_id": np.int64(7), "category_id": np.uint8(2), "bbox": np.float32([1, 2, 10, 20]), "score": np.float32(0.1),
                "segmentation": {"size": np.array(rle["size"]), "counts": rle["counts"].encode()}, "picture": object()}]
    found = load_coco_results(results, truth, kind="mask")
    assert (found.image.tolist(), found.boxes.tolist(), found.masks.area.tolist()) == ([1], [[1, 2, 10, 20]], [200])
    assert found.scores[0] == np.float32(0.1)
    results[0]["bbox"] = np.zeros(3)
    assert faults(load_coco_results, results, truth).faults == ["record 0, bbox: expected array of length 4, got 3"]


def test_no_results_are_no_fault(write):
    for source in ([], write("none.json", "[]"), write("spaced.json", " [ \n ] ")):
        assert len(load_coco_results(source, load_coco(TRUTH)).scores) == 0


def test_large_files_are_read_in_pieces(write, monkeypatch):
    many = [{**RESULTS[i % 2], "score": i / 500, "note": "},{ } , {" if i == 77 else "a"} for i in range(500)]
    monkeypatch.setattr("lossbook.detection.coco_files.PIECE", 300)
    truth = load_coco(TRUTH)
    for indent in (None, 1):
        plain = [{key: value for key, value in one.items() if key != "note"} for one in many]
        for records in (plain, many):  # a cut through a string sends the file down the slow road
            found = load_coco_results(write("many.json", json.dumps(records, indent=indent)), truth)
            assert found.scores.tolist() == [i / 500 for i in range(500)]
    error = faults(load_coco_results, write("bad.json", changed(plain, 444, "image_id", to=9)), truth)
    assert (error.count, error.faults) == (1, ["record 444, image_id: 9 is no image of the ground truth"])


def test_ids_may_be_words_and_far_apart():
    truth = changed(TRUTH, "images", to=[{"id": "a"}, {"id": "b"}])
    for one, image in zip(truth["annotations"], "ab"): one["image_id"] = image
    loaded = load_coco(truth)
    assert (loaded.images.tolist(), loaded.image.tolist()) == (["a", "b"], [0, 1])
    assert load_coco_results([{**RESULTS[0], "image_id": "b"}], loaded).image.tolist() == [1]
    error = faults(load_coco_results, RESULTS, loaded)
    assert error.faults[0] == "record 0, image_id: expected str, got int"
    far = changed(TRUTH, "images", to=[{"id": 7}, {"id": 3}, {"id": 2**60}])
    loaded = load_coco(far)
    assert load_coco_results([{**RESULTS[0], "image_id": 2**60}], loaded).image.tolist() == [2]
    assert faults(load_coco_results, [{**RESULTS[0], "image_id": 2**59}], loaded).count == 1


# ---- what is refused, where, and in which words

TRUTH_FAULTS = [
    (("annotations", 1, "image_id"), 99, "annotations[1].image_id: 99 is no image of the ground truth"),
    (("annotations", 0, "category_id"), 8, "annotations[0].category_id: 8 is no category of the ground truth"),
    (("annotations", 0, "bbox"), [1, 2, -3, 4], "annotations[0].bbox: width is -3, it must be 0 or above"),
    (("annotations", 0, "bbox"), [1, 2, 3, -4], "annotations[0].bbox: height is -4, it must be 0 or above"),
    (("annotations", 0, "bbox"), [1, 2, 3], "annotations[0].bbox: expected array of length 4, got 3"),
    (("annotations", 0, "bbox"), 7, "annotations[0].bbox: expected array, got int"),
    (("annotations", 0, "bbox"), None, "annotations[0].bbox: it is missing"),
    (("annotations", 0, "bbox", 2), "w", "annotations[0].bbox[2]: expected float, got str"),
    (("annotations", 0, "image_id"), None, "annotations[0].image_id: it is missing"),
    (("annotations", 0, "area"), -1, "annotations[0].area: it is -1, it must be finite, 0 or above"),
    (("annotations", 0, "iscrowd"), 2, "annotations[0].iscrowd: it is 2, it must be 0 or 1"),
    (("images", 1, "id"), 7, "images[1].id: 7 stands twice"),
    (("categories", 1, "id"), 2, "categories[1].id: 2 stands twice"),
    (("categories", 1, "name"), None, "categories[1].name: it is missing"),
    (("images",), None, "images: it is missing"),
    (("annotations",), 3, "annotations: it is int, it must be a list"),
    (("annotations", 0), 3, "annotations[0]: expected object, got int"),
    (("annotations", 1, "iscrowd"), 10**400, f"annotations[1].iscrowd: it is {10**400}, it must be 0 or 1"),
    (("annotations", 1, "image_id"), 10**400, f"annotations[1].image_id: {10**400} is no image of the ground truth"),
    (("annotations", 1, "image_id"), "7", "annotations[1].image_id: '7' is no image of the ground truth"),
    (("annotations", 0, "area"), float("inf"), "annotations[0].area: it is inf, it must be finite, 0 or above"),
    (("annotations", 0, "bbox", 0), float("nan"), "annotations[0].bbox: it holds [nan, 2.0, 10.5, 20.0], it must be finite"),
    (("annotations", 0, "bbox", 0), 1e200, "annotations[0].bbox: it holds [1e+200, 2.0, 10.5, 20.0], it must be finite"),
    (("images", 0, "id"), 2**64, "images: an id is too great, it must fit 64 bits"),
    (("images", 0, "id"), "7", "images: some ids are numbers and some are words, they must be of one kind"),
    (("images", 0, "width"), "50", "images[0].width: expected float | null, got str"),
]


@pytest.mark.parametrize("path, to, words", TRUTH_FAULTS, ids=lambda x: str(x)[:40])
def test_faults_of_a_ground_truth(write, path, to, words):
    data = changed(TRUTH, *path, to=to)
    for source, name in ((data, "ground truth"), (write("truth.json", data), "truth.json")):
        error = faults(load_coco, source)
        assert error.source == name
        assert words in error.faults


def test_a_fault_is_counted_once():
    "What refers to an image or a category that cannot be read is not another fault."
    without = {key: value for key, value in TRUTH.items() if key != "categories"}
    assert faults(load_coco, without).faults == ["categories: it is missing"]
    assert faults(load_coco, changed(TRUTH, "images", 0, "id", to=7.5)).faults == ["images[0].id: expected int | str, got float"]
    images = [{"id": 7.5}, *TRUTH["images"], {"id": 7}, {}]
    assert faults(load_coco, changed(TRUTH, "images", to=images)).faults == [
        "images[0].id: expected int | str, got float", "images[4].id: it is missing", "images[3].id: 7 stands twice"]


RESULT_FAULTS = [
    ((1, "image_id"), 99, "record 1, image_id: 99 is no image of the ground truth"),
    ((0, "category_id"), 8, "record 0, category_id: 8 is no category of the ground truth"),
    ((1, "bbox"), [1, 2, -3, 4], "record 1, bbox: width is -3, it must be 0 or above"),
    ((1, "bbox"), [1, 2, 3, -4], "record 1, bbox: height is -4, it must be 0 or above"),
    ((1, "bbox"), None, "record 1, bbox: it is missing"),
    ((1, "bbox"), 5, "record 1, bbox: expected array, got int"),
    ((1, "score"), None, "record 1, score: it is missing"),
    ((1, "score"), float("nan"), "record 1, score: it is nan, it must be finite"),
    ((1, "score"), float("inf"), "record 1, score: it is inf, it must be finite"),
    ((1, "bbox", 0), float("nan"), "record 1, bbox: it holds [nan, 2.0, 10.0, 20.0], it must be finite"),
    ((1, "score"), "0.9", "record 1, score: expected float, got str"),
    ((1, "image_id"), 7.5, "record 1, image_id: expected int, got float"),
    ((1,), 7, "record 1: expected object, got int"),
    ((1, "image_id"), 10**400, f"record 1, image_id: {10**400} is no image of the ground truth"),
    ((1, "bbox", 3), 10**400, "record 1, bbox[3]: number out of range"),
    ((1, "score"), True, "record 1, score: expected float, got bool"),
]


@pytest.mark.parametrize("path, to, words", RESULT_FAULTS, ids=lambda x: str(x)[:40])
def test_faults_of_results(write, path, to, words):
    data, truth = changed(RESULTS, *path, to=to), load_coco(TRUTH)
    for source, name in ((data, "results"), (write("results.json", data), "results.json")):
        error = faults(load_coco_results, source, truth)
        assert (error.source, error.count, error.faults) == (name, 1, [words])


MASK_FAULTS = [
    ((0, "segmentation", "size"), [50, 40], "record 0, segmentation: size is [50, 40] where its image has [40, 50]"),
    ((0, "segmentation", "size"), [-40, 50], "record 0, segmentation: size is [-40, 50] where its image has [40, 50]"),
    ((0, "segmentation", "size"), [40, 2**53], f"record 0, segmentation: size is [40, {2**53}] where its image has [40, 50]"),
    ((0, "segmentation", "size"), [40, 10**400], f"record 0, segmentation.size[1]: expected int <= {2**53}"),
    ((0, "segmentation", "size"), None, "record 0, segmentation.size: it is missing"),
    ((0, "segmentation", "counts", 1), 10**400, "record 0, segmentation: it has a count that is no number of pixels"),
    ((0, "segmentation", "counts", 1), -5, "record 0, segmentation: it has a negative count"),
    ((1, "segmentation"), [], "record 1, segmentation: its counts add up to 0 pixels where its image has 2000"),
    ((0, "segmentation", "counts"), [85, 5], "record 0, segmentation: its counts add up to 90 pixels where its image has 2000"),
    ((1, "segmentation", "counts"), "zz~", "record 1, segmentation: its counts cannot be decoded, they are no compressed run lengths"),
    ((1, "segmentation"), [[1, 2, 3, 4]], "record 1, segmentation: a polygon has 2 points, it must have 3 or more"),
    ((1, "segmentation"), None, "record 1, segmentation: it is missing"),
    ((1, "segmentation"), 5, "record 1, segmentation: expected object | array, got int"),
]


@pytest.mark.parametrize("path, to, words", MASK_FAULTS, ids=lambda x: str(x)[:40])
def test_faults_of_masks(write, path, to, words):
    truth = load_coco(TRUTH, kind="mask")
    for source in (changed(RESULTS, *path, to=to), write("results.json", changed(RESULTS, *path, to=to))):
        assert faults(load_coco_results, source, truth, kind="mask").faults == [words]


def test_masks_need_the_size_of_their_image():
    arrays = {"boxes": [[0, 0, 5, 5]], "labels": [1], "image_ids": [3]}
    result = {key: value for key, value in RESULTS[0].items() if key != "bbox"}
    error = faults(load_coco_results, [result], read_ground_truth(arrays), kind="mask")
    assert error.faults == ["record 0: height and width of its image are [nan, nan], a mask needs whole numbers above 0"]
    truth = read_ground_truth({**arrays, "masks": np.ones((1, 40, 50))}, "mask")  # the size is that of the mask
    assert load_coco_results([result], truth, kind="mask").area.tolist() == [5]
    error = faults(load_coco, changed(TRUTH, "images", 0, "width", to=None), kind="mask")
    assert error.faults == ["annotations[0]: height and width of its image are [40.0, nan], a mask needs whole numbers above 0"]


def test_all_faults_are_counted_and_the_first_named(write):
    many = [{**RESULTS[0], "image_id": 99}] * 400 + [{**RESULTS[0], "score": None}] * 30
    error = faults(load_coco_results, write("results.json", many), load_coco(TRUTH))
    assert (error.count, len(error.faults)) == (430, 5)
    assert str(error).startswith("results.json: 430 faults. Record ")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("content, words", [
    (b"", "line 1, column 1: it is empty"),
    (json.dumps(RESULTS).encode()[:-40], "it is no whole JSON"),
    (b"{}", "the document: it is dict, it must be a list"),
    (b"nonsense", "line 1, column 1: it is no whole JSON, expecting value"),
    (b"\xff\xfe[", "it is no text in UTF-8"),
    (b"[" * 100_000, "it cannot be read"),
], ids=["empty", "cut off", "an object", "no JSON", "no text", "too deep"])
def test_files_that_are_no_results(write, content, words):
    assert words in faults(load_coco_results, write("results.json", content), load_coco(TRUTH)).faults[0]


def test_files_that_are_no_ground_truth(write):
    assert "it is list, it must be an object" in faults(load_coco, write("truth.json", b"[]")).faults[0]
    with pytest.raises(FileNotFoundError): load_coco("/nowhere/truth.json")


def test_corners_in_place_of_sides(write):
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 25, (60, 2))
    corners = np.hstack([low, low + rng.uniform(5, 15, (60, 2))])
    results = [{**RESULTS[0], "bbox": box} for box in corners.tolist()]
    error = faults(load_coco_results, results, load_coco(TRUTH))
    assert "no box would as corners, they must be x, y, width, height" in error.faults[0]
    sides = np.hstack([low, corners[:, 2:] - low])
    assert len(load_coco_results([{**RESULTS[0], "bbox": box} for box in sides.tolist()], load_coco(TRUTH)).scores) == 60
    far = sides + [60, 60, 0, 0]  # boxes beyond the image are no corners
    assert len(load_coco_results([{**RESULTS[0], "bbox": box} for box in far.tolist()], load_coco(TRUTH)).scores) == 60


def test_sides_are_not_taken_for_corners():
    "Boxes that lie in their image, or reach out of it a little, are never refused, however many they are."
    rng, truth = np.random.default_rng(1), load_coco(TRUTH)
    size = np.array([50, 40])
    for _ in range(200):
        low, high = np.sort(rng.uniform(-0.04, 1.04, (2, rng.integers(1, 60), 2)) ** rng.choice([1, 1, 3]), axis=0)
        low, high = np.maximum([low * rng.choice([1, 0.3, 0]), high], 0)
        boxes = np.hstack([low, high - low]) * np.tile(size, 2)
        assert len(load_coco_results([{**RESULTS[0], "bbox": box} for box in boxes.tolist()], truth).scores) == len(boxes)


def test_corners_in_a_ground_truth():
    one = {"image_id": 7, "category_id": 1}
    corners = changed(TRUTH, "annotations", to=[{**one, "bbox": [i, i, i + 9, i + 9]} for i in range(31)])
    assert faults(load_coco, corners).faults == ["bbox: 13 of 31 boxes reach out of their image and no box would as corners, "
                                                 "they must be x, y, width, height"]
    few = changed(corners, "annotations", to=corners["annotations"][12:])  # too few to tell
    for source in (few, changed(corners, "images", 0, "width", to=None), changed(corners, "annotations", 0, "bbox", to=[9, 0, 8, 9])):
        assert len(load_coco(source).boxes)


def test_a_pipe():
    code = "from lossbook.detection.coco_files import load_coco; print(load_coco('/dev/stdin').boxes.tolist())"
    if not os.path.exists("/dev/stdin"): pytest.skip("no /dev/stdin: no pipe to read from")
    said = subprocess.run([sys.executable, "-c", code], input=json.dumps(TRUTH), capture_output=True, text=True, check=True)
    assert json.loads(said.stdout) == [[1, 2, 10.5, 20], [0, 0, 5, 5]]


def test_the_garbage_collector_works_again(write):
    truth = load_coco(write("truth.json", TRUTH))
    faults(load_coco_results, write("bad.json", "["), truth)
    assert gc.isenabled()


def test_ids_that_stand_twice_are_told():
    with pytest.warns(UserWarning, match="1 annotations have an id that stood before"):
        load_coco(changed(TRUTH, "annotations", 1, "id", to=1))


# ---- folders

VOC = """<annotation><size><width>50</width><height>40</height></size>
<object><name>dog</name><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>20</ymax></bndbox></object>
<object><name>big dog</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"""


def test_voc(write, tmp_path):
    write("truth/a.xml", VOC), write("truth/b.xml", "<annotation/>")
    truth = load_voc(tmp_path / "truth")
    assert (truth.images.tolist(), truth.names, truth.image.tolist()) == (["a", "b"], ["big dog", "dog"], [0, 0])
    assert truth.boxes.tolist() == [[1, 2, 10, 19], [5, 5, 5, 5]]
    assert (truth.ignored.tolist(), truth.crowd.tolist()) == ([True, False], [False, False])
    assert load_voc(tmp_path / "truth", inclusive=False).boxes[0].tolist() == [1, 2, 9, 18]
    write("found/comp4_det_test_dog.txt", "a .9 1 2 10 20\n\nb .5 1 1 3 3\n"), write("found/comp4_det_test_big dog.txt", "a .8 5 5 9 9")
    found = load_voc_results(tmp_path / "found", truth)
    assert sorted(zip(found.category.tolist(), found.image.tolist(), found.scores.tolist())) == [(0, 0, .8), (1, 0, .9), (1, 1, .5)]
    stats = evaluate_detections(truth, found, iou_thresholds=.5, matching="voc", interpolation="voc", area_ranges={"all": (0, np.inf)}).stats
    assert stats["AP"] == 1


@pytest.mark.parametrize("content, words", [
    (VOC[:-30], "a.xml: it is no whole XML"),
    (VOC.replace("<xmin>1</xmin>", ""), "a.xml, object 0, bndbox: xmin is missing"),
    (VOC.replace("<xmin>1<", "<xmin>1_0<"), "a.xml, object 0, bndbox: it holds '1_0', it must hold numbers"),
    (VOC.replace("<difficult>1", "<difficult>yes"), "a.xml, object 0, difficult: it is 'yes', it must be 0 or 1"),
    (VOC.replace("<width>50", "<width>wide"), "a.xml, size: it holds 'wide', it must hold numbers"),
    (VOC.replace("annotation>", "picture>"), "a.xml: it holds <picture>, it must hold <annotation>"),
    ("<?xml version='1.0' encoding='elvish'?>" + VOC, "a.xml: it is no whole XML, unknown encoding: elvish"),
    ("", "a.xml: it is no whole XML, no element found"),
    (VOC.replace("<name>dog</name>", ""), "a.xml, object 0, name: it is missing"),
    (VOC.replace("<xmax>10", "<xmax>-10"), "a.xml, object 0, bbox: width is -10"),
])
def test_faults_of_voc(write, tmp_path, content, words):
    write("truth/a.xml", content)
    error = faults(load_voc, tmp_path / "truth")
    assert words in error.faults[0] and f" {words}" in str(error)  # a file's name keeps its small letter


def test_faults_of_voc_results(write, tmp_path):
    truth = load_voc(write("truth/a.xml", VOC).parent)
    write("found/dog.txt", "a .9 1 2 10\nz .9 1 2 10 20\na x 1 2 10 20\na nan 1 2 10 20")
    assert faults(load_voc_results, tmp_path / "found", truth).count == 4
    write("found/dog.txt", ""), write("found/cow.txt", "a .9 1 2 10 20")
    assert faults(load_voc_results, tmp_path / "found", truth).faults == ["cow.txt, line 1, class: 'cow' is no class of the ground truth"]
    write("found/cow.txt", ""), write("found/old_dog.txt", b"a .9 1 2 \xff")
    assert faults(load_voc_results, tmp_path / "found", truth).faults == [
        "old_dog.txt: it is of class 'dog', and so is dog.txt", "old_dog.txt, byte 9: it is no text in UTF-8"]
    with pytest.raises(FileNotFoundError, match="holds no file that ends in .xml"): load_voc(tmp_path / "found")
    with pytest.raises(FileNotFoundError): load_voc(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="ground_truth is str: it must be GroundTruth"): load_voc_results(tmp_path / "found", "truth")


def test_yolo(write, tmp_path):
    write("truth/a.txt", "1 .5 .5 .2 .5\n"), write("truth/b.txt", "")
    for sizes in ((50, 40), {"a": (50, 40), "b": (20, 20)}):
        truth = load_yolo(tmp_path / "truth", sizes, ["cat", "dog"])
        assert (truth.images.tolist(), truth.names, truth.category.tolist()) == (["a", "b"], ["cat", "dog"], [1])
        assert truth.boxes.tolist() == [[20, 10, 10, 20]]
    write("found/a.txt", "1 .5 .5 .2 .5 .9\n0 .1 .1 .1 .1 .2")
    found = load_yolo_results(tmp_path / "found", (50, 40), truth)
    write("truth/a-b.txt", "\ufeff0 .5 .5 .1 .1\r\n")  # sorted as ids are, not as the names of files are
    more = load_yolo(tmp_path / "truth", {"a": (50, 40), "b": (20, 20), "a-b": (10, 10), "Z": [8, 8]}, ["cat", "dog"])
    assert (more.images.tolist(), more.image.tolist(), more.sizes[0].tolist()) == (["Z", "a", "a-b", "b"], [1, 2], [8, 8])
    assert (found.category.tolist(), found.scores.tolist()) == ([1, 0], [.9, .2])
    assert evaluate_detections(truth, found).stats["AP50"] == pytest.approx(1)


@pytest.mark.parametrize("line, words", [
    ("1 .5 .5 .2", "a.txt, line 1: it has 4 numbers, it must have 5"),
    ("1 .1 .1 .2 .2 .3 .3 .1 .3", "which looks like a polygon"),
    ("1.5 .5 .5 .2 .2", "class is 1.5, it must be a whole number"),
    ("1e999 .5 .5 .2 .2", "class is inf, it must be a whole number"),
    ("7 .5 .5 .2 .2", "a.txt, line 1, class: 7 is no class of the ground truth"),
    ("1 .5 .5 -.2 .2", "width is -10, it must be 0 or above"),
    ("1 -1e999 .5 .2 .2", "a.txt, line 1, bbox: it holds [-inf, 16.0, 10.0, 8.0], it must be finite"),
    ("1 25 20 10 8", "a.txt, line 1: it holds 25, it must be in units of the image, which ends at 1"),
    ("1 .5 .5 x .2", "a.txt, line 1: it holds 'x', it must hold numbers"),
    ("1 .5 .5 nan .2", "a.txt, line 1: it holds 'nan', it must hold numbers"),
    ("1 .5 .5 .2 .2\n\n1 .5", "a.txt, line 3: it has 2 numbers"),
])
def test_faults_of_yolo(write, tmp_path, line, words):
    write("truth/a.txt", line)
    assert words in faults(load_yolo, tmp_path / "truth", (50, 40), ["cat", "dog"]).faults[0]
    assert "image_sizes has no size for it" in faults(load_yolo, tmp_path / "truth", {}, ["cat", "dog"]).faults[0]
    for size in ((0, 40), 50, (50, np.nan), (50, 40, 3), "50"):
        assert "it must be two numbers above 0" in faults(load_yolo, tmp_path / "truth", size, ["cat", "dog"]).faults[0]
    with pytest.raises(TypeError, match="names is str: it must be a list"): load_yolo(tmp_path / "truth", (50, 40), "cat")


# ---- arrays

ARRAYS = {"boxes": [[0, 0, 10, 10], [5, 5, 9, 9]], "labels": ["cat", "dog"], "image_ids": [4, 4]}
FOUND = {**ARRAYS, "scores": [.5, .9]}


def test_arrays():
    truth = read_ground_truth({**ARRAYS, "crowd": [0, 1], "images": [4, 9], "area": [7, 8], "names": ["Cat", "Dog"]})
    assert (truth.images.tolist(), truth.names, truth.boxes[1].tolist()) == ([4, 9], ["Cat", "Dog"], [5, 5, 4, 4])
    assert (truth.area.tolist(), truth.ignored.tolist()) == ([7, 8], [False, True])
    for form, boxes in (("xywh", [[0, 0, 10, 10], [5, 5, 4, 4]]), ("cxcywh", [[5, 5, 10, 10], [7, 7, 4, 4]])):
        assert read_ground_truth({**ARRAYS, "boxes": boxes, "form": form}).boxes.tolist() == truth.boxes.tolist()
    found = read_detections(FOUND, truth)
    assert (found.image.tolist(), found.category.tolist(), found.area.tolist()) == ([0, 0], [0, 1], [100, 16])
    assert len(read_detections({"boxes": [], "labels": [], "image_ids": [], "scores": []}, truth).scores) == 0
    assert read_ground_truth(truth) is truth


def test_arrays_of_masks():
    masks = np.zeros((2, 6, 8), bool)
    masks[0, :3, :4] = masks[1, 3:, :2] = True
    truth = {"masks": masks, "labels": [1, 2], "image_ids": [0, 0]}
    for boxes in ({}, {"boxes": [[0, 0, 4, 3], [0, 3, 2, 6]]}):
        judged = evaluate_detections({**truth, **boxes}, {**truth, **boxes, "scores": [.9, .8]}, kind="mask")
        assert judged.stats["AP"] == pytest.approx(1)
    with pytest.raises(ValueError, match="holds no masks"): read_ground_truth(read_ground_truth(ARRAYS), "mask")
    with pytest.raises(ValueError, match="'masks' lacks"): read_ground_truth(ARRAYS, "mask")


@pytest.mark.parametrize("changes, words", [
    ({"colour": 1}, "'colour' is no key"), ({"boxes": None}, "'boxes' lacks"), ({"labels": ["cat"]}, r"labels has shape \(1,\): it must be \(2,\)"),
    ({"names": ["x"]}, "names holds 1 names where there are 2"), ({"images": [4, 4]}, "images holds 4 twice"),
    ({"images": [1]}, "Object 0, image_ids: 4 is no image"), ({"area": [1, -1]}, "Object 1, area: it is -1"),
    ({"boxes": [[3, 0, 1, 1], [5, 5, 9, 9]]}, "boxes holds"), ({"form": "xy"}, "form is 'xy'"),
    ({"crowd": [0, 2]}, "crowd holds 2: it must hold 0 and 1"), ({"labels": [[1], 2]}, "labels is ragged"),
    ({"boxes": np.zeros((4, 8))}, r"boxes has shape \(4, 8\): it must be \(n, 4\)"),
    ({"boxes": [[0, 0, -1, 4], [5, 5, 9, 9]], "form": "xywh"}, "Object 0, bbox: width is -1"),
])
def test_faults_of_arrays(changes, words):
    with pytest.raises(ValueError, match=words): read_ground_truth({**ARRAYS, **changes})


@pytest.mark.parametrize("changes, words", [
    ({"labels": [1.5, 2]}, "labels holds float64: it must hold whole numbers, or strings"), ({"labels": [True, False]}, "labels holds bool"),
    ({"labels": [1, "a"]}, "labels holds numbers and words"), ({"image_ids": [None, None]}, "image_ids holds object"),
    ({"crowd": ["no", "yes"]}, "crowd holds <U3: it must hold real numbers"), ({"area": None}, "area holds object"),
])
def test_arrays_of_the_wrong_type(changes, words):
    with pytest.raises(TypeError, match=words): read_ground_truth({**ARRAYS, **changes})


def test_faults_of_arrays_of_masks():
    masks = np.zeros((2, 6, 8), bool)
    arrays = {"masks": masks, "labels": [1, 2], "image_ids": [0, 0]}
    truth = read_ground_truth({**arrays, "images": [0, 5]}, "mask")
    assert truth.sizes[0].tolist() == [8, 6] and np.isnan(truth.sizes[1]).all()
    error = faults(read_detections, {**arrays, "masks": np.zeros((2, 5, 9)), "scores": [1, 1]}, truth, "mask")
    assert error.faults[1] == "detection 1, masks: size is [5, 9] where its image has [6, 8]"
    runs = Masks.from_coco([[48], [45]], [[6, 8], [5, 9]])
    assert "object 0, masks: size is [6, 8]" in faults(read_ground_truth, {**arrays, "masks": runs}, "mask").faults[0]
    with pytest.raises(ValueError, match="masks holds 1 masks where there are 2 boxes"):
        read_ground_truth({**ARRAYS, "masks": masks[:1]})
    with pytest.raises(ValueError, match="masks has faults, the first in row 1: its counts cannot be decoded"):
        read_ground_truth({**arrays, "masks": Masks.from_coco([[48], "zz~"], [[6, 8]] * 2)}, "mask")


def test_faults_of_arrays_of_detections():
    truth = read_ground_truth(ARRAYS)
    for changes, words in (({"scores": [.5, np.nan]}, "Detection 1, scores: it is nan"), ({"labels": ["cat", "cow"]}, "labels: 'cow' is no"),
                           ({"image_ids": [4, 5]}, "image_ids: 5 is no image"), ({"crowd": [0, 0]}, "'crowd' is no key")):
        with pytest.raises(ValueError, match=words): read_detections({**FOUND, **changes}, truth)
    with pytest.raises(ValueError, match="'scores' lacks"): read_detections(ARRAYS, truth)
    assert "Detection 0, area: it is nan" in str(faults(read_detections, {**FOUND, "area": [np.nan, 1]}, truth))
    with pytest.raises(ValueError, match="detections holds category 1 of a ground truth that has 1"):
        read_detections(read_detections(FOUND, truth), read_ground_truth({key: value[:1] for key, value in ARRAYS.items()}))
    with pytest.raises(ValueError, match="kind is 'masks'"): read_detections(FOUND, truth, "masks")
    with pytest.raises(ValueError, match="sizes is 'area'"): read_detections(FOUND, truth, "box", "area")
    with pytest.raises(TypeError, match="ground_truth is dict"): read_detections(FOUND, ARRAYS)
    for read in (lambda x: read_ground_truth(x), lambda x: read_detections(x, truth)):
        with pytest.raises(TypeError, match="is int: give"): read(7)


def test_the_real_files():
    folder = os.environ.get("LOSSBOOK_TEST_DATA")
    if not folder: pytest.skip("LOSSBOOK_TEST_DATA is not set: no real data")
    folder = Path(folder) / "coco_val2014_100"
    truth = load_coco(folder / "instances_val2014_100.json", kind="mask")
    found = load_coco_results(folder / "instances_val2014_fakesegm100_results.json", truth, kind="mask")
    assert (len(truth.images), len(truth.categories), truth.crowd.any(), len(found.masks)) == (100, 80, True, len(found.scores))
    path = folder / "instances_val2014_fakebbox100_results.json"
    boxes, records = load_coco_results(path, truth), json.loads(path.read_text())
    assert boxes.boxes.tolist() == [record["bbox"] for record in records]
    assert boxes.scores.tolist() == [record["score"] for record in records]
    assert truth.images[boxes.image].tolist() == [record["image_id"] for record in records]
    records[17]["bbox"][2] *= -1
    assert faults(load_coco_results, records, truth).faults[0].startswith("record 17, bbox: width is -")
    records = [{**record, "bbox": np.append(box[:2], np.add(box[:2], box[2:]))} for record in records for box in [np.abs(record["bbox"])]]
    assert "no box would as corners" in faults(load_coco_results, records, truth).faults[0]

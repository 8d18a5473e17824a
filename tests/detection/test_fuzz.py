"""Broken files: whatever is done to a file, it is refused in one sentence, and by the command line with exit code 2, or what is
read is what stands in it.

`make peers` tries many more of them than `make test`.
"""
import copy
import json
import math
import os
import signal
from xml.dom import minidom

import numpy as np
import pytest
from typer.testing import CliRunner

from lossbook.cli import app
from lossbook.detection.coco_files import load_coco, load_coco_results
from lossbook.detection.faults import InvalidAnnotations
from lossbook.detection.files import read_detections, read_ground_truth
from lossbook.detection.folders import load_voc, load_voc_results, load_yolo, load_yolo_results
from tests.detection.cases import mask_case
from tests.detection.test_files import ARRAYS, FOUND, RESULTS, TRUTH, VOC

TRIES = 20_000 if os.environ.get("LOSSBOOK_CASES") == "all" else 1500
ODD = [None, True, -1, 0, 1, 2**31, 2**63, 2**70, 1e308, -0.0, math.nan, math.inf, "", "1", "é\ud800", [], [[]], {}, {"size": []}, [1, 2, 3, 4], "~" * 50]


def steps(data):
    "The path of everything in a document."
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield (key,)
        for path in steps(value): yield (key, *path)


def with_odd_values(rng, data):
    "A document in which one to three things are odd, or gone, or there twice."
    data = copy.deepcopy(data)
    for _ in range(rng.integers(1, 4)):
        paths = list(steps(data))
        if not paths: break
        *way, last = paths[rng.integers(len(paths))]
        place = data
        for step in way: place = place[step]
        if (kind := rng.random()) < 0.15: del place[last]
        elif kind < 0.25 and isinstance(place, list): place.append(copy.deepcopy(place[last]))
        else: place[last] = copy.deepcopy(ODD[rng.integers(len(ODD))])
    return data


def with_odd_bytes(rng, text):
    "A text in which some bytes are others, or missing, or the end is."
    text = bytearray(text)
    for _ in range(rng.integers(1, 4)):
        at, kind = int(rng.integers(len(text))), rng.random()
        if kind < 0.6: text[at] = rng.integers(256)
        elif kind < 0.8: del text[at:at + int(rng.integers(1, 9))]
        elif kind < 0.9: del text[at:]
        else: text[at:at] = text[at:at + int(rng.integers(1, 30))]
        if not text: break
    return bytes(text)


def read_or_refused(call, *args, **options):
    "What is read, or `None`; what it is refused with must be one sentence, or several, of words."
    try: return call(*args, **options)
    except (ValueError, TypeError) as error:
        assert type(error) in (ValueError, TypeError, InvalidAnnotations)
        assert str(error) and "\n" not in str(error) and "Traceback" not in str(error)


def document(path):
    "What stands in a file, whose strings may be broken: those that no field needs are not looked into."
    return json.loads(path.read_bytes().decode(errors="replace"), strict=False)


def mask_areas(records, masks):
    "Pixels of the masks in records, as pycocotools counts them; `masks` knows the sizes."
    from pycocotools import mask

    runs = [record["segmentation"] for record in records]
    for i, (one, size) in enumerate(zip(runs, masks.sizes.tolist())):
        if isinstance(one, list): runs[i] = mask.merge(mask.frPyObjects(one, *size))
        elif isinstance(one["counts"], list): runs[i] = mask.frPyObjects(one, *size)
    return [int(mask.area(one)) for one in runs]


def check_results(found, truth, data, kind):
    "Assert that detections are what stands in a document."
    if found is None: return False
    assert truth.images[found.image].tolist() == [record["image_id"] for record in data]
    assert truth.categories[found.category].tolist() == [record["category_id"] for record in data]
    assert found.scores.tolist() == [record["score"] for record in data]
    np.testing.assert_array_equal(found.boxes, boxes_in(data))
    if kind == "mask": assert found.masks.area.tolist() == mask_areas(data, found.masks)
    return True


def check_truth(truth, data, kind):
    "Assert that objects are what stands in a document."
    if truth is None: return False
    records = data["annotations"]
    for part, ids in (("images", truth.images), ("categories", truth.categories)):
        assert ids.tolist() == sorted(record["id"] for record in data[part])
    assert dict(zip(truth.categories.tolist(), truth.names)) == {record["id"]: record["name"] for record in data["categories"]}
    assert truth.images[truth.image].tolist() == [record["image_id"] for record in records]
    assert truth.categories[truth.category].tolist() == [record["category_id"] for record in records]
    assert truth.crowd.tolist() == [bool(record.get("iscrowd", 0)) for record in records]
    np.testing.assert_array_equal(truth.boxes, boxes_in(records))
    if kind == "mask": assert truth.masks.area.tolist() == mask_areas(records, truth.masks)
    own = truth.masks.area if kind == "mask" else truth.boxes[:, 2] * truth.boxes[:, 3]
    assert truth.area.tolist() == [by if record.get("area") is None else record["area"] for record, by in zip(records, own)]
    return True


def boxes_in(records):
    "Boxes of records, NaN where there is none."
    return np.array([record.get("bbox") or [math.nan] * 4 for record in records], float).reshape(-1, 4)


@pytest.mark.parametrize("kind", ["box", "mask"])
@pytest.mark.filterwarnings("ignore:.*stood before")
def test_odd_values(kind):
    rng, truth, read = np.random.default_rng(0), load_coco(TRUTH, kind=kind), 0
    for _ in range(TRIES):
        data, results = with_odd_values(rng, TRUTH), with_odd_values(rng, RESULTS)
        read += check_truth(read_or_refused(load_coco, data, kind=kind), data, kind)
        read += check_results(read_or_refused(load_coco_results, results, truth, kind=kind), truth, results, kind)
    assert 0 < read < 2 * TRIES


@pytest.mark.filterwarnings("ignore:.*stood before")
def test_odd_bytes(tmp_path):
    rng, truth, path = np.random.default_rng(1), load_coco(TRUTH, kind="mask"), tmp_path / "odd.json"
    texts = [json.dumps(data).encode() for data in (TRUTH, RESULTS)]
    read = 0
    for _ in range(TRIES):
        path.write_bytes(with_odd_bytes(rng, texts[0]))
        found = read_or_refused(load_coco, path, kind="mask")
        read += found is not None and check_truth(found, document(path), "mask")
        path.write_bytes(with_odd_bytes(rng, texts[1]))
        found = read_or_refused(load_coco_results, path, truth, kind="mask")
        read += found is not None and check_results(found, truth, document(path), "mask")
    assert 0 < read < 2 * TRIES


def test_cuts_between_records(tmp_path, monkeypatch):
    "Results cut into pieces anywhere, with strings and inner lists that look like the end of a record."
    rng, truth, path = np.random.default_rng(3), load_coco(TRUTH), tmp_path / "odd.json"
    traps = ["},{", "}, {", '"},{"', [{}, {}], {"a": [{"b": 1}, {"c": 2}]}, "\\", 1]
    for _ in range(TRIES // 3):
        monkeypatch.setattr("lossbook.detection.coco_files.PIECE", int(rng.integers(1, 300)))
        data = [{**RESULTS[rng.integers(2)], **({"note": traps[rng.integers(len(traps))]} if rng.random() < 0.2 else {})}
                for _ in range(rng.integers(9))]
        text = json.dumps(data, indent=[None, 1, 4][rng.integers(3)], separators=[(",", ":"), (" , ", ": ")][rng.integers(2)]).encode()
        path.write_bytes(text)
        assert check_results(load_coco_results(path, truth), truth, data, "box")
        path.write_bytes(with_odd_bytes(rng, text))
        found = read_or_refused(load_coco_results, path, truth)
        if found is not None: check_results(found, truth, document(path), "box")


def stands_in(path):
    "Category and box of each object in a file of a folder, read plainly."
    if path.suffix == ".xml":
        def inner(node, tag): return [child for child in node.childNodes if child.nodeName == tag]
        def word(node, *way):
            for tag in way: node = inner(node, tag)[0]
            return "".join(child.data for child in node.childNodes[:1]).strip()
        objects = inner(minidom.parse(str(path)).documentElement, "object")
        ends = [[float(word(each, "bndbox", end)) for end in ("xmin", "ymin", "xmax", "ymax")] for each in objects]
        return [(word(each, "name"), from_ends(*corners)) for each, corners in zip(objects, ends)]
    lines = [line.split() for line in path.read_bytes().decode("utf-8-sig").split("\n") if line.strip()]
    if path.stem == "dog": return [("dog", from_ends(*map(float, line[2:]))) for line in lines]
    numbers = [list(map(float, line)) for line in lines]
    return [(int(k), [50*(x - w/2), 40*(y - h/2), 50*w, 40*h]) for k, x, y, w, h, *_ in numbers]


def from_ends(x1, y1, x2, y2): return [x1, y1, x2 - x1 + 1, y2 - y1 + 1]


@pytest.mark.parametrize("load, name, text", [
    (load_voc, "a.xml", VOC), (load_voc_results, "dog.txt", "a .9 1 2 10 20\n\na .5 1 1 3 3\n"),
    (load_yolo, "a.txt", "1 .5 .5 .2 .5\n0 .25 .5 .1 .1\n"), (load_yolo_results, "a.txt", "1 .5 .5 .2 .5 .9\n0 .1 .1 .1 .1 .2"),
], ids=lambda x: getattr(x, "__name__", ""))
def test_odd_bytes_in_folders(tmp_path, load, name, text):
    rng, path, read = np.random.default_rng(4), tmp_path / name, 0
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "a.xml").write_text(VOC), (tmp_path / "truth" / "a.txt").write_text("1 .5 .5 .2 .5")
    options = {load_voc: (), load_voc_results: (load_voc(tmp_path / "truth"),), load_yolo: ((50, 40), ["cat", "dog"])}
    options[load_yolo_results] = ((50, 40), load_yolo(tmp_path / "truth", *options[load_yolo]))
    for _ in range(TRIES // 2):
        path.write_bytes(with_odd_bytes(rng, text.encode()))
        found = read_or_refused(load, tmp_path, *options[load])
        if found is None: continue
        there, categories = stands_in(path), (found if hasattr(found, "categories") else options[load][-1]).categories
        assert categories[found.category].tolist() == [category for category, _ in there]
        np.testing.assert_allclose(found.boxes, np.reshape([box for _, box in there], (-1, 4)), rtol=1e-12, atol=1e-12)
        assert np.isfinite(found.boxes).all() and (found.boxes[:, 2:] >= 0).all()
        read += 1
    assert 0 < read < TRIES // 2


def test_odd_arrays():
    rng, read = np.random.default_rng(5), 0
    odd = [None, [], [1], [1, 2], [[1, 2]], "ab", ["a", "b"], [1, "a"], [1.5, 2], [math.nan, 1], [True, False], [2**63, 1], [2**70, 1], {}, 7,
           np.zeros((2, 4)), np.full((2, 4), "x"), np.zeros((2, 3, 3)), np.ones((2, 2), complex), [[0, 0, 1, math.inf], [0, 0, 1, 1]]]
    truth = read_ground_truth({**ARRAYS, "images": [4, 9]})
    for _ in range(TRIES):
        for read_it, arrays, more in ((read_ground_truth, {**ARRAYS, "crowd": [0, 1], "images": [4, 9]}, ()), (read_detections, FOUND, (truth,))):
            arrays = dict(arrays)
            for key in rng.choice([*arrays, "area", "form", "ignored", "masks", "names", "categories", "other"], rng.integers(1, 3)):
                arrays[str(key)] = odd[rng.integers(len(odd))]
            if rng.random() < 0.2: del arrays[rng.choice(list(arrays))]
            found = read_or_refused(read_it, arrays, *more, *(["mask"] if rng.random() < 0.2 else []))
            if found is not None and found.masks is None: check_arrays(found, arrays, *more)
            read += found is not None
    assert 0 < read < 2 * TRIES


def check_arrays(found, arrays, truth=None):
    "Assert that objects are what stands in a dict of arrays."
    corners = np.array(arrays["boxes"], float).reshape(-1, 4)
    if arrays.get("form", "xyxy") == "xyxy": corners[:, 2:] -= corners[:, :2]
    np.testing.assert_allclose(found.boxes, corners, rtol=1e-12)
    ids = found if truth is None else truth
    assert ids.images[found.image].tolist() == list(arrays["image_ids"]) and ids.categories[found.category].tolist() == list(arrays["labels"])
    if truth is not None: assert found.scores.tolist() == list(arrays["scores"])
    area = arrays.get("area")
    assert found.area.tolist() == (np.prod(found.boxes[:, 2:], axis=1).tolist() if area is None else list(area))


@pytest.fixture(autouse=True)
def in_time():
    "A file that hangs a loader fails its test, with the line where it hangs."
    def stop(*_): raise AssertionError("a loader hangs")
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 600)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore:.*stood before")
def test_the_command_line(tmp_path):
    rng, runner = np.random.default_rng(2), CliRunner()
    case, codes = mask_case(5), set()
    paths = [tmp_path / name for name in ("truth.json", "results.json")]
    for _ in range(TRIES // 10):
        for path, data in zip(paths, (case.ground_truth, case.results)):
            data = with_odd_values(rng, data) if rng.random() < 0.5 else data
            text = json.dumps(data).encode()
            path.write_bytes(with_odd_bytes(rng, text) if rng.random() < 0.3 else text)
        options = [["--kind", "mask"], ["--per-class"], ["--max-detections", rng.choice(["1", "0", "x", "5,1", "1,2"])],
                   ["--iou-thresholds", rng.choice([".5", ".9,.5", "2", ""])], ["--categories", "pooled"], ["--grid", "exact"]]
        given = [word for option in options if rng.random() < 0.3 for word in option]
        result = runner.invoke(app, ["coco", *map(str, paths), *given])
        assert result.exit_code in (0, 2), result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        codes.add(result.exit_code)
    assert codes == {0, 2}

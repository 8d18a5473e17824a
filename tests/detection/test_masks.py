"Masks as runs against pycocotools' masks, pixel by pixel and bit by bit."
import json
import os
from pathlib import Path

import numpy as np
import pytest

from lossbook.detection import masks as module
from lossbook.detection.masks import Masks, pair_iou

reference = pytest.importorskip("pycocotools.mask")


def polygon(rng, h, w):
    "A polygon of any kind: beyond the image, on half pixels, tiny, far from round."
    n = rng.integers(3, rng.choice([5, 12, 40]))
    kind = rng.integers(6)
    if kind == 0: points = rng.uniform(-0.2, 1.2, (n, 2)) * [w, h]
    elif kind == 1: points = np.round(rng.uniform(0, 1, (n, 2)) * [w, h] * 2) / 2
    elif kind == 2: points = rng.integers(0, 6, (n, 2)) + rng.integers(0, 20, 2)
    elif kind == 3: points = rng.uniform(0, 1, 2) * [w, h] + np.round(rng.normal(0, 5, (n, 2)), 2)
    elif kind == 4: points = np.repeat(rng.uniform(-1, 1, (n, 2)) * [w, h], rng.integers(1, n + 1, n), axis=0)
    else: points = rng.uniform(0, w, 2)[rng.integers(2)] + rng.normal(0, 1, (n, 2)) * rng.permutation([0.3, 3000])
    return points.ravel().astype(float).tolist()


def objects(rng, n, size=None):
    "Objects of one to three polygons, the size of the image of each, and pycocotools' masks of them."
    sizes = np.array([size or rng.integers(1, 70, 2) for _ in range(n)]).reshape(-1, 2)
    found = [[polygon(rng, h, w) for _ in range(rng.integers(1, 4))] for h, w in sizes]
    theirs = [reference.merge(reference.frPyObjects(one, *size)) for one, size in zip(found, sizes.tolist())]
    return found, sizes, theirs


def texts(theirs): return [one["counts"].decode() for one in theirs]


def packed(pixels): return reference.encode(np.asfortranarray(pixels.astype(np.uint8)))


def assert_columns(masks):
    some, (left, _, width, _) = masks.area > 0, masks.boxes.T
    assert np.array_equal(masks.columns[:, some], [left[some], (left + width)[some]])


def test_polygons_are_drawn_as_theirs():
    made, sizes, theirs = objects(np.random.default_rng(0), 1000)
    ours = Masks.from_coco(made, sizes)
    assert ours.faults == []
    for row, one in enumerate(theirs):
        assert np.array_equal(ours.decode([row])[0], reference.decode(one).astype(bool))
    assert ours.area.tolist() == [reference.area(one) for one in theirs]
    assert ours.boxes.tolist() == [reference.toBbox(one).tolist() for one in theirs]
    assert_columns(ours)


@pytest.mark.parametrize("chunk", [1 << 16, 40])
def test_compressed_strings_are_read_as_theirs(chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    _, sizes, theirs = objects(np.random.default_rng(1), 300)
    ours = Masks.from_coco(texts(theirs), sizes)
    assert ours.faults == []
    assert ours.area.tolist() == [reference.area(one) for one in theirs]
    assert ours.boxes.tolist() == [reference.toBbox(one).tolist() for one in theirs]
    assert_columns(ours)
    for row, one in enumerate(theirs):
        assert np.array_equal(ours.decode([row])[0], reference.decode(one).astype(bool))


def test_lists_of_counts_and_mixtures():
    pixels = np.random.default_rng(2).random((6, 7, 9)) < 0.4
    counts = []
    for one in pixels:
        flat = np.concatenate([[False], one.ravel(order="F"), [True]])
        ends = np.append(np.flatnonzero(flat[1:-1] != flat[:-2]), one.size)
        counts.append(np.diff(ends, prepend=0).tolist())
    strings = texts(map(packed, pixels))
    ours = Masks.from_coco([counts[0], strings[1], counts[2], strings[3], [[0, 0, 4, 0, 4, 4]], counts[5]], [[7, 9]] * 6)
    for row in (0, 1, 2, 3, 5):
        assert np.array_equal(ours.decode([row])[0], pixels[row])
    assert np.array_equal(ours.decode([5, 0]), pixels[[5, 0]])
    assert ours.area[4] == 6
    assert np.array_equal(Masks.from_arrays(pixels).decode(), pixels)


def test_numbers_of_many_digits():
    pixels = np.zeros((3000, 3000), np.uint8)
    pixels[5, 2999] = 1
    ours = Masks.from_coco([packed(pixels)["counts"]], [[3000, 3000]])
    assert (ours.area.tolist(), ours.boxes.tolist()) == ([1], [[2999, 5, 1, 1]])
    assert Masks.from_arrays(pixels[None]).to_coco() == ours.to_coco()


@pytest.mark.parametrize("chunk", [1 << 16, 100])
def test_masks_are_written_as_theirs(chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    rng = np.random.default_rng(6)
    for _ in range(60):
        pixels = rng.random((rng.integers(1, 6), *rng.integers(1, 40, 2))) < rng.choice([0, 0.02, 0.5, 0.98, 1])
        wanted = [{"size": one["size"], "counts": one["counts"].decode()} for one in map(packed, pixels)]
        ours = Masks.from_arrays(pixels)
        assert ours.to_coco() == wanted
        again = Masks.from_coco([one["counts"] for one in wanted], ours.sizes)
        assert again.to_coco() == wanted
        assert np.array_equal(again.decode(), pixels)
    assert Masks.from_arrays(np.zeros((0, 3, 4))).to_coco() == []


def test_counts_of_zero_between_others():
    ours = Masks.from_coco([[1, 0, 2, 3, 0, 2, 4, 0], [0, 0, 12]], [[3, 4]] * 2)
    assert ours.faults == []
    assert ours.decode().transpose(0, 2, 1).reshape(2, -1).sum(axis=1).tolist() == ours.area.tolist() == [5, 0]
    assert ours.boxes.tolist() == [[1, 0, 2, 3], [0, 0, 0, 0]]


@pytest.mark.parametrize("chunk", [1 << 16, 60])
def test_iou_is_theirs_bit_for_bit(chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    rng = np.random.default_rng(3)
    for _ in range(80):
        size = rng.integers(1, 60, 2).tolist()
        true, sizes, theirs = objects(rng, rng.integers(1, 12), size)
        pred, _, others = objects(rng, rng.integers(1, 12), size)
        for row in np.flatnonzero(rng.random(len(pred)) < 0.3): others[row] = theirs[rng.integers(len(true))]
        crowd = rng.random(len(true)) < 0.3
        wanted = reference.iou(others, theirs, crowd.astype(np.uint8))
        d, t = np.divmod(np.arange(wanted.size), len(true))
        ours = [Masks.from_coco(true, sizes), Masks.from_coco(texts(others), [size] * len(others)), t, d, crowd[t]]
        assert np.array_equal(pair_iou(*ours, 0.0).reshape(wanted.shape), wanted)
        pruned = pair_iou(*ours, 0.5).reshape(wanted.shape)
        assert np.array_equal(pruned[wanted >= 0.5], wanted[wanted >= 0.5])
        assert (pruned <= wanted).all()


def test_an_iou_that_is_just_reached_is_kept():
    half = Masks.from_coco([[4, 2, 6], [3, 4, 5]], [[3, 4]] * 2)
    assert pair_iou(half, half, np.array([0]), np.array([1]), np.array([False]), 0.5).tolist() == [0.5]


@pytest.mark.parametrize("side", [40_000, 60_000])
def test_pixels_beyond_32_bits(side):
    "Of one image, or of the images of two objects one after the other."
    pixels, run = side**2, side // 2
    counts = [[at, run, pixels - at - run] for at in (pixels - 2 * run, pixels - 3 * run)]
    ours = Masks.from_coco(counts, [[side, side]] * 2)
    assert (ours.faults, ours.area.tolist()) == ([], [run] * 2)
    assert ours.boxes.tolist() == [[side - 1, 0, 1, run], [side - 2, run, 1, run]]
    t, d = np.array([0, 1, 1]), np.array([0, 0, 1])
    for pred in (ours, Masks.from_coco([one["counts"] for one in ours.to_coco()], ours.sizes)):
        assert pair_iou(ours, pred, t, d, t > 1, 0.0).tolist() == [1, 0, 1]


def test_nothing():
    none = Masks.from_coco([], np.zeros((0, 2)))
    assert (len(none), none.area.shape, none.boxes.shape, none.decode().shape) == (0, (0,), (0, 4), (0, 0, 0))
    empty = Masks.from_coco(["U1", [37]], [[1, 37]] * 2)
    assert (empty.faults, empty.area.tolist(), empty.boxes.tolist()) == ([], [0, 0], [[0] * 4] * 2)
    assert pair_iou(empty, empty, np.array([0]), np.array([1]), np.array([False]), 0.0).tolist() == [0]


def test_faults_are_all_named():
    size = [5, 5]
    broken = ["zzz", "0`", "PPYo1", "", "90", "PPPPPPPPPP0", "9é", "0NI0"]
    found = Masks.from_coco(broken, [size] * 8).faults
    assert [row for row, _ in found] == list(range(8))
    assert [words.split(",")[0] for _, words in found] == [
        "its counts cannot be decoded", "its counts cannot be decoded", "its counts add up to 2073600 pixels where its image has 25",
        "its counts add up to 0 pixels where its image has 25", "its counts add up to 9 pixels where its image has 25",
        "its counts cannot be decoded", "its counts cannot be decoded", "it has a negative count"]
    mixed = [[3, 4, 5], [-1, 26], [5, 20], [[1, 2, 3, 4]], [[1, 2, 3]], [[0, 0, 1e9, 2, 3, 4]], [[0, 0, 4, 0, 4, 4]], "U1",
             [[0, 0, float("nan"), 2, 3, 4]]]
    found = dict(Masks.from_coco(mixed, [size] * 9).faults)
    assert sorted(found) == [0, 1, 3, 4, 5, 7, 8]
    assert found[1] == "it has a negative count"
    assert found[3] == "a polygon has 2 points, it must have 3 or more"
    assert found[4] == "a polygon has 3 numbers, it must have an even number"
    assert found[5] == found[8] == "a polygon has a coordinate that is not finite, or huge"


def test_counts_beyond_32_bits_are_faults():
    "The number `ooooo?` is 2**29 - 1; from the fourth on it is what a count is more than the last but one."
    long = Masks.from_coco(["ooooo?" * n for n in range(1, 60)], [[2**14, 2**15 - 1]] * 59)
    assert [row for row, _ in long.faults] == list(range(59))
    many = Masks.from_coco(["ooooo?1"] * 9, [[1, 2**29]] * 9)  # the sum over all of them is beyond as well
    assert (many.faults, many.area.tolist()) == ([], [1] * 9)


def test_a_broken_string_spoils_no_other():
    _, sizes, theirs = objects(np.random.default_rng(4), 20, [30, 40])
    strings = texts(theirs)
    strings[7], strings[12] = strings[7][:-1] + "o", "~~"
    ours = Masks.from_coco(strings, sizes)
    assert [row for row, _ in ours.faults] == [7, 12]
    kept = [row for row in range(20) if row not in (7, 12)]
    assert ours.area[kept].tolist() == [reference.area(theirs[row]) for row in kept]
    assert ours.area[[7, 12]].tolist() == [0, 0]


def test_a_broken_polygon_spoils_no_other():
    made, sizes, theirs = objects(np.random.default_rng(7), 20, [30, 40])
    made[4], made[9] = [[1, 2, 3]], [*made[9], [0, 0, np.inf, 1, 2, 2]]
    ours = Masks.from_coco(made, sizes)
    assert [row for row, _ in ours.faults] == [4, 9]
    kept = [row for row in range(20) if row not in (4, 9)]
    assert ours.area[kept].tolist() == [reference.area(theirs[row]) for row in kept]
    assert ours.area[[4, 9]].tolist() == [0, 0]


def test_real_masks():
    folder = os.environ.get("LOSSBOOK_TEST_DATA")
    if not folder: pytest.skip("LOSSBOOK_TEST_DATA is not set: no real data")
    folder = Path(folder, "coco_val2014_100")
    data = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads((folder / "instances_val2014_fakesegm100_results.json").read_text())
    known, true = {one["id"]: (one["height"], one["width"]) for one in data["images"]}, data["annotations"]
    image = [np.array([one["image_id"] for one in ones]) for ones in (true, results)]
    sizes = [[known[i] for i in ids.tolist()] for ids in image]
    drawn = [one["segmentation"] for one in true]
    theirs = [reference.frPyObjects(one, *size) for one, size in zip(drawn, sizes[0])]
    theirs = [reference.merge(one) if isinstance(one, list) else one for one in theirs]
    ours = Masks.from_coco([one if isinstance(one, list) else one["counts"] for one in drawn], sizes[0])
    found = [one["segmentation"] for one in results]
    pred = Masks.from_coco([one["counts"] for one in found], sizes[1])
    for masks, wanted in ((ours, theirs), (pred, found)):
        assert masks.faults == []
        assert masks.area.tolist() == [reference.area(one) for one in wanted]
        assert np.array_equal(masks.boxes, reference.toBbox(wanted))
    assert [one["counts"] for one in ours.to_coco()] == texts(theirs)
    d, t = np.nonzero(image[1][:, None] == image[0])
    crowd = np.array([one["iscrowd"] for one in true], bool)
    wanted = [reference.iou([found[i]], [theirs[j]], [crowd[j]]).item() for i, j in zip(d, t)]
    assert np.array_equal(pair_iou(ours, pred, t, d, crowd[t], 0.0), wanted)


def test_arrays_that_are_no_masks():
    with pytest.raises(ValueError, match=r"masks has shape \(2, 2\)"): Masks.from_arrays(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="nothing but 0 and 1"): Masks.from_arrays(np.full((1, 2, 2), 2))
    with pytest.raises(ValueError, match="several sizes"): Masks.from_coco([[4], [6]], [[2, 2], [2, 3]]).decode()

"Partitions hold descriptions and no data, and read what was cut: arrays, memory-mapped files, Parquet, COCO's files."
import copy
import json
import os
import pickle
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook.detection.coco import DetectionMatches
from lossbook.detection.evaluation import DetectionEvaluation, evaluate_detections
from lossbook.ranking.ranked_scores import RankedScores
from lossbook.scale.metrics_that_add import PartitionError, summarize
from lossbook.scale.partitions import split_arrays, split_coco, split_parquet
from lossbook.summaries import ConfusionMatrix, Moments, WeightedMean
from tests.detection.cases import box_case, mask_case
from tests.properties.inputs import settings  # noqa: F401 (loads the profile of the book)
from tests.scale.data import DRAWINGS, bits

rng = np.random.default_rng(0)
MASKS = rng.integers(0, 4, (50, 6, 7)).astype(np.uint8)


def read(parts, name="x"):
    return np.concatenate([part.read()[name] for part in parts])


def size(parts):
    return max(len(pickle.dumps(part)) for part in parts)


# ---- arrays


@pytest.fixture
def saved(tmp_path, monkeypatch):
    "The masks in a file, as each kind of source that lies in it; the working directory is that of the file."
    monkeypatch.chdir(tmp_path)
    np.save("c.npy", MASKS)
    np.save("f.npy", np.asfortranarray(MASKS))
    (tmp_path / "raw").write_bytes(b"head" + MASKS.tobytes())
    raw = partial(np.memmap, "raw", np.uint8, offset=4, shape=MASKS.shape)
    return {"a name": "c.npy", "a path": tmp_path / "c.npy", "columns first": "f.npy", "a map": np.load("c.npy", mmap_mode="r"),
            "a map by columns": np.load("f.npy", mmap_mode="r"), "a raw map": raw(mode="r"), "a map to write": raw(mode="r+"),
            "a part of a map": raw(mode="r")[0:50].reshape(50, 42)[:, :].reshape(MASKS.shape)}


KINDS = ["a name", "a path", "columns first", "a map", "a map by columns", "a raw map", "a map to write", "a part of a map"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [None, 1, 7, 50, 99])
def test_files_are_described_and_read_from_anywhere(saved, kind, rows, tmp_path, monkeypatch):
    parts = pickle.loads(pickle.dumps(split_arrays(x=saved[kind], rows=rows)))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.testing.assert_array_equal(read(parts), MASKS)
    assert read(parts).dtype == np.uint8 and size(parts) < 700
    assert len(parts) == {None: 1, 1: 50, 7: 8, 50: 1, 99: 1}[rows]


@given(st.data())
def test_rows_of_a_map_are_found_in_its_file(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("map") / "x.npy"
    values = np.arange(data.draw(st.integers(1, 4000)) * 3.0).reshape(-1, 3)
    np.save(path, values)
    start = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(start + 1, len(values)))
    some = np.load(path, mmap_mode="r")[start:stop]
    parts = split_arrays(x=some, rows=data.draw(st.integers(max(1, len(some) // 9), len(some))))
    np.testing.assert_array_equal(read(parts), values[start:stop])
    assert size(parts) < 700


@pytest.mark.parametrize("part", [lambda x: x[::2], lambda x: x[:, ::2], lambda x: x[::-1]], ids=["every other row", "every other column", "reversed"])
def test_what_has_gaps_is_sliced_in_memory(saved, part):
    some = part(saved["a map"])
    np.testing.assert_array_equal(read(split_arrays(x=some, rows=3)), part(MASKS))


def test_changes_of_its_own_are_kept(saved):
    own = np.memmap("raw", np.uint8, "c", 4, MASKS.shape)
    own[:] = 9
    assert (read(split_arrays(x=own)) == 9).all() and (read(split_arrays(x=saved["a raw map"])) != 9).all()


@pytest.mark.parametrize("x", [MASKS, MASKS.tolist(), [["ant", "bee"], ["cat", "dog"]]], ids=["array", "lists", "words"])
def test_arrays_in_memory_are_sliced(x):
    parts = split_arrays(x=x, rows=1)
    np.testing.assert_array_equal(read(pickle.loads(pickle.dumps(parts))), np.asarray(x))
    assert size(parts) < 1000


def test_rows_are_as_many_as_hold_four_million_numbers():
    wide = np.lib.stride_tricks.as_strided(np.zeros(1), (10, 2**21), (0, 0))
    assert [str(part) for part in split_arrays(y=wide[:, 0], x=wide)] == [f"rows {i} to {i + 2} of y, x" for i in range(0, 10, 2)]


class Bomb:
    def __reduce__(self): return os.remove, (os.path.abspath("raw"),)


@pytest.mark.parametrize("given, words", [
    (lambda: dict(x=np.zeros(3), y="c.npy"), "rows: 3 of x, 50 of y; they must be as many in each array, and not 0"),
    (lambda: dict(x=[]), "rows: 0 of x"),
    (lambda: dict(), "rows: none"),
    (lambda: dict(x=3), "x is one number: it must have rows"),
    (lambda: dict(x=[[1], [1, 2]]), "x is ragged"),
    (lambda: dict(x="c.npy", rows=0), "rows is 0: it must be a whole number, 1 or above"),
    (lambda: dict(x="c.npy", rows=2.5), "rows is 2.5"),
    (lambda: dict(x="raw"), "x: raw is no .npy file that can be mapped"),
    (lambda: dict(x="bomb.npy"), "x: bomb.npy is no .npy file that can be mapped"),
    (lambda: dict(x="bomb.pkl"), "x: bomb.pkl is no .npy file that can be mapped"),
    (lambda: dict(x="many.npz"), "x: many.npz is no .npy file that can be mapped"),
    (lambda: dict(x="empty.npy"), "x: empty.npy is no .npy file that can be mapped"),
])
def test_bad_arrays_are_refused(saved, given, words):
    np.save("bomb.npy", np.array([Bomb()]), allow_pickle=True)
    open("bomb.pkl", "wb").write(pickle.dumps(Bomb()))
    np.savez("many.npz", x=MASKS)
    open("empty.npy", "w").close()
    with pytest.raises((ValueError, TypeError)) as caught:
        split_arrays(**given())
    assert str(caught.value).startswith(words) and "\n" not in str(caught.value)
    assert os.path.exists("raw"), "a pickle was loaded"


def test_a_file_that_is_gone_or_cut_short_is_named(saved):
    parts = split_arrays(y_true="c.npy", y_pred=saved["a raw map"], rows=25)
    os.truncate("raw", 1000)
    with pytest.raises(PartitionError, match="partition 0, rows 0 to 25 of c.npy, raw: mmap length is greater"):
        summarize(parts, partial(ConfusionMatrix.from_labels, labels=4))
    os.remove("c.npy")
    with pytest.raises(PartitionError, match="partition 0, rows 0 to 25 of c.npy, raw: .*No such file"):
        summarize(parts, partial(ConfusionMatrix.from_labels, labels=4))
    with pytest.raises(FileNotFoundError, match="c.npy"):
        split_arrays(x="c.npy")


# ---- Parquet

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
Y, P, W = rng.random(1000) < 0.4, rng.random(1000), rng.random(1000)
WORDS = np.array(["ant", "bee", "cat"])[rng.integers(0, 3, (2, 1000))]
TABLE = pyarrow.table({
    "label": Y, "score": P, "weight": W.astype(np.float32), "word": WORDS[0], "said": pyarrow.array(WORDS[1]).dictionary_encode(),
    "classes": list(np.stack([P, W], 1)), "fixed": pyarrow.FixedSizeListArray.from_arrays(np.stack([P, W], 1).ravel(), 2),
    "uneven": [[0.0] * (i % 3) for i in range(1000)], "holes": [None if i == 700 else i for i in range(1000)]})


@pytest.fixture
def tables(tmp_path):
    "The table in one file of row groups, and in a folder of three files, one of them empty."
    parquet.write_table(TABLE, tmp_path / "all.parquet", row_group_size=300)
    (tmp_path / "many").mkdir()
    for i, (start, stop) in enumerate([(0, 500), (500, 500), (500, 1000)]):
        parquet.write_table(TABLE.slice(start, stop - start), tmp_path / f"many/part-{i}.parquet", row_group_size=200)
    return tmp_path


def test_each_row_group_is_a_partition(tables):
    parts = split_parquet(tables / "all.parquet", y_true="label", y_score="score", sample_weight="weight")
    assert list(map(str, parts)) == [f"row group {i} of all.parquet" for i in range(4)] and size(parts) < 700
    ranking = summarize(parts, RankedScores.from_scores)
    assert ranking == RankedScores.from_scores(Y, P, sample_weight=W.astype(np.float32))


@pytest.mark.parametrize("source", ["many", ["many/part-0.parquet", "many/part-1.parquet", "many/part-2.parquet"]])
def test_files_are_taken_in_order(tables, source, monkeypatch):
    monkeypatch.chdir(tables)
    parts = split_parquet(source, x="score")
    assert len(parts) == 6
    np.testing.assert_array_equal(read(parts), P)


@pytest.mark.parametrize("column, expected", [
    ("word", WORDS[0]), ("said", WORDS[1]), ("label", Y), ("weight", W.astype(np.float32)), ("classes", np.stack([P, W], 1)), ("fixed", np.stack([P, W], 1))])
def test_a_column_is_an_array(tables, column, expected):
    found = read(split_parquet(tables / "all.parquet", x=column))
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype or column in ("word", "said")


def test_words_are_labels(tables):
    parts = split_parquet(tables / "all.parquet", y_true="word", y_pred="said")
    labels = ["ant", "bee", "cat"]
    assert summarize(parts, partial(ConfusionMatrix.from_labels, labels=labels)) == ConfusionMatrix.from_labels(*WORDS, labels=labels)


def test_no_other_column_is_read(tables, monkeypatch):
    asked, own = [], parquet.ParquetFile.read_row_group
    monkeypatch.setattr(parquet.ParquetFile, "read_row_group", lambda self, i, columns, **options: asked.append(columns) or own(self, i, columns, **options))
    summarize(split_parquet(tables / "all.parquet", y_true="score", y_pred="score"), Moments.from_values)
    assert asked == [["score"]] * 4


@pytest.mark.parametrize("given, words", [
    (dict(x="height"), "all.parquet has no column 'height', only label, score"),
    (dict(), "columns is empty"),
])
def test_bad_columns_are_refused(tables, given, words):
    with pytest.raises(ValueError) as caught:
        split_parquet(tables / "all.parquet", **given)
    assert str(caught.value).startswith(words) and "\n" not in str(caught.value)


def test_a_row_group_with_holes_is_named(tables):
    for column, words in [("holes", "column 'holes' holds 1 null"), ("uneven", "column 'uneven' holds lists of several lengths")]:
        parts = split_parquet(tables / "all.parquet", values=column)
        with pytest.raises(PartitionError, match=f"partition [02], row group [02] of all.parquet: {words}"):
            summarize(parts, WeightedMean.from_values)


def test_no_rows_and_no_file(tables):
    with pytest.raises(ValueError, match="holds no rows"):
        split_parquet([tables / "many/part-1.parquet"], x="score")
    with pytest.raises(ValueError, match="holds no rows"):
        split_parquet([], x="score")
    with pytest.raises(OSError, match="gone"):
        split_parquet(tables / "gone.parquet", x="score")
    (tables / "junk.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(ValueError, match="junk.parquet is no Parquet file"):
        split_parquet(tables / "junk.parquet", x="score")


def test_without_pyarrow_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"pip install 'lossbook\[parquet\]'"):
        split_parquet("all.parquet", x="score")


# ---- COCO's files


def whole_and_parts(case, kind, images):
    given = dict(kind=kind, **case.options)
    whole = evaluate_detections(case.ground_truth, case.results, **given)
    parts = split_coco(case.ground_truth, case.results, images=images, kind=kind)
    return whole, DetectionEvaluation(summarize(parts, partial(DetectionMatches.from_objects, **given)))


@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind, case", [("box", box_case), ("mask", mask_case)])
def test_cut_by_image_it_is_the_evaluation_of_the_whole(kind, case, seed, images):
    whole, sum_of_parts = whole_and_parts(case(seed), kind, images)
    assert sum_of_parts.matches == whole.matches
    assert bits(sum_of_parts.stats) == bits(whole.stats)
    assert bits(sum_of_parts.precision) == bits(whole.precision)


def test_two_files_cut_by_image():
    truth, found = DRAWINGS / "drawings.json", DRAWINGS / "yolo.json"
    parts = split_coco(truth, found, images=30)
    assert list(map(str, parts))[-1] == "images 180 to 200" and len(parts) == 7
    total = DetectionEvaluation(summarize(parts, DetectionMatches.from_objects))
    assert bits(total.stats) == bits(evaluate_detections(truth, found).stats)


@pytest.fixture
def shards(tmp_path, monkeypatch):
    "The drawings in four pairs of files."
    monkeypatch.chdir(tmp_path)
    truth, found = json.loads((DRAWINGS / "drawings.json").read_text()), json.loads((DRAWINGS / "yolo.json").read_text())
    for i in range(4):
        own = copy.copy(truth)
        own["images"] = truth["images"][i::4]
        ids = {image["id"] for image in own["images"]}
        own["annotations"] = [one for one in truth["annotations"] if one["image_id"] in ids]
        (tmp_path / f"truth-{i}.json").write_text(json.dumps(own))
        (tmp_path / f"found-{i}.json").write_text(json.dumps([one for one in found if one["image_id"] in ids]))
    return [f"truth-{i}.json" for i in range(4)], [f"found-{i}.json" for i in range(4)]


def test_pairs_of_files_are_read_by_whoever_summarizes_them(shards, tmp_path, monkeypatch):
    parts = split_coco(*shards)
    assert size(parts) < 700 and str(parts[2]) == "truth-2.json and found-2.json"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    total = DetectionEvaluation(summarize(parts, DetectionMatches.from_objects))
    assert bits(total.stats) == bits(evaluate_detections(DRAWINGS / "drawings.json", DRAWINGS / "yolo.json").stats)


def test_a_shard_that_is_wrong_is_named(shards, tmp_path):
    (tmp_path / "found-1.json").write_text('[{"image_id": 1}]')
    with pytest.raises(PartitionError, match="^partition 1, truth-1.json and found-1.json: found-1.json: .*fault"):
        summarize(split_coco(*shards), DetectionMatches.from_objects)
    with pytest.raises(ValueError, match="in two parts: it would count twice"):
        summarize(split_coco([shards[0][0]] * 2, [shards[1][0]] * 2), DetectionMatches.from_objects).matched


@pytest.mark.parametrize("call, words", [
    (lambda: split_coco(["a.json"], ["a.json", "b.json"]), "ground_truth lists 1 files and detections 2: they must be pairs"),
    (lambda: split_coco([], []), "ground_truth is empty"),
    (lambda: split_coco(["a.json"], "b.json"), "detections is str: it must be a list"),
    (lambda: split_coco(DRAWINGS / "drawings.json", DRAWINGS / "yolo.json", images=0), "images is 0"),
    (lambda: split_coco(DRAWINGS / "drawings.json", DRAWINGS / "yolo.json", kind="bbox"), "kind is 'bbox'"),
    (lambda: split_coco(["a.json"], ["b.json"], sizes="large"), "sizes is 'large'"),
    (lambda: split_coco(7, []), "ground_truth is int"),
])
def test_bad_shards_are_refused(call, words):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value).startswith(words) and "\n" not in str(caught.value)

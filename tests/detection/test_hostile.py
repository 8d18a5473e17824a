"Files made to do harm: nothing in them is run, none of them takes long, and no name in them becomes markup."
import ast
import json
import re
import sys
import time
from html import escape
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import lossbook
from lossbook import ConfusionMatrix, classification_report, evaluate_detections, html_report, load_coco, load_coco_results, load_voc, load_yolo
from lossbook.cli import app
from lossbook.detection.faults import InvalidAnnotations
from lossbook.regression.linear_regression import Report
from lossbook.segmentation.panoptic import PanopticCounts
from tests.detection.test_files import RESULTS, TRUTH, changed

PACKAGE = Path(lossbook.__file__).parent
NAMES = ["<script>alert(1)</script>", '" onload="alert(1)', "' x", "[bold]b[/bold]", "[red]", "[/]", "a\nb", "a\0b", "\u202eabc", "\x1b[31m", "</title>", "&amp;", "%s{0}"]
each_name = pytest.mark.parametrize("name", NAMES, ids=repr)


# ---- names

def harmless(page, name):
    "Assert that a page holds a name, escaped, and has no tag or attribute that it brought along."
    assert escape(name) in page
    tags = re.findall(r"<[^>]*>", page)
    assert not any(word in tag for tag in tags for word in ("script", "onload", "alert"))


@each_name
def test_names_in_a_report(name):
    truth = changed(TRUTH, "categories", 0, "name", to=name)
    page = html_report({name: evaluate_detections(truth, RESULTS)}, name)
    harmless(page, name)
    assert page.count("<title>") == page.count("</title>") == 1


@each_name
def test_names_in_what_a_notebook_shows(name):
    table = ConfusionMatrix([name, "other"], np.array([[2, 1], [1, 3]]))
    panoptic = PanopticCounts([name, "other"])
    for shown in (table, classification_report(table), Report({name: 1.0}), panoptic):
        harmless(shown._repr_html_(), name)


def test_every_class_that_shows_itself_as_html_is_tried():
    classes = {name for path in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)
               for name in [node.name] if any(getattr(part, "name", "") == "_repr_html_" for part in node.body)}
    assert classes == {"ConfusionMatrix", "ClassificationReport", "Report", "PanopticCounts", "DetectionEvaluation", "explorable"}


@each_name
def test_names_on_the_command_line(tmp_path, name):
    "Markup of rich and codes of a terminal stand there as they are, or as escapes."
    truth = changed(TRUTH, "categories", 0, "name", to=name)
    for file, data in (("truth.json", truth), ("results.json", RESULTS)): (tmp_path / file).write_text(json.dumps(data))
    page = tmp_path / "page.html"
    told = CliRunner().invoke(app, ["coco", *(str(tmp_path / file) for file in ("truth.json", "results.json")), "--per-class", "--html", str(page)])
    assert told.exit_code == 0, told.output
    assert "\x1b" not in told.output and "\0" not in told.output
    if name.isprintable(): assert name in told.output
    harmless(page.read_text(), name)


# ---- bombs

BOMB = "<!DOCTYPE a [<!ENTITY a0 'ha'>%s]><annotation><size><width>&a%d;</width></size></annotation>"


def in_time(call, *args, seconds=5):
    "Assert that a call is refused soon."
    start = time.perf_counter()
    with pytest.raises((ValueError, TypeError)) as caught: call(*args)
    assert time.perf_counter() - start < seconds and "\n" not in str(caught.value)
    return str(caught.value)


def test_a_billion_laughs(tmp_path):
    entities = "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
    (tmp_path / "a.xml").write_text(BOMB % (entities, 9))
    assert "declares a document type" in in_time(load_voc, tmp_path)


@pytest.mark.parametrize("entity", ["<!ENTITY a SYSTEM 'file:///etc/hostname'>", "<!ENTITY % p SYSTEM 'file:///etc/hostname'> %p;", "<!ENTITY a 'dog'>"])
def test_no_entity_is_followed(tmp_path, entity):
    text = f"<!DOCTYPE a [{entity}]><annotation><object><name>&a;</name></object></annotation>"
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        (tmp_path / "a.xml").write_text(text, encoding=encoding)
        assert "declares a document type" in in_time(load_voc, tmp_path)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000, "[" * 200_000 + "]" * 200_000, '{"images": ' + "[" * 100_000 + "]" * 100_000 + "}", "9" * 10_000, '[{"image_id": ' + "9" * 10_000 + "}]"],
                         ids=["lists", "objects", "closed", "inner", "digits", "id"])
def test_deep_or_long_json(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    in_time(load_coco, tmp_path / "a.json")
    in_time(load_coco_results, tmp_path / "a.json", load_coco(TRUTH))


def test_a_deep_python_object():
    deep = []
    for _ in range(100_000): deep = [deep]
    in_time(load_coco, {**TRUTH, "annotations": deep})
    in_time(load_coco_results, deep, load_coco(TRUTH))


def test_deep_xml(tmp_path):
    (tmp_path / "a.xml").write_text("<annotation>" + "<a>" * 100_000 + "</a>" * 100_000 + "</annotation>")
    assert len(load_voc(tmp_path).boxes) == 0


@pytest.mark.parametrize("size", [[2**31, 2**31], [10**9, 10**9]])
def test_a_mask_of_a_huge_image(size):
    "What a mask takes depends on its runs, not on its pixels."
    mask = {"size": size, "counts": [0, size[0]*size[1]]}
    truth = changed(changed(TRUTH, "images", 1, "width", to=size[1]), "images", 1, "height", to=size[0])
    in_time(lambda: load_coco(changed(truth, "annotations", 1, "segmentation", to=mask), kind="mask"))


@pytest.mark.parametrize("name", ["a\0b.txt", "../../etc/passwd", "/dev/null", "x" * 300])
def test_odd_paths(tmp_path, name):
    for call in (load_coco, load_voc, lambda path: load_yolo(path, (1, 1), ["a"])):
        with pytest.raises((ValueError, OSError)): call(tmp_path / name)


def test_an_archive_is_not_unpacked(tmp_path):
    import zipfile
    with zipfile.ZipFile(tmp_path / "a.json", "w", zipfile.ZIP_DEFLATED) as archive: archive.writestr("a", "0" * 10**7)
    assert isinstance(pytest.raises(InvalidAnnotations, load_coco, tmp_path / "a.json").value, ValueError)


# ---- nothing in a file is run

RUNS = {"eval", "exec", "compile", "__import__", "execfile"}
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "yaml", "runpy", "subprocess", "ctypes", "gzip", "zipfile", "tarfile", "bz2", "lzma"}


def hazards(source):
    "Calls and imports by which data might run, or swell: names and lines."
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from ((name, node.lineno) for name in names if name.split(".")[0] in MODULES)
        if not isinstance(node, ast.Call): continue
        called = ast.unparse(node.func)
        if called in RUNS: yield called, node.lineno
        loads = called in ("np.load", "numpy.load", "np.fromfile", "torch.load")
        if loads and not any(word.arg == "allow_pickle" and ast.unparse(word.value) == "False" for word in node.keywords): yield called, node.lineno


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_runs_data(path):
    assert list(hazards(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("source", ["import pickle", "from yaml import load", "eval('1')", "np.load(x)", "np.load(x, allow_pickle=True)", "exec(y)", "import a, zipfile as z"])
def test_a_hazard_is_seen(source):
    assert len(list(hazards(source))) == 1


def test_a_pickle_is_no_file_of_ours(tmp_path):
    import pickle
    class Harm:
        def __reduce__(self): return sys.exit, (3,)
    (tmp_path / "a.json").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(InvalidAnnotations): load_coco(tmp_path / "a.json")
    np.save(tmp_path / "b.npy", np.array([Harm()]), allow_pickle=True)
    with pytest.raises(InvalidAnnotations): load_coco(tmp_path / "b.npy")

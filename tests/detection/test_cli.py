"The command line as a user meets it."
import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import lossbook
from lossbook.cli import app
from lossbook.detection.evaluation import evaluate_detections
from tests.detection.cases import box_case, mask_case
from tests.site.test_build import ROOT

DRAWINGS = [str(ROOT / "nbs/detection/drawings" / name) for name in ("drawings.json", "yolo.json")]


def run(*words):
    return CliRunner().invoke(app, ["coco", *map(str, words)])


def test_help():
    for words in ((), ("coco",)):
        result = CliRunner().invoke(app, [*words, "--help"])
        assert result.exit_code == 0
        assert "\x1b" not in result.output
    for option in ("--kind", "--per-class", "--json", "--html", "--max-detections", "--iou-thresholds", "--sizes"):
        assert option in result.output
    assert CliRunner().invoke(app, ["--version"]).output == f"lossbook {lossbook.__version__}\n"


def test_the_twelve_lines_and_nothing_else():
    result = run(*DRAWINGS)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == evaluate_detections(*DRAWINGS).lines()
    assert result.stderr == ""


def test_options_are_handed_on(tmp_path):
    out = tmp_path / "numbers.json"
    result = run(*DRAWINGS, "--max-detections", "2,5", "--iou-thresholds", ".5,.7", "--categories", "pooled", "--matching", "voc",
                 "--interpolation", "voc11", "--grid", "exact", "--json", out)
    assert result.exit_code == 0
    how = dict(max_detections=(2, 5), iou_thresholds=(.5, .7), categories="pooled", matching="voc", interpolation="voc11", grid="exact")
    wanted = evaluate_detections(*DRAWINGS, **how)
    assert result.stdout.splitlines() == wanted.lines()
    assert json.loads(out.read_text()) == json.loads(json.dumps(wanted.to_dict()))


def test_masks(tmp_path):
    case = mask_case(3)
    paths = [tmp_path / "truth.json", tmp_path / "found.json"]
    for path, data in zip(paths, (case.ground_truth, case.results)): path.write_text(json.dumps(data))
    for sizes in ("box", "mask"):
        wanted = evaluate_detections(case.ground_truth, case.results, kind="mask", sizes=sizes).lines()
        assert run(*paths, "--kind", "mask", "--sizes", sizes).stdout.splitlines() == wanted


def test_tables_of_classes_and_of_several_results(tmp_path):
    result = run(*DRAWINGS, "--per-class")
    for word in ("disc", "square", "triangle", "objects", "AP50", "0.706"): assert word in result.stdout
    worse = tmp_path / "worse.json"
    worse.write_text("[]")
    result = run(*DRAWINGS, worse)
    assert result.exit_code == 0
    assert f"{worse}:" in result.stdout and f"{DRAWINGS[1]}:" in result.stdout
    assert result.stdout.count("maxDets=100") == 2 * 10
    assert "0.642" in result.stdout.splitlines()[-3]


def test_a_page(tmp_path):
    page = tmp_path / "page.html"
    assert run(*DRAWINGS, "--html", page).exit_code == 0
    assert page.read_text().startswith("<!doctype html>") and "<svg" in page.read_text()


def test_faults(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps([{"image_id": 0, "category_id": 9, "bbox": [0, 0, 1, 1], "score": 1}] * 7))
    result = run(DRAWINGS[0], bad)
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[0] == "bad.json: 7 faults"
    assert lines[1] == "  record 0, category_id: 9 is no category of the ground truth"
    assert lines[-1] == "  and 2 more"


@pytest.mark.parametrize("words, said", [
    (("/nowhere.json", DRAWINGS[1]), "/nowhere.json: No such file or directory"),
    ((str(ROOT), DRAWINGS[1]), "Is a directory"),
    ((*DRAWINGS, "--max-detections", "x"), "'x' must be numbers"),
    ((*DRAWINGS, "--max-detections", "5,1"), "max_detections is (5, 1): it must be whole numbers"),
    ((*DRAWINGS, "--iou-thresholds", "2"), "iou_threshold is (2.0,)"),
    ((*DRAWINGS, "--kind", "polygon"), "'polygon'"),
    ((*DRAWINGS, "--json", "/nowhere/x.json"), "/nowhere/x.json: No such file or directory"),
    ((DRAWINGS[0],), "Missing argument"),
])
def test_what_cannot_be_done(words, said):
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr and "Traceback" not in result.stderr


def test_as_a_program():
    found = subprocess.run([sys.executable, "-m", "lossbook.cli", "coco", *DRAWINGS], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines() == evaluate_detections(*DRAWINGS).lines()
    code = "import lossbook.cli, sys; print([name for name in ('numpy', 'matplotlib', 'rich.table') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "matplotlib" not in found.stdout


def test_cases_of_boxes(tmp_path):
    for seed in range(10):
        case = box_case(seed)
        paths = [tmp_path / "truth.json", tmp_path / "found.json"]
        for path, data in zip(paths, (case.ground_truth, case.results)): path.write_text(json.dumps(data))
        assert run(*paths).stdout.splitlines() == evaluate_detections(case.ground_truth, case.results).lines()

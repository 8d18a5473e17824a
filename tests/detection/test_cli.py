"The command line as a user meets it."
import json
import subprocess
import sys

import numpy as np
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
    table = result.stdout.splitlines()[-15:]
    assert "yolo.json" in table[0] and "worse.json" in table[0]
    assert all(number in table[2] for number in ("AP", "0.642", "0.000"))


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
    ((*DRAWINGS, "--max-detections", "x"), "Invalid value for '--max-detections': 'x' must be whole numbers above 0"),
    ((*DRAWINGS, "--max-detections", "5,1"), "'5,1' must be whole numbers above 0 that rise"),
    ((*DRAWINGS, "--iou-thresholds", "2"), "Invalid value for '--iou-thresholds': '2' must be numbers above 0, at most 1"),
    ((*DRAWINGS, "--iou-thresholds", "nan"), "'nan' must be"),
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


def test_an_option_may_be_given_several_times():
    assert run(*DRAWINGS, "--max-detections", 2, "--max-detections", 5).stdout == run(*DRAWINGS, "--max-detections", "2,5").stdout


def test_json_on_stdout_is_alone():
    assert json.loads(run(*DRAWINGS, "--json", "-").stdout)["stats"] == evaluate_detections(*DRAWINGS).stats


def test_warnings_are_one_line(tmp_path):
    case = box_case(2)
    truth, found = tmp_path / "truth.json", tmp_path / "found.json"
    twins = [{**one, "id": 1} for one in case.ground_truth["annotations"]]
    truth.write_text(json.dumps({**case.ground_truth, "annotations": twins}))
    found.write_text(json.dumps(case.results))
    result = run(truth, found)
    assert result.exit_code == 0
    assert result.stderr == f"truth.json: {len(twins) - 1} annotations have an id that stood before; each is an object of its own\n"


def test_names_are_not_markup_and_need_no_utf8(tmp_path):
    case = box_case(2)
    truth, found, page = (tmp_path / name for name in ("truth.json", "found.json", "page.html"))
    for one in case.ground_truth["categories"]: one["name"] = "[red]caf\u00e9 \ud800[/nothing]"
    truth.write_text(json.dumps(case.ground_truth))
    found.write_text(json.dumps(case.results))
    command = [sys.executable, "-m", "lossbook.cli", "coco", truth, found, "--per-class", "--html", page]
    printed = subprocess.run(command, capture_output=True, text=True, env={"PYTHONIOENCODING": "ascii"})
    assert (printed.returncode, printed.stderr) == (0, "")
    assert "[red]caf\\xe9 \\ud800[/nothing]" in printed.stdout and "caf\u00e9" in page.read_text(encoding="utf-8")


def test_a_closed_pipe_is_no_accident():
    command = f"{sys.executable} -m lossbook.cli coco {DRAWINGS[0]} {DRAWINGS[1]} | head -n 1"
    printed = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (printed.stderr, printed.stdout.count("\n")) == ("", 1)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_progress_on_a_terminal_only():
    import os
    import pty

    watched, terminal = pty.openpty()
    command = [sys.executable, "-m", "lossbook.cli", "coco", *DRAWINGS]
    printed = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, text=True, env={"TERM": "xterm"})
    os.close(terminal)
    assert printed.stdout.splitlines() == evaluate_detections(*DRAWINGS).lines()
    assert b"yolo.json" in os.read(watched, 9999)
    os.close(watched)


ODD = ["", "-", "0", "-1", "1,1", "nan", "1e400", "9"*5000, "box", "mask", "coco", "\u00e9", "--", "[/]", "1,,2", ".5,.75", "2,20"]
OPTIONS = ["--kind", "--max-detections", "--iou-thresholds", "--categories", "--matching", "--interpolation", "--grid", "--sizes", "--nothing"]


@pytest.mark.filterwarnings("ignore")
def test_whatever_is_given_nothing_breaks(tmp_path):
    truth, found = tmp_path / "truth.json", tmp_path / "found.json"
    codes = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        case = mask_case(seed) if seed % 2 else box_case(seed)
        for path, data in ((truth, case.ground_truth), (found, case.results)):
            text = bytearray(json.dumps(data).encode())
            for _ in range(rng.choice([0, 0, 0, 1, 2])):
                at = int(rng.integers(len(text)))
                text[at:at + int(rng.integers(0, 9))] = rng.choice([b"", b"]", b"null", b"-", b"NaN", b'"', b"\xff", b"[[[", b"1e999"])
            path.write_bytes(text)
        given = [word for _ in range(rng.choice([0, 0, 1, 2])) for word in (rng.choice(OPTIONS), rng.choice(ODD))]
        result = run(truth, found, *(("--kind", "mask") if seed % 4 == 1 else ()), "--per-class", *given)
        assert result.exception is None or isinstance(result.exception, SystemExit), (seed, given, result.exception)
        assert result.exit_code in (0, 2) and "Traceback" not in result.stderr
        assert result.exit_code == 0 or result.stderr
        codes.append(result.exit_code)
    assert 20 < codes.count(0) < 280

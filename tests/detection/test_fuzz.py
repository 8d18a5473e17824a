"""Broken files: whatever is done to a file, it is read or refused in one sentence, and by the command line with exit code 2.

`make peers` tries many more of them than `make test`.
"""
import copy
import json
import math
import os

import numpy as np
import pytest
from typer.testing import CliRunner

from lossbook.cli import app
from lossbook.detection.coco_files import load_coco, load_coco_results
from tests.detection.cases import mask_case
from tests.detection.test_files import RESULTS, TRUTH

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
        elif kind < 0.25 and isinstance(place, list): place.append(place[last])
        else: place[last] = ODD[rng.integers(len(ODD))]
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


def refused_or_read(call, *args, **options):
    "Whether something is read; what it is refused with must be one sentence, or several, of words."
    try: call(*args, **options)
    except (ValueError, TypeError) as error:
        assert str(error) and "\n" not in str(error) and "Traceback" not in str(error)
        return False
    return True


@pytest.mark.parametrize("kind", ["box", "mask"])
@pytest.mark.filterwarnings("ignore:.*stood before")
def test_odd_values(kind):
    rng, truth, read = np.random.default_rng(0), load_coco(TRUTH, kind=kind), 0
    for _ in range(TRIES):
        read += refused_or_read(load_coco, with_odd_values(rng, TRUTH), kind=kind)
        read += refused_or_read(load_coco_results, with_odd_values(rng, RESULTS), truth, kind=kind)
    assert 0 < read < 2 * TRIES


@pytest.mark.filterwarnings("ignore:.*stood before")
def test_odd_bytes(tmp_path):
    rng, truth, path = np.random.default_rng(1), load_coco(TRUTH, kind="mask"), tmp_path / "odd.json"
    texts = [json.dumps(data).encode() for data in (TRUTH, RESULTS)]
    read = 0
    for _ in range(TRIES):
        path.write_bytes(with_odd_bytes(rng, texts[0]))
        read += refused_or_read(load_coco, path, kind="mask")
        path.write_bytes(with_odd_bytes(rng, texts[1]))
        read += refused_or_read(load_coco_results, path, truth, kind="mask")
    assert 0 < read < 2 * TRIES


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

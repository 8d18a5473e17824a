"Run notebooks as nbdev does, and tell whether what they store is what they give now."
import re
import shutil
import subprocess
import sysconfig
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from itertools import zip_longest
from pathlib import Path

import numpy as np
from fastcore.nbio import read_nb
from matplotlib.image import imread

from tools.book import ROOT, settings
from tools.cells import read_cells

MARK = re.compile(r"\bf[0-9a-f]{8}-")  # before every id of a figure: a hash of its last digit too
NUMBER = re.compile(r"(?<![A-Za-z_])-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.I)


@dataclass
class Run:
    "How one notebook ran: the copy that holds its fresh outputs, or what went wrong."

    path: Path
    fresh: Path
    seconds: float
    failure: str


def nbdev(command, *arguments, folder=ROOT):
    "Run one of nbdev's commands in a folder of the book."
    script = Path(sysconfig.get_path("scripts")) / f"nbdev-{command}"
    return subprocess.run([script, *arguments], cwd=folder, capture_output=True, text=True)


def run_in_copy(paths, folder):
    "Run notebooks in a copy of the book, as many at once as `workers` in settings.ini says."
    copy_book(folder)
    with ThreadPoolExecutor(settings().getint("workers")) as pool:
        runs = list(pool.map(partial(run, folder=folder), paths))
    nbdev("clean", folder=folder).check_returncode()
    return runs


def copy_book(folder):
    "Copy what git tracks or would track, as it lies here now, into a folder."
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def run(path, folder):
    "Run a notebook's copy from its first cell to its last, in a process of its own."
    fresh = folder / path.relative_to(ROOT)
    started = time.perf_counter()
    ended = nbdev("test", fresh, "--save", folder=folder)
    seconds = time.perf_counter() - started
    return Run(path, fresh, seconds, "" if ended.returncode == 0 else ended.stdout + ended.stderr)


def missing(path):
    "The modules that a notebook asks for (`#| needs: torch, jax`) and that are not installed: it is not run, then."
    needs = [cell.directives["needs"] for cell in read_cells(path) if "needs" in cell.directives]
    return [name for name in ", ".join(needs).split(", ") if name and find_spec(name) is None]


def over_budget(seconds):
    "A line if a notebook took longer than a chapter may, else nothing."
    allowed = settings().getfloat("chapter_seconds")
    if seconds > allowed:
        return f"it took {seconds:.0f} s, more than the {allowed:.0f} s of `chapter_seconds` in settings.ini"


# ---- stored outputs against fresh ones


def stale(stored, fresh):
    "The cells of a stored notebook whose outputs are not those of a fresh run, one line each."
    cells = zip_longest(read_nb(stored).cells, read_nb(fresh).cells, fillvalue={})
    return [
        f"the stored output of cell {number} is not what it gives now: run `make prepare`"
        for number, (old, new) in enumerate(cells, 1)
        if not same(old.get("outputs", []), new.get("outputs", []))
    ]


def same(old, new):
    "Whether two outputs agree, the last digits that processors disagree on aside."
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same_data(kind, old[kind], new[kind]) for kind in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same, old, new))
    if isinstance(old, str) and isinstance(new, str):
        return old == new or same_text(old, new)
    return old == new


def same_data(kind, old, new):
    kinds = {"image/png": same_pixels, "image/svg+xml": same_drawing}
    return kinds.get(kind, same)(old, new)


def same_text(old, new, tolerance=None):
    "Whether two texts differ at most in the last digits of their numbers."
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (old, new)]
    numbers = [np.array(NUMBER.findall(text), float) for text in (old, new)]
    tolerance = tolerance or settings().getfloat("output_tolerance")
    return words[0] == words[1] and np.allclose(*numbers, rtol=tolerance, atol=tolerance)


def same_drawing(old, new):
    "Whether two SVG pictures look the same: no point has moved by a ten-thousandth."
    return same_text(*(MARK.sub("", "".join(lines)) for lines in (old, new)), tolerance=1e-4)


def same_pixels(old, new):
    "Whether two PNG pictures look the same."
    pixels = [imread(BytesIO(b64decode(picture))) for picture in (old, new)]
    return pixels[0].shape == pixels[1].shape and np.allclose(*pixels, atol=0.03)

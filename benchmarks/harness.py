"How a call is measured, what is measured of it, and where that is kept."
import ctypes
import gc
import json
import os
import platform
import time
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np

FILE = Path(__file__).parent.parent / "nbs/appendix/benchmarks.json"


class Task(NamedTuple):
    name: str
    calls: dict  # a call for each library; of those that are missing it is never made


class Answer(NamedTuple):
    task: str
    n: int  # numbers, pixels, pairs or detections
    seconds: dict  # for each library
    megabytes: dict
    steps: dict = {}  # seconds of each step of ours, where it has some


def optional(module):
    "A module, or `None` where its library is missing."
    try:
        return import_module(module)
    except ImportError:
        return None


def compare(task, n, there, held=None, enough=1.0):
    "The answer of every library that is there, by turns for about a second and twice at least; `held` measures memory."
    held = held or megabytes
    calls = {library: call for library, call in task.calls.items() if library in there}
    results = {library: call() for library, call in calls.items()}
    past, started = {library: [] for library in calls}, time.perf_counter()
    while len(past["lossbook"]) < 2 or time.perf_counter() - started < enough:
        for library, call in calls.items():
            past[library].append(seconds(call))
    warn_of_others(task.name, n, results)
    return Answer(task.name, n, {library: min(each) for library, each in past.items()}, {library: held(call) for library, call in calls.items()})


def seconds(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def megabytes(call):
    "Most memory that the process held while a call ran, beyond what it held before; `None` where Linux does not count it."
    if not Path("/proc/self/clear_refs").exists():
        return None
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back first, so that it is counted when it is taken again
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before = kilobytes("VmRSS")
    call()
    return max(0, kilobytes("VmHWM") - before) / 1000


def kilobytes(what):
    return int(Path("/proc/self/status").read_text(encoding="ascii").partition(f"{what}:")[2].split()[0])


def warn_of_others(task, n, results):
    "Say it where libraries do not answer alike: then their times are not of one question."
    numbers = {library: float(result) for library, result in results.items() if np.size(result) == 1}
    for library, number in numbers.items():
        if not np.isclose(number, numbers["lossbook"], rtol=1e-3):
            warnings.warn(f"{task}, {n:,}: {library} gives {number}, lossbook {numbers['lossbook']}")


# ---- what is kept


def environment(versions):
    "The machine and the versions, in one line that tells no date."
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    found = ", ".join(f"{package} {number}" for package, number in versions.items())
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, {found}"


def installed(packages):
    "The versions of those packages that are there."
    found = {}
    for package in packages:
        try:
            found[package] = version(package).partition("+")[0]
        except PackageNotFoundError:
            pass
    return found


def stored():
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def store(part, answers, versions, missing):
    "Keep the answers of one part, and those of all others as they were."
    rows = [row(answer) for answer in answers]
    told = stored() | {part: {"environment": environment(versions), "missing": missing, "answers": rows}}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def row(answer):
    rest = {name: rounded(getattr(answer, name)) for name in ("seconds", "megabytes", "steps") if getattr(answer, name)}
    return {"task": answer.task, "n": answer.n, **rest}


def rounded(numbers):
    return {library: number and float(f"{number:.3g}") for library, number in numbers.items()}

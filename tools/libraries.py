"""`nbs/scale/libraries.md`: which public functions leave arrays where they are, and which read them from main memory.

Each function is asked with arrays of the strict array API on a device of its own; if it refuses those for lying there,
with the same in main memory.
"""
import array_api_strict
import matplotlib.pyplot as plt
import numpy as np
from array_api_compat import device, is_array_api_obj

from lossbook.core import Loss
from tests.properties.examples import example
from tools.book import ROOT
from tools.robustness import functions

PAGE = ROOT / "nbs/scale/libraries.md"
FAR = array_api_strict.Device("device1")
NUMPY_ONLY = ["check_gradient"]


def libraries():
    "The text of the page."
    stay, read, losses, rest = *by_kind(), [], []
    for name in stay: (losses if isinstance(example(name).function, Loss) else rest).append(name)
    return f"""<!-- Written by `make prepare`: see tools/libraries.py. -->

**Arrays stay where they are, and gradients flow.** All {len(losses)} losses, with their `.grad` and `.value_and_grad`: {listed(losses)}. And {listed(rest)}.

**Read from main memory, worked on with NumPy.** {listed(read)}.

**Arrays of NumPy only.** {listed(NUMPY_ONLY)}, which moves numbers by a hair and needs float64 for it.
"""


def listed(names): return ", ".join(f"`{name}`" for name in names)


def by_kind():
    "The functions that answer to arrays on a device with arrays on it, and those that read main memory."
    stay, read = [], []
    for name in functions():
        call = example(name)
        if name in NUMPY_ONLY or not any(isinstance(call.at(*place), np.ndarray) for place in call.places()): continue
        (read if refuses(call, FAR) else stay).append(name)
        if name in read and refuses(call, None): raise SystemExit(f"{name} answers to no array but NumPy's")
    return stay, read


def refuses(call, where):
    "Whether a call refuses arrays for lying on a device, `None` for main memory."
    try: answer = call.map(lambda x: array_api_strict.asarray(x, device=where))()
    except TypeError as error:
        if str(error).endswith(f" is on {where}: it must be in main memory"): return True
        raise
    finally: plt.close("all")
    if where and not all(is_array_api_obj(x) and device(x) == where for x in parts_of(answer)):
        raise SystemExit(f"{call.name} moves arrays from their device")
    return False


def parts_of(answer):
    "The arrays of an answer."
    return [part for one in answer for part in parts_of(one)] if isinstance(answer, tuple) else [answer]

"""`nbs/appendix/robustness.md`: what every public function does with every input of one table.

Each argument of an example in `tests/properties/examples.py` is spoiled in each way. The function has to answer, or to
refuse in one sentence of its own; anything else stops the making of the table.
"""
import linecache
import re
import warnings
from collections import defaultdict
from inspect import isclass
from numbers import Number
from pathlib import Path

import array_api_strict
import matplotlib.pyplot as plt
import numpy as np

import lossbook
from tests.properties.examples import DATA, example
from tools.book import ROOT

TABLE = ROOT / "nbs/appendix/robustness.md"
PACKAGE = str(Path(lossbook.__file__).parent)


HEADER = "<!-- Written by `make prepare`: see tools/robustness.py. -->\n\n"


def robustness():
    "The text of the table: for each input what happens, and in which arguments of which functions."
    sections = (section(title, outcomes) for title, outcomes in table().items())
    return HEADER + "\n".join(sections)


def section(title, outcomes):
    "One input: most common outcome first, with the arguments of each function side by side."
    rows = sorted(outcomes.items(), key=lambda row: (row[0] != ANSWERS, -len(row[1]), row[0]))
    lines = [f"- {in_words(outcome)}: {places_in_words(places)}" for outcome, places in rows]
    return "\n".join([f"**{title[0].upper()}{title[1:]}**", "", *lines, ""])


def in_words(outcome):
    "A refusal as a quotation, cut where it is long; what Markdown would read is escaped."
    if outcome == ANSWERS: return outcome
    short = outcome if len(outcome) <= 120 else outcome[:117] + "..."
    return f"refuses: *{re.sub(r'([][<>*_`|$#~@^])', r'%s' % BACKSLASHED, short)}*"


def places_in_words(places):
    arguments = defaultdict(list)
    for name, place in places: arguments[name].append(".".join(filter(None, place)))
    return ", ".join(f"`{name}({', '.join(words)})`" for name, words in arguments.items())


ANSWERS, BACKSLASHED = "answers", r"\\\1"


def functions():
    "The names of the public functions, and of the methods that make a summary of data."
    return sorted({name for name in lossbook.__all__ if not isclass(getattr(lossbook, name))} | set(DATA), key=str.lower)


# ---- arrays that hold the same numbers in another place or order of bytes: the answer has every bit of the plain one


def read_only(x):
    x = x.copy()
    x.setflags(write=False)
    return x


def every_second(x):
    wide = np.repeat(x, 2, axis=-1) if x.ndim else x
    return wide[..., ::2]


def backwards(x): return np.flip(np.flip(x).copy())


def far_apart(x):
    room = np.zeros((*x.shape, 4096), x.dtype)
    room[..., 0] = x
    return room[..., 0]


def unaligned(x):
    room = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    room[...] = x
    return room


def mapped(x):
    "An array of a subclass that changes nothing, as a file on disk gives it."
    return x.view(Mapped)


class Mapped(np.ndarray): "A subclass such as `numpy.memmap`."


SAME = {
    "read-only": read_only,
    "every second number of another array": every_second,
    "in Fortran's order": np.asfortranarray,
    "backwards, with negative strides": backwards,
    "numbers 4096 apart": far_apart,
    "not aligned": unaligned,
    "bytes the other way round": lambda x: x.astype(x.dtype.newbyteorder()),
    "a subclass of arrays": mapped,
}

# ---- the same numbers, otherwise written: the answer is that of plain numbers, as far as their digits go

ALIKE = {
    "a list": lambda x: x.tolist(),
    "objects that are numbers": lambda x: x.astype(object),
    "float16": lambda x: x.astype(np.float16),
    "float32": lambda x: x.astype(np.float32),
    "long double": lambda x: x.astype(np.longdouble),
    "whole numbers": lambda x: np.round(x).astype(np.int64),
    "small whole numbers": lambda x: np.round(abs(x)).astype(np.uint8),
    "truth values": lambda x: x > 0,
}

# ---- what is wrong, or seldom right


def with_first(value):
    def spoiled(x):
        x = x.astype(float)
        x.flat[0] = value
        return x
    return spoiled


def matrix(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(x.reshape(len(x), -1) if x.ndim else x)


ODD = {
    "NaN": with_first(np.nan),
    "infinity": with_first(np.inf),
    "minus infinity": with_first(-np.inf),
    "-1": with_first(-1),
    "0.5": with_first(0.5),
    "1e300": with_first(1e300),
    "1e300 at the end": lambda x: with_first(1e300)(x.ravel()[::-1])[::-1].reshape(x.shape),
    "nothing but 1e300": lambda x: np.full(x.shape, 1e300),
    "2**64 as an object": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 0, 2**64, x.astype(object)),
    "empty": lambda x: x[:0],
    "a first row less": lambda x: x[1:],
    "one number": lambda x: x.flat[0],
    "an axis more": lambda x: x[..., None],
    "an axis more in front": lambda x: x[None],
    "an axis less": lambda x: x[0],
    "ragged": lambda x: [x.tolist(), [x.tolist()]],
    "words": lambda x: np.full(x.shape, "cat"),
    "numbers as words": lambda x: x.astype(str),
    "bytes": lambda x: x.astype(bytes),
    "complex": lambda x: x + 1j,
    "dates": lambda x: np.zeros(x.shape, "datetime64[D]"),
    "records": lambda x: np.zeros(x.shape, [("a", float)]),
    "objects, one of them none": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 0, None, x.astype(object)),
    "masked": lambda x: np.ma.masked_array(x, np.arange(x.size).reshape(x.shape) == 0),
    "a matrix": matrix,
    "another library's": array_api_strict.asarray,
}
OBJECTS = {
    "None": lambda x: None,
    "a number": lambda x: 3.5,
    "a word": lambda x: "cat",
    "a list of lists": lambda x: [[1, 2], [3, 4]],
    "an empty list": lambda x: [],
    "a dict": lambda x: {"a": 1},
    "a set": lambda x: {1, 2},
    "an object": lambda x: object(),
}


class Fault(Exception): "What no function may do."


def table():
    "`{input: {outcome: [place]}}` for every input and place. `SystemExit` names all that misbehave."
    found, faults = {title: defaultdict(list) for title in [*SAME, *ALIKE, *ODD, *OBJECTS]}, []
    for name in functions():
        good = example(name)
        for place in good.places():
            for title, spoil in ways(good.at(*place)).items():
                try: outcome = tried(good, place, title, spoil)
                except Fault as fault: faults.append(f"{spelled(name, place)}, {title}: {fault}")
                else:
                    if outcome: found[title][outcome].append((name, place))
    if faults: raise SystemExit("\n".join(faults))
    return found


def ways(x): return {**SAME, **ALIKE, **ODD, **OBJECTS} if isinstance(x, np.ndarray) else OBJECTS


def spelled(name, place): return f"{name}({'.'.join(filter(None, place))})"


def tried(good, place, title, spoil):
    "What one call does: `ANSWERS` or the sentence it refuses with; `None` where the input cannot be made."
    try: spoiled = spoil(good.at(*place))
    except (ValueError, TypeError, IndexError): return None
    call, kept = good.put(spoiled, *place), repr(spoiled)
    try: answer = quietly(call)
    except Fault: raise
    except OSError as error: return f"{type(error).__name__}: {error.strerror}"
    except (ValueError, TypeError, AssertionError) as error: return refusal(error, {*filter(None, sum(good.places(), ()))})
    except Exception as error: raise Fault(f"{type(error).__name__}: {error}") from None
    finally: plt.close("all")
    if repr(spoiled) != kept: raise Fault("it is written to")
    if title in SAME: compare(answer, quietly(good), 0)
    if title in ALIKE: compare(answer, quietly(good.put(np.asarray(spoiled, good.at(*place).dtype), *place)), TOLERANCE.get(title, 1e-12))
    return ANSWERS


TOLERANCE = {"float16": 1e-2, "float32": 1e-5}


def quietly(call):
    "An answer. A `Fault` if a warning comes with it."
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try: return call()
        except Warning as warning: raise Fault(f"{type(warning).__name__}: {warning}") from None


def refusal(error, words):
    "The sentence of a refusal. A `Fault` unless the package itself says it, in one sentence."
    trace = error.__traceback__
    while trace.tb_next: trace = trace.tb_next
    own = trace.tb_frame.f_code.co_filename.startswith(PACKAGE)
    said = re.search("raise|assert", linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno))
    sentence = str(error)
    if not (own and said): raise Fault(f"refused from inside, {type(error).__name__}: {sentence}")
    if "\n" in sentence or len(sentence) < 10: raise Fault(f"no sentence: {sentence}")
    if isinstance(error, lossbook.InvalidAnnotations): return sentence
    if len(sentence) > 250: raise Fault(f"a long sentence: {sentence}")
    if not any(word in sentence for word in words): raise Fault(f"refused without a name: {sentence}")
    return re.sub(r"\S*lossbook-\w+| at 0x\w+", "", sentence)


def numbers_in(x):
    "All numbers and words of an answer, in order; of a picture those of its lines and patches."
    if hasattr(x, "get_lines"): return [n for line in x.get_lines() for n in numbers_in(line.get_xydata())]
    if isinstance(x, dict): return [n for key, y in x.items() for n in [key, *numbers_in(y)]]
    if isinstance(x, (tuple, list)): return [n for y in x for n in numbers_in(y)]
    if isinstance(x, np.ndarray) or np.isscalar(x) or x is None: return np.ravel(x).tolist()
    return numbers_in(vars(x)) if hasattr(x, "__dict__") else []


def compare(answer, plain, tolerance):
    "A `Fault` unless two answers are alike."
    a, b = numbers_in(answer), numbers_in(plain)
    if len(a) != len(b) or not all(map(alike, a, b, [tolerance]*len(a))): raise Fault(f"answers {a[:4]}, and {b[:4]} to a plain array")


def alike(a, b, tolerance):
    if isinstance(a, Number) and isinstance(b, Number): return bool(np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))
    return a == b

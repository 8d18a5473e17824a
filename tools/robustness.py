"""`nbs/appendix/robustness.md`: what every public function does with every input of one table, and every option of another.

Each argument of an example in `tests/properties/examples.py` is spoiled in each way, and each option is given each odd
value. The function has to answer, or to refuse in one sentence of its own; anything else stops the making of the table.
"""
import linecache
import re
import warnings
from collections import defaultdict
from functools import cache
from inspect import isclass
from itertools import product
from pathlib import Path

import array_api_strict
import matplotlib.pyplot as plt
import numpy as np

import lossbook
from tests.properties.examples import DATA, example
from tools.book import ROOT

TABLE = ROOT / "nbs/appendix/robustness.md"
PACKAGE = str(Path(lossbook.__file__).parent)

HEADER, BETWEEN = "<!-- Written by `make prepare`: see tools/robustness.py. -->\n\n", "\n<!-- options -->\n\n"
ANSWERS, REFUSES, BACKSLASHED = "answers", "refuses in a sentence", r"\\\1"


def robustness():
    "The text of both tables: for each input what happens, and in which arguments of which functions."
    return HEADER + BETWEEN.join(folds(*both) for both in ((table(), places_in_words), (options(), options_in_words)))


def folds(found, spelled):
    "A table as text, inputs with the same outcomes in one fold."
    alike = defaultdict(list)
    for title, outcomes in found.items(): alike[section(outcomes, spelled)].append(title)
    return "\n".join(folded("; ".join(titles), text) for text, titles in alike.items())


def folded(title, text): return f"<details><summary>{title}</summary>\n\n{text}\n</details>\n"


def section(outcomes, spelled):
    "What happens with one input: of the most common outcome it is enough to say that it is that of all others."
    most = max(outcomes, key=lambda outcome: len(outcomes[outcome]))
    rows = sorted((outcome != ANSWERS, outcome, places) for outcome, places in outcomes.items() if outcome != most)
    lines = [f"- {in_words(outcome)}: {spelled(places)}" for _, outcome, places in rows]
    return "\n".join([*lines, f"- {'all others' if rows else 'every function'}: {in_words(most)}", ""])


def in_words(outcome):
    "A refusal as a quotation, cut where it is long; what Markdown would read is escaped."
    if outcome in (ANSWERS, REFUSES): return outcome
    short = outcome if len(outcome) <= 100 else outcome[:97] + "..."
    return f"refuses: *{re.sub(r'([][<>*_`|$#~@^])', BACKSLASHED, short)}*"


def places_in_words(places):
    "Functions with the arguments that are meant."
    arguments = defaultdict(list)
    for name, place in places: arguments[name].append(".".join(filter(None, place)))
    return ", ".join(f"`{name}({', '.join(words)})`" for name, words in arguments.items())


def options_in_words(places):
    "Options; where other functions that have them do something else, with the functions that do this or with those that do not."
    names = defaultdict(set)
    for name, option in places: names[option].add(name)
    return "; ".join(f"`{option}`{of_some(names[option], having(option))}" for option in sorted(names))


def of_some(names, among):
    "Some of several functions in the fewest words."
    listed, word = min((names, "of"), (among - names, "but of"), key=lambda pair: len(pair[0]))
    return f" {word} {', '.join(f'`{name}`' for name in sorted(listed, key=str.lower))}" if listed else ""


@cache
def having(option):
    "The functions that have an option."
    return {name for name in functions() if option in example(name).choices()}


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
    "a number of 65 bits": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 0, 2**64, x.astype(object)),
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


CHOICES = {
    **{title: make(None) for title, make in OBJECTS.items()},
    "True": True,
    "0": 0,
    "-1": -1,
    "NaN": np.nan,
    "infinity": np.inf,
    "a number of 100 bits": 10**30,
    "a list of two numbers": [1, 2],
    "an array of three numbers": np.arange(3.),
    "an array of two rows": np.eye(2),
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


def options():
    "`{value: {outcome: [(function, option)]}}`. `SystemExit` names all that misbehave."
    found, faults = {title: defaultdict(list) for title in CHOICES}, []
    for name in functions():
        good = example(name)
        for option, title in product(good.choices(), CHOICES):
            try: found[title][chosen(good, option, CHOICES[title])].append((name, option))
            except Fault as fault: faults.append(f"{name}({option}), {title}: {fault}")
    if faults: raise SystemExit("\n".join(faults))
    return found


def ways(x): return {**SAME, **ALIKE, **ODD, **OBJECTS} if isinstance(x, np.ndarray) else OBJECTS


def spelled(name, place): return f"{name}({'.'.join(filter(None, place))})"


def tried(good, place, title, spoil):
    "What one call does: `ANSWERS` or the sentence it refuses with; `None` where the input cannot be made."
    try: spoiled = spoil(good.at(*place))
    except (ValueError, TypeError, IndexError): return None
    answer, said = outcome(good.put(spoiled, *place), spoiled, words_of(good))
    if said != ANSWERS: return said
    if title in SAME: compare(answer, quietly(good), 0)
    if title in ALIKE: compare(answer, quietly(good.put(np.asarray(spoiled, good.at(*place).dtype), *place)), TOLERANCE.get(title, 1e-12))
    return ANSWERS


def chosen(good, option, value):
    "What one call does with an odd value of an option."
    _, said = outcome(good.choose(**{option: value}), value, {option, *words_of(good)})
    return ANSWERS if said == ANSWERS else REFUSES


def words_of(good):
    "What a refusal may name."
    return {*filter(None, sum(good.places(), ()))}


def outcome(call, spoiled, words):
    "An answer, and `ANSWERS`; or nothing, and the sentence of a refusal, which names one of some words."
    kept = held(spoiled)
    try: answer = quietly(call)
    except Fault: raise
    except OSError as error: return None, f"{type(error).__name__}: {error.strerror}"
    except (ValueError, TypeError, AssertionError) as error: return None, refusal(error, words)
    except Exception as error: raise Fault(f"{type(error).__name__}: {error}") from None
    finally: plt.close("all")
    if held(spoiled) != kept: raise Fault("it is written to")
    return answer, ANSWERS


def held(x): return x.tobytes() if isinstance(x, np.ndarray) else repr(x)


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
    if isinstance(error, lossbook.InvalidAnnotations): return generalised(sentence, words)
    if len(sentence) > 250: raise Fault(f"a long sentence: {sentence}")
    if not any(word in sentence for word in words): raise Fault(f"refused without a name: {sentence}")
    return generalised(sentence, words)


def generalised(sentence, words):
    "A sentence without what depends on the example: names of arguments, shapes, numbers, folders, addresses."
    sentence = re.sub(r"\S*lossbook-\w+|<object object at 0x\w+>", "…", sentence)
    named = "|".join(sorted(words, key=len, reverse=True))
    sentence = re.sub(rf"\b(?:{named})(?:\.(?:{named}))?\b", "…", sentence)
    return re.sub(r"\((?:\d+, ?)*\d*\)|\[[^]a-zA-Z]*\]|\[nan, [^]]*\]|\[-?inf, [^]]*\]|\b\d{3,}\b", "…", sentence)


def arrays_in(x):
    "All numbers and words of an answer as arrays, in order; of a picture those of its lines."
    if hasattr(x, "get_lines"): return [line.get_xydata() for line in x.get_lines()]
    if isinstance(x, dict): return [array for key, y in x.items() for array in [np.asarray(key), *arrays_in(y)]]
    if isinstance(x, (tuple, list)): return [array for y in x for array in arrays_in(y)]
    return arrays_in(vars(x)) if hasattr(x, "__dict__") and not isinstance(x, (type, np.ndarray)) else [np.asarray(x)]


def compare(answer, plain, tolerance):
    "A `Fault` unless two answers are alike."
    pairs = zip(arrays_in(answer), arrays_in(plain), strict=True)
    if not all(alike(a, b, tolerance) for a, b in pairs): raise Fault(f"answers {answer}, and {plain} to a plain array")


def alike(a, b, tolerance):
    "Whether two arrays hold the same words, or numbers as near as that."
    if a.dtype.kind not in "fiub" or not tolerance: return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)

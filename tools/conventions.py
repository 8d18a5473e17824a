"""Where libraries disagree, for the page "Why your number differs": `python -m tools.conventions`.

Every row of `tests/peers` is run, ours and each library that imports, and what it gave is written to
`nbs/appendix/conventions.json`. Of a library that does not import, the numbers of the last time are kept.
"""
import ast
import inspect
import json
import re
import warnings
from functools import partial
from importlib import import_module

import numpy as np

import lossbook
from tests.peers.rows import ask, option_text
from tools.book import ROOT

FILE = ROOT / "nbs/appendix/conventions.json"
PUBLIC = {name for name in dir(lossbook) if name[0] != "_"}
WIDEST = 80  # characters of an array that a page shows
PARTS = {
    "Regression": {"Errors and R2": "regression"},
    "Classification": {
        "Log loss": "log_loss", "Cross-entropy": "cross_entropy", "Weights and smoothing": "weights", "Focal loss": "focal",
        "Hinge loss": "hinge", "Scores that count": "classification"},
    "Ranking": {"ROC": "roc", "Average precision": "average_precision", "Brier score": "brier", "Calibration": "calibration"},
    "Segmentation": {
        "Pixels": "pixels", "Dice and IoU": "segmentation", "Losses of overlap": "overlap_losses", "Outlines": "boundaries",
        "Panoptic quality": "panoptic"},
    "Boxes": {"Boxes": "boxes"},
    "Detection": {"COCO and VOC": "detection"},
}


def conventions(past=None):
    "All there is to write; what libraries gave in the past stands where they do not import."
    past = past or {"versions": {}, "parts": {}}
    known = {at: answer["gives"] for at, answer in answers(past)}
    topics = {part: {title: [of_case(case, known) for case in cases(name)] for title, name in names.items()} for part, names in PARTS.items()}
    return {"versions": past["versions"] | versions(), "parts": topics}


def cases(name):
    return import_module(f"tests.peers.test_{name}").CASES


def versions():
    found = {}
    for name, library in vars(ask).items():
        if name[0] != "_" and imports(library):
            found[library.name] = library.version
    return found


def imports(library):
    try:
        return bool(import_module(library.root))
    except ImportError:
        return False


def answers(told):
    "What each library gave, under the names of its case and choice and its call."
    for topics in told["parts"].values():
        for case in (case for cases in topics.values() for case in cases):
            for row in case["rows"]:
                yield from (((case["title"], row["choice"], answer["library"], answer["call"]), answer) for answer in row["theirs"])


def of_case(case, known):
    "A case, with the data that all its rows share; a row keeps those of its own."
    told = [about(row.ours) for row in case.rows]
    data = {name: value for _, each, _ in told for name, value in each.items()}
    shared = {name for name, value in data.items() if all(each.get(name, value) == value for _, each, _ in told)}
    named = {value: name for name, value in data.items() if name in shared and not name.isupper()}
    twice = {name: named[data[name]] for name in shared if name.isupper() and data[name] in named}
    rows = []
    for row, (call, own, _) in zip(case.rows, told):
        written = re.sub(r"\b[A-Z_]+\b", lambda word: twice.get(word[0], word[0]), call)
        own = {name: value for name, value in own.items() if name not in shared}
        rows.append({"choice": row.choice, "data": own, "call": written, **of_row(row, case.title, known)})
    return {
        "title": case.title, "anchor": "why-" + re.sub(r"\W+", "-", case.title.lower()).strip("-"), "why": case.why,
        "data": {name: value for name, value in data.items() if name in shared - twice.keys()},
        "code": list(dict.fromkeys(source for _, _, sources in told for source in sources)),
        "functions": sorted({name for row in rows for name in re.findall(r"\w+", row["call"]) if name in PUBLIC}),
        "rows": rows,
    }


def of_row(row, title, known):
    "What a row's calls give; what is only said of a library, by whom."
    theirs = []
    for call in row.theirs:
        at = title, row.choice, call.library.name, str(call)
        theirs.append({"library": call.library.name, "call": str(call), "gives": outcome(call.value) if imports(call.library) else known.get(at)})
    told = {"gives": outcome(row.ours), "theirs": theirs}
    if row.said:
        told |= {"said": row.said, "said_gives": told["gives"] if row.gives is None else plain(row.gives)}
    return told | {"differs": row.gives is not None, "wrong": row.wrong}


def outcome(call):
    "What a call gives, or the first sentence of its refusal."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return plain(call())
        except Exception as error:
            return {"refuses": str(error).strip().split("\n")[0]}


def plain(value):
    "A number, or a list of them, in as many digits as all machines agree on; what JSON lacks as words."
    if isinstance(value, str):
        return {"refuses": value}
    value = np.squeeze(np.asarray(value, float))
    if value.ndim:
        return [plain(each) for each in value]
    return float(f"{value:.6g}") if np.isfinite(value) else str(float(value))


# ---- our call as text: what is written, the data it is written with, the functions it needs


def about(call):
    return of_partial(call) if isinstance(call, partial) else of_function(call)


def of_partial(call):
    "A call of one function: its data by the names of its arguments, its options as they are."
    names = arguments_of(call.func)
    given = dict(zip(names, call.args)) | call.keywords
    data = {name: text for name, value in given.items() if is_data(value) and (text := shown(value))}
    words = [name if is_data(value) else option_text(name, value) for name, value in zip(names, call.args)]
    words += [f"{name}={name if is_data(value) else option_text(name, value)}" for name, value in call.keywords.items()]
    return f"{name_of(call.func)}({', '.join(words)})", data, []


def of_function(function):
    "A function without arguments: its body, the module's data and functions that it names."
    body = ast.parse(inspect.getsource(function)).body[0].body
    world, data, code = function.__globals__, {}, []
    for node in [node for statement in body for node in ast.walk(statement)]:
        if isinstance(node, ast.Call):
            node.args = [name for argument in node.args for name in unpacked(argument, node, world, data)]
    for node in [node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id in world]:
        value = world[node.id]
        if inspect.isfunction(value) and value.__module__ == function.__module__:
            code.append(inspect.getsource(value).strip())
        elif node.id.isupper() and is_data(value) and (text := shown(value)):
            data[node.id] = text
    lines = [ast.unparse(statement.value if isinstance(statement, ast.Return) else statement) for statement in body]
    return "; ".join(lines).replace("'", '"'), data, code


def unpacked(argument, call, world, data):
    "`*PAIR` as the names of the arguments that it fills."
    if not isinstance(argument, ast.Starred) or ast.unparse(argument.value) not in world:
        return [argument]
    values = world[argument.value.id]
    names = arguments_of(eval(ast.unparse(call.func), world))[:len(values)]
    data.update({name: text for name, value in zip(names, values) if (text := shown(value))})
    return [ast.Name(name) for name in names]


def arguments_of(function):
    "Names of arguments; a gradient has those of its loss."
    owner = getattr(function, "__self__", None)
    return list(inspect.signature(function if owner is None or inspect.isclass(owner) else owner).parameters)


def name_of(function):
    if inspect.ismethod(function):
        return f"{name_of(function.__self__)}.{function.__name__}"
    terms = [f"{scale} * {term.__name__}" for scale, term in getattr(function, "parts", ())]
    return f"({' + '.join(terms)})" if terms else function.__name__


def is_data(value):
    return isinstance(value, np.ndarray | list | tuple | dict)


def shown(value):
    "Data as they are written; nothing of a large array, of which the case tells."
    text = written(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= WIDEST or isinstance(value, dict) else ""


def written(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{name}": {written(each)}' for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return f"{value:.10g}" if isinstance(value, float) else f'"{value}"' if isinstance(value, str) else str(value)


def main():
    told = conventions(json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else None)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

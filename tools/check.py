"""What a chapter lacks, one line each: `python -m tools.check [NOTEBOOK...]`.

A notebook that exports a module into a part of the book (`#| default_exp regression.huber`) is a chapter and is
held to every rule. The foundations, the index and the notation are held to those that have a meaning for them.
"""
import ast
import json
import re
import sys
from pathlib import Path

from tools.book import notebooks, settings, shown
from tools.cells import name_of, read_cells
from tools.docments import undocumented

TO_WRITE = re.compile(r"^\W*To write \(([^)]+)\):\W*(.*)$", re.M)
JOINTS = {
    "by hand": r"\bby hand\b",
    "check": r"\bcheck",
    "edges": r"\bedges?\b",
    "choices": r"\bchoices?\b",
    "exercise": r"\bexercises?\b",
    "sources": r"\bsources?\b",
}
ASSERTIONS = {"test_close", "expect_fail", "check_gradient"}
DISPLAYED = (ast.Name, ast.Attribute, ast.Subscript, ast.BinOp, ast.Compare, ast.Tuple, ast.List, ast.Dict)


def unfinished(path):
    "The joints of a notebook that still hold the template's words; with any, it is a draft."
    return [
        f"{shown(path)}: still to write, {joint}: {words}"
        for cell in read_cells(path)
        for joint, words in TO_WRITE.findall(cell.source)
    ]


def faults(path):
    "What a notebook lacks."
    cells = read_cells(path)
    rules = RULES + CHAPTER_RULES if is_chapter(cells) else RULES
    in_cells = [fault for rule in rules for fault in rule(cells)]
    return [f"{shown(path)}: {fault}" for fault in [*in_cells, *file_faults(path)]]


def is_chapter(cells):
    return any("." in cell.directives.get("default_exp", "") for cell in cells)


# ---- rules for every notebook


def title(cells):
    first = next((cell for cell in cells if cell.kind == "markdown"), None)
    lines = [line for line in first.source.splitlines() if line.strip()] if first else []
    if not lines or not lines[0].startswith("# "):
        yield "its first text is no title (`# Title`)"
    elif len(lines) < 2 or not lines[1].startswith("> "):
        yield "no plain line under the title (`> What it is, for someone who never met the name.`)"


def imports_alone(cells):
    for cell in cells:
        is_import = [isinstance(node, (ast.Import, ast.ImportFrom)) for node in cell.tree.body]
        if any(is_import) and not all(is_import):
            yield f"cell {cell.number} mixes imports and work: imports stand alone in their cell"


def alternative_text(cells):
    for cell in cells:
        explorables = cell.calls("explorable")
        described = all(any(given.arg == "alt" for given in call.keywords) for call in explorables)
        if explorables and not described:
            yield f"cell {cell.number} shows an explorable without alt text (`alt=`)"
        elif not explorables and has_picture(cell) and not cell.directives.get("fig-alt"):
            yield f"cell {cell.number} shows a figure without alt text (`#| fig-alt: ...`)"


def outputs_stored(cells):
    for cell in cells:
        if displays(cell) and not cell.outputs:
            yield f"cell {cell.number} shows something, but no output is stored: run `make prepare`"


def definitions_explained(cells):
    "Prose before an exported definition, a shown value and an assertion before the next one."
    exports = [cell.number for cell in cells if cell.definitions]
    for previous, number, following in zip([0, *exports], exports, [*exports[1:], len(cells) + 1]):
        what = f"cell {number} exports {names(cells[number - 1])}, but no"
        before, after = cells[previous : number - 1], cells[number : following - 1]
        if not any(asserts(cell) for cell in after):
            yield f"{what} cell asserts it before the next export"
        if not any(cell.outputs for cell in after):
            yield f"{what} cell shows its value before the next export"
        if not any(cell.kind == "markdown" for cell in before):
            yield f"{what} text leads to it from the export before"


def documented(cells):
    for cell in cells:
        for fault in undocumented(cell) if cell.public else []:
            yield f"cell {cell.number}: {fault}"


# ---- rules for the chapters of a part


def sections(cells):
    headings = " / ".join(heading for cell in cells for heading in cell.headings)
    for joint, pattern in JOINTS.items():
        if joint not in dropped(cells) and not re.search(pattern, headings, re.I):
            yield f"no section on its {joint} (a heading with that word, or `#| without: {joint}` in the first cell)"


def dropped_joints_exist(cells):
    for joint in dropped(cells) - JOINTS.keys():
        yield f"`#| without: {joint}` names no joint: one of {', '.join(JOINTS)}"


def exports_something(cells):
    if not any(cell.exported for cell in cells):
        yield "nothing is exported"


def gradients(cells):
    derived = {decorated for cell in cells for decorated in gradients_defined(cell)}
    for cell in cells:
        for name in losses_defined(cell):
            checks = [other for other in cells if other.calls("check_gradient") and other.mentions(name)]
            if name not in derived:
                yield f"cell {cell.number}: the loss {name} has no `@{name}.gradient`"
            elif not checks:
                yield f"cell {cell.number}: no cell calls `check_gradient({name}, ...)`"


RULES = [title, imports_alone, alternative_text, outputs_stored, definitions_explained, documented]
CHAPTER_RULES = [sections, dropped_joints_exist, exports_something, gradients]


# ---- what the file itself must be


def file_faults(path):
    raw = json.loads(Path(path).read_text(encoding="utf-8"))
    for number, cell in enumerate(raw["cells"], 1):
        if not isinstance(cell["source"], list):
            yield f"cell {number} stores its source as one string, not as a list of lines: run `make prepare`"
    size = sum(len(json.dumps(cell.get("outputs", []))) for cell in raw["cells"]) / 1000
    allowed = settings().getfloat("output_kilobytes")
    if size > allowed:
        yield f"its outputs take {size:.0f} kB, more than the {allowed:.0f} kB of `output_kilobytes` in settings.ini"


# ---- what cells hold


def names(cell):
    return ", ".join(dict.fromkeys(gradient_of(node) or node.name for node in cell.definitions))


def asserts(cell):
    calls = {name_of(node) for node in ast.walk(cell.tree) if isinstance(node, ast.Call)}
    return bool(
        calls & ASSERTIONS
        or any(call.startswith("assert_") for call in calls)
        or any(isinstance(node, ast.Assert) for node in ast.walk(cell.tree))
    )


def displays(cell):
    "Whether a cell surely has an output: it ends in a plain expression, or draws."
    if cell.directives.get("eval") == "false" or not cell.tree.body:
        return False
    last = cell.tree.body[-1]
    silenced = cell.source.rstrip().endswith(";")
    ends_in_value = isinstance(last, ast.Expr) and isinstance(last.value, DISPLAYED) and not silenced
    return ends_in_value or bool(cell.calls("subplots", "explorable"))


def has_picture(cell):
    stored = [output.get("data", {}) for output in cell.outputs]
    return any(kind.startswith("image/") or "<svg" in str(data) for each in stored for kind, data in each.items())


def dropped(cells):
    words = ",".join(cell.directives.get("without", "") for cell in cells)
    return {word.strip() for word in words.split(",") if word.strip()}


def losses_defined(cell):
    return [node.name for node in cell.definitions if any(name_of(mark) == "loss" for mark in node.decorator_list)]


def gradients_defined(cell):
    return [gradient_of(node) for node in cell.definitions if gradient_of(node)]


def gradient_of(node):
    "The loss whose gradient a function is, by its mark `@huber_loss.gradient`."
    marks = (mark for mark in node.decorator_list if name_of(mark) == "gradient")
    return next((name_of(mark.value) for mark in marks), None)


def main(paths):
    lines = [line for path in paths for line in unfinished(path) or faults(path)]
    print("\n".join(lines) or "nothing is lacking")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or notebooks()))

"The chapter check finds each fault, and none in a chapter that has none."
import json

import pytest
from fastcore.nbio import mk_cell, mk_display, new_nb, write_nb

from tools import check
from tools.check import faults, unfinished

LOSS = """#| exports
@loss
def half_loss(
    y_true, # Target, any shape
    y_pred, # Prediction, same shape
): # Loss, 0 or more, lower is better
    "Half of the squared error."
    return (y_pred - y_true) ** 2 / 2"""
GRADIENT = "#| exports\n@half_loss.gradient\ndef _(y_true, y_pred):\n    return y_pred - y_true"


def text(source):
    return mk_cell(source, "markdown")


def code(source, **data):
    "A code cell that shows its keyword arguments: `text_plain` is of the type text/plain."
    return mk_cell(source, outputs=[mk_display(**data)] if data else [])


def chapter():
    "A chapter without a fault, its cells by name."
    return {
        "module": code("#| default_exp regression.half"),
        "title": text("# Half\n\n> Half of the squared error."),
        "imports": code("#| export\nfrom lossbook.core import loss"),
        "by hand": text("## By hand\n\nThe error is 1."),
        "loss": code(LOSS),
        "value": code("test_close(half_loss([0.0], [1.0]), 0.5)\nhalf_loss([0.0], [1.0])", text_plain="0.5"),
        "figure": code("#| fig-alt: A parabola.\nfig, ax = plt.subplots()\nax.plot([0, 1]);", text_plain="<Figure>"),
        "check": text("## Check {#sec-half-check}"),
        "edges": text("## Edges"),
        "choices": text("## When libraries disagree {#sec-half-choices}"),
        "derivation": text("## The gradient"),
        "gradient": code(GRADIENT),
        "finite differences": code("check_gradient(half_loss, [0.0], [1.0])", text_plain="1e-11"),
        "exercise": text("## Exercise"),
        "sources": text("## Sources"),
    }


@pytest.fixture
def faults_of(tmp_path):
    "The faults of a chapter, without the path that each line begins with."

    def write(cells):
        path = tmp_path / "01_half.ipynb"
        write_nb(new_nb(list(cells.values())), path)
        return [line.removeprefix(f"{path}: ") for line in faults(path)]

    return write


def test_a_whole_chapter_has_no_fault(faults_of):
    assert faults_of(chapter()) == []


ONE_FAULT = {
    "no title": ("title", text("Half"), "its first text is no title"),
    "no plain line": ("title", text("# Half\n\nText."), "no plain line under the title"),
    "no assertion": ("value", code("half_loss([0.0], [1.0])", text_plain="0.5"), "exports half_loss, but no cell asserts it before the next export"),
    "no shown gradient": ("finite differences", code("check_gradient(half_loss, [0.0], [1.0]);"), "exports half_loss, but no cell shows its value"),
    "no text before the gradient": ("exercise", text("### More"), "no section on its exercise"),
    "no gradient": ("gradient", code("half = 0.5"), "the loss half_loss has no `@half_loss.gradient`"),
    "no gradient check": ("finite differences", code("assert half_loss\n1", text_plain="1"), "no cell calls `check_gradient(half_loss, ...)`"),
    "no alt text": ("figure", code("fig, ax = plt.subplots()", image_png="iVBO"), "shows a figure without alt text"),
    "explorable without alt text": ("figure", code("explorable('half')", text_html="<figure>"), "shows an explorable without alt text"),
    "no edges": ("edges", text("## Limits"), "no section on its edges"),
    "no sources": ("sources", text("## Reading"), "no section on its sources"),
    "dropped without a name": ("module", code("#| default_exp regression.half\n#| without: hope"), "`#| without: hope` names no joint"),
    "mixed imports": ("imports", code("#| export\nimport math\nhalf = math.sqrt(0.25)"), "mixes imports and work"),
    "no output": ("value", code("assert half_loss\nhalf_loss"), "shows something, but no output is stored"),
    "no docment": ("loss", code(LOSS.replace(" # Prediction, same shape", "")), "half_loss says nothing of its argument y_pred"),
    "no return docment": ("loss", code(LOSS.replace(" # Loss, 0 or more, lower is better", "")), "half_loss says nothing of what it returns"),
    "no docstring": ("loss", code(LOSS.replace('    "Half of the squared error."\n', "")), "half_loss has no docstring"),
    "long docstring": ("loss", code(LOSS.replace('"Half of the squared error."', '"""Half.\n\n    More."""')), "is longer than one line"),
    "computes": ("loss", code(LOSS.replace("Half of", "Computes half of")), "says what it computes"),
}  # fmt: skip


@pytest.mark.parametrize("name, cell, line", ONE_FAULT.values(), ids=ONE_FAULT)
def test_each_fault_has_its_line(faults_of, name, cell, line):
    found = faults_of(chapter() | {name: cell})
    assert any(line in fault for fault in found), found


def test_nothing_exported(faults_of):
    assert "nothing is exported" in faults_of({**chapter(), "imports": code(""), "loss": code(""), "gradient": code("")})


def test_text_must_lead_to_an_export(faults_of):
    cells = chapter()
    for name in ("check", "edges", "choices", "derivation"):
        cells["sources"].source += f"\n{cells.pop(name).source}"
    (fault,) = faults_of(cells)
    assert fault.endswith("exports half_loss, but no text leads to it from the export before")


def test_a_joint_without_meaning_is_dropped_by_name(faults_of):
    cells = chapter() | {"module": code("#| default_exp regression.half\n#| without: exercise, choices")}
    del cells["exercise"], cells["choices"]
    assert faults_of(cells) == []


def test_an_assertion_in_the_exporting_cell_does_not_count(faults_of):
    cells = chapter() | {"loss": code(LOSS + "\n\nassert half_loss"), "value": code("half_loss", text_plain="0.5")}
    assert "no cell asserts it" in "".join(faults_of(cells))


def test_foundations_need_no_sections(faults_of):
    cells = chapter() | {"module": code("#| default_exp half")}
    for name in ("edges", "sources", "exercise", "choices", "check"):
        cells[name].source = "Text."
    assert faults_of(cells) == []


def test_source_must_be_lines(faults_of, tmp_path):
    faults_of(chapter())
    path = tmp_path / "01_half.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][1]["source"] = "".join(notebook["cells"][1]["source"])
    path.write_text(json.dumps(notebook))
    assert "cell 2 stores its source as one string" in faults(path)[0]


def test_outputs_must_be_small(faults_of, monkeypatch):
    monkeypatch.setattr(check, "settings", lambda: type("S", (), {"getfloat": lambda self, key: {"output_kilobytes": 0.1}[key]})())
    assert "more than the 0 kB of `output_kilobytes`" in faults_of(chapter())[-1]


def test_a_draft_names_what_is_to_write(tmp_path):
    path = tmp_path / "draft.ipynb"
    cells = [text("> To write (title): a line."), code("# To write (formula): the body."), text("*To write (check):* a road.")]
    write_nb(new_nb(cells), path)
    assert unfinished(path) == [
        f"{path}: still to write, title: a line.",
        f"{path}: still to write, formula: the body.",
        f"{path}: still to write, check: a road.",
    ]

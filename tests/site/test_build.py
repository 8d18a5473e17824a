"The site's pipeline on small books made for the test: what a page becomes, and every fault provoked once."
from importlib import import_module
from urllib.request import urlopen
from threading import Thread
from pathlib import Path
import json
import re
import sys

import pytest
import yaml
from pybtex.database import parse_string

from tools.book import ROOT
from web import build as pipeline
from web.book import Book
from web.build import build
from web.cache import module_sources
from web.check import IN_SCRIPT, IN_STYLE, Html, _urls
from web.cite import Library
from web.reference import reference
from web.serve import EVENTS, Builds, is_source, server
from web.text import LITERAL, headings, outside

BIBLIOGRAPHY = """
@article{dice1945, author={Dice, Lee R.}, title={Measures}, journal={Ecology}, year={1945}, doi={10.2307/1932409}}
@inproceedings{lin2017fpn, author={Lin, Tsung-Yi and Dollar, Piotr and He, Kaiming}, title={Pyramids}, booktitle={CVPR}, year={2017}}
@inproceedings{lin2017focal, author={Lin, Tsung-Yi and Goyal, Priya and He, Kaiming}, title={Focal}, booktitle={ICCV}, year={2017}}
@book{muller2000, author={M{\\"u}ller, J. and Huber, P.}, title={Robust}, publisher={SIAM}, year={2000}, url={https://example.org/a_b}}
"""
MODULE = '''__all__ = ["score"]

def score(
    y_true, # Reference
): # Score in $[0,1]$
    "A score."
    return y_true
'''
EXPORTED = "#| exports\n" + MODULE.split("\n\n", 1)[1].strip()
EXPLORABLE = """<figure class="explorable"><script type="application/json">{"a": "<b> `x` $y$ [@z] \\\\n"}</script>
<script>if (1 < 2) console.log(`t${1}`, "@eq-x")</script></figure>"""
SVG = '<svg class="figure-svg" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 9 9"><path d="M0 0"/></svg>'


def markdown(*lines):
    return {"cell_type": "markdown", "metadata": {}, "source": "\n".join(lines).splitlines(True)}


def code(source, **data):
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {kind.replace("_", "/"): [text]}} for kind, text in data.items()]
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": outputs, "source": source.splitlines(True)}


def figure(*options):
    return {**code("\n".join([*options, "fig"])), "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": SVG}}]}


class Project:
    "A book of a home page and two chapters, of which a test changes what it is about."

    def __init__(self, root):
        self.root = root
        self.text("pyproject.toml", '[project]\nname = "tinybook"\n[tool.nbdev]\nnbs_path = "nbs"\n')
        self.text("settings.ini", (ROOT / "settings.ini").read_text(encoding="utf-8"))
        self.text("references.bib", BIBLIOGRAPHY)
        self.text("web/book.css", "main { max-width: 40rem }")
        self.text("tinybook/__init__.py", "")
        self.text("tinybook/part/__init__.py", "")
        self.text("tinybook/part/score.py", MODULE)
        self.register("nbs/index.ipynb", {"section": "Part", "contents": ["nbs/part/01_first.ipynb", "nbs/part/02_score.ipynb"]})
        self.notebook("nbs/index.ipynb", markdown("# Home", "", "> A book."))
        self.notebook("nbs/part/01_first.ipynb", markdown("# First", "", "> One."), markdown(r"$$a=b$$ {#eq-first}"))
        self.chapter()

    def register(self, *contents):
        config = {
            "project": {"type": "website", "output-dir": "_site"},
            "website": {"title": "Tiny", "sidebar": {"style": "floating", "contents": list(contents)}},
            "format": {"html": {"theme": {"light": "cosmo", "dark": "darkly"}, "css": "web/book.css", "toc": True}},
            "bibliography": "references.bib",
        }
        self.text("_quarto.yml", yaml.safe_dump(config))

    def chapter(self, *cells):
        "Write the second chapter, with some cells between its title and the end."
        self.notebook("nbs/part/02_score.ipynb", code("#| default_exp part.score"), markdown("# Score", "", "> A plain line."), *cells)

    def notebook(self, path, *cells):
        numbered = [{**cell, "id": f"cell-{i}"} for i, cell in enumerate(cells)]
        self.text(path, json.dumps({"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))

    def text(self, path, content):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(content, encoding="utf-8")

    def page(self, *cells):
        "The built page of the second chapter, its faults refused."
        self.chapter(*cells)
        assert build(self.root) == []
        return (self.root / "_site/part/score.html").read_text(encoding="utf-8")

    def faults(self, *cells):
        self.chapter(*cells)
        return build(self.root)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(pipeline, "lacking", lambda source: [])
    yield Project(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinybook"]: del sys.modules[name]


# ---- what pages become


def test_numbers_links_and_captions(project):
    page = project.page(
        markdown(r"$$D=\frac{2}{3}$$ {#eq-dice}", "", "See @eq-dice, [-@eq-dice], [Equation @eq-first; @fig-line], @sec-check and @tbl-a."),
        markdown("## By hand"),
        figure("#| label: fig-line", "#| fig-cap: Where $D$ of @eq-first falls [@dice1945].", "#| fig-alt: A line"),
        markdown("## Check {#sec-check}", "", "| a |", "|---|", "| 1 |", "", ": Numbers {#tbl-a}"),
    )
    assert '<span class="chapter-number">2</span> Score' in page
    assert r"\tag{2.1}" in page and 'id="eq-dice"' in page
    assert '<a href="#eq-dice">Eq. 2.1</a>, <a href="#eq-dice">2.1</a>' in page
    assert '<a href="first.html#eq-first">Equation 1.1</a>' in page and '<a href="#fig-line">Figure 2.1</a>' in page
    assert '<a href="#sec-check">Section 2.2</a>' in page and '<span class="header-section-number">2.2</span>' in page
    assert '<a href="#tbl-a">Table 2.1</a>' in page and "Table 2.1: Numbers" in page
    assert '<svg aria-label="A line" class="figure-svg"' in page
    caption = page.split("<figcaption>Figure 2.1: ")[1].split("</figcaption>")[0]
    assert r"\(D\)" in caption and '<a href="first.html#eq-first">Eq. 1.1</a>' in caption and "#ref-dice1945" in caption


def test_code_and_math_are_left_alone(project):
    page = project.page(markdown("`@eq-nowhere` and $x_{@y}$", "", "```", "[@nobody]", "```"))
    assert "@eq-nowhere" in page and "[@nobody]" in page


def test_a_figure_to_touch_passes_unharmed(project):
    assert EXPLORABLE in project.page(code("explorable('x')", text_html=EXPLORABLE))


def test_folded_answers_callouts_and_footnotes(project):
    page = project.page(
        code('#| code-fold: true\n#| code-summary: "Answer"\n1', text_plain="1"),
        markdown('::: {.callout-note title="In torch"}', "The reverse.", ":::", "", "A note.[^1]", "", "[^1]: See @dice1945."),
    )
    assert "<summary>Answer</summary>" in page and "callout-note" in page and "In torch" in page
    assert "footnote" in page and 'id="ref-dice1945"' in page


@pytest.mark.parametrize("place", [["", "::: {#refs}", ":::"], []])
def test_an_export_shows_its_source_and_gets_its_reference(project, place):
    page = project.page(code(EXPORTED), markdown("`score` and [`score`](01_first.ipynb) and `score`."), markdown("## Sources", "", "[@dice1945]", *place))
    assert "<summary>tinybook/part/score.py</summary>" in page
    assert re.search(r'<a href="#score"><code>score</code></a> and <a href="first.html"><code>score</code></a>', page)
    assert page.index('id="reference"') < page.index('data-anchor-id="score"') < page.index('id="sources"') < page.index('id="ref-dice1945"')
    assert "Reference" in page and r"<strong>Returns</strong> Score in" in page


def test_markdown_that_hidden_code_says_is_prose(project):
    said = code('#| echo: false\ntold()', text_markdown="By `score(y_true)`, [@dice1945].")
    page = project.page(code(EXPORTED), said)
    assert '<a href="#score"><code>score(y_true)</code></a>' in page and 'id="ref-dice1945"' in page


def test_an_entry_leads_to_the_cases_in_which_libraries_differ(project):
    case = {"title": "a case", "anchor": "why-a-case", "functions": ["score"]}
    project.text("nbs/appendix/conventions.json", json.dumps({"parts": {"Part": {"Topic": [case]}}}))
    project.notebook("nbs/appendix/01_conventions.ipynb", markdown("# Why", "", "> All."), markdown("## A case {#why-a-case}"))
    project.register("nbs/index.ipynb", "nbs/part/01_first.ipynb", "nbs/part/02_score.ipynb", "nbs/appendix/01_conventions.ipynb")
    assert '<a href="../appendix/conventions.html#why-a-case">a case</a>' in project.page(code(EXPORTED))


def test_the_home_page_has_no_numbers(project):
    project.notebook("nbs/index.ipynb", markdown("# Home", "", "> A book."), markdown("## Install", "", "[Score](part/02_score.ipynb)"))
    assert build(project.root) == []
    home = (project.root / "_site/index.html").read_text(encoding="utf-8")
    assert "header-section-number" not in home and "chapter-number" not in home and 'href="part/score.html"' in home


def test_nothing_is_loaded_from_elsewhere(project):
    page = project.page(markdown("$x$"))
    assert '"../site_libs/katex/katex.min.js"' in page and "cdn" not in page
    assert (project.root / "_site/site_libs/katex/katex.min.css").exists()
    assert not [path for path in (project.root / "_site").rglob("*.css") if "fonts.googleapis" in path.read_text(encoding="utf-8")]


def test_proc_is_an_ordinary_quarto_book(project):
    cell = markdown(r"$$a$$ {#eq-a}", "", "@eq-a and @eq-first, [@dice1945]; [first](01_first.ipynb#eq-first)")
    project.page(cell, figure("#| label: fig-line", "#| fig-cap: Line", "#| fig-alt: A line"))
    config = yaml.safe_load((project.root / "_proc/_quarto.yml").read_text(encoding="utf-8"))
    assert config["project"]["type"] == "book" and config["bibliography"] == "references.bib"
    assert config["book"]["chapters"] == ["index.ipynb", {"part": "Part", "chapters": ["part/first.ipynb", "part/score.ipynb"]}]
    assert config["format"]["html"]["css"] == "book.css" and (project.root / "_proc/book.css").exists()
    cells = json.loads((project.root / "_proc/part/score.ipynb").read_text(encoding="utf-8"))["cells"]
    assert all(isinstance(cell["source"], list) for cell in cells)
    texts = ["".join(cell["source"]) for cell in cells]
    assert "@eq-a and @eq-first, [@dice1945]; [first](first.ipynb#eq-first)" in texts[2] and "{#eq-a}" in texts[2]
    assert texts[3].startswith("#| label: fig-line\n#| fig-cap: Line") and "output-file" not in texts[0]


# ---- faults, each once


@pytest.mark.parametrize(
    "fault, cells",
    {
        "unknown cross-reference @eq-nowhere": [markdown("@eq-nowhere")],
        "unknown citation @nobody": [markdown("[see @nobody]")],
        "the label eq-first is taken already, by part/first.ipynb": [markdown("$$a$$ {#eq-first}")],
        "links to 03_gone.ipynb, which is not in _quarto.yml": [markdown("[gone](03_gone.ipynb)")],
        "broken link gone.html": [markdown("[gone](gone.html)")],
        "broken link first.html#nowhere": [markdown("[first](01_first.ipynb#nowhere)")],
        "broken link #nowhere": [markdown("[here](#nowhere)")],
        "the anchor #twice is there twice": [markdown("[a]{#twice} [b]{#Twice}")],
        "cell 3: a picture without alt text": [markdown("![](x.png)")],
        "cell 3: its options are not YAML: quote a value that holds a colon": [code("#| fig-cap: a: b\n1", text_plain="1")],
        "loads https://example.org/x.js from elsewhere": [code("x", text_html='<script src="https://example.org/x.js"></script>')],
        "tinybook.part.score is not what it exports now: run `make prepare`": [code("#| export\ndef score(): return 2")],
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_fault_of_a_chapter(project, fault, cells):
    assert f"nbs/part/02_score.ipynb: {fault}" in project.faults(*cells)


def test_stored_traceback(project):
    broken = {**code("1/0"), "outputs": [{"output_type": "error", "ename": "ZeroDivisionError", "evalue": "", "traceback": []}]}
    assert "nbs/part/02_score.ipynb: cell 3: holds the traceback of an error: run `make prepare`" in project.faults(broken)


def test_a_warning_of_the_renderer_is_a_fault(project):
    project.notebook("nbs/index.ipynb", markdown("# Home", "", "> A book.", "- listing: {shape: 1}"))
    assert any("index.ipynb: listing.shape is not read" in line for line in build(project.root))


def test_unregistered_and_missing_notebooks(project):
    project.notebook("nbs/part/03_new.ipynb", markdown("# New"))
    project.notebook("nbs/_templates/chapter.ipynb", markdown("# Template"))
    (project.root / "nbs/part/02_score.ipynb").unlink()
    assert build(project.root) == ["_quarto.yml: nbs/part/02_score.ipynb does not exist", "nbs/part/03_new.ipynb: not in the sidebar of _quarto.yml"]


def test_an_unfinished_chapter_stays_out(project, monkeypatch):
    monkeypatch.setattr(pipeline, "unfinished", lambda source: ["the gradient"] if "02" in source else [])
    project.notebook("nbs/index.ipynb", markdown("# Home", "", "> A book."), markdown("[Score](part/02_score.ipynb)"))
    assert project.faults(markdown("@nobody")) == []
    assert not (project.root / "_site/part/score.html").exists()
    assert "Score" in (home := (project.root / "_site/index.html").read_text(encoding="utf-8")) and "score.html" not in home


def test_what_a_chapter_lacks_is_a_fault(project, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(project.root)
    faults = build(project.root)
    assert any("02_score.ipynb: no section on its edges" in line for line in faults)


def test_a_file_that_is_no_notebook(project):
    project.text("nbs/part/02_score.ipynb", "{")
    assert [line for line in build(project.root) if line.startswith("nbs/part/02_score.ipynb: ") and "Error: " in line]
    assert (project.root / "_site/part/first.html").exists()


def test_a_module_that_cannot_be_imported(project):
    project.text("tinybook/part/score.py", "import no_such_module")
    assert "nbs/part/02_score.ipynb: ModuleNotFoundError: No module named 'no_such_module'" in project.faults(code(EXPORTED))


def test_what_loads_from_elsewhere():
    page = Html('<link href="//a.org/x.css"><img src="https://b.org/x.png" alt="x"><a href="https://c.org">c</a><style>@import "https://d.org/f.css"</style>')
    assert page.loaded == ["//a.org/x.css", "https://b.org/x.png"] and _urls(IN_STYLE, page.styles) == ["https://d.org/f.css"]
    assert _urls(IN_STYLE, ["a{background:url('https://e.org/x')}", "url(data:font/woff2)"]) == ["https://e.org/x"]
    assert _urls(IN_SCRIPT, ['fetch("https://f.org")', 'import x from "https://g.org/m.js"', 'fetch("search.json")']) == ["https://f.org", "https://g.org/m.js"]


def test_exit_code_and_one_line_a_fault(project, capsys, monkeypatch):
    monkeypatch.setattr(pipeline, "stale_outputs", lambda book, cache: [])  # it runs the real book
    project.chapter(markdown("@eq-nowhere"))
    assert pipeline.main() == 1
    assert capsys.readouterr().err == "nbs/part/02_score.ipynb: unknown cross-reference @eq-nowhere\n"
    project.chapter()
    assert pipeline.main() == 0


def test_a_cell_from_math_to_a_digit_shows_its_math(project):
    project.chapter(markdown("| a | b |", "|---|---|", "| $F_1$ where it is 0/0 | $x$ is 1 |"))
    assert build(project.root) == []
    html = (project.root / "_site/part/score.html").read_text(encoding="utf-8")
    assert r"\(F_1\)" in html and r"\(x\)" in html


def test_a_helper_is_shown_folded_and_an_export_open(project):
    project.chapter(code("#| exporti\ndef helper(): return 1"), code(EXPORTED))
    build(project.root)
    page = (project.root / "_proc/part/score.ipynb").read_text(encoding="utf-8")
    assert page.index("code-fold: true") < page.index("def helper") < page.index("code-fold: show") < page.index("def score")


# ---- citations


@pytest.fixture
def library():
    return Library(parse_string(BIBLIOGRAPHY, "bibtex").entries)


def test_authors_and_years(library):
    assert library.in_brackets("dice1945", before="see ", after=", p. 299") == "see [Dice 1945](#ref-dice1945), p. 299"
    assert library.in_brackets("dice1945", no_author=True) == "[1945](#ref-dice1945)"
    assert library.in_sentence("muller2000", "ch. 2") == "Müller and Huber ([2000](#ref-muller2000), ch. 2)"
    assert library.in_brackets("lin2017fpn") == "[Lin et al. 2017a](#ref-lin2017fpn)"
    assert library.in_brackets("lin2017focal") == "[Lin et al. 2017b](#ref-lin2017focal)"


def test_list_of_references(library):
    listed = library.reference_list(["muller2000", "dice1945"])
    assert listed.index("ref-dice1945") < listed.index("ref-muller2000")
    assert 'href="https://doi.org/10.2307/1932409"' in listed and 'href="https://example.org/a_b"' in listed


def test_citations_on_a_page(project):
    page = project.page(markdown("@dice1945 [p. 299] and [@dice1945; see @muller2000, ch. 2; -@lin2017fpn] but user@dice1945.org."))
    assert 'Dice (<a href="#ref-dice1945">1945</a>, p. 299) and (<a href="#ref-dice1945">Dice 1945</a>; see <a href="#ref-muller2000">Müller and Huber 2000</a>, ch. 2;' in page
    assert "user@dice1945.org" in page and page.count('id="ref-') == 3


# ---- the reference


SOURCE = '''
from functools import wraps
from inspect import signature, Parameter
from typing import NamedTuple

def loss(
    formula, # What it wraps
):
    @wraps(formula)
    def called(*args, reduction="mean", **kwargs): return formula(*args, **kwargs)
    plain = signature(formula)
    extra = Parameter("reduction", Parameter.KEYWORD_ONLY, default="mean")
    called.__signature__ = plain.replace(parameters=[*plain.parameters.values(), extra])
    called.added = {"reduction": "`'mean'` or `'sum'`"}
    return called

@loss
def huber_loss(
    y_true, # Truth, $|y|$ or a|b
    y_pred, # Guess
    *,
    delta=1.0, # Where it turns
): # Loss, lower is better
    "Squared near zero."

class Loss(NamedTuple):
    "What a loss holds."
    name: str # Its name

    def named(
        self,
        name, # Another name
    ): # The same loss
        "The loss under another name."
        return self

    @property
    def length(self):
        "Letters in its name."
        return len(self.name)

class Total:
    "Huber, twice."
    parts = (2, huber_loss),
    __signature__ = signature(huber_loss)
    def __call__(self, *args, **kwargs): return 2 * huber_loss(*args, **kwargs)

total_loss = Total()
LIMIT, LEVELS = 3, (.5, .75)

def gap(
    levels=LEVELS, # Where it is read
    steps=(1, 2), # How often
): # Number
    "What lies between."
'''


@pytest.fixture
def entries(tmp_path, monkeypatch):
    (tmp_path / "some_losses.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    names = ["huber_loss", "loss", "Loss", "total_loss", "LIMIT", "gap"]
    yield {entry.split("`")[1]: entry for entry in reference(import_module("some_losses"), names)}
    del sys.modules["some_losses"]


def test_entry_of_a_decorated_function(entries):
    assert entries["huber_loss"] == """### `huber_loss` {#huber_loss .unnumbered}

::: {.api}
```python
huber_loss(y_true, y_pred, *, delta=1.0, reduction='mean')
```

Squared near zero.

| argument | default |  |
| :-- | :-- | :----- |
| `y_true` |  | Truth, $\\vert y\\vert $ or a\\|b |
| `y_pred` |  | Guess |
| `delta` | `1.0` | Where it turns |
| `reduction` | `'mean'` | `'mean'` or `'sum'` |

**Returns** Loss, lower is better
:::"""


def test_entries_of_a_class_and_its_methods(entries):
    assert "{#loss-class .unnumbered}" in entries["Loss"] and "| `name` | Its name |" in entries["Loss"] and "{#loss .unnumbered}" in entries["loss"]
    assert entries["Loss.named"].startswith("#### `Loss.named` {#loss-class.named") and "**Returns** The same loss" in entries["Loss.named"]
    assert "```python\nLoss.length\n```\n\nLetters in its name." in entries["Loss.length"]


def test_entries_of_a_named_sum_and_of_a_number(entries):
    total = entries["total_loss"]
    assert "total_loss(y_true, y_pred, *, delta=1.0, reduction='mean')" in total and "Huber, twice." in total
    assert "| `delta` | `1.0` | Where it turns |" in total and "| `reduction` | `'mean'` |" in total
    assert "```python\nLIMIT = 3\n```" in entries["LIMIT"]


def test_a_default_that_is_a_constant_goes_by_its_name(entries):
    assert "gap(levels=LEVELS, steps=(1, 2))" in entries["gap"]
    assert "| `levels` | `LEVELS` | Where it is read |" in entries["gap"] and "| `steps` | `(1, 2)` |" in entries["gap"]


def test_an_argument_that_nothing_is_said_of(project):
    silent = MODULE.replace(" # Reference", "")
    project.text("tinybook/part/score.py", silent)
    assert "nbs/part/02_score.ipynb: score says nothing of its argument y_true" in project.faults(code("#| exports\n" + silent.split("\n\n", 1)[1].strip()))


def test_a_heading_gives_way_to_an_entry(project):
    page = project.page(code(EXPORTED), markdown("## Score"))
    assert 'id="about-score"' in page


# ---- building again


def test_only_what_changed_is_made_again(project, monkeypatch):
    made = []
    def counted(work): return lambda *arguments: made.append(work.__name__) or work(*arguments)
    for work in (pipeline.process, pipeline.entries_of): monkeypatch.setattr(pipeline, work.__name__, counted(work))
    project.page(code(EXPORTED))
    assert sorted(made) == ["entries_of", "process", "process", "process"]
    made.clear()
    assert build(project.root) == [] and made == []
    project.page(code(EXPORTED), markdown("More."))
    assert made == ["process"]
    made.clear()
    project.text("tinybook/part/score.py", MODULE + "LIMIT = 1")
    assert build(project.root) == [] and made == ["entries_of"]


def test_a_second_build_gives_the_same_site(project):
    def files(): return {path: path.read_bytes() for path in (project.root / "_site").rglob("*") if path.is_file()}
    project.page(code(EXPORTED), markdown("$$a$$ {#eq-a}", "", "@eq-a"))
    first = files()
    build(project.root)
    assert files() == first


def test_modules_a_module_is_made_from(tmp_path):
    files = {"a/__init__.py": "", "a/b.py": "from .c import x\nimport numpy", "a/c.py": "from a.d.e import y", "a/d/e.py": "from .. import f", "a/f.py": "", "a/g.py": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [name for name, _ in module_sources("a.b", tmp_path)] == ["a", "a.b", "a.c", "a.d.e", "a.f"]


# ---- serving


def test_a_served_page_listens_for_the_next_build(project):
    project.page()
    builds = Builds(project.root)
    builds.number, builds.faults = 1, ["nbs/x.ipynb: wrong"]
    with server(builds, 18000) as first, server(builds, first.server_port) as second:
        assert second.server_port > first.server_port
        Thread(target=first.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{first.server_port}"
        assert "EventSource" in urlopen(f"{address}/part/score.html").read().decode()
        with urlopen(address + EVENTS) as events:
            assert json.loads(events.readline().decode().removeprefix("data: ")) == {"build": 1, "faults": ["nbs/x.ipynb: wrong"]}
        first.shutdown()
    assert not [path for path in (project.root / "_site").rglob("*.html") if EVENTS in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path, watched", [
    ("nbs/part/01_a.ipynb", True), ("web/book.css", True), ("_quarto.yml", True), ("lossbook/core.py", True),
    ("nbs/.ipynb_checkpoints/01_a.ipynb", False), ("lossbook/__pycache__/core.pyc", False), ("_site/index.html", False), ("README.md", False),
])  # fmt: skip
def test_what_is_watched(path, watched):
    assert is_source(Path(path)) == watched


# ---- text


def test_text_outside_code_and_math():
    text = "a `a` $a$ a\n```\na\n```\n$$a$$ a \\$a"
    assert outside(LITERAL, text, str.upper) == "A `a` $a$ A\n```\na\n```\n$$a$$ A \\$A"


def test_headings_outside_code_and_divs():
    text = "## A {#sec-a}\n```\n## no\n```\n::: {.callout-note}\n## no\n:::\n### B"
    assert list(headings(text)) == [(2, "A", "#sec-a"), (3, "B", "")]


def test_the_order_of_the_book():
    assert Book(ROOT).registered[0] == "nbs/index.ipynb"

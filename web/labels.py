"Numbers by chapter: Eq. 2.1, Figure 2.3, Table 2.1, Section 2.4, counted in reading order."
import re
from collections import Counter
from dataclasses import dataclass

from smalldocs.notebook import cell_options

from web.text import CODE, headings, without

WORDS = {"eq": "Eq.", "fig": "Figure", "tbl": "Table", "sec": "Section"}
KIND = "|".join(WORDS)
EQUATION = re.compile(r"\$\$((?:(?!\$\$).)+?)\$\$[ \t]*\{#(eq-[\w:-]+)\}", re.S)
IMAGE = re.compile(r"!\[(?P<caption>[^\]]*)\](?P<target>\([^)]*\))\{#(?P<label>fig-[\w:-]+)(?P<rest>[^}]*)\}")
TABLE = re.compile(r"^(?P<mark>: +|Table: +)(?P<caption>.*?)(?P<attributes> *\{#(?P<label>tbl-[\w:-]+)[^}]*\})$", re.M)


@dataclass(frozen=True)
class Label:
    "What a cross-reference points at."
    page: str  # Page that holds it
    anchor: str  # Its anchor there; empty for the page itself
    kind: str
    number: str  # `2.1`

    def __str__(self):
        return f"{'Chapter' if not self.anchor else WORDS[self.kind]} {self.number}"


def number_labels(pages):
    "All labels of the book, and a line for each that is given twice."
    labels, faults = {}, []
    for page, notebook in pages:
        for name, label in _labels(page, notebook):
            if name in labels: faults.append(f"{page.source}: the label {name} is taken already, by {labels[name].page}")
            labels.setdefault(name, label)
    return labels, faults


def _labels(page, notebook):
    "Labels of one page in order, each with its number."
    counts, chapter = Counter(), page.number or 0
    sections = [0] * 7
    for cell in notebook.cells:
        for name in _equations_figures_tables(cell):
            kind = name.split("-")[0]
            counts[kind] += 1
            yield name, Label(page.name, name, kind, f"{chapter}.{counts[kind]}")
        for level, attributes in _headings(cell):
            name = re.search(r"#(sec-[\w:-]+)", attributes)
            if ".unnumbered" not in attributes: _count(sections, level)
            number = ".".join(map(str, [chapter, *sections[2 : level + 1]]))
            if name: yield name[1], Label(page.name, name[1] if level > 1 else "", "sec", number)


def _equations_figures_tables(cell):
    if cell.cell_type == "code":
        name = cell_options(cell.source)[0].get("label", "")
        return [name] if re.match(f"(?:{KIND})-", str(name)) else []
    if cell.cell_type != "markdown": return []
    text = without(CODE, cell.source)
    found = [(match.start(), match[2]) for match in EQUATION.finditer(text)]
    found += [(match.start(), match["label"]) for pattern in (IMAGE, TABLE) for match in pattern.finditer(text)]
    return [name for _, name in sorted(found)]


def _headings(cell):
    return [(level, attributes) for level, _, attributes in headings(cell.source)] if cell.cell_type == "markdown" else []


def _count(sections, level):
    if level > 1: sections[level] += 1
    sections[level + 1 :] = [0] * (6 - level)

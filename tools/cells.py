"A notebook as the check reads it: numbered cells, their directives and their syntax trees."
import ast
import re
from dataclasses import dataclass
from functools import cached_property

from fastcore.nbio import read_nb
from IPython.core.inputtransformer2 import TransformerManager

DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


@dataclass
class Cell:
    "A cell and its place in the notebook, counted from 1."

    number: int
    kind: str
    source: str
    directives: dict
    outputs: list

    @cached_property
    def tree(self):
        "The syntax tree of a code cell, magics included; empty for any other cell."
        return ast.parse(TransformerManager().transform_cell(self.source) if self.kind == "code" else "")

    @property
    def public(self):
        "Whether the cell's names go into its module's `__all__`."
        return bool(self.directives.keys() & {"export", "exports"})

    @property
    def exported(self):
        return self.public or "exporti" in self.directives

    @property
    def definitions(self):
        "The functions and classes that the cell defines for its module."
        return [node for node in self.tree.body if isinstance(node, DEFINITIONS)] if self.exported else []

    @property
    def headings(self):
        "The section titles of a markdown cell, below the chapter's own."
        return re.findall(r"^#{2,} *(.+)$", self.source, re.M) if self.kind == "markdown" else []

    def calls(self, *names):
        "The calls of any function so named, wherever it comes from."
        calls = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return [call for call in calls if name_of(call.func) in names]

    def mentions(self, name):
        "Whether the cell's code uses a name."
        return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(self.tree))


def read_cells(path):
    "The cells of a notebook."
    return [
        Cell(number, cell.cell_type, cell.source, cell.directives, cell.get("outputs", []))
        for number, cell in enumerate(read_nb(path).cells, 1)
    ]


def name_of(node):
    "The last name of a decorator or of a called function: `loss` in `core.loss(true_ndim=1)`."
    if isinstance(node, ast.Call):
        return name_of(node.func)
    return getattr(node, "attr", getattr(node, "id", ""))

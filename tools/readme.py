"`README.md`: the book's home page, `nbs/index.ipynb`, as GitHub and PyPI show it."
import re
from posixpath import normpath

from tools.book import ROOT
from tools.cells import read_cells

HOME = ROOT / "nbs/index.ipynb"
HEADER = "<!-- Written by `make prepare` from nbs/index.ipynb: edit that. -->\n\n"
RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|[#/])([^)]+)\)")


def readme():
    "The text of the README: the visible cells of the home page with their outputs."
    blocks = (block for cell in read_cells(HOME) for block in blocks_of(cell))
    return HEADER + "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"


def blocks_of(cell):
    "The Markdown of one cell: its text, or its code and its output."
    if cell.kind == "markdown":
        return [from_root(cell.source)]
    if cell.directives.keys() & {"hide", "default_exp"}:
        return []
    outputs = list(map(output_block, cell.outputs))
    if cell.directives.get("echo") == "false":
        return outputs
    code = "\n".join(line for line in cell.source.splitlines() if not line.startswith("#|"))
    return [fenced("python", code), *outputs]


def from_root(text):
    "Links relative to the notebooks' folder, made relative to the repository's root."
    return RELATIVE_LINK.sub(lambda link: f"]({normpath('nbs/' + link[1])})", text)


def output_block(output):
    "An output as GitHub shows it: Markdown as it is, anything else as text."
    data = output.get("data", {})
    if "text/markdown" in data:
        return from_root("".join(data["text/markdown"]))
    return fenced("text", "".join(output.get("text") or data.get("text/plain", "")))


def fenced(language, text):
    return f"```{language}\n{text.strip(chr(10)).rstrip()}\n```"

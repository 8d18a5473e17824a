"`README.md`: the book's home page, `nbs/index.ipynb`, as GitHub and PyPI show it."
import re
from posixpath import normpath

from tools.book import ROOT, read
from tools.cells import DIRECTIVE

HOME = ROOT / "nbs/index.ipynb"
HEADER = "<!-- Written by `make prepare` from nbs/index.ipynb: edit that. -->\n\n"
RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|[#/])([^)]+)\)")


def readme():
    "The text of the README: the visible cells of the home page with their outputs."
    blocks = (block for cell in read(HOME).cells for block in blocks_of(cell))
    return HEADER + "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"


def blocks_of(cell):
    "The Markdown of one cell: its text, or its code and its output."
    if cell.cell_type == "markdown":
        return [from_root(cell.source)]
    said = {line[1]: line[2] for line in map(DIRECTIVE.match, cell.source.splitlines()) if line}
    if said.keys() & {"hide", "default_exp"} or said.get("include") == "false":
        return []
    code = "\n".join(line for line in cell.source.splitlines() if not DIRECTIVE.match(line))
    return [*([] if said.get("echo") == "false" else [fenced("python", code)]), *map(output_block, cell.outputs)]


def from_root(text):
    "Links relative to the notebooks' folder, made relative to the repository's root."
    return RELATIVE_LINK.sub(lambda link: f"]({normpath('nbs/' + link[1])})", text)


def output_block(output):
    "An output as GitHub shows it: Markdown as it is, anything else as text."
    data = output.get("data", {})
    if "text/markdown" in data:
        return from_root(data["text/markdown"])
    return fenced("text", output.get("text") or data.get("text/plain", ""))


def fenced(language, text):
    return f"```{language}\n{text.strip()}\n```"

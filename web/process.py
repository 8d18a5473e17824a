"Notebooks to plain Quarto pages: nbdev's processors, a reference of what a chapter exports, names and links of the site."
import inspect
import json
import re
import tomllib
from importlib import import_module
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import NamedTuple

import yaml
from fastcore.nbio import mk_cell, read_nb
from nbdev.config import get_config
from nbdev.processors import FilterDefaults

from smalldocs.markdown import pandoc_id

from web.reference import exported_names, reference
from web.text import FENCED, headings, outside

NOT_NEEDED = {"add_show_docs", "clean_show_doc", "exec_show_docs", "mv_exports", "add_links", "add_fold", "insert_warning", "clean_magics"}
ENTRY = re.compile(r"^#{3,4} `([\w.]+)` \{#([\w.-]+) \.unnumbered\}$", re.M)
NAME = re.compile(r"^#{1,6} .*$|!?\[(?:[^\[\]]|\[[^\]]*\])*\]\([^)]*\)|(?<!`)`(?P<name>[\w.]+)(?:\([^`\n]*\))?`(?!`)", re.M)
TO_NOTEBOOK = re.compile(r"(?<!!)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<path>[^()\s#:]+\.ipynb)(?P<anchor>#[^()\s]*)?\)")
CONVENTIONS = Path("nbs/appendix/conventions.json")
REFERENCES = re.compile(r"^::: *\{#refs\}|^## Sources\b", re.M)


class Processors(FilterDefaults):
    "nbdev's processors for pages, less those that run code, for the package holds what they would define, or link from the site's root."

    def base_procs(self):
        return [proc for proc in super().base_procs() if proc.__name__ not in NOT_NEEDED]


class Export(NamedTuple):
    "What a notebook gives to the package."
    module: str
    names: list  # What its exported cells define, in order
    code: list  # The exported cells, without their directives


def export_of(source):
    "What a notebook exports, None if it names no module."
    cells = [cell for cell in read_nb(source).cells if cell.cell_type == "code"]
    found = re.search(r"^#\| *default_exp +(\S+)", "\n".join(cell.source for cell in cells), re.M)
    exported = [cell for cell in cells if {"export", "exports"} & cell.directives.keys()]
    code = [cell.source.split("\n", len(cell.directives))[-1].strip() for cell in exported]
    return found and Export(f"{get_config().lib_name}.{found[1]}", list(dict.fromkeys(exported_names(exported))), code)


def process(source, export, entries, numbered):
    "The page nbdev makes of a notebook, with the reference of what it exports."
    notebook = read_nb(source)
    notebook.cells = list(map(_as_prose, notebook.cells))
    for cell in notebook.cells: _show_internal(cell)
    Processors()(notebook)
    for cell in notebook.cells: _fold_exported(cell, export)
    _set_head(notebook, numbered)
    _insert(notebook, entries)
    return notebook


# ---- the reference of a page


def entries_of(export):
    "Reference entries for the public names of an export."
    package = import_module(export.module)
    names = [name for name in export.names if name in package.__all__]
    repository = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"].get("urls", {}).get("Repository")
    link = lambda thing: repository and _source_link(repository, package, thing)  # noqa: E731
    return list(reference(package, names, link, _cases(export.module)))


def _cases(module):
    "For each function, links from the page of a module to the cases in which libraries give other numbers."
    topics = json.loads(CONVENTIONS.read_text(encoding="utf-8"))["parts"].values() if CONVENTIONS.exists() else []
    page, found = "../" * (module.count(".") - 1) + "appendix/01_conventions.ipynb", {}
    for case in (case for cases in topics for each in cases.values() for case in each):
        for name in case["functions"]: found.setdefault(name, []).append(f"[{case['title']}]({page}#{case['anchor']})")
    return {name: f"**Why your number differs** {'; '.join(links)}" for name, links in found.items()}


def is_in_step(export, module_text):
    "Whether a module holds what a notebook exports now; imports, which nbdev rewrites, aside."
    return all("import " in code or code in module_text for code in export.code)


def _source_link(repository, package, thing):
    "Where the source of a function or class can be read."
    plain = inspect.unwrap(thing)
    if not inspect.isfunction(plain) and not inspect.isclass(plain): return None
    return f"{repository}/blob/main/{package.__name__.replace('.', '/')}.py#L{inspect.getsourcelines(plain)[1]}"


def _insert(notebook, entries):
    "Put the reference before the section that ends the page with its sources, else at the end."
    if not entries: return
    for cell in _prose(notebook): _give_way(cell, {match[2] for text in entries for match in ENTRY.finditer(text)})
    cells = [mk_cell(text, "markdown") for text in ["## Reference {.unnumbered}", *entries]]
    at = _start_of_sources(notebook.cells)
    notebook.cells[at:at] = cells


def _start_of_sources(cells):
    "Index of the heading above the list of references, that of the sources; the number of cells if there is none."
    listed = next((i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and REFERENCES.search(cell.source)), None)
    if listed is None: return len(cells)
    return next((i for i in range(listed, -1, -1) if cells[i].cell_type == "markdown" and cells[i].source.startswith("## ")), listed)


def _give_way(cell, taken):
    "Give a heading another anchor where its own would be that of an entry."
    for level, words, attributes in list(headings(cell.source)):
        if attributes or pandoc_id(words) not in taken: continue
        cell.source = cell.source.replace(f"{'#' * level} {words}", f"{'#' * level} {words} {{#about-{pandoc_id(words)}}}", 1)


# ---- cells


def _as_prose(cell):
    "What a cell says in Markdown, where the cell itself is not shown: prose like any other."
    said = [output.data["text/markdown"] for output in cell.get("outputs", []) if "text/markdown" in output.get("data", {})]
    return mk_cell("".join(said[0]), "markdown") if said and re.search(r"^#\| *echo: *false", cell.source, re.M) else cell


def _show_internal(cell):
    "Let nbdev keep a cell that exports a helper, which it would hide."
    if cell.cell_type == "code": cell.source = re.sub(r"^#\| *exporti\b", "#| exports: internal", cell.source, flags=re.M)


def _fold_exported(cell, export):
    "Show the source of an exported cell under the name of the file that holds it: open, closed for a helper."
    found = cell.cell_type == "code" and re.search(r"^#\| *exports(: internal)?.*\n", cell.source, re.M)
    if not found: return
    body = cell.source.replace(found[0], "")
    cell.source = f'#| code-fold: {"true" if found[1] else "show"}\n#| code-summary: "{export.module.replace(".", "/")}.py"\n{body}'


def _set_head(notebook, numbered):
    "The title as the page's first heading, where its label and class have a place; the rest of the head as YAML."
    head = notebook.cells.pop(0) if notebook.cells and notebook.cells[0].cell_type == "raw" else None
    front = yaml.safe_load(head.source.strip().strip("-")) if head else {}
    front.pop("output-file", None)
    title = str(front.pop("title", "No title"))
    notebook.cells.insert(0, mk_cell(f"# {title}" if numbered else f"# {title} {{.unnumbered}}", "markdown"))
    if front: notebook.cells.insert(0, mk_cell(f"---\n{yaml.safe_dump(front, allow_unicode=True, width=1000)}---", "raw"))


# ---- links, when all pages are known


def link_names(pages):
    "Link each exported name between backticks to its entry in the reference."
    found = [(page, match) for page, notebook in pages for cell in _prose(notebook) for match in ENTRY.finditer(cell.source)]
    targets = {match[1]: (page.name, match[2]) for page, match in found}
    for page, notebook in pages:
        for cell in _prose(notebook): cell.source = outside(FENCED, cell.source, lambda text: NAME.sub(lambda match: _linked(match, page, targets), text))


def _linked(match, page, targets):
    return f"[{match[0]}]({page.link(*targets[match['name']])})" if match["name"] in targets else match[0]


def link_pages(pages, book):
    "Point links between notebooks at the pages they became; a line for each that leads nowhere."
    faults = []
    for page, notebook in pages:
        for cell in _prose(notebook): cell.source = outside(FENCED, cell.source, lambda text: TO_NOTEBOOK.sub(lambda match: _moved(match, page, book, faults), text))
    return faults


def _moved(match, page, book, faults):
    "A link to the page of a notebook; its words alone while the chapter is still to be written."
    source = normpath(join(dirname(page.source), match["path"]))
    if source in book.names: return f"[{match['words']}]({page.link(book.names[source]) or '#'}{match['anchor'] or ''})"
    if source not in book.registered: faults.append(f"{page.source}: links to {match['path']}, which is not in _quarto.yml")
    return match["words"]


def _prose(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]

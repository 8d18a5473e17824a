"""Build the site: notebooks -> `_proc/` (an ordinary Quarto book) -> `_build/` (written out for the renderer) -> `_site/`.

`python -m web.build` in the root of the repository; it prints one line for each fault and then exits with 1.
"""
import os
import re
import shutil
import sys
import warnings
from functools import partial
from pathlib import Path

import yaml
from fastcore.nbio import read_nb, write_nb
from smalldocs.config import load
from smalldocs.layout import KATEX
from smalldocs.site import Site

from tools.check import faults as lacking
from tools.check import unfinished
from web.book import Book
from web.cache import Cache, module_sources
from web.check import notebook_faults, site_faults
from web.cite import library_in
from web.fresh import stale_outputs
from web.labels import number_labels
from web.process import CONVENTIONS, entries_of, export_of, is_in_step, link_names, link_pages, process
from web.rewrite import Rewriter

WEB = Path(__file__).parent
PROJECT = Path("pyproject.toml")
WEB_FONT = re.compile(r"@import\s*(?:url\([^)]*\)|\"[^\"]*\"|'[^']*')[^;]*;")
NUMBER = '<span class="header-section-number">'


def build(root=".", fresh=False):
    "Build the site of the project in a folder; the faults found, none if all is well. `fresh` runs notebooks to find stale outputs."
    root = Path(root).resolve()
    os.chdir(root)  # nbdev finds its configuration from the working directory
    faults, cache = [], Cache(root / "_build/cache")
    book = Book(root, left_out=lambda source: is_left_out(source, faults))
    faults += book.faults() + notebooks_faults(book, cache)
    pages, broken = processed(book, cache)
    write_quarto(book, pages)
    faults += broken + rewrite(book) + render(book, cache)
    if fresh: faults += stale_outputs(book, cache)
    cache.forget()
    return list(dict.fromkeys(faults))


def is_left_out(source, faults):
    "Whether a chapter is still to be written, or cannot be read, which is a fault."
    try: return bool(unfinished(source))
    except Exception as error: faults.append(failure(source, error))
    return True


def notebooks_faults(book, cache):
    "What the chapters lack, and what would not show as they mean it."
    settings = (book.root / "settings.ini").read_text(encoding="utf-8")
    works = [(page, partial(check, page.source)) for page in book.pages for check in (lacking, notebook_faults)]
    results = [cache(partial(attempt, page.source, work), work.func.__module__, content(page), settings) for page, work in works]
    return [line for result, told in results for line in (result or []) + told]


def failure(source, error):
    return f"{source}: {type(error).__name__}: {str(error).partition(chr(10))[0]}"


# ---- _proc: what nbdev makes, in plain Quarto


def processed(book, cache):
    "Each page with its processed notebook, linked to one another, and a line for each that could not be made."
    pages, faults = [], []
    for page in book.pages:
        export = export_of(page.source)
        entries, told = entries_for(page, export, book, cache) if export else ([], [])
        work = partial(process, page.source, export, entries, page.number is not None)
        notebook, more = cache(partial(attempt, page.source, work), content(page), page, export, entries)
        if notebook: pages.append((page, notebook))
        faults += told + more
    faults += link_pages(pages, book)
    link_names(pages)
    return pages, faults


def entries_for(page, export, book, cache):
    "The reference of what a notebook exports, and a line if the package does not hold that."
    sources = module_sources(export.module, book.root)
    said = [content(file) for file in (PROJECT, CONVENTIONS) if file.exists()]
    entries, told = cache(partial(attempt, page.source, partial(entries_of, export)), export.module, export.names, sources, said)
    if not is_in_step(export, dict(sources).get(export.module, "")): told = [*told, f"{page.source}: {export.module} is not what it exports now: run `make prepare`"]
    return entries or [], told


def attempt(source, work):
    "What some work on a notebook gives, None where it fails, and lines that say what is wrong."
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try: result, told = work(), []
        except Exception as error: result, told = None, [failure(source, error)]
    return result, told + [f"{source}: {warning.message}" for warning in caught]


def write_quarto(book, pages):
    "Write the processed pages as a Quarto project of their own."
    folder = empty(book.root / "_proc")
    for page, notebook in pages: write(notebook, folder / page.name)
    furnish(folder, book, book.quarto())


def furnish(folder, book, config):
    "Put the configuration, and the files it names, into a project's folder."
    (folder / "_quarto.yml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    for source, name in book.assets().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (book.root / source).exists(): shutil.copy(book.root / source, folder / name)
        if name.endswith(".css"): name_colors(folder / name)


def name_colors(sheet):
    "Put the colours of the book, which the package names, at the head of a style sheet."
    from lossbook.style import css_variables  # not before: a change of it is to be seen while serving
    sheet.write_text(f"{css_variables()}\n{sheet.read_text(encoding='utf-8')}", encoding="utf-8")


# ---- _build: what the renderer reads


def rewrite(book):
    "Number, cite and link the pages of `_proc/` for the renderer; a line for each reference that is unknown."
    folder = empty(book.root / "_build/pages")
    pages = [(page, read_nb(path)) for page in book.pages if (path := book.root / "_proc" / page.name).exists()]
    labels, faults = number_labels(pages)
    library = library_in(book.root / book.config["bibliography"])
    for page, notebook in pages:
        rewriter = Rewriter(page, labels, library)
        write(rewriter.rewrite(notebook), folder / page.name)
        faults += rewriter.faults
    furnish(folder, book, book.website())
    return faults


# ---- _site


class CachedSite(Site):
    "The renderer, which renders again only the pages that changed."

    def __init__(self, project, cache):
        super().__init__(project, quiet=True)
        self.cache = cache

    def render_page(self, page):
        inputs = [page.body, page.front, page.meta, sorted(map(str, self.pages))]
        page.html, page.env, resources = self.cache(partial(self._rendered, page), *inputs)
        self.resources |= resources

    def _rendered(self, page):
        "The body of a page, what the layout needs to know of it, and the files it shows."
        before = set(self.resources)
        super().render_page(page)
        env = {key: value for key, value in page.env.items() if not callable(value)}
        return page.html, env, self.resources - before


def render(book, cache):
    "Render the pages and put the result in place of the last site; a line for each fault of the pages."
    site = CachedSite(load(book.root / "_build/pages"), cache)
    site.build()
    finish(site.out, book)
    told = [warning for warning in site.warnings if ": broken link " not in warning]  # `site_faults` looks at anchors too
    faults = told + site_faults(site.out, {page.html: page.source for page in book.pages}, cache)
    target = book.root / book.config["project"]["output-dir"]
    if target.exists(): shutil.rmtree(target)
    shutil.move(site.out, target)
    return faults


def finish(folder, book):
    "What the renderer leaves to do: math without a network, no web fonts, sections numbered by chapter."
    shutil.copytree(WEB / "katex", folder / "site_libs/katex")
    for theme in (folder / "site_libs/themes").rglob("*.css"):
        theme.write_text(WEB_FONT.sub("", theme.read_text(encoding="utf-8")), encoding="utf-8")
    for page in book.pages:
        path = folder / page.html
        if not path.exists(): continue
        text = path.read_text(encoding="utf-8").replace(KATEX, "../" * page.html.count("/") + "site_libs/katex")
        path.write_text(text.replace(NUMBER, f"{NUMBER}{page.number}."), encoding="utf-8")


# ---- files


def content(file):
    "The bytes of a file, or of a page's notebook."
    return Path(getattr(file, "source", file)).read_bytes()


def empty(folder):
    "A folder with nothing in it."
    if folder.exists(): shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nb(notebook, path)


def main():
    faults = build(fresh=True)
    for line in faults: print(line, file=sys.stderr)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())

"""Build the site: notebooks -> `_proc/` (an ordinary Quarto book) -> `_build/` (written out for the renderer) -> `_site/`.

`python -m web.build` in the root of the repository; it prints one line for each fault and then exits with 1.
"""
import os
import re
import shutil
import sys
import warnings
from pathlib import Path

import yaml
from fastcore.nbio import read_nb, write_nb
from smalldocs.config import load
from smalldocs.layout import KATEX
from smalldocs.site import Site

from web.book import Book
from web.check import notebook_faults, site_faults
from web.cite import Library
from web.labels import number_labels
from web.process import link_names, link_pages, process
from web.rewrite import Rewriter

WEB = Path(__file__).parent
NUMBER = '<span class="header-section-number">'


def build(root="."):
    "Build the site of the project in a folder; the faults found, none if all is well."
    root = Path(root).resolve()
    os.chdir(root)  # nbdev finds its configuration from the working directory
    book = Book(root, left_out=is_unfinished)
    faults = book.faults() + [line for page in book.pages for line in notebook_faults(page.source, root) + chapter_faults(page)]
    pages, broken = processed(book)
    write_quarto(book, pages)
    return list(dict.fromkeys(faults + broken + rewrite(book) + render(book)))


def is_unfinished(source):
    "Whether a chapter has joints still to be written."
    try: from tools.check import unfinished
    except ImportError: return False
    return bool(unfinished(source))


def chapter_faults(page):
    "What a chapter lacks that every chapter has."
    try: from tools.check import faults
    except ImportError: return []
    return faults(page.source) if page.number is not None else []


# ---- _proc: what nbdev makes, in plain Quarto


def processed(book):
    "Each page with its processed notebook, linked to one another, and a line for each that could not be made."
    pages, faults = [], []
    for page in book.pages:
        with warnings.catch_warnings(record=True) as caught:
            try: pages.append((page, process(page, book.root)))
            except Exception as error: faults.append(f"{page.source}: {type(error).__name__}: {error}")
        faults += [f"{page.source}: {warning.message}" for warning in caught]
    faults += link_pages(pages, book)
    link_names(pages)
    return pages, faults


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


# ---- _build: what the renderer reads


def rewrite(book):
    "Number, cite and link the pages of `_proc/` for the renderer; a line for each reference that is unknown."
    folder = empty(book.root / "_build")
    pages = [(page, read_nb(path)) for page in book.pages if (path := book.root / "_proc" / page.name).exists()]
    labels, faults = number_labels(pages)
    library = Library(book.root / book.config["bibliography"] if "bibliography" in book.config else None)
    for page, notebook in pages:
        rewriter = Rewriter(page, labels, library)
        write(rewriter.rewrite(notebook), folder / page.name)
        faults += rewriter.faults
    furnish(folder, book, book.website())
    return faults


# ---- _site


def render(book):
    "Render `_build/` and put the result in place of the last site; a line for each fault of the pages."
    site = Site(load(book.root / "_build"), quiet=True)
    site.build()
    finish(site.out, book)
    sources = {page.html: page.source for page in book.pages}
    told = [warning for warning in site.warnings if ": broken link " not in warning]  # `site_faults` looks at anchors too
    faults = told + site_faults(site.out, sources)
    target = book.root / book.config["project"]["output-dir"]
    if target.exists(): shutil.rmtree(target)
    shutil.move(site.out, target)
    return faults


def finish(folder, book):
    "What the renderer leaves to do: math without a network, no web fonts, sections numbered by chapter."
    shutil.copytree(WEB / "katex", folder / "site_libs/katex")
    for theme in (folder / "site_libs/themes").rglob("*.css"):
        theme.write_text(re.sub(r"@import\s*(?:url\([^)]*\)|\"[^\"]*\"|'[^']*')[^;]*;", "", theme.read_text(encoding="utf-8")), encoding="utf-8")
    for page in book.pages:
        path = folder / page.html
        if not path.exists(): continue
        text = path.read_text(encoding="utf-8").replace(KATEX, "../" * page.html.count("/") + "site_libs/katex")
        path.write_text(text.replace(NUMBER, f"{NUMBER}{page.number}."), encoding="utf-8")


# ---- files


def empty(folder):
    "A folder with nothing in it."
    if folder.exists(): shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nb(notebook, path)


def main():
    faults = build()
    for line in faults: print(line, file=sys.stderr)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())

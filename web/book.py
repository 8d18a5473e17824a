"The book as `_quarto.yml` orders it: which notebooks are pages, under which names and chapter numbers."
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from posixpath import relpath

import yaml
from nbdev.config import nbpath2html

HOME = "index.ipynb"


@dataclass(frozen=True)
class Page:
    "One notebook of the book and the page it becomes."
    source: str  # Path in the repository: `nbs/segmentation/02_dice.ipynb`
    name: str  # Path in the site, named as nbdev names it: `segmentation/dice.ipynb`
    number: int | None  # Chapter number in reading order; None for the home page

    @property
    def html(self):
        "Path of the page in the built site."
        return self.name.removesuffix(".ipynb") + ".html"

    def link(self, other, anchor=""):
        "A link from this page to another, or to an anchor on it."
        path = "" if other == self.name else relpath(other, str(Path(self.name).parent))
        return path + (f"#{anchor}" if anchor else "")


class Book:
    "The pages of a project, in reading order."

    def __init__(self, root, left_out=lambda source: False):
        self.root, self.left_out = Path(root), left_out

    @cached_property
    def config(self):
        "What `_quarto.yml` says."
        return yaml.safe_load((self.root / "_quarto.yml").read_text(encoding="utf-8"))

    @cached_property
    def registered(self):
        "Notebooks that `_quarto.yml` names, in reading order."
        return list(dict.fromkeys(_paths(self.config["website"]["sidebar"]["contents"])))

    @cached_property
    def pages(self):
        "The pages of the site: what is registered, there, and not left out."
        pages, chapters = [], 0
        for source in self.registered:
            if not (self.root / source).exists() or self.left_out(source): continue
            name = Path(nbpath2html(Path(source))).relative_to("nbs").with_suffix(".ipynb").as_posix()
            chapters += name != HOME
            pages.append(Page(source, name, None if name == HOME else chapters))
        return pages

    @cached_property
    def names(self):
        "Page name of each notebook in the site."
        return {page.source: page.name for page in self.pages}

    def faults(self):
        "Notebooks that are registered and missing, or there and not registered."
        missing = [f"_quarto.yml: {source} does not exist" for source in self.registered if not (self.root / source).exists()]
        absent = [f"{source}: not in the sidebar of _quarto.yml" for source in self._notebooks() if source not in self.registered]
        return missing + absent

    def _notebooks(self):
        paths = sorted(path.relative_to(self.root) for path in (self.root / "nbs").rglob("*.ipynb"))
        return [path.as_posix() for path in paths if not any(part[0] in "._" for part in path.parts)]

    # ---- the configuration of the two projects made from the book

    def website(self):
        "Configuration for the renderer: the reading order with page names, and nothing it would not read."
        config = self._moved(self.config)
        config.pop("bibliography", None)
        config["format"]["html"]["number-sections"] = True
        return config

    def quarto(self):
        "The same book as a Quarto project of type `book`: the only type that numbers by chapter and refers across pages."
        config = self._moved(self.config)
        website = config.pop("website")
        sidebar = website.pop("sidebar")
        chapters = sidebar.pop("contents")
        book = {**website, "sidebar": sidebar, "chapters": [_as_part(entry) for entry in chapters]}
        config["project"]["type"] = "book"
        config["format"]["html"]["number-sections"] = True
        return {"project": config.pop("project"), "book": book, **config, "crossref": {"eq-prefix": "Eq."}}

    def assets(self):
        "Files that the configuration names, and where they lie in the site's own folder."
        return {path: _inside(path) for path in _strings(self.config) if path.startswith("web/")} | {self.config["bibliography"]: self.config["bibliography"]}

    def _moved(self, config):
        "The configuration with every path as it is in the site's own folder, chapters that are left out gone."
        if isinstance(config, dict): return {key: self._moved(value) for key, value in config.items()}
        if isinstance(config, list): return [self._moved(value) for value in config if not self._empty(value)]
        return self.names.get(config, _inside(config)) if isinstance(config, str) else config

    def _empty(self, entry):
        if isinstance(entry, dict) and "contents" in entry: return all(self._empty(child) for child in entry["contents"])
        return isinstance(entry, str) and entry in self.registered and entry not in self.names


def _paths(contents):
    "Notebooks named in the `contents` of a sidebar."
    for entry in contents:
        if isinstance(entry, str): yield entry
        elif "contents" in entry: yield from _paths(entry["contents"])
        elif str(entry.get("href", "")).endswith(".ipynb"): yield entry["href"]


def _strings(config):
    if isinstance(config, str): yield config
    elif isinstance(config, dict | list):
        for value in config.values() if isinstance(config, dict) else config: yield from _strings(value)


def _inside(path):
    return path.removeprefix("web/")


def _as_part(entry):
    "A section of a sidebar as a part of a book."
    return {"part": entry["section"], "chapters": entry["contents"]} if isinstance(entry, dict) and "section" in entry else entry

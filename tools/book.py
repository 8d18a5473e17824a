"What every tool knows of the book: where it is, its settings, its notebooks and their order."
from configparser import ConfigParser
from pathlib import Path

from web.book import Book

ROOT = Path(__file__).resolve().parent.parent


def settings():
    "The `[book]` section of `settings.ini`."
    parser = ConfigParser()
    parser.read(ROOT / "settings.ini", encoding="utf-8")
    return parser["book"]


def notebooks():
    "Every notebook that is exported, tested and rendered."
    paths = (ROOT / "nbs").rglob("*.ipynb")
    return sorted(path for path in paths if not any(part[0] in "._" for part in path.relative_to(ROOT).parts))


def reading_order():
    "The notebooks of `_quarto.yml`, as a reader meets them."
    return [ROOT / source for source in Book(ROOT).registered]


def shown(path):
    "A path as a message names it: from the repository's root where it lies in it."
    path = Path(path).resolve()
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)

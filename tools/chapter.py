"""Start a chapter: `python -m tools.chapter PART NAME [TITLE]`, or `make chapter part=PART name=NAME`.

The template becomes a notebook with the next free number of its part and a line in the reading order of `_quarto.yml`.
"""
import json
import sys
from keyword import iskeyword

from ruamel.yaml import YAML

from tools.book import ROOT, shown
from tools.prepare import export

TEMPLATE = ROOT / "nbs/_templates/chapter.ipynb"
USAGE = 'say which chapter: make chapter part=segmentation name=tversky [title="Tversky loss"]'


def start(part="", name="", title=""):
    "Write the notebook, register it and export its module; return its path."
    refuse(part, name)
    notebook = ROOT / "nbs" / part / f"{next_number(part):02}_{name}.ipynb"
    notebook.parent.mkdir(exist_ok=True)
    filled = fill(TEMPLATE.read_text(encoding="utf-8"), part=part, name=name, title=title or in_words(name))
    notebook.write_text(filled, encoding="utf-8")
    register(notebook, part)
    export()
    return notebook


def refuse(part, name):
    "Stop at a name that cannot be a module's, or is one already."
    if not (part and name):
        sys.exit(USAGE)
    for what, word in {"part": part, "name": name}.items():
        if not word.isidentifier() or not word.isascii() or word != word.lower() or word[0] == "_" or iskeyword(word):
            sys.exit(f"{what}={word} cannot name a module: use lower-case letters, digits and underscores, a letter first")
    for module in (ROOT / f"nbs/{part}").glob(f"[0-9]*_{name}.ipynb"):
        sys.exit(f"{shown(module)} is the chapter {name} of the part {part} already")


def next_number(part):
    "One more than the highest number in the part's folder."
    numbers = [int(path.name.split("_")[0]) for path in (ROOT / f"nbs/{part}").glob("[0-9]*_*.ipynb")]
    return max(numbers, default=0) + 1


def fill(text, **words):
    "The template, which is JSON, with its names filled in."
    for name, word in words.items():
        text = text.replace("{{%s}}" % name, json.dumps(word)[1:-1])
    return text


def in_words(name):
    return name.replace("_", " ").capitalize()


def register(notebook, part):
    "Add the notebook to its part's section of `_quarto.yml`, or to a new last section."
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    path = ROOT / "_quarto.yml"
    config = yaml.load(path)
    contents = section_of(part, config["website"]["sidebar"]["contents"])["contents"]
    if shown(notebook) not in contents:
        contents.append(shown(notebook))
        yaml.dump(config, path)


def section_of(part, sections):
    "The section that holds the part's notebooks; a new one if none does."
    for section in sections:
        if not isinstance(section, str) and any(f"nbs/{part}/" in page for page in section["contents"]):
            return section
    sections.append({"section": in_words(part), "contents": []})
    return sections[-1]


if __name__ == "__main__":
    notebook = start(*sys.argv[1:])
    print(f"{shown(notebook)} is yours: `make lab` opens it, `make check` says what is still to write")

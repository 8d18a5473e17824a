"`make prepare` brings a book that is out of step back into it, and leaves one in step as it is."
from pathlib import Path

import pytest
from fastcore.nbio import mk_cell, new_nb, read_nb, write_nb

from tools import stub
from tools.book import ROOT


@pytest.fixture
def small_book(clone):
    "The book with its first chapter alone, so that it runs in a moment."
    for path in (clone.folder / "nbs").rglob("*.ipynb"):
        if path.name != "index.ipynb" and path.parent.name != "_templates":
            path.unlink()
    notebook = new_nb([
        mk_cell("#| default_exp small"),
        mk_cell("# Small\n\n> One function.", "markdown"),
        mk_cell('#| exports\ndef twice(\n    x, # A number\n): # Its double\n    "A number, doubled."\n    return 2 * x'),
        mk_cell("assert twice(2) == 4\ntwice(2)", execution_count=7),
    ])  # fmt: skip
    write_nb(notebook, clone.folder / "nbs/00_small.ipynb")
    return clone


def test_it_writes_package_stub_outputs_and_readme(small_book):
    prepared = small_book.tool("prepare")
    assert prepared.returncode == 0, prepared.stderr
    stored = read_nb(small_book.folder / "nbs/00_small.ipynb").cells[-1]
    assert stored.outputs[0].data["text/plain"] == "4" and stored.execution_count is None
    assert "return 2 * x" in (small_book.folder / "lossbook/small.py").read_text()
    assert "from .small import (\n    twice as twice,\n)" in (small_book.folder / "lossbook/__init__.pyi").read_text()
    assert (small_book.folder / "README.md").read_text().startswith("<!-- Written by `make prepare`")


def test_a_second_time_it_changes_nothing(small_book):
    small_book.tool("prepare")
    small_book.git("add", "--all")
    small_book.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "prepared")
    small_book.tool("prepare")
    assert small_book.changes() == ""


def test_it_names_a_notebook_that_fails(small_book):
    path = small_book.folder / "nbs/00_small.ipynb"
    path.write_text(path.read_text().replace("== 4", "== 5"))
    prepared = small_book.tool("prepare")
    assert prepared.returncode == 1
    assert "AssertionError" in prepared.stderr and prepared.stderr.endswith("nbs/00_small.ipynb does not run\n")


def test_two_exports_of_one_name_fail():
    modules = {Path("a"): ["twice"], Path("part/b"): ["twice"]}
    with pytest.raises(SystemExit, match="two modules export twice: lossbook/a.py and lossbook/part/b.py"):
        stub.refuse_duplicates(modules)


def test_the_stub_names_no_private_module_and_not_the_kit():
    modules = {str(module) for module in stub.public_modules()}
    assert modules and not modules & {"__init__", "_modidx", "notebook", "style", "figures"}
    assert all((ROOT / "lossbook" / module).with_suffix(".py").exists() for module in modules)

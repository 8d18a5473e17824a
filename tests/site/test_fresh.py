"Stored outputs against fresh ones, as the site's build looks for them."
from fastcore.nbio import read_nb, write_nb

from tools.book import ROOT
from web.fresh import code_of, rerun

NOTATION = "nbs/01_notation.ipynb"


def test_a_notebook_that_stores_what_it_shows_has_no_stale_output():
    assert rerun(NOTATION) == []


def test_words_are_no_reason_to_run_a_notebook_again(tmp_path):
    notebook = read_nb(ROOT / NOTATION)
    words = next(cell for cell in notebook.cells if cell.cell_type == "markdown")
    words.source = "# Other words"
    write_nb(notebook, tmp_path / "words.ipynb")
    assert code_of(tmp_path / "words.ipynb") == code_of(ROOT / NOTATION)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.source += "\n1 + 1"
    write_nb(notebook, tmp_path / "code.ipynb")
    assert code_of(tmp_path / "code.ipynb") != code_of(ROOT / NOTATION)

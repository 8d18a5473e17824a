"Every argument of a public loss or metric is in the notation page, or is of one formula and described beside it."
import re

import pytest
from fastcore.docments import docments

from tests.properties.inputs import LOSSES, METRICS, formulas
from tools.book import ROOT
from tools.cells import read_cells

PAGE = ROOT / "nbs/01_notation.ipynb"
FUNCTIONS = {**LOSSES, **METRICS}


def in_tables():
    "The names that the notation page has in the code column of its tables, with `over='each'` as `over`."
    rows = [line for cell in read_cells(PAGE) for line in cell.source.splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`([a-z_]+)(?:=[^`]*)?`", row.split("|")[2])}


def own_options(function):
    "The options that the formulas of a loss or metric declare, or what builds its summary, with what is said of each."
    if function in LOSSES.values():
        sources = [loss.formula for loss in formulas(function)]
    else:
        sources = [function.formula] + [function.build] * (function.build != function.source.build)
    said = [(name, text) for source in sources for name, text in docments(source).items()]
    return {name: text for name, text in said if name in function.__signature__.parameters}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_argument_is_in_the_notation_or_described_by_the_formula(function):
    described = {name for name, text in own_options(function).items() if text}
    assert set(function.__signature__.parameters) - in_tables() - described == set()


def test_the_tables_were_read():
    assert {"y_true", "y_proba", "sample_weight", "over", "reduction", "undefined"} <= in_tables()

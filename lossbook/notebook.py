"The kit a chapter imports in one hidden cell: `from lossbook.notebook import *`."
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
import re

from IPython import get_ipython
import matplotlib.pyplot as plt
import numpy as np

from .core import check_gradient
from .figures import draw_pixels, explorable, show_figures_as_svg
from .style import style

__all__ = ["np", "plt", "settings", "test_close", "expect_fail", "check_gradient", "explorable", "draw_pixels"]


def _settings():
    "The `[book]` section of the nearest `settings.ini` at or above the working directory."
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "settings.ini").exists():
            parser = ConfigParser()
            parser.read(folder / "settings.ini", encoding="utf-8")
            return parser["book"]
    raise FileNotFoundError(f"no settings.ini at or above {Path.cwd()}: run inside a clone of the book")


def test_close(
    actual,  # Number or array to test
    expected,  # What it must be, of the same shape
    rtol=1e-12,  # Relative error allowed
    atol=0.0,  # Absolute error allowed: none unless given, so 0 never passes for 1e-17
):
    "Assert that two numbers or arrays agree, NaN with NaN, without broadcasting."
    assert np.shape(actual) == np.shape(expected), f"shapes {np.shape(actual)} and {np.shape(expected)} differ"
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


test_close.__test__ = False  # no pytest test, whatever its name


@contextmanager
def expect_fail(
    error=Exception,  # Exception class that must be raised
    match="",  # Regular expression that its message must contain
):
    "Run a block that must fail, and show the sentence it fails with."
    try:
        yield
    except error as e:
        assert re.search(match, str(e)), f"{match!r} is not in {str(e)!r}"
        print(f"{type(e).__name__}: {e}")
    else:
        raise AssertionError(f"no {error.__name__} was raised")


def show_numbers_plainly():
    "Show NumPy's scalars as numbers: 0.25, not np.float64(0.25). Print options do not outlive a cell."
    if shell := get_ipython():
        for kind in filter(lambda kind: issubclass(kind, np.number | np.bool), np.sctypeDict.values()):
            shell.display_formatter.formatters["text/plain"].for_type(kind, lambda x, page, _: page.text(str(x)))


settings = _settings()
plt.style.use(style)
show_figures_as_svg()
show_numbers_plainly()

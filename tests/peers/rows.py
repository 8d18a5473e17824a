"One row for each choice that libraries make differently: what we give, what they were measured to give, how to ask them."
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest


class Row(NamedTuple):
    name: str
    ours: Callable  # our value, by the argument that gives it
    published: float  # what the libraries gave when they were measured
    sklearn: Callable | None = None  # of `sklearn.metrics`
    torchmetrics: Callable | None = None  # of a module of torchmetrics, and what makes its tensors
    keras: Callable | None = None  # of `keras.metrics`, and of what else a file gives it

    def agrees_with(self, theirs, **tolerance):
        np.testing.assert_allclose(self.ours(), theirs, **{"rtol": 1e-6, **tolerance})


def rows_of(rows, library="published"):
    "A test for every row that knows how to ask a library."
    found = [row for row in rows if getattr(row, library) is not None]
    return pytest.mark.parametrize("row", found, ids=[row.name for row in found])


def agree_with_published(rows):
    "The test of every row against the number measured."
    @rows_of(rows)
    def test(row): row.agrees_with(row.published, rtol=0, atol=5e-5)
    return test


def agree_with_sklearn(rows):
    "The test of every row that scikit-learn can answer, against scikit-learn."
    @rows_of(rows, "sklearn")
    def test(row): row.agrees_with(row.sklearn(pytest.importorskip("sklearn.metrics")), rtol=1e-12)
    return test


def by_name(rows, asks):
    "A test for every row that is asked of a library under its name."
    rows = {row.name: row for row in rows}
    return pytest.mark.parametrize("row, ask", [(rows[name], ask) for name, ask in asks.items()], ids=list(asks))


def agree_with_torch(rows, asks):
    "The test of rows against PyTorch's functions."
    @by_name(rows, asks)
    def test(row, ask, torch): row.agrees_with(ask(torch.nn.functional, torch.tensor).numpy(), rtol=1e-12)
    return test


def agree_with_optax(rows, asks):
    "The test of rows against optax."
    @by_name(rows, asks)
    def test(row, ask, optax): row.agrees_with(np.asarray(ask(optax)), rtol=1e-12)
    return test

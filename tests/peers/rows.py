"""What we give, what each library gives, and the calls that give it: a row for each choice, a case for each question.

`make conventions` runs every call and writes what it gave for the page "Why your number differs". A call to a library is
written `ask.sklearn.f1_score(y_true, y_pred)`: it is kept, and made when a test or that page wants its value.
"""
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pkgutil import resolve_name
from typing import NamedTuple

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # MONAI imports TensorBoard, which imports TensorFlow where it is


class Row(NamedTuple):
    choice: str
    ours: Callable  # our call: a `partial` of a public function, or a function of several
    value: float  # what it gives; the sentence, or its beginning, where it refuses
    theirs: tuple  # calls to libraries
    gives: float | None = None  # what these give, where it is not our value; the sentence where they refuse
    said: str = ""  # libraries that are not to be had here, and gave that number when they were measured
    wrong: bool = False  # whether that number is plainly wrong


class Case(NamedTuple):
    title: str
    why: str  # what makes the numbers differ
    rows: tuple


def row(choice, ours, value, *theirs, **more):
    return Row(choice, ours, value, theirs, **more)


def case(title, why, *rows):
    return Case(title, why, rows)


# ---- calls to libraries, to be made


@dataclass(frozen=True)
class Library:
    name: str
    root: str  # where its functions are looked up
    package: str  # what is installed
    rtol: float  # how near to ours its digits can be
    tensors: bool = False  # whether it takes PyTorch's tensors alone

    def __getattr__(self, name):
        return Ask(self, name) if name[0] != "_" else object.__getattribute__(self, name)

    def by(self, words, function, *arguments):
        "A call that takes several lines: a function, and words for what it asks."
        return Ask(self, words, ((arguments, {}),), function)

    @property
    def version(self):
        return version(self.package).partition("+")[0]


@dataclass(frozen=True)
class Ask:
    library: Library
    path: str
    calls: tuple = ()  # arguments and options of each call: of a class, then of its instance
    function: Callable | None = None
    last: Callable = lambda result: result

    def __getattr__(self, name):
        return replace(self, path=f"{self.path}.{name}") if name[0] != "_" else object.__getattribute__(self, name)

    def __call__(self, *arguments, **options):
        return replace(self, calls=(*self.calls, (arguments, options)))

    def then(self, last):
        "The same call, and what is read from its result."
        return replace(self, last=last)

    def value(self):
        result = self.function or resolve_name(":".join(f"{self.library.root}.{self.path}".rsplit(".", 1)))
        for arguments, options in self.calls:
            given = arguments if self.function else map(self.read, arguments)
            result = result(*given, **{name: self.read(option, (np.ndarray,)) for name, option in options.items()})
        return np.asarray(self.last(result))

    def read(self, x, arrays=(np.ndarray, list)):
        "An argument as its library takes it."
        if not isinstance(x, arrays):
            return x
        return resolve_name("torch:tensor")(np.asarray(x)) if self.library.tensors else np.asarray(x)

    def __str__(self):
        options = ", ".join(f"{name}={option_text(name, option)}" for _, options in self.calls for name, option in options.items())
        return self.path if self.function else f"{self.path.rpartition('.')[2]}({options})"


def option_text(name, option):
    "An option as it is written in a call; a long array by the option's name."
    if isinstance(option, np.ndarray):
        return name if option.size > 6 else str(option.tolist())
    if isinstance(option, str):
        return f'"{option}"'
    return repr(float(option)) if isinstance(option, np.floating) else str(option)


class ask:
    sklearn = Library("scikit-learn", "sklearn.metrics", "scikit-learn", 1e-7)
    torch = Library("PyTorch", "torch.nn.functional", "torch", 1e-6, tensors=True)
    torchmetrics = Library("torchmetrics", "torchmetrics.functional", "torchmetrics", 1e-5, tensors=True)
    keras = Library("Keras", "keras", "keras", 2e-5)
    optax = Library("optax", "optax", "optax", 1e-6)
    monai = Library("MONAI", "monai", "monai", 1e-5, tensors=True)
    pycocotools = Library("pycocotools", "pycocotools", "pycocotools", 1e-12)


# ---- the tests of rows


def agree(cases):
    "Two tests: every row of ours against its value, and every library against what its row says of it."
    rows = [(f"{case.title}: {row.choice}", row) for case in cases for row in case.rows]
    asks = [(f"{name}, {call.library.name}", row, call) for name, row in rows for call in row.theirs]

    @pytest.mark.parametrize("row", [row for _, row in rows], ids=[name for name, _ in rows])
    def test_ours(row):
        check(row.ours, row.value, atol=5e-5)

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("row, call", [(row, call) for _, row, call in asks], ids=[name for name, _, _ in asks])
    def test_theirs(row, call):
        pytest.importorskip(call.library.root.partition(".")[0])
        if row.gives is None:
            check(call.value, row.ours(), rtol=call.library.rtol, atol=call.library.rtol / 10)
        else:
            check(call.value, row.gives, atol=5e-5)

    return test_ours, test_theirs


def check(call, value, **tolerance):
    "A call gives a value, or refuses in a sentence that begins so."
    if isinstance(value, str):
        with pytest.raises(Exception) as refused:
            call()
        assert value in str(refused.value)
    else:
        np.testing.assert_allclose(call(), value, **tolerance)

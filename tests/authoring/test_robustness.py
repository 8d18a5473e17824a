"Whatever a function may not do stops the table of bad input, with what it did."
import numpy as np
import pytest

from tests.properties.examples import example
from tools.robustness import ALIKE, OBJECTS, ODD, SAME, Fault, chosen, of_some, tried


def own_refusal(words):
    "A function that refuses with these words, as if it stood in the package."
    def function(y_true, y_pred): raise ValueError(words)
    return function


def writes(y_true, y_pred):
    if y_pred.flags.writeable: y_pred[0] = 7
    return 1.0


WRONG = {
    "it is written to": (writes, "1e300", ODD),
    "RuntimeWarning": (lambda y_true, y_pred: y_pred.sum()*np.float64(1e300), "nothing but 1e300", ODD),
    "IndexError": (lambda y_true, y_pred: y_pred[0, 0], "NaN", ODD),
    "refused from inside": (lambda y_true, y_pred: y_pred + y_true, "a first row less", ODD),
    "to a plain array": (lambda y_true, y_pred: y_pred.flags.c_contiguous, "backwards, with negative strides", SAME),
    "AttributeError": (lambda y_true, y_pred: y_pred.sum(), "None", OBJECTS),
    "and 4.0 to a plain array": (lambda y_true, y_pred: 3.0 if y_pred.dtype == "float32" else 4.0, "float32", ALIKE),
}


@pytest.mark.parametrize("said, wrong", WRONG.items(), ids=WRONG)
def test_what_no_function_may_do(said, wrong):
    function, title, kinds = wrong
    with pytest.raises(Fault, match=said): tried(example("squared_error")._replace(function=function), ("y_pred", None), title, kinds[title])


@pytest.mark.parametrize("sentence, said", [("y_pred is wrong\nvery", "no sentence"), ("wrong", "no sentence"), ("something is wrong", "without a name"), ("y_pred " * 50, "long")])
def test_what_no_sentence_may_be(sentence, said, monkeypatch):
    monkeypatch.setattr("tools.robustness.PACKAGE", __file__)
    good = example("squared_error")._replace(function=own_refusal(sentence))
    with pytest.raises(Fault, match=said): tried(good, ("y_pred", None), "NaN", ODD["NaN"])


def test_a_sentence_of_its_own_is_told(monkeypatch):
    monkeypatch.setattr("tools.robustness.PACKAGE", __file__)
    good = example("squared_error")._replace(function=own_refusal("y_pred holds nan at [3]: it has shape (24, 2)"))
    assert tried(good, ("y_pred", None), "NaN", ODD["NaN"]) == "… holds nan at …: it has shape …"


def careless(y_true, y_pred, *, sizes=(1,)): return np.zeros(sizes)
def greedy(y_true, y_pred, *, sizes=(1,)): sizes[0] = 7


@pytest.mark.parametrize("function, value, said", [(careless, "cat", "refused from inside"), (careless, 1e9, "refused from inside"), (greedy, np.ones(1), "written to"), (greedy, {}, "written to")])
def test_what_no_function_may_do_with_an_option(function, value, said):
    with pytest.raises(Fault, match=said): chosen(example("squared_error")._replace(function=function), "sizes", value)


@pytest.mark.parametrize("value, said", [(3.5, "answers"), ("cat", "refuses in a sentence"), (-1, "refuses in a sentence")])
def test_what_becomes_of_an_option(value, said):
    assert chosen(example("huber_loss"), "delta", value) == said


def test_functions_are_told_in_the_fewest_words():
    assert [of_some(names, {"a", "b", "c"}) for names in ({"a", "b", "c"}, {"c", "a"}, {"b"})] == ["", " but of `b`", " of `b`"]

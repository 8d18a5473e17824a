"What every loss of the package does with reductions, weights, slices and pickles, whatever its formula."
import pickle
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook import core
from lossbook.core import FormulaLoss
from tests.properties.inputs import TOYS, arrays_of, calls, each_loss, make_call, map_arrays, return_docment
from tests.properties.toys import both, detector, excess, odd_error


def rows(loss, n=st.integers(1, 6), **options):
    "Calls on one axis of examples, each scored alone, classes last."
    return n.flatmap(lambda n: calls(loss, lead=(n,), over="each", class_axis=False, **options))


def close(a, b, rtol=1e-12):
    for left, right in zip(arrays_of(a), arrays_of(b), strict=True):
        assert np.shape(left) == np.shape(right)
        np.testing.assert_allclose(left, right, rtol=rtol, atol=1e-14)


def examples(call):
    return () if call.options.get("over") == "all" else call.lead


def weight_of(call):
    return call.options.get("sample_weight", np.ones(examples(call)))


# ---- reductions


@each_loss
@given(st.data())
def test_none_gives_one_weighted_loss_an_example(loss, data):
    call = data.draw(calls(loss))
    each = call(reduction="none")
    assert np.shape(each) == examples(call)
    close(each, weight_of(call) * call(reduction="none", sample_weight=None))


@each_loss
@given(st.data())
def test_the_sum_adds_examples_and_the_mean_divides_by_the_weight(loss, data):
    call = data.draw(calls(loss))
    total, weight = np.sum(call(reduction="none")), np.sum(weight_of(call))
    close(call(reduction="sum"), total)
    close(call(), total / weight)
    close(call.grad(), map_arrays(lambda g: g / weight, call.grad(reduction="sum")))
    close(call.grad(reduction="none"), call.grad(reduction="sum"))


@each_loss
@given(st.data())
def test_the_order_of_examples_does_not_matter(loss, data):
    call = data.draw(rows(loss))
    order = data.draw(st.permutations(range(call.lead[0])))
    moved = call.map(lambda x: x[order])
    close(moved(), call())
    close(moved.grad(), map_arrays(lambda g: g[order], call.grad()))


@each_loss
@given(st.data())
def test_weight_zero_is_absence(loss, data):
    call = data.draw(rows(loss, n=st.integers(2, 6), weighted=True))
    first = call.with_options(sample_weight=call.options["sample_weight"] * (np.arange(call.lead[0]) > 0))
    rest = call.map(lambda x: x[1:])
    close(first(), rest())
    close(first.grad(), map_arrays(lambda g: np.concatenate([0*g[:1], g]), rest.grad()))


@each_loss
@given(st.data())
def test_weight_two_is_being_there_twice(loss, data):
    call = data.draw(rows(loss, weighted=False))
    counts = np.array(data.draw(st.lists(st.integers(1, 3), min_size=call.lead[0], max_size=call.lead[0])))
    close(call(sample_weight=counts), call.map(lambda x: np.repeat(x, counts, axis=0))())


@each_loss
@given(st.data())
def test_only_the_ratios_of_weights_matter_to_the_mean(loss, data):
    call = data.draw(calls(loss, weighted=True))
    thrice = call.with_options(sample_weight=3*call.options["sample_weight"])
    close(thrice(), call())
    close(thrice.grad(), call.grad())


@each_loss
@given(st.data())
def test_it_lies_in_the_range_that_it_documents(loss, data):
    each = data.draw(calls(loss, weighted=False))(reduction="none")
    documented = return_docment(loss)
    assert np.isfinite(each).all()
    assert np.min(each) >= 0 or "0 or above" not in documented and "[0, 1]" not in documented
    assert np.max(each) <= 1 or "[0, 1]" not in documented


# ---- shapes, dtypes, slices


@each_loss
@given(st.data())
def test_leading_axes_are_only_a_shape(loss, data):
    call = data.draw(rows(loss, n=st.just(6)))
    table = call.map(lambda x: x.reshape(2, 3, *x.shape[1:]))
    close(table(reduction="none"), np.reshape(call(reduction="none"), (2, 3)))
    close(table.grad(), map_arrays(lambda g: g.reshape(2, 3, *g.shape[1:]), call.grad()))


@each_loss
@given(st.data())
def test_float32_comes_back_but_is_not_computed_in(loss, data):
    call = data.draw(rows(loss)).map(lambda x: x.astype(np.float32) if x.dtype.kind == "f" else x)
    wide = call.map(lambda x: x.astype(np.float64) if x.dtype.kind == "f" else x)
    assert call() == wide() and type(call()) is float
    for narrow, exact in [(call(reduction="none"), wide(reduction="none")), *zip(arrays_of(call.grad()), arrays_of(wide.grad()))]:
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow, exact.astype(np.float32), rtol=0 if isinstance(loss, FormulaLoss) else 1e-6)


@each_loss
@given(st.data())
def test_slices_are_one_pass(loss, data):
    call = data.draw(rows(loss, n=st.integers(20, 40)))
    with patch.object(core, "SLICE", 5*max(y[0].size for y in arrays_of(call.y_pred))):
        sliced = [call(), call(reduction="none"), *arrays_of(call.grad())]
    close(sliced[0], call())
    for part, whole in zip(sliced[1:], [call(reduction="none"), *arrays_of(call.grad())]):
        np.testing.assert_array_equal(part, whole)


@each_loss
def test_more_numbers_than_a_slice_holds(loss):
    call = make_call(loss, 0, (4,))
    copies = core.SLICE // 4 + 1
    long = call.map(lambda x: np.tile(x, (copies, *[1]*(x.ndim - 1))))
    close(long(), call())
    close(long(reduction="none")[-4:], call(reduction="none"))


@each_loss
def test_inputs_are_left_as_they_were(loss):
    call = make_call(loss, 0, (4,)).with_options(sample_weight=np.ones(4))
    before = call.map(np.copy)
    call.map(lambda x: x.setflags(write=False))
    call(), call.grad(reduction="none")
    for part, kept in zip([*arrays_of(call.y_true), *arrays_of(call.y_pred)], [*arrays_of(before.y_true), *arrays_of(before.y_pred)]):
        np.testing.assert_array_equal(part, kept)


# ---- sums, names, defaults, pickles


@each_loss
@given(st.data(), st.floats(-3, 3).filter(lambda scale: abs(scale) > 0.01))
def test_a_sum_is_linear(loss, data, scale):
    call = data.draw(calls(loss))
    mixed = scale*loss + loss.named("again")*2
    on_mixed = call._replace(loss=mixed)
    close(on_mixed(), (scale + 2) * call(), rtol=1e-11)
    close(on_mixed.grad(), map_arrays(lambda g: (scale + 2)*g, call.grad()), rtol=1e-11)
    terms = mixed.terms(call.y_true, call.y_pred, **call.options)
    close(sum(terms.values()), on_mixed())
    assert list(terms)[-1] == "again"


@each_loss
def test_a_new_name_and_new_defaults_change_nothing_else(loss):
    call = make_call(loss, 0, (4,))
    twin = loss.named("twin").bind(reduction="sum")
    assert twin.__name__ == "twin" and loss.__name__ != "twin"
    assert call._replace(loss=twin)() == call(reduction="sum") != call()
    assert call._replace(loss=twin)(reduction="mean") == call()
    assert twin.__signature__.parameters["reduction"].default == "sum"
    assert loss.__signature__.parameters["reduction"].default == "mean"


@each_loss
@pytest.mark.parametrize("twin", [
    lambda loss: loss,
    lambda loss: loss.named("twin"),
    lambda loss: loss.bind(reduction="sum"),
    lambda loss: loss.named("twin").bind(reduction="sum").named("other"),
    lambda loss: 2*loss,
    lambda loss: (0.5*loss + loss.named("twin")).named("pair", "A pair."),
    lambda loss: (loss + 3*loss.named("twin")).named("pair").bind(reduction="sum") + loss,
], ids=["itself", "named", "bound", "both", "scaled", "sum", "nested"])
def test_it_comes_back_from_a_pickle(loss, twin):
    kept = twin(loss)
    again, call = pickle.loads(pickle.dumps(kept)), make_call(loss, 0, (3,))
    assert (again.__name__, again.__doc__, str(again.__signature__)) == (kept.__name__, kept.__doc__, str(kept.__signature__))
    assert again(call.y_true, call.y_pred) == kept(call.y_true, call.y_pred)
    close(again.grad(call.y_true, call.y_pred), kept.grad(call.y_true, call.y_pred))


@pytest.mark.parametrize("toy", [toy for toy in TOYS if isinstance(toy, FormulaLoss)], ids=lambda toy: toy.__name__)
def test_a_pickled_function_is_the_same_object(toy):
    assert pickle.loads(pickle.dumps(toy)) is toy


def test_an_option_reaches_every_term_that_declares_it():
    call = make_call(both, 0, (5,))
    parts = [odd_error(call.y_true, call.y_pred, unit=2), 2*excess(call.y_true, call.y_pred, unit=2, margin=0.5)]
    close(call(unit=2, margin=0.5), sum(parts))
    close(both.bind(unit=2, margin=0.5)(call.y_true, call.y_pred), sum(parts))
    with pytest.raises(TypeError, match="'margine'"):
        call(margine=0.5)


def test_sums_of_sums_have_the_terms_of_all():
    flat = odd_error + 0.5*(2*excess + odd_error.named("third"))
    assert {term.__name__: scale for scale, term in flat.parts} == {"odd_error": 1, "excess": 1.0, "third": 0.5}
    kept = odd_error.named("alone") + both
    assert [term.__name__ for _, term in kept.parts] == ["alone", "both"]
    assert sum([odd_error, excess]).__doc__ == "odd_error + excess"


def test_a_structured_sum_has_a_gradient_in_every_field():
    call = make_call(detector, 0, (4,))
    assert all(np.any(g) for g in call.grad()) and type(call.grad()) is type(call.y_pred)

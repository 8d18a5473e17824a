"The gradient of every loss of the package is that of central differences. A loss added later is found by itself."
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lossbook
from lossbook.core import Loss, check_gradient, loss
from tests.properties.inputs import LOSSES, arrays_of, calls, each_loss, make_call, map_arrays, words
from tests.properties.toys import TOYS, odd_error

reductions = st.sampled_from(["mean", "sum", "none"])


def agree(call, reduction="mean"):
    return check_gradient(call.loss, call.y_true, call.y_pred, reduction=reduction, **call.options)


@each_loss
@given(st.data(), reductions)
def test_the_gradient_is_that_of_central_differences(loss, data, reduction):
    call = data.draw(calls(loss))
    assert agree(call, reduction).derivatives == sum(y.size for y in arrays_of(call.y_pred))


@each_loss
@given(st.data(), st.sampled_from(["float32", "float64"]))
def test_the_gradient_has_the_shape_and_dtype_of_the_prediction(loss, data, dtype):
    call = data.draw(calls(loss)).map(lambda x: x.astype(dtype) if x.dtype.kind == "f" else x)
    value, gradient = loss.value_and_grad(call.y_true, call.y_pred, **call.options)
    assert value == call()
    for part, again, pred in zip(arrays_of(gradient), arrays_of(call.grad()), arrays_of(call.y_pred), strict=True):
        assert (np.shape(part), np.asarray(part).dtype) == (pred.shape, pred.dtype if pred.ndim else np.float64)
        np.testing.assert_array_equal(part, again)


# ---- the walk itself


def test_every_public_loss_is_walked():
    public = [name for name in lossbook.__all__ if isinstance(getattr(lossbook, name), Loss)]
    assert public and set(public) <= set(LOSSES)


def test_every_word_that_an_option_takes_is_found():
    assert words(odd_error) == {"power": ["line", "cube"]} and words(LOSSES["dice_loss"]) == {"denominator": ["linear", "squared"]}


def test_a_loss_without_gradient_fails():
    with pytest.raises(NotImplementedError, match="has no gradient"):
        agree(make_call(loss(lambda y_true, y_pred: y_pred - y_true), 0, (2,)))


@pytest.mark.parametrize("toy", TOYS, ids=lambda toy: toy.__name__)
def test_a_wrong_gradient_is_found(toy, monkeypatch):
    right = type(toy).grad
    monkeypatch.setattr(type(toy), "grad", lambda *args, **options: map_arrays(lambda g: 1.001*g, right(*args, **options)))
    with pytest.raises(AssertionError, match="is off by 0.001"):
        agree(make_call(toy, 0, (9,)))

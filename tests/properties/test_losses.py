"What every loss of the package does with reductions, weights, slices and pickles, whatever its formula."
import pickle
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook import core
from lossbook.core import LossSum
from lossbook.notebook import test_close
from tests.properties.inputs import TOYS, arrays_of, calls, each_loss, formulas, inspect_return, make_call, options_of
from tests.properties.toys import both, corners, detector, excess, odd_error


def rows(loss, **options):
    "Calls on one axis of examples, each scored alone, classes last."
    return st.integers(1, 6).flatmap(lambda n: calls(loss, lead=(n,), over="each", class_axis=False, **options))


def close(a, b):
    for left, right in zip(arrays_of(a), arrays_of(b), strict=True):
        test_close(left, right, atol=1e-15)


# ---- reductions


@each_loss
@given(st.data())
def test_the_mean_is_the_sum_over_the_sum_of_weights(loss, data):
    call = data.draw(calls(loss))
    each, weight = call(reduction="none"), call.options.get("sample_weight", np.ones(call.lead))
    test_close(call(reduction="sum"), np.sum(each))
    test_close(call(), np.sum(each) / (np.sum(weight) if np.ndim(each) or call.options.get("over") != "all" else np.max(weight)))
    close(call.grad(), map_grad(lambda g: g * call() / np.sum(each), call.grad(reduction="sum")) if np.sum(each) else call.grad())


@each_loss
@given(st.data())
def test_none_gives_one_weighted_loss_an_example(loss, data):
    call = data.draw(calls(loss))
    each = call(reduction="none")
    assert np.shape(each) == (() if call.options.get("over") == "all" else call.lead)
    if "sample_weight" in call.options:
        test_close(each, call.options["sample_weight"] * call.with_options(sample_weight=None)(reduction="none"))

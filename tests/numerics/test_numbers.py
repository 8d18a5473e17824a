"Inputs that break naive code, with exact answers from fractions: counts, sums, narrow integers and floats."
from fractions import Fraction

import numpy as np
import pytest

from lossbook.core import loss
from lossbook.summaries import ConfusionMatrix, Moments, WeightedMean
from tests.properties.inputs import LOSSES, METRICS

INTEGERS = ["uint8", "int8", "uint16", "int32", "int64", "uint64"]
FLOATS = ["float16", "float32", "float64"]


@loss
def square(y_true, y_pred):
    return (y_pred - y_true)**2


@loss
def product(y_true, y_pred):
    return y_true * y_pred


def exact(values):
    return [Fraction(float(x)) for x in np.ravel(values)]


def exact_squares(values):
    "Sum of squares about the mean, in fractions."
    values = exact(values)
    mean = sum(values) / len(values)
    return sum((x - mean)**2 for x in values)


def is_exactly(value, fraction, rtol=4e-16):
    value = value if isinstance(value, Fraction) else Fraction(float(value))
    assert abs(value - fraction) <= abs(fraction) * Fraction(rtol)


# ---- squares about a mean that is far from zero

FAR = [(1e9, "float64", 1e9 + np.array([0, 1, 2, 4])), (1e4, "float32", 1e4 + np.array([0, 1, 2, 4])), (1e15, "float64", 1e15 + np.array([0, 1, 2, 4]))]


@pytest.mark.parametrize("mean, dtype, y_pred", FAR, ids=[f"mean {mean:g} in {dtype}" for mean, dtype, _ in FAR])
@pytest.mark.parametrize("parts", [1, 2, 4], ids=["at once", "two halves", "row by row"])
def test_r2_of_four_points_far_from_zero_is_four_fifths(mean, dtype, y_pred, parts):
    y_true, y_pred = (mean + np.arange(4)).astype(dtype), y_pred.astype(dtype)
    m = sum(Moments.from_values(t, p) for t, p in zip(np.split(y_true, parts), np.split(y_pred, parts)))
    assert (m.squares_true, m.squared_error) == (5, 1) and 1 - m.squared_error / m.squares_true == 4/5
    assert (y_true**2).sum() - 4*y_true.mean()**2 != 5


@pytest.mark.parametrize("parts", [1, 7, 100])
@pytest.mark.parametrize("mean, dtype", [(1e9, "float64"), (1e4, "float32"), (0, "float64"), (-1e12, "float64")])
def test_moments_are_exact_far_from_zero(mean, dtype, parts):
    rng = np.random.default_rng(0)
    y_true = (mean + rng.normal(size=1000)).astype(dtype)
    y_pred = (y_true + rng.normal(size=1000) / 2).astype(dtype)
    m = sum(Moments.from_values(t, p) for t, p in zip(np.array_split(y_true, parts), np.array_split(y_pred, parts)))
    is_exactly(m.squares_true, exact_squares(y_true), 1e-14)
    is_exactly(m.squares_pred, exact_squares(y_pred), 1e-14)
    is_exactly(m.squared_error, sum((t - p)**2 for t, p in zip(exact(y_true), exact(y_pred))), 1e-14)
    is_exactly(m.products, sum(t*p for t, p in zip(exact(y_true), exact(y_pred))) - sum(exact(y_true))*sum(exact(y_pred))/1000, 1e-14)
    is_exactly(Fraction(float(m.mean_true.high)) + Fraction(float(m.mean_true.low)), sum(exact(y_true)) / 1000, 1e-20 if mean else 1e-13)


def test_the_r2_of_a_thousand_float32_at_1e4():
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=1000) + 1e4
    y_pred = (y_true + .5*rng.normal(size=1000)).astype(np.float32)
    m = Moments.from_values(y_true.astype(np.float32), y_pred)
    assert round(1 - m.squared_error / m.squares_true, 4) == 0.7259


def test_weighted_moments_are_exact_far_from_zero():
    rng = np.random.default_rng(0)
    y, weight = 1e9 + rng.normal(size=100), rng.integers(1, 5, 100)
    m = sum(Moments.from_values(y[rows], y[rows], sample_weight=weight[rows]) for rows in np.split(np.arange(100), 4))
    is_exactly(m.squares_true, exact_squares(np.repeat(y, weight)), 1e-14)


# ---- long sums in float32


def test_more_than_2_to_the_24_ones_in_float32_are_all_counted():
    ones = np.ones(2**24 + 1000, np.float32)
    assert ones.cumsum()[-1] == 2**24
    assert square(np.zeros_like(ones), ones, reduction="sum") == len(ones) and square(np.zeros_like(ones), ones) == 1
    assert Moments.from_values(ones, np.zeros_like(ones)).squared_error == len(ones)
    assert WeightedMean.from_values(ones).total == len(ones)


def test_more_than_2_to_the_24_rows_of_two_outputs_in_float32_are_all_counted():
    ones = np.ones((2**24 + 1000, 2), np.float32)
    assert ones.sum(axis=0)[0] == 2**24
    assert Moments.from_values(ones, np.zeros_like(ones)).squared_error.tolist() == [len(ones)]*2


def test_ten_million_tenths_in_float32():
    tenths = np.full(10**7, 0.1, np.float32)
    once = Fraction(float(np.float32(0.1)))
    is_exactly(product(np.ones_like(tenths), tenths, reduction="sum"), 10**7 * once, 1e-14)
    is_exactly(product(np.ones_like(tenths), tenths), once, 1e-14)
    is_exactly(WeightedMean.from_values(tenths).total, 10**7 * once, 1e-12)
    is_exactly(Moments.from_values(tenths, 0*tenths).absolute_error, 10**7 * once, 1e-14)


# ---- masks and labels in narrow integers


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_twenty_by_twenty_ones_overlap_in_400_pixels(dtype):
    mask = np.ones((20, 20), dtype)
    assert ConfusionMatrix.from_labels(mask, mask).tp[1] == 400
    assert METRICS["dice_score"](mask, mask) == METRICS["iou_score"](mask, mask) == 1
    assert LOSSES["dice_loss"](mask, mask, smooth=0.0) == 0
    assert product(mask, mask, reduction="sum") == 400


def test_masks_of_0_and_255_are_no_probabilities_but_may_be_labels():
    mask = np.array([[0, 255], [255, 255]], np.uint8)
    assert (mask*mask)[0, 1] == 1
    assert product(mask, mask, reduction="sum") == 3 * 65025
    assert METRICS["dice_score"](mask, mask) == 1 and ConfusionMatrix.from_labels(mask, mask).labels.tolist() == [0, 255]
    with pytest.raises(ValueError, match=r"y_true holds 255 at \[0, 1\]"):
        LOSSES["dice_loss"](mask, mask / 255)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64"])
def test_three_less_five_is_two_away(dtype):
    three, five = np.array(3, dtype), np.array(5, dtype)
    assert square(three, five) == square(five, three) == 4
    assert Moments.from_values([three], [five]).absolute_error == 2
    assert LOSSES["squared_error"].grad(five, three) == -4


def test_label_20_of_21_in_uint8_is_counted_in_its_own_cell():
    label = np.array([20], np.uint8)
    counts = ConfusionMatrix.from_labels(label, label, labels=21).counts
    assert counts[20, 20] == 1 == counts.sum() and label*21 + label == 184


@pytest.mark.parametrize("dtype", ["int32", "uint32"])
def test_the_square_of_1e5_in_32_bits_is_1e10(dtype):
    assert square(np.array([0], dtype), np.array([100_000], dtype)) == 10**10
    assert product(np.array(50_000, dtype), np.array(50_000, dtype)) == 2_500_000_000
    assert Moments.from_values(np.array([0], dtype), np.array([100_000], dtype)).squared_error == 10**10


def test_the_square_of_300_in_float16_is_90_000():
    assert square(np.float16(0), np.float16(300)) == Moments.from_values(np.float16([0]), np.float16([300])).squared_error == 90_000


def test_booleans_are_numbers():
    yes, no = np.ones(3, bool), np.zeros(3, bool)
    assert square(no, yes) == square(yes, no) == 1 and product(yes, yes, reduction="sum") == 3
    assert ConfusionMatrix.from_labels(yes, no).counts.tolist() == [[0, 0], [3, 0]]
    assert Moments.from_values(yes, no).squared_error == 3


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS, "bool"])
def test_a_dtype_changes_no_number(dtype):
    y_true, y_pred = np.array([0, 1, 1, 0], dtype), np.array([1, 1, 0, 0], dtype)
    assert square(y_true, y_pred) == 0.5 and METRICS["dice_score"](y_true, y_pred) == 0.5
    assert LOSSES["dice_loss"](y_true[None], y_pred[None], over="all") == 1 - 3/5
    assert ConfusionMatrix.from_labels(y_true, y_pred).counts.dtype == np.int64


# ---- NaN is an error, not a class


@pytest.mark.parametrize("call", [
    lambda: square([0.0], [np.nan]),
    lambda: LOSSES["dice_loss"]([[0, 1]], [[0.5, np.nan]]),
    lambda: METRICS["dice_score"]([0, 1], [0, np.nan]),
    lambda: ConfusionMatrix.from_labels([0, 1], [0, np.nan], labels=2),
    lambda: Moments.from_values([0.0], [np.nan]),
], ids=["loss", "probability", "metric", "label", "moments"])
def test_nan_is_named_not_counted(call):
    with pytest.raises(ValueError, match="y_(pred|proba) holds .*[nN]a[nN]"):
        call()

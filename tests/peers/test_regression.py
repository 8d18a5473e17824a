"""Scores of regression: one row for each choice that libraries make differently.

Our value, by the argument that gives it, against the number each library was measured to give; then against the
library itself, where it is installed. A number that is plainly wrong is not ours by any argument: `WRONG` has it
beside the exact one. Further chapters add rows.
"""
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from lossbook.regression.huber import huber_loss, log_cosh_loss, smooth_l1_loss
from lossbook.regression.r2 import adjusted_r2_score, explained_variance_score, r2_score
from lossbook.regression.rmse import absolute_percentage_error, root_mean_squared_error, squared_log_error, symmetric_absolute_percentage_error
from lossbook.regression.squared_error import squared_error
from tests.peers.rows import Row, agree_with_published, agree_with_sklearn, rows_of

pytestmark = pytest.mark.filterwarnings("ignore")  # libraries warn where they divide zero by zero

NAN, INF = float("nan"), float("inf")
FOUR = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])
TWO_OUTPUTS = np.array([[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]]), np.array([[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]])
CONSTANT_MET = np.full(3, 2.0), np.full(3, 2.0)
CONSTANT_MISSED = np.full(3, 2.0), np.array([2.0, 2.0, 3.0])
ONE_COLUMN_CONSTANT = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]), np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 5.0]])
WEIGHT = np.array([1.0, 2.0, 3.0, 4.0])
THREE_AND_FIVE = np.zeros((2, 2)), np.array([[3.0, 1.0], [3.0, 7.0]])  # the RMSE of each output
RAINY = np.array([0.0]), np.array([0.5])
SHORT = np.array([2.0]), np.array([1.5])
MINUS_ONE = np.array([-1.0]), np.array([0.5])
COUNTS = np.array([3.0, 5.0, 2.5, 7.0]), np.array([2.5, 5.0, 4.0, 8.0])
TOO_FEW, FORESEEN = (np.array([100.0]), np.array([50.0])), (np.array([0.0]), np.array([0.0]))
NEAR_AND_FAR = np.array([0.0, 0.0]), np.array([0.5, 2.0])
WILD = np.array([0.0]), np.array([1000.0])


class Wrong(NamedTuple):
    name: str
    ours: Callable
    exact: float
    published: float  # what the libraries gave when they were measured
    torchmetrics: Callable | None = None
    keras: Callable | None = None


class LossRow(NamedTuple):
    name: str
    ours: Callable
    published: list  # one number an example
    data: tuple  # truth and prediction
    torch: Callable | None = None  # of `torch.nn.functional`, and of what it takes, the prediction first
    keras: Callable | None = None  # of `keras.losses`, and of what it takes, the truth first
    optax: Callable | None = None  # of `optax`, and of what it takes, the prediction first

    agrees_with = Row.agrees_with


def far_from_zero(offset, dtype=np.float32):
    "A thousand numbers about an offset, and noisy copies of them."
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=1000) + offset
    return y_true.astype(dtype), (y_true + 0.5 * rng.normal(size=1000)).astype(dtype)


def four_points(offset, dtype):
    "Four numbers about an offset whose R2 is 4/5."
    return tuple((offset + np.array(y)).astype(dtype) for y in ([0, 1, 2, 3], [0, 1, 2, 4]))


def by_formula(n, p):
    "What the formula of adjusted R2 says of `FOUR`, where it has no meaning too."
    with np.errstate(divide="ignore"):
        return 1 - (1 - r2_score(*FOUR)) * np.divide(n - 1, n - p - 1)


ROWS = [
    Row("R2", lambda: r2_score(*FOUR), 0.9486,
        lambda m: m.r2_score(*FOUR), lambda m, on: m.r2_score(*on(FOUR)), lambda m, of: of(m.R2Score(), FOUR)),
    Row("R2, constant truth met, as 1", lambda: r2_score(*CONSTANT_MET, undefined=1), 1,
        lambda m: m.r2_score(*CONSTANT_MET), lambda m, on: m.r2_score(*on(CONSTANT_MET))),
    Row("R2, constant truth met", lambda: r2_score(*CONSTANT_MET), NAN,
        lambda m: m.r2_score(*CONSTANT_MET, force_finite=False), keras=lambda m, of: of(m.R2Score(), CONSTANT_MET)),
    Row("R2, constant truth missed, as 0", lambda: r2_score(*CONSTANT_MISSED, missed=0), 0,
        lambda m: m.r2_score(*CONSTANT_MISSED), lambda m, on: m.r2_score(*on(CONSTANT_MISSED)),
        lambda m, of: of(m.R2Score(), CONSTANT_MISSED)),
    Row("R2, constant truth missed", lambda: r2_score(*CONSTANT_MISSED), -INF,
        lambda m: m.r2_score(*CONSTANT_MISSED, force_finite=False)),
    Row("R2, one row met", lambda: r2_score([2.0], [2.0]), NAN,
        lambda m: m.r2_score([2.0], [2.0]), keras=lambda m, of: of(m.R2Score(), ([2.0], [2.0]))),
    Row("R2, one row missed, as 0", lambda: r2_score([2.0], [3.0], missed=0), 0,
        keras=lambda m, of: of(m.R2Score(), ([2.0], [3.0]))),
    Row("R2, one row missed, as NaN", lambda: r2_score([2.0], [3.0], missed=NAN), NAN,
        lambda m: m.r2_score([2.0], [3.0])),
    Row("R2, mean over outputs", lambda: r2_score(*TWO_OUTPUTS), 0.9368,
        lambda m: m.r2_score(*TWO_OUTPUTS), lambda m, on: m.r2_score(*on(TWO_OUTPUTS)),
        lambda m, of: of(m.R2Score(), TWO_OUTPUTS)),
    Row("R2, outputs weighted by variance", lambda: r2_score(*TWO_OUTPUTS, multioutput="variance_weighted"), 0.9383,
        lambda m: m.r2_score(*TWO_OUTPUTS, multioutput="variance_weighted"),
        lambda m, on: m.r2_score(*on(TWO_OUTPUTS), multioutput="variance_weighted"),
        lambda m, of: of(m.R2Score(class_aggregation="variance_weighted_average"), TWO_OUTPUTS)),
    Row("R2, output by output", lambda: r2_score(*TWO_OUTPUTS, multioutput="raw_values"), [0.96544, 0.90816],
        lambda m: m.r2_score(*TWO_OUTPUTS, multioutput="raw_values"),
        lambda m, on: m.r2_score(*on(TWO_OUTPUTS), multioutput="raw_values"),
        lambda m, of: of(m.R2Score(class_aggregation=None), TWO_OUTPUTS)),
    Row("R2, all in one pot, a constant output missed", lambda: r2_score(*ONE_COLUMN_CONSTANT, multioutput="variance_weighted"), 0.5),
    Row("R2, weights", lambda: r2_score(*FOUR, sample_weight=WEIGHT), 0.94596,
        lambda m: m.r2_score(*FOUR, sample_weight=WEIGHT), keras=lambda m, of: of(m.R2Score(), FOUR, WEIGHT)),
    Row("R2 in float32, mean 1e4", lambda: r2_score(*far_from_zero(1e4)), 0.7259,
        lambda m: m.r2_score(*(y.astype(float) for y in far_from_zero(1e4)))),
    Row("adjusted R2, one column", lambda: adjusted_r2_score(*FOUR, parameters=1), 0.9229,
        torchmetrics=lambda m, on: m.r2_score(*on(FOUR), adjusted=1),
        keras=lambda m, of: of(m.R2Score(num_regressors=1), FOUR)),
    Row("adjusted R2, two columns", lambda: adjusted_r2_score(*FOUR, parameters=2), 0.8458,
        torchmetrics=lambda m, on: m.r2_score(*on(FOUR), adjusted=2),
        keras=lambda m, of: of(m.R2Score(num_regressors=2), FOUR)),
    Row("adjusted R2, no column", lambda: adjusted_r2_score(*FOUR, parameters=0), 0.9486,
        torchmetrics=lambda m, on: m.r2_score(*on(FOUR)), keras=lambda m, of: of(m.R2Score(), FOUR)),
    Row("adjusted R2, weights that count rows", lambda: adjusted_r2_score(*FOUR, parameters=1, sample_weight=WEIGHT), 0.9392),
    Row("adjusted R2, rows counted, whatever they weigh",
        lambda: adjusted_r2_score(*FOUR, parameters=1, sample_weight=WEIGHT / WEIGHT.mean()), 0.91894,
        keras=lambda m, of: of(m.R2Score(num_regressors=1), FOUR, WEIGHT)),
    Row("explained variance", lambda: explained_variance_score(*FOUR), 0.9572,
        lambda m: m.explained_variance_score(*FOUR), lambda m, on: m.explained_variance(*on(FOUR))),
    Row("RMSE, mean of the roots of outputs", lambda: root_mean_squared_error(*THREE_AND_FIVE), 4,
        lambda m: m.root_mean_squared_error(*THREE_AND_FIVE)),
    Row("RMSE, root of the mean of outputs", lambda: root_mean_squared_error(*THREE_AND_FIVE, multioutput="pooled"), 4.1231,
        torchmetrics=lambda m, on: m.mean_squared_error(*on(THREE_AND_FIVE), squared=False),
        keras=lambda m, of: of(m.RootMeanSquaredError(), THREE_AND_FIVE)),
    Row("RMSE, output by output", lambda: root_mean_squared_error(*THREE_AND_FIVE, multioutput="raw_values"), [3, 5],
        lambda m: m.root_mean_squared_error(*THREE_AND_FIVE, multioutput="raw_values"),
        lambda m, on: m.mean_squared_error(*on(THREE_AND_FIVE), squared=False, num_outputs=2)),
    Row("percentage error as a fraction", lambda: absolute_percentage_error(*SHORT), 0.25,
        lambda m: m.mean_absolute_percentage_error(*SHORT), lambda m, on: m.mean_absolute_percentage_error(*on(SHORT))),
    Row("percentage error in percent", lambda: (100 * absolute_percentage_error)(*SHORT), 25,
        keras=lambda m, of: of(m.MeanAbsolutePercentageError(), SHORT)),
    Row("percentage error of 0, eps of scikit-learn", lambda: absolute_percentage_error(*RAINY, eps=np.finfo(float).eps), 2251799813685248,
        lambda m: m.mean_absolute_percentage_error(*RAINY)),
    Row("percentage error of 0, eps of torchmetrics", lambda: absolute_percentage_error(*RAINY, eps=1.17e-6), 427350.42735,
        torchmetrics=lambda m, on: m.mean_absolute_percentage_error(*on(RAINY))),
    Row("percentage error of 0, eps of Keras, in percent", lambda: (100 * absolute_percentage_error)(*RAINY, eps=1e-7), 5e8,
        keras=lambda m, of: of(m.MeanAbsolutePercentageError(), RAINY)),
    Row("squared log error", lambda: squared_log_error(*COUNTS), 0.03973,
        lambda m: m.mean_squared_log_error(*COUNTS), lambda m, on: m.mean_squared_log_error(*on(COUNTS)),
        lambda m, of: of(m.MeanSquaredLogarithmicError(), COUNTS)),
    Row("symmetric percentage error, 0 to 2", lambda: symmetric_absolute_percentage_error(*TOO_FEW), 0.66667,
        torchmetrics=lambda m, on: m.symmetric_mean_absolute_percentage_error(*on(TOO_FEW))),
    Row("symmetric percentage error, 0 to 1", lambda: (0.5 * symmetric_absolute_percentage_error)(*TOO_FEW), 0.33333),
    Row("symmetric percentage error of 0 and 0", lambda: symmetric_absolute_percentage_error(*FORESEEN), 0,
        torchmetrics=lambda m, on: m.symmetric_mean_absolute_percentage_error(*on(FORESEEN))),
    Row("symmetric percentage error of 0 and 0, undefined", lambda: symmetric_absolute_percentage_error(*FORESEEN, undefined=NAN), NAN),
]

LOSS_ROWS = [
    LossRow("Huber, delta 0.5", lambda: huber_loss(*NEAR_AND_FAR, delta=0.5, reduction="none"), [0.125, 0.875], NEAR_AND_FAR,
            lambda f, data: f.huber_loss(*data, delta=0.5, reduction="none"),
            lambda losses, data: losses.huber(*data, delta=0.5),
            lambda optax, data: optax.huber_loss(*data, delta=0.5)),
    LossRow("smooth L1, beta 0.5", lambda: smooth_l1_loss(*NEAR_AND_FAR, beta=0.5, reduction="none"), [0.25, 1.75], NEAR_AND_FAR,
            lambda f, data: f.smooth_l1_loss(*data, beta=0.5, reduction="none")),
    LossRow("smooth L1 is Huber over beta", lambda: (2 * huber_loss)(*NEAR_AND_FAR, delta=0.5, reduction="none"), [0.25, 1.75], NEAR_AND_FAR,
            lambda f, data: f.smooth_l1_loss(*data, beta=0.5, reduction="none")),
    LossRow("smooth L1, beta 0", lambda: smooth_l1_loss(*NEAR_AND_FAR, beta=0, reduction="none"), [0.5, 2], NEAR_AND_FAR,
            lambda f, data: f.smooth_l1_loss(*data, beta=0.0, reduction="none")),
    LossRow("log-cosh of 1000", lambda: log_cosh_loss(*WILD, reduction="none"), [999.30685], WILD,
            keras=lambda losses, data: losses.log_cosh(*data), optax=lambda optax, data: optax.log_cosh(*data)),
    LossRow("half the square", lambda: (0.5 * squared_error)(*NEAR_AND_FAR, reduction="none"), [0.125, 2], NEAR_AND_FAR,
            optax=lambda optax, data: optax.l2_loss(*data)),
    LossRow("the square, all of it", lambda: squared_error(*NEAR_AND_FAR, reduction="none"), [0.25, 4], NEAR_AND_FAR,
            lambda f, data: f.mse_loss(*data, reduction="none"),
            lambda losses, data: losses.mean_squared_error(*data),
            lambda optax, data: optax.squared_error(*data)),
]

WRONG = [
    Wrong("R2 in float32, mean 1e4", lambda: r2_score(*far_from_zero(1e4)), 0.7259, 1.0106,
          lambda m, on: m.r2_score(*on(far_from_zero(1e4))), lambda m, of: of(m.R2Score(), far_from_zero(1e4))),
    Wrong("R2 in float32, mean 1e3", lambda: r2_score(*far_from_zero(1e3)), 0.7259, 0.7081,
          lambda m, on: m.r2_score(*on(far_from_zero(1e3))), lambda m, of: of(m.R2Score(), far_from_zero(1e3))),
    Wrong("explained variance in float32, mean 1e4", lambda: explained_variance_score(*far_from_zero(1e4)), 0.7259, 1.0109,
          lambda m, on: m.explained_variance(*on(far_from_zero(1e4)))),
    Wrong("R2 of four points at 1e9", lambda: r2_score(*four_points(1e9, float)), 0.8, 0.0,
          lambda m, on: m.r2_score(*on(four_points(1e9, float)))),
    Wrong("R2 of four points at 1e4 in float32", lambda: r2_score(*four_points(1e4, np.float32)), 0.8, 0.0,
          lambda m, on: m.r2_score(*on(four_points(1e4, np.float32))), lambda m, of: of(m.R2Score(), four_points(1e4, np.float32))),
    Wrong("log-cosh of 1000", lambda: log_cosh_loss(*WILD), 999.30685, INF, lambda m, on: m.log_cosh_error(*on(WILD))),
]


def torchmetrics():
    "The functions of torchmetrics, and what turns truth and prediction into its arguments."
    torch = pytest.importorskip("torch")
    return pytest.importorskip("torchmetrics.functional"), lambda data: [torch.tensor(np.asarray(y)) for y in data[::-1]]


def keras():
    "The metrics of Keras, and what hands truth and prediction to one."
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    metrics = pytest.importorskip("keras").metrics

    def result(metric, data, weight=None):
        y_true, y_pred = (np.asarray(y, np.float32).reshape(len(y), -1) for y in data)
        metric.update_state(y_true, y_pred, sample_weight=weight)
        return np.asarray(metric.result())

    return metrics, result


test_ours_is_the_published_value = agree_with_published(ROWS + LOSS_ROWS)
test_scikit_learn = agree_with_sklearn(ROWS)


@rows_of(ROWS, "torchmetrics")
def test_torchmetrics(row):
    row.agrees_with(row.torchmetrics(*torchmetrics()))


@rows_of(ROWS, "keras")
def test_keras(row):
    row.agrees_with(row.keras(*keras()))


@rows_of(LOSS_ROWS, "torch")
def test_torch(row):
    torch = pytest.importorskip("torch")
    row.agrees_with(row.torch(torch.nn.functional, [torch.tensor(y) for y in row.data[::-1]]))


@rows_of(LOSS_ROWS, "keras")
def test_losses_of_keras(row):
    keras()
    theirs = row.keras(pytest.importorskip("keras").losses, [y[:, None].astype(np.float32) for y in row.data])
    row.agrees_with(np.asarray(theirs))


@rows_of(LOSS_ROWS, "optax")
def test_optax(row):
    jax = pytest.importorskip("jax")
    row.agrees_with(row.optax(pytest.importorskip("optax"), [jax.numpy.asarray(y) for y in row.data[::-1]]))


@pytest.mark.parametrize("row", WRONG, ids=[row.name for row in WRONG])
def test_ours_is_exact_where_others_are_wrong(row):
    np.testing.assert_allclose(row.ours(), row.exact, rtol=0, atol=5e-5)
    assert abs(row.exact - row.published) > 0.01


@rows_of(WRONG, "torchmetrics")
def test_torchmetrics_is_wrong_as_published(row):
    np.testing.assert_allclose(row.torchmetrics(*torchmetrics()), row.published, rtol=0, atol=5e-5)


@rows_of(WRONG, "keras")
def test_keras_is_wrong_as_published(row):
    np.testing.assert_allclose(row.keras(*keras()), row.published, rtol=0, atol=5e-5)


# ---- R2 and adjusted R2 where they have no value


@pytest.mark.parametrize("parameters, formula", [(3, -INF), (4, 1.1542)])
def test_too_many_columns_are_refused(parameters, formula):
    np.testing.assert_allclose(by_formula(4, parameters), formula, atol=5e-5)
    with pytest.raises(ValueError, match=f"parameters is {parameters} and n is 4: it must be 0 or more, and below n - 1"):
        adjusted_r2_score(*FOUR, parameters=parameters)


@pytest.mark.parametrize("parameters", [3, 4])
def test_torchmetrics_returns_plain_r2_for_too_many_columns(parameters):
    metrics, on = torchmetrics()
    np.testing.assert_allclose(metrics.r2_score(*on(FOUR), adjusted=parameters), r2_score(*FOUR), rtol=1e-6)


@pytest.mark.parametrize("parameters", [3, 4])
def test_keras_returns_plain_r2_for_too_many_columns(parameters):
    metrics, of = keras()
    np.testing.assert_allclose(of(metrics.R2Score(num_regressors=parameters), FOUR), r2_score(*FOUR), rtol=1e-6)


def test_torchmetrics_refuses_one_row():
    metrics, on = torchmetrics()
    with pytest.raises(ValueError, match="at least two samples"):
        metrics.r2_score(*on(([2.0], [3.0])))


def test_scikit_learn_leaves_a_constant_output_out_of_the_weighted_mean():
    metrics = pytest.importorskip("sklearn.metrics")
    assert metrics.r2_score(*ONE_COLUMN_CONSTANT, multioutput="variance_weighted") == 1


# ---- thresholds of nothing


def test_a_largest_push_of_zero_is_refused():
    with pytest.raises(ValueError, match="delta is 0: it must be above 0"):
        huber_loss(*NEAR_AND_FAR, delta=0)


def test_torch_refuses_a_largest_push_of_zero():
    torch = pytest.importorskip("torch")
    with pytest.raises((ValueError, RuntimeError), match="delta"):
        torch.nn.functional.huber_loss(*(torch.tensor(y) for y in NEAR_AND_FAR), delta=0.0)


# ---- percentages of zero and logarithms of nothing


def test_a_share_of_zero_is_refused():
    with pytest.raises(ValueError, match="y_true holds 0, and no error is a share of 0"):
        absolute_percentage_error(*RAINY)


@pytest.mark.parametrize("y_pred", [0.5, -2.0])
def test_a_logarithm_of_nothing_is_refused(y_pred):
    with pytest.raises(ValueError, match="y_true holds -1: the logarithm of 1 . y needs values above -1"):
        squared_log_error([-1.0], [y_pred])


def test_scikit_learn_refuses_a_logarithm_of_nothing():
    with pytest.raises(ValueError, match="Logarithmic Error cannot be used"):
        pytest.importorskip("sklearn.metrics").mean_squared_log_error(*MINUS_ONE)


def test_torchmetrics_gives_infinity_for_a_logarithm_of_nothing():
    metrics, on = torchmetrics()
    assert metrics.mean_squared_log_error(*on(MINUS_ONE)) == INF


@pytest.mark.parametrize("y_pred, published", [(0.5, 0.1644), (-2.0, 0)])
def test_keras_clips_what_is_below_zero(y_pred, published):
    metrics, of = keras()
    np.testing.assert_allclose(of(metrics.MeanSquaredLogarithmicError(), ([-1.0], [y_pred])), published, atol=5e-5)


# ---- outputs, weights and batches


@pytest.mark.parametrize("multioutput", ["uniform_average", "raw_values", "variance_weighted"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("offset", [0, -1e3])
def test_outputs_and_weights_of_scikit_learn(multioutput, weighted, offset):
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(0)
    y_true = offset + rng.normal([0, 10, -3], [1, 5, 0.1], (500, 3))
    y_pred = y_true + rng.normal(0.1, [0.5, 4, 0.2], (500, 3))
    options = {"multioutput": multioutput, "sample_weight": rng.random(500) if weighted else None}
    for ours in (r2_score, explained_variance_score):
        theirs = getattr(metrics, ours.__name__)(y_true, y_pred, **options)
        np.testing.assert_allclose(ours(y_true, y_pred, **options), theirs, rtol=1e-12 if offset == 0 else 1e-10)


@pytest.mark.parametrize("parts", [2, 7, 100])
@pytest.mark.parametrize("offset, dtype", [(0, float), (1e9, float), (1e4, np.float32)])
def test_batches_add_up_to_one_pass(parts, offset, dtype):
    y_true, y_pred = far_from_zero(offset, dtype)
    split = zip(np.array_split(y_true, parts), np.array_split(y_pred, parts))
    moments = sum(r2_score.summary(*batch) for batch in split)
    for score, options in ((r2_score, {}), (explained_variance_score, {}), (adjusted_r2_score, {"parameters": 5})):
        np.testing.assert_allclose(score.of(moments, **options), score(y_true, y_pred, **options), rtol=1e-12)

"Scores of regression: the choices that libraries make differently, and the libraries themselves on random data."
from functools import partial

import numpy as np
import pytest

from lossbook.regression.absolute_error import absolute_error
from lossbook.regression.huber import huber_loss, log_cosh_loss, smooth_l1_loss
from lossbook.regression.r2 import adjusted_r2_score, explained_variance_score, r2_score
from lossbook.regression.rmse import absolute_percentage_error, root_mean_squared_error, squared_log_error, symmetric_absolute_percentage_error
from lossbook.regression.squared_error import squared_error
from tests.peers.rows import agree, ask, case, row

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
LIST_AND_COLUMN = np.arange(1.0, 5), np.arange(1.0, 5)[:, None]


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


# ---- how others are asked


def sk(name, data, **options):
    return getattr(ask.sklearn, name)(*data, **options)


def tm(name, data, **options):
    return getattr(ask.torchmetrics, name)(*data[::-1], **options)


def keras(name, data, weight=None, **options):
    columns = [np.asarray(y, np.float32).reshape(len(y), -1) for y in data]
    weights = {} if weight is None else {"sample_weight": weight}
    return getattr(ask.keras.metrics, name)(**options)(*columns, **weights)


def torch(name, data, **options):
    return getattr(ask.torch, name)(*data[::-1], reduction="none", **options)


def keras_loss(name, data, **options):
    return getattr(ask.keras.losses, name)(*(y[:, None].astype(np.float32) for y in data), **options)


def optax(name, data, **options):
    return getattr(ask.optax, name)(*data[::-1], **options)


def all_r2(data, **options):
    return sk("r2_score", data, **options), tm("r2_score", data, **options)



def mape(data, **options):
    return partial(absolute_percentage_error, *data, **options)


WILD_FLOATS = far_from_zero(1e4), far_from_zero(1e3)
CASES = [
    case("squared error, or half of it", "optax's `l2_loss` halves the square so that its slope is the error.",
         row("the square", partial(squared_error, *NEAR_AND_FAR, reduction="none"), [0.25, 4], torch("mse_loss", NEAR_AND_FAR),
             keras_loss("mean_squared_error", NEAR_AND_FAR), optax("squared_error", NEAR_AND_FAR)),
         row("half the square", partial(0.5 * squared_error, *NEAR_AND_FAR, reduction="none"), [0.125, 2], optax("l2_loss", NEAR_AND_FAR))),
    case("four values against a column of the same", "Shapes (4,) and (4, 1): a list and a column, or all sixteen pairs.",
         row("refused", partial(squared_error, *LIST_AND_COLUMN), "y_true has shape (4,) and y_pred (4, 1)",
             ask.torchmetrics.mean_squared_error(*LIST_AND_COLUMN[::-1]), optax("squared_error", LIST_AND_COLUMN), gives=""),
         row("sixteen pairs, with a warning", partial(squared_error, *LIST_AND_COLUMN), "y_true has shape (4,) and y_pred (4, 1)",
             ask.torch.mse_loss(*LIST_AND_COLUMN[::-1]), gives=2.5, wrong=True),
         row("sixteen absolute errors, with a warning", partial(absolute_error, *LIST_AND_COLUMN), "y_true has shape (4,) and y_pred (4, 1)",
             ask.torch.l1_loss(*LIST_AND_COLUMN[::-1]), gives=1.25, wrong=True),
         row("sixteen Huber losses, with a warning", partial(huber_loss, *LIST_AND_COLUMN), "y_true has shape (4,) and y_pred (4, 1)",
             ask.torch.huber_loss(*LIST_AND_COLUMN[::-1]), gives=0.875, wrong=True),
         row("a list and a column", partial(squared_error, *LIST_AND_COLUMN), "y_true has shape (4,) and y_pred (4, 1)",
             sk("mean_squared_error", LIST_AND_COLUMN), ask.keras.losses.MeanSquaredError()(*LIST_AND_COLUMN), gives=0)),
    case("Huber and smooth L1", "Smooth L1 is Huber over its threshold.",
         row("Huber", partial(huber_loss, *NEAR_AND_FAR, delta=0.5, reduction="none"), [0.125, 0.875], torch("huber_loss", NEAR_AND_FAR, delta=0.5),
             keras_loss("huber", NEAR_AND_FAR, delta=0.5), optax("huber_loss", NEAR_AND_FAR, delta=0.5)),
         row("smooth L1", partial(smooth_l1_loss, *NEAR_AND_FAR, beta=0.5, reduction="none"), [0.25, 1.75], torch("smooth_l1_loss", NEAR_AND_FAR, beta=0.5)),
         row("smooth L1, as a multiple of Huber", partial(2 * huber_loss, *NEAR_AND_FAR, delta=0.5, reduction="none"), [0.25, 1.75],
             torch("smooth_l1_loss", NEAR_AND_FAR, beta=0.5))),
    case("a threshold of 0", "Smooth L1 becomes the absolute error; Huber becomes nothing at all.",
         row("smooth L1", partial(smooth_l1_loss, *NEAR_AND_FAR, beta=0, reduction="none"), [0.5, 2], torch("smooth_l1_loss", NEAR_AND_FAR, beta=0.0)),
         row("Huber", partial(huber_loss, *NEAR_AND_FAR, delta=0), "delta is 0: it must be above 0", torch("huber_loss", NEAR_AND_FAR, delta=0.0), gives="delta")),
    case("log-cosh of a large error", "The hyperbolic cosine of 1000 is no float.",
         row("without it", partial(log_cosh_loss, *WILD, reduction="none"), [999.30685], keras_loss("log_cosh", WILD), optax("log_cosh", WILD)),
         row("overflow", partial(log_cosh_loss, *WILD, reduction="none"), [999.30685], tm("log_cosh_error", WILD), gives=INF, wrong=True)),
    case("RMSE of two outputs", "Errors 3, 3 and 1, 7: roots 3 and 5.",
         row("mean of the roots", partial(root_mean_squared_error, *THREE_AND_FIVE), 4, sk("root_mean_squared_error", THREE_AND_FIVE)),
         row("root of the mean", partial(root_mean_squared_error, *THREE_AND_FIVE, multioutput="pooled"), 4.1231,
             tm("mean_squared_error", THREE_AND_FIVE, squared=False), keras("RootMeanSquaredError", THREE_AND_FIVE)),
         row("each", partial(root_mean_squared_error, *THREE_AND_FIVE, multioutput="raw_values"), [3, 5],
             sk("root_mean_squared_error", THREE_AND_FIVE, multioutput="raw_values"), tm("mean_squared_error", THREE_AND_FIVE, squared=False, num_outputs=2))),
    case("percentage error", "A fraction, or percent.",
         row("a fraction", mape(SHORT), 0.25, sk("mean_absolute_percentage_error", SHORT), tm("mean_absolute_percentage_error", SHORT)),
         row("percent", partial(100 * absolute_percentage_error, *SHORT), 25, keras("MeanAbsolutePercentageError", SHORT))),
    case("percentage error of a truth of 0", "No error is a share of 0. Others divide by a small number, each by its own.",
         row("refused", mape(RAINY), "y_true holds 0, and no error is a share of 0"),
         row("over 2.2e-16", mape(RAINY, eps=np.finfo(float).eps), 2251799813685248, sk("mean_absolute_percentage_error", RAINY)),
         row("over 1.17e-6", mape(RAINY, eps=1.17e-6), 427350.42735, tm("mean_absolute_percentage_error", RAINY)),
         row("over 1e-7, in percent", partial(100 * absolute_percentage_error, *RAINY, eps=1e-7), 5e8, keras("MeanAbsolutePercentageError", RAINY))),
    case("symmetric percentage error", "Twice the distance over the sum, or half of that.",
         row("from 0 to 2", partial(symmetric_absolute_percentage_error, *TOO_FEW), 0.66667, tm("symmetric_mean_absolute_percentage_error", TOO_FEW)),
         row("from 0 to 1", partial(0.5 * symmetric_absolute_percentage_error, *TOO_FEW), 0.33333),
         row("0 foreseen as 0", partial(symmetric_absolute_percentage_error, *FORESEEN), 0, tm("symmetric_mean_absolute_percentage_error", FORESEEN)),
         row("0 foreseen as 0, no value", partial(symmetric_absolute_percentage_error, *FORESEEN, undefined=NAN), NAN)),
    case("squared log error", "All agree while the truth is above -1.",
         row("the mean", partial(squared_log_error, *COUNTS), 0.03973, sk("mean_squared_log_error", COUNTS), tm("mean_squared_log_error", COUNTS),
             keras("MeanSquaredLogarithmicError", COUNTS))),
    case("squared log error of -1", "It has the logarithm of 0.",
         row("refused", partial(squared_log_error, *MINUS_ONE), "y_true holds -1: the logarithm", sk("mean_squared_log_error", MINUS_ONE), gives="Logarithmic Error cannot be used"),
         row("infinite", partial(squared_log_error, *MINUS_ONE), "y_true holds -1: the logarithm", tm("mean_squared_log_error", MINUS_ONE), gives=INF),
         row("cut off at 1e-7, silently", partial(squared_log_error, *MINUS_ONE), "y_true holds -1: the logarithm",
             keras("MeanSquaredLogarithmicError", MINUS_ONE), gives=0.1644, wrong=True)),
    case("R2", "All agree where the truth varies.",
         row("one output", partial(r2_score, *FOUR), 0.9486, *all_r2(FOUR), keras("R2Score", FOUR)),
         row("weights", partial(r2_score, *FOUR, sample_weight=WEIGHT), 0.94596, sk("r2_score", FOUR, sample_weight=WEIGHT), keras("R2Score", FOUR, WEIGHT)),
         row("explained variance, blind to a shift", partial(explained_variance_score, *FOUR), 0.9572, sk("explained_variance_score", FOUR), tm("explained_variance", FOUR))),
    case("R2, the truth never varies and is met", "0/0.",
         row("1", partial(r2_score, *CONSTANT_MET, undefined=1), 1, *all_r2(CONSTANT_MET)),
         row("no value", partial(r2_score, *CONSTANT_MET), NAN, sk("r2_score", CONSTANT_MET, force_finite=False), keras("R2Score", CONSTANT_MET))),
    case("R2, the truth never varies and is missed", "An error over 0.",
         row("0", partial(r2_score, *CONSTANT_MISSED, missed=0), 0, *all_r2(CONSTANT_MISSED), keras("R2Score", CONSTANT_MISSED)),
         row("minus infinity", partial(r2_score, *CONSTANT_MISSED), -INF, sk("r2_score", CONSTANT_MISSED, force_finite=False))),
    case("R2 of one row", "One row has no variance.",
         row("met: no value", partial(r2_score, [2.0], [2.0]), NAN, sk("r2_score", ([2.0], [2.0])), keras("R2Score", ([2.0], [2.0]))),
         row("missed: 0", partial(r2_score, [2.0], [3.0], missed=0), 0, keras("R2Score", ([2.0], [3.0]))),
         row("missed: no value", partial(r2_score, [2.0], [3.0], missed=NAN), NAN, sk("r2_score", ([2.0], [3.0]))),
         row("refused", partial(r2_score, [2.0], [3.0]), -INF, tm("r2_score", ([2.0], [3.0])), gives="at least two samples")),
    case("R2 of two outputs", "A mean over outputs, or one ratio of sums.",
         row("mean over outputs", partial(r2_score, *TWO_OUTPUTS), 0.9368, *all_r2(TWO_OUTPUTS), keras("R2Score", TWO_OUTPUTS)),
         row("weighted by variance", partial(r2_score, *TWO_OUTPUTS, multioutput="variance_weighted"), 0.9383,
             *all_r2(TWO_OUTPUTS, multioutput="variance_weighted"), keras("R2Score", TWO_OUTPUTS, class_aggregation="variance_weighted_average")),
         row("each", partial(r2_score, *TWO_OUTPUTS, multioutput="raw_values"), [0.96544, 0.90816],
             *all_r2(TWO_OUTPUTS, multioutput="raw_values"), keras("R2Score", TWO_OUTPUTS, class_aggregation=None))),
    case("R2 weighted by variance, one output constant and missed", "Its error counts, or it is left out.",
         row("its error counts", partial(r2_score, *ONE_COLUMN_CONSTANT, multioutput="variance_weighted"), 0.5),
         row("left out", partial(r2_score, *ONE_COLUMN_CONSTANT, multioutput="variance_weighted"), 0.5,
             sk("r2_score", ONE_COLUMN_CONSTANT, multioutput="variance_weighted"), gives=1, wrong=True)),
    case("adjusted R2", "Four rows and some columns.",
         *(row(words, partial(adjusted_r2_score, *FOUR, parameters=p), value, tm("r2_score", FOUR, adjusted=p), keras("R2Score", FOUR, num_regressors=p))
           for p, words, value in [(0, "no column: R2 itself", 0.9486), (1, "one column", 0.9229), (2, "two columns", 0.8458)]),
         row("weights that count rows", partial(adjusted_r2_score, *FOUR, parameters=1, sample_weight=WEIGHT), 0.9392),
         row("rows counted, whatever they weigh", partial(adjusted_r2_score, *FOUR, parameters=1, sample_weight=WEIGHT / WEIGHT.mean()), 0.91894,
             keras("R2Score", FOUR, WEIGHT, num_regressors=1))),
    case("adjusted R2 of too many columns", "Four rows have no room for three or four columns: the formula says minus infinity, and 1.154, above 1.",
         *(row(f"{p} columns", partial(adjusted_r2_score, *FOUR, parameters=p), f"parameters is {p} and n is 4: it must be 0 or more, and below n - 1",
               tm("r2_score", FOUR, adjusted=p), keras("R2Score", FOUR, num_regressors=p), gives=0.9486, wrong=True) for p in (3, 4))),
    case("R2 in float32, far from zero", "A thousand values of deviation 1 about 10,000 or 1,000, drawn in float64 by `y = rng.normal(size=1000) + offset; p = y + .5*rng.normal(size=1000)`, `rng = default_rng(0)`. The sum of squares less n times the squared mean loses all digits.",
         row("centred before it is squared", partial(r2_score, *WILD_FLOATS[0]), 0.7259, sk("r2_score", [y.astype(float) for y in WILD_FLOATS[0]])),
         row("squared first, mean 10,000", partial(r2_score, *WILD_FLOATS[0]), 0.7259, tm("r2_score", WILD_FLOATS[0]), keras("R2Score", WILD_FLOATS[0]), gives=1.0106, wrong=True),
         row("squared first, mean 1,000", partial(r2_score, *WILD_FLOATS[1]), 0.7259, tm("r2_score", WILD_FLOATS[1]), keras("R2Score", WILD_FLOATS[1]), gives=0.7081, wrong=True),
         row("explained variance, mean 10,000", partial(explained_variance_score, *WILD_FLOATS[0]), 0.7259, tm("explained_variance", WILD_FLOATS[0]), gives=1.0109, wrong=True)),
    case("R2 of four points far from zero", "0, 1, 2, 3 foreseen as 0, 1, 2, 4, on top of a large number.",
         row("in float64, at 1,000,000,000", partial(r2_score, *four_points(1e9, float)), 0.8, tm("r2_score", four_points(1e9, float)), gives=0, wrong=True),
         row("in float32, at 10,000", partial(r2_score, *four_points(1e4, np.float32)), 0.8, tm("r2_score", four_points(1e4, np.float32)),
             keras("R2Score", four_points(1e4, np.float32)), gives=0, wrong=True)),
]

test_ours, test_theirs = agree(CASES)


def test_the_formula_of_adjusted_r2_has_no_meaning_for_too_many_columns():
    for parameters, formula in ((3, -INF), (4, 1.1542)):
        np.testing.assert_allclose(by_formula(4, parameters), formula, atol=5e-5)


def test_a_logarithm_of_less_than_nothing_is_refused():
    with pytest.raises(ValueError, match="y_true holds -1: the logarithm of 1 . y needs values above -1"):
        squared_log_error([-1.0], [-2.0])


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

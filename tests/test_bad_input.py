"Every public loss and metric refuses bad input in one sentence that names the argument."
from functools import partial

import array_api_strict
import numpy as np
import pytest

from lossbook import (
    DetrPrediction, YoloPrediction, assign_anchors, box_area, box_iou, convert_boxes, crop_masks, decode_boxes, encode_boxes, match_boxes,
    non_maximum_suppression, plot_boxes, plot_mask, yolo_targets)
from lossbook.classification.averages import classification_report, one_vs_rest
from lossbook.classification.confusion_matrix import (
    accuracy_score, cohen_kappa_score, exact_match_score, f1_score, plot_confusion_matrix, top_k_accuracy_score)
from lossbook.regression.linear_regression import plot_loss, plot_residuals, regression_report
from lossbook.summaries import ConfusionMatrix, LabelMetric, Moments, WeightedMean
from tests.properties.inputs import LOSSES, METRICS, inputs_of, make_call, metric_data, metric_words, options_of, required, words
from tests.properties.toys import TOYS, Truth


def refuses(call, named):
    "A call fails in one sentence that has one of these words."
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence and 10 < len(sentence) < 250
    assert any(word in sentence for word in named), sentence


def put(value, at=0):
    "A function that puts a value into one place of an array."
    def spoil(x):
        x = x.astype(float) if x.dtype.kind != "f" else x.copy()
        x.flat[at] = value
        return x
    return spoil


def of_first(f, y):
    "Structured input with `f` of its first field; an array changed by `f`."
    return y._replace(**{y._fields[0]: f(y[0])}) if hasattr(y, "_fields") else f(y)


def name_of(name, y):
    return f"{name}.{y._fields[0]}" if hasattr(y, "_fields") else name


class BadLoss:
    "Bad calls of a loss: a method's name says what is wrong; it gives the call and words of which the sentence has one."
    def __init__(self, loss):
        self.loss, self.good = loss, make_call(loss, 0, (4,))
        self.true, self.pred = loss.inputs
        self.true_leaf, self.pred_leaf = name_of(self.true, self.good.y_true), name_of(self.pred, self.good.y_pred)

    def with_true(self, f): return self.good._replace(y_true=of_first(f, self.good.y_true))
    def with_pred(self, f): return self.good._replace(y_pred=of_first(f, self.good.y_pred))

    def fewer_predictions(self): return self.with_pred(lambda x: x[1:]), [self.pred_leaf]
    def another_axis_in_the_prediction(self): return self.with_pred(lambda x: x[:, None]), [self.pred_leaf]
    def another_axis_in_the_truth(self): return self.with_true(lambda x: x[:, None]), [self.true_leaf]
    def a_row_for_each(self): return self.with_pred(lambda x: x[None]), [self.pred_leaf]
    def nothing(self): return self.good.map(lambda x: x[:0]), [self.true_leaf]
    def nan_in_the_truth(self): return self.with_true(put(np.nan)), [self.true_leaf]
    def nan_in_the_prediction(self): return self.with_pred(put(np.nan, 2)), [self.pred_leaf]
    def infinity_in_the_truth(self): return self.with_true(put(np.inf)), [self.true_leaf]
    def infinity_in_the_prediction(self): return self.with_pred(put(np.inf)), [self.pred_leaf]
    def words_for_truth(self): return self.with_true(lambda x: np.full(x.shape, "cat")), [self.true_leaf]
    def words_for_predictions(self): return self.with_pred(lambda x: x.astype(str)), [self.pred_leaf]
    def words_among_numbers(self): return self.with_pred(lambda x: x.astype(object)), [self.pred_leaf]
    def none_for_predictions(self): return self.with_pred(lambda x: None), [self.pred_leaf]
    def complex_predictions(self): return self.with_pred(lambda x: x + 1j), [self.pred_leaf]
    def ragged_predictions(self): return self.with_pred(lambda x: [x.tolist(), [x.tolist()]]), [self.pred_leaf]
    def mixed_libraries(self): return self.with_pred(array_api_strict.asarray), [self.pred_leaf]
    def weights_of_another_library(self): return self.good.with_options(sample_weight=array_api_strict.ones(4)), ["sample_weight"]
    def negative_weight(self): return self.good.with_options(sample_weight=[1, 1, -1, 1]), ["sample_weight holds -1"]
    def nan_weight(self): return self.good.with_options(sample_weight=[1, 1, np.nan, 1]), ["sample_weight holds nan"]
    def infinite_weight(self): return self.good.with_options(sample_weight=[1, 1, np.inf, 1]), ["sample_weight holds inf"]
    def zero_weights(self): return self.good.with_options(sample_weight=[0]*4), ["by sample_weight every example has weight 0"]
    def fewer_weights(self): return self.good.with_options(sample_weight=[1]*3), ["sample_weight"]
    def one_weight_for_all(self): return self.good.with_options(sample_weight=2.0), ["sample_weight"]
    def a_column_of_weights(self): return self.good.with_options(sample_weight=[[1]]*4), ["sample_weight"]
    def words_for_weights(self): return self.good.with_options(sample_weight=["much"]*4), ["sample_weight"]
    def unknown_reduction(self): return self.good.with_options(reduction="average"), ["reduction is 'average'"]
    def no_reduction(self): return self.good.with_options(reduction=None), ["reduction is None"]
    def a_misspelt_option(self): return self.good.with_options(reductoin="sum"), ["'reductoin'"]

    def unknown_over(self):
        return ("over" in options_of(self.loss)) and (self.good.with_options(over="image"), ["over is 'image'"])

    def an_unknown_word(self):
        return bool(found := words(self.loss)) and (self.good.with_options(**{next(iter(found)): "round"}), [f"{next(iter(found))} is 'round'"])

    def a_label_too_many(self):
        return "class_axis" in options_of(self.loss) and (self.with_true(lambda x: x + 3), [self.true])

    def a_negative_label(self):
        return "class_axis" in options_of(self.loss) and (self.with_true(lambda x: x.astype(int) - 3), [self.true])

    def half_a_label(self):
        return "class_axis" in options_of(self.loss) and (self.with_true(lambda x: x + 0.5), [self.true])

    def a_probability_above_one(self):
        return self.pred.endswith("proba") and (self.with_pred(put(1.5)), [f"{self.pred} holds 1.5"])

    def a_negative_probability(self):
        return self.pred.endswith("proba") and (self.with_pred(put(-0.1)), [f"{self.pred} holds -0.1"])

    def a_truth_that_is_no_probability(self):
        reads = self.pred.endswith(("proba", "logits")) and "class_axis" not in options_of(self.loss) and self.true_leaf == "y_true"
        return reads and (self.with_true(put(255)), ["y_true holds 255"])

    def no_field(self):
        structured = hasattr(self.good.y_pred, "_fields")
        return structured and (self.good._replace(y_pred=tuple(self.good.y_pred)), [self.pred])

    def fields_where_an_array_belongs(self):
        pred = self.good.y_pred
        return not hasattr(pred, "_fields") and (self.good._replace(y_pred=Truth(pred, pred)), [self.pred])


def each_bad(kind, functions):
    "A test for every function and everything that can be wrong with a call of it."
    wrongs = [name for name, value in vars(kind).items() if callable(value) and not name.startswith(("_", "with_"))]
    found = {f"{name}-{wrong}": getattr(kind(function), wrong)() for name, function in functions.items() for wrong in wrongs}
    return pytest.mark.parametrize("call, named", [pytest.param(*bad, id=id) for id, bad in found.items() if bad])


@each_bad(BadLoss, {**LOSSES, **{f"toy:{toy.__name__}": toy for toy in TOYS}})
def test_a_loss_refuses(call, named):
    for ask in (call, call.grad):
        refuses(ask, named)


class BadMetric:
    "Bad calls of a metric, likewise."
    def __init__(self, metric):
        self.metric, (self.true, self.pred) = metric, inputs_of(metric)
        self.call = partial(metric, **required(metric))
        self.y_true, self.y_pred = metric_data(metric, 0, 4)
        self.labels = metric.source is ConfusionMatrix
        self.lead = self.y_true.shape if self.labels else (4,)

    def with_true(self, f, **options): return lambda: self.call(f(self.y_true), self.y_pred, **options)
    def with_pred(self, f, **options): return lambda: self.call(self.y_true, f(self.y_pred), **options)
    def with_options(self, **options): return lambda: self.call(self.y_true, self.y_pred, **options)

    def fewer_predictions(self): return self.with_pred(lambda x: x[1:]), [self.pred]
    def another_axis_in_the_prediction(self): return self.with_pred(lambda x: x[..., None]), [self.pred]
    def another_axis_in_the_truth(self): return self.with_true(lambda x: x[..., None]), [self.true]
    def nothing(self): return lambda: self.call([], []), [self.true]
    def nan_in_the_truth(self): return self.with_true(put(np.nan)), [self.true]
    def nan_in_the_prediction(self): return self.with_pred(put(np.nan)), [self.pred]
    def infinity_in_the_truth(self): return self.with_true(put(np.inf)), [self.true]
    def words_for_predictions(self): return self.with_pred(lambda x: x.astype(str)), [self.pred, self.true]
    def words_for_truth(self): return self.with_true(lambda x: np.full(x.shape, "cat")), [self.pred, self.true]
    def none_for_predictions(self): return self.with_pred(lambda x: None), [self.pred, self.true]
    def complex_predictions(self): return self.with_pred(lambda x: x + 1j), [self.pred]
    def ragged_truth(self): return self.with_true(lambda x: [x.tolist(), [x.tolist()]]), [self.true]
    def negative_weight(self): return self.with_options(sample_weight=put(-1)(np.ones(self.lead))), ["sample_weight holds -1"]
    def nan_weight(self): return self.with_options(sample_weight=put(np.nan)(np.ones(self.lead))), ["sample_weight holds nan"]
    def infinite_weight(self): return self.with_options(sample_weight=put(np.inf)(np.ones(self.lead))), ["sample_weight holds inf"]
    def zero_weights(self): return self.with_options(sample_weight=np.zeros(self.lead)), ["by sample_weight every example has weight 0"]
    def fewer_weights(self): return self.with_options(sample_weight=[1]*3), ["sample_weight"]
    def one_weight_for_all(self): return self.with_options(sample_weight=2.0), ["sample_weight"]
    def words_for_weights(self): return self.with_options(sample_weight=np.full(self.lead, "much")), ["sample_weight"]
    def a_misspelt_option(self): return self.with_options(averag="macro"), ["'averag'"]

    def infinity_in_the_prediction(self):
        return not self.pred.endswith("score") and (self.with_pred(put(np.inf)), [self.pred])

    def an_unknown_word(self):
        return bool(found := list(metric_words(self.metric))) and (self.with_options(**{found[0]: "round"}), [f"{found[0]} is 'round'"])

    def a_word_where_a_number_belongs(self):
        found = [name for name, default in self.metric.asks.items() if isinstance(default, float)]
        return bool(found) and (self.with_options(**{found[0]: "much"}), [found[0]])

    def the_summary_of_another_metric(self):
        return (lambda: self.metric.of(Moments() if self.labels else ConfusionMatrix(2)), ["Moments", "ConfusionMatrix"])

    def an_unknown_option_of_the_summary(self):
        return (lambda: self.metric.of(self.metric.summary(self.y_true, self.y_pred), averag="macro")), ["'averag'"]

    def a_label_too_many(self): return self.labels and (self.with_pred(lambda x: 0*x + 3, labels=3), [f"{self.pred} holds 3"])
    def a_negative_label(self): return self.labels and (self.with_true(lambda x: 0*x - 1, labels=3), [f"{self.true} holds -1"])
    def half_a_label(self): return self.labels and (self.with_pred(lambda x: x + 0.5), [self.pred])
    def a_label_of_many_digits(self): return self.labels and (self.with_pred(put(1e300)), [self.pred])
    def words_and_numbers(self): return self.labels and (self.with_true(lambda x: x.astype(object), labels=["ant", "bee", "cat"]), [self.true])
    def the_same_label_twice(self): return self.labels and (self.with_options(labels=[0, 1, 2, 2]), ["labels"])
    def no_labels(self): return self.labels and (self.with_options(labels=[]), ["labels"])
    def a_negative_number_of_labels(self): return self.labels and (self.with_options(labels=-1), ["labels"])
    def a_word_for_labels(self): return self.labels and (self.with_options(labels="ant"), ["labels"])
    def a_table_of_labels(self): return self.labels and (self.with_options(labels=[[0, 1, 2]]), ["labels"])
    def nothing_left(self): return self.labels and (lambda: self.call([0, 0], [0, 1], ignore_index=0), ["ignore_index"])
    def a_number_as_multilabel(self): return self.labels and (lambda: self.call(1, 1, multilabel=True), [self.true])
    def a_label_above_one_as_multilabel(self): return self.labels and (lambda: self.call([[0, 2]], [[0, 1]], multilabel=True), [f"{self.true} holds 2"])

    def too_few_columns_as_multilabel(self):
        return self.labels and (lambda: self.call([[0, 1]], [[0, 1]], multilabel=True, labels=3), [self.true])

    def an_unknown_positive_label(self):
        return "positive" in self.metric.asks and (self.with_options(positive=7), ["positive holds 7"])

    def a_list_of_positive_labels(self):
        return "positive" in self.metric.asks and (self.with_options(positive=[0, 1]), ["positive"])

    def a_positive_label_and_an_average(self):
        return "positive" in self.metric.asks and (self.with_options(positive=1, average="macro"), ["positive=1"])

    def too_few_axes_for_one_example(self):
        many = isinstance(self.metric, LabelMetric) and self.metric.ndim > 1
        return many and (lambda: self.call([0, 1], [0, 1], over="each"), [self.true])


@each_bad(BadMetric, METRICS)
def test_a_metric_refuses(call, named):
    refuses(call, named)


TABLE = ConfusionMatrix.from_labels([0, 1, 1], [0, 1, 0])
EACH = ConfusionMatrix.from_labels([[0, 1]], [[1, 1]], ndim=1)
SCORES = [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]
ABOUT_TABLES = {
    "words among numbers": (lambda: accuracy_score([0, "cat"], [0, 1]), ["y_true mixes words"]),
    "a label that was not declared": (lambda: f1_score(["cat"], ["gnu"], labels=["cat", "dog"]), ["y_pred holds 'gnu'"]),
    "an index out of range": (lambda: cohen_kappa_score(np.uint8([20, 21]), np.uint8([20, 20]), labels=21), ["y_true holds 21"]),
    "rows scored alone and labels alone": (lambda: f1_score([[1, 0]], [[1, 1]], multilabel=True, over="each"), ["multilabel=True"]),
    "prices of no kind": (lambda: cohen_kappa_score([0, 1], [1, 1], weights="cubic"), ["weights is 'cubic'"]),
    "a number for a row": (lambda: exact_match_score(1, 1), ["y_true"]),
    "rows of words and of numbers": (lambda: exact_match_score([["cat"]], [[1]]), ["y_pred holds int"]),
    "rows of fractions": (lambda: exact_match_score([[1, 0]], [[0.9, 0.2]]), ["y_pred holds fractions"]),
    "no guess": (lambda: top_k_accuracy_score([0, 1], SCORES, k=0), ["k is 0"]),
    "more guesses than classes": (lambda: top_k_accuracy_score([0, 1], SCORES, k=4), ["k is 4"]),
    "half a guess": (lambda: top_k_accuracy_score([0, 1], SCORES, k=1.5), ["k is 1.5"]),
    "a class without a column": (lambda: top_k_accuracy_score([0, 3], SCORES), ["y_true holds 3"]),
    "a column without a class": (lambda: top_k_accuracy_score([0, 1], SCORES, labels=["cat", "dog"]), ["labels names 2 classes"]),
    "scores without classes": (lambda: top_k_accuracy_score([0, 1], [0.2, 0.5]), ["y_score"]),
    "scores without examples": (lambda: top_k_accuracy_score([], np.ones((0, 3))), ["empty"]),
    "a score that is NaN": (lambda: top_k_accuracy_score([0], [[np.nan, 1]]), ["y_score holds nan at [0, 0]"]),
    "a report of labels": (lambda: classification_report([0, 1]), ["cm is a list"]),
    "a report of examples": (lambda: classification_report(EACH), ["cm has a table for each example"]),
    "a report with two rows of one name": (lambda: classification_report(ConfusionMatrix(["accuracy", "cat"])), ["label 'accuracy' is a row"]),
    "a plot of counts": (lambda: plot_confusion_matrix(np.eye(2)), ["cm is a ndarray"]),
    "a plot of many labels": (lambda: plot_confusion_matrix(ConfusionMatrix(2, multilabel=True)), ["cm has a table for each label"]),
    "a plot of shares of what": (lambda: plot_confusion_matrix(TABLE, normalize="row"), ["normalize is 'row'"]),
    "some labels of no table": (lambda: one_vs_rest(TABLE, [2]), ["labels holds 2"]),
    "words of a table of numbers": (lambda: one_vs_rest(TABLE, ["cat"]), ["labels holds <U3"]),
    "a label twice": (lambda: one_vs_rest(TABLE, [1, 1]), ["labels [1, 1]"]),
}


@pytest.mark.parametrize("call, named", ABOUT_TABLES.values(), ids=ABOUT_TABLES)
def test_a_table_refuses(call, named):
    refuses(call, named)


@pytest.mark.parametrize("call, named", [
    (lambda: WeightedMean.from_values([]), ["values is empty"]),
    (lambda: WeightedMean.from_values(3.0), ["values"]),
    (lambda: WeightedMean.from_values(["ant"]), ["values"]),
    (lambda: WeightedMean.from_values([1, 2], sample_weight=[1]), ["sample_weight"]),
    (lambda: WeightedMean.from_values([1, 2], sample_weight=[1, -1]), ["sample_weight holds -1"]),
    (lambda: WeightedMean.from_loss(LOSSES["dice_loss"], [[1, 0]], [[0.5, 0]], sample_weight=[1, 1]), ["sample_weight"]),
    (lambda: ConfusionMatrix(3) + ConfusionMatrix(2), ["labels [0, 1, 2] and [0, 1]"]),
    (lambda: ConfusionMatrix(2, counts=np.zeros((3, 3))), ["counts"]),
    (lambda: ConfusionMatrix(2) + Moments(), ["ConfusionMatrix"]),
], ids=["no values", "one number", "words", "fewer weights", "negative weight", "weights of a loss", "other labels", "other counts", "other kind"])
def test_a_summary_refuses(call, named):
    refuses(call, named)


# ---- regression: what has no score is a documented value, and reports and pictures refuse the rest

REGRESSION = {name: METRICS[name] for name in ("r2_score", "explained_variance_score", "adjusted_r2_score")}
SAME, OFF = [5.0] * 3, [5.0, 5.0, 6.0]


@pytest.mark.parametrize("metric", REGRESSION.values(), ids=REGRESSION)
def test_a_truth_that_does_not_vary_is_met_or_missed(metric):
    call = partial(metric, SAME, **required(metric))
    assert np.isnan(call(SAME)) and call(OFF) == -np.inf
    assert call(SAME, undefined=1) == 1 and call(OFF, missed=0) == 0


@pytest.mark.parametrize("score", [REGRESSION["r2_score"], REGRESSION["explained_variance_score"]], ids=str)
def test_one_row_does_not_vary(score):
    assert np.isnan(score([5.0], [5.0])) and score([5.0], [6.0]) in (-np.inf, pytest.approx(np.nan, nan_ok=True))


@pytest.mark.parametrize("parameters", [2, 3, 10, -1])
def test_no_more_columns_than_rows_allow(parameters):
    for call in (lambda: REGRESSION["adjusted_r2_score"](OFF, SAME, parameters=parameters),
                 lambda: regression_report(Moments.from_values(OFF, SAME), parameters=parameters)):
        refuses(call, [f"parameters is {parameters} and n is 3"])


def test_no_rows_and_no_weight_are_nan():
    for summary in (Moments(), Moments.from_values(SAME, OFF, sample_weight=[0, 0, 0])):
        report = regression_report(summary)
        assert report.pop("n") == 0 and np.isnan(list(report.values())).all()


@pytest.mark.parametrize("call, named", [
    (lambda: LOSSES["squared_log_error"]([-2.0], [1.0]), ["y_true holds -2"]),
    (lambda: LOSSES["squared_log_error"]([1.0], [-1.0]), ["y_pred holds -1"]),
    (lambda: LOSSES["absolute_percentage_error"]([0.0], [1.0]), ["y_true holds 0"]),
    (lambda: LOSSES["absolute_percentage_error"]([1.0], [1.0], eps=0), ["eps is 0"]),
    (lambda: regression_report(ConfusionMatrix(2)), ["summary is a ConfusionMatrix: it must be Moments"]),
    (lambda: regression_report(Moments.from_values([OFF], [SAME]), outputs=["a"]), ["outputs is ['a']"]),
    (lambda: regression_report(Moments.from_values(np.ones((3, 2)), np.ones((3, 2))), outputs=["a", "a"]), ["outputs is ['a', 'a']"]),
    (lambda: regression_report(Moments.from_values(np.ones((3, 2)), np.ones((3, 2))), outputs=["a", "average"]), ["outputs is ['a', 'average']"]),
    (lambda: plot_residuals(SAME, np.ones((3, 1))), ["y_true has shape (3,) and y_pred (3, 1)"]),
    (lambda: plot_residuals(np.ones((3, 1)), np.ones((3, 1))), ["y_pred has shape (3, 1)"]),
    (lambda: plot_residuals(SAME, [1, np.nan, 2]), ["y_pred holds nan at [1]"]),
    (lambda: plot_residuals([1, np.inf, 2], SAME), ["y_true holds inf at [1]"]),
    (lambda: plot_residuals([], []), ["y_true is empty"]),
    (lambda: plot_residuals(SAME, ["a", "b", "c"]), ["y_pred holds <U1"]),
    (lambda: plot_residuals(SAME, SAME, groups=0), ["groups is 0"]),
    (lambda: plot_loss(len), ["loss is a builtin_function_or_method"]),
    (lambda: plot_loss(METRICS["r2_score"]), ["loss is a Metric"]),
    (lambda: plot_loss(LOSSES["dice_loss"]), ["dice_loss compares examples of many numbers"]),
    (lambda: plot_loss(LOSSES["squared_error"], y_true=[1, 2]), ["y_true is [1, 2]"]),
    (lambda: plot_loss(LOSSES["squared_error"], y_pred=3.0), ["y_pred has shape ()"]),
    (lambda: plot_loss(LOSSES["squared_error"], y_pred=[1, np.nan]), ["y_pred holds nan at [1]"]),
    (lambda: plot_loss(LOSSES["squared_log_error"]), ["y_pred holds -3"]),
    (lambda: plot_loss(LOSSES["huber_loss"], delta=0), ["delta is 0"]),
    (lambda: plot_loss(LOSSES["huber_loss"], beta=1), ["'beta'"]),
])
def test_reports_and_pictures_refuse(call, named):
    refuses(call, named)


# ---- masks, boxes, and what detectors are made of

BOX, FAR = [0.0, 0, 2, 1], [[0.0, 0, 2, 1], [2, 0, 1, 1]]
PREDICTED = YoloPrediction(*(np.full(shape, 0.5) for shape in [(2, 2, 2, 2), (2, 2, 2, 2), (2, 2, 2), (2, 2, 3)]))
ANSWERS = DetrPrediction(np.zeros((2, 3)), np.full((2, 4), 0.5))
ABOUT_BOXES = {
    "a mask of 255": (lambda: plot_mask([[0, 255]]), ["y_true holds 255"]),
    "a picture of another size": (lambda: plot_mask([[0, 1]], image=np.ones((3, 3))), ["image has shape (3, 3)"]),
    "a plot of an inverted box": (lambda: plot_boxes(FAR), ["boxes holds [2, 0, 1, 1] at [1]"]),
    "fewer tags than boxes": (lambda: plot_boxes([BOX, BOX], labels=["cat"]), ["labels has 1 entries for 2 boxes"]),
    "an area of five numbers": (lambda: box_area(np.ones((2, 5))), ["boxes has shape (2, 5)"]),
    "an unknown form": (lambda: convert_boxes(BOX, source="yxyx"), ["source is 'yxyx'"]),
    "a size below zero": (lambda: convert_boxes([1, 1, -1, 1], source="xywh"), ["w >= 0 and h >= 0"]),
    "inverted boxes": (lambda: box_iou(BOX, FAR), ["boxes_pred holds [2, 0, 1, 1] at [1]"]),
    "boxes that are no pairs": (lambda: box_iou([BOX, BOX], [BOX], pairwise=False), ["they must agree"]),
    "a box of words": (lambda: box_iou(["a", "b", "c", "d"], BOX), ["boxes_true holds"]),
    "a flat anchor": (lambda: encode_boxes(BOX, [0, 0, 1, 0]), ["anchors holds [0, 0, 1, 0]"]),
    "deltas without end": (lambda: decode_boxes([0, 0, np.inf, 0], BOX), ["deltas holds"]),
    "three standard deviations": (lambda: decode_boxes([0, 0, 0, 0], BOX, stds=(1, 1, 1)), ["stds is"]),
    "a centre outside": (lambda: yolo_targets([[0.9, 0, 1.3, 0.5]], [0], PREDICTED), ["boxes has its centre at"]),
    "two objects in a cell": (lambda: yolo_targets([[0.1, 0.1, 0.2, 0.2], [0.1, 0.1, 0.3, 0.3]], [0, 1], PREDICTED), ["one of 2 x 2 cells"]),
    "a class too many": (lambda: yolo_targets([[0.1, 0.1, 0.2, 0.2]], [3], PREDICTED), ["labels holds 3"]),
    "thresholds turned round": (lambda: assign_anchors([BOX], [BOX], positive=0.3, negative=0.7), ["0 <= negative <= positive"]),
    "masks of other boxes": (lambda: crop_masks(np.ones((2, 3, 3)), [BOX]), ["masks has shape (2, 3, 3)"]),
    "more objects than answers": (lambda: match_boxes([BOX] * 3, [0, 0, 0], ANSWERS), ["3 objects for 2 answers"]),
    "no score": (lambda: non_maximum_suppression([BOX], [np.nan]), ["scores holds nan at [0]"]),
    "more scores than boxes": (lambda: non_maximum_suppression([BOX], [1, 2]), ["scores (2,)"]),
}


@pytest.mark.parametrize("call, named", ABOUT_BOXES.values(), ids=ABOUT_BOXES)
def test_a_mask_or_box_is_refused(call, named):
    refuses(call, named)

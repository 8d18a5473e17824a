"""Every public function has a law that is tried on random data; one that has none fails here, by its name.

A law takes an example, and a generator for what else it draws, and asserts. `LAWS` says which functions obey it.
"""
from inspect import isclass

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lossbook
from tests.properties.examples import DATA, K, example
from tools.robustness import arrays_in, functions


def close(a, b, tolerance=1e-9):
    for left, right in zip(arrays_in(a), arrays_in(b), strict=True):
        np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance) if left.dtype.kind == "f" else np.testing.assert_array_equal(left, right)


def floats(change): return lambda x: change(x) if x.dtype.kind == "f" else x


# ---- laws of many


def between(low, high):
    def law(call, rng): assert all((low <= x).all() and (x <= high).all() for x in arrays_in(call()) if x.dtype.kind in "fiu" and not np.isnan(x).any())
    return law


def symmetric(call, rng):
    "Truth and prediction may change places."
    close(swapped(call)(), call())


def swapped(call):
    (one, x), (other, y) = call.data.items()
    return call._replace(data={one: y, other: x})


def the_other_way_round(name):
    def law(call, rng): close(swapped(call)(), call._replace(function=getattr(lossbook, name))())
    return law


def shifts(call, rng):
    "Nothing changes when all is moved by one step."
    step = rng.integers(-50, 50)
    close(call.map(floats(lambda x: x + step))(), call())


def scales(power):
    "In another unit the answer is in a power of that unit."
    def law(call, rng):
        unit = 2.0**rng.integers(-20, 20)
        answer = call()
        close(call.map(floats(lambda x: x * unit))(), tuple(y * unit**power if y.dtype.kind == "f" else y for y in arrays_in(answer)) if power else answer)
    return law


def rescored(call, rng):
    "Only the order of scores matters."
    close(call.put(np.exp2(3*call.at("y_score")) - 7, "y_score")(), call())


def perfect(best):
    "A prediction that is the truth scores best."
    def law(call, rng):
        one, other = call.data
        close(call.put(call.data[one], other)(), np.full(np.shape(call()), best))
    return law


def any_order(call, rng):
    "The order of examples does not matter."
    order = rng.permutation(len(next(iter(call.data.values()))))
    close(call.map(lambda x: x[order])(), call())


def row_by_row(call, rng):
    "Each row is answered by itself."
    order = rng.permutation(len(next(iter(call.data.values()))))[:5]
    close(call.map(lambda x: x[order])(), tuple(y[order] for y in arrays_in(call())))


def adds(call, rng):
    "Two parts add up to the whole."
    cut = int(rng.integers(1, len(next(iter(call.data.values())))))
    halves = [call.map(lambda x: x[rows])() for rows in (slice(cut), slice(cut, None))]
    if "Moments" in call.name: close([np.sum(half.squared_error) for half in [sum(halves)]], [call().squared_error])
    elif "Mean" in call.name: close(sum(halves).mean, call().mean)
    else: assert sum(halves) == call()


def keeps_float32(call, rng):
    "float32 in, float32 out."
    narrow = call.map(floats(lambda x: x.astype(np.float32)))
    wide = narrow.map(floats(lambda x: x.astype(np.float64)))
    for x, y in zip(arrays_in(narrow()), arrays_in(wide())):
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)


def gives_a_number(call, rng):
    "One number is a float of Python."
    assert type(call()) is float


def narrow_labels(call, rng):
    "Whole numbers in one byte count like any others."
    close(call.map(lambda x: x.astype(np.uint8) if x.dtype.kind in "iu" and x.min() >= 0 else x)(), call())


def draws(call, rng):
    "It draws on the axes it is given, and leaves the reader's settings alone."
    before = dict(matplotlib.rcParams)
    fig, ax = plt.subplots()
    assert call.choose(ax=ax)() is ax and ax.has_data() and dict(matplotlib.rcParams) == before
    plt.close(fig)


# ---- laws of one or two


def sums_to_one(call, rng): close(call().sum(axis=-1), np.ones(len(call())))


def exponentials_sum_to_one(call, rng): close(np.exp(call()).sum(axis=-1), np.ones(len(call())))


def mirrors(call, rng): close(call.map(np.negative)(), 1 - call())


def walks(*names):
    "Shares between 0 and 1 that rise, as far as their names say."
    def law(call, rng):
        curve = call()
        for name in names: assert (np.diff(getattr(curve, name)) >= 0).all()
        assert all(((0 <= shares) & (shares <= 1)).all() for shares in curve[:2])
    return law


def undoes(name):
    "Another function, given the answer, gives back what was given."
    def law(call, rng):
        (argument, x), (_, anchors) = call.data.items()
        close(getattr(lossbook, name)(call(), anchors), x)
    return law


def comes_back(call, rng): close(lossbook.convert_boxes(call(), source="cxcywh"), call.at("boxes"))


def comes_back_as_pixels(call, rng):
    masks = call()
    assert (masks.decode() == call.at("masks")).all() and masks.area.tolist() == call.at("masks").sum(axis=(1, 2)).tolist()


def evens_out(call, rng):
    y, weight = call.at("y_true"), call()
    close([weight[y].mean(), *(weight[y][y == k].sum() for k in range(K))], [1, *[len(y)/K]*K])


def keeps_the_surest(call, rng):
    boxes, scores, kept = call.at("boxes"), call.at("scores"), call()
    iou = lossbook.box_iou(boxes, boxes[kept])
    assert (np.diff(scores[kept]) <= 0).all() and (np.triu(iou[kept], 1) <= 0.5).all()
    assert (iou.max(axis=1) > 0.5).all() or set(np.flatnonzero(iou.max(axis=1) <= 0.5)) <= set(kept)
    assert all(scores[kept][iou[out] > 0.5].max() >= scores[out] for out in set(range(len(boxes))) - set(kept))


def matches_once(call, rng):
    found = call()
    hits = found[found >= 0]
    iou = lossbook.box_iou(call.at("boxes_true"), call.at("boxes_pred"))
    assert len(set(hits)) == len(hits) and (iou[hits, np.flatnonzero(found >= 0)] >= 0.5).all()
    missed = np.setdiff1d(np.arange(len(iou)), hits)
    assert (iou[np.ix_(missed, np.flatnonzero(found < 0))] < 0.5).all()


def is_in_charge_by_iou(call, rng):
    found, iou = call(), lossbook.box_iou(call.at("boxes"), call.at("anchors"))
    assert (found[(iou >= 0.7).any(axis=0)] >= 0).all() and (found[iou.max(axis=0) < 0.3] <= -1 + (iou == iou.max(axis=1, keepdims=True)).any(axis=0)[iou.max(axis=0) < 0.3]*99).all()
    assert (iou.max(axis=0)[found == -2] >= 0.3).all() and set(iou.argmax(axis=1)) <= set(np.flatnonzero(found >= 0))


def draws_few(call, rng):
    size, share = int(rng.integers(1, 300)), rng.random()
    drawn, assigned = call.choose(size=size, share=share)(), call.at("assigned")
    assert drawn.sum() <= size and drawn[assigned >= 0].sum() <= size*share and not drawn[assigned == -2].any()


def deltas_lead_back(call, rng):
    "Decoded, the deltas of what is in charge are its objects."
    targets = call()
    if hasattr(targets, "labels"): rows, anchors, deltas, stds = targets.labels < K, call.at("proposals"), targets.deltas, (.1, .1, .2, .2)
    else: rows, anchors, deltas, stds = targets.anchor_objects > 0, call.at("anchors"), targets.anchor_deltas, (1, 1, 1, 1)
    back = lossbook.decode_boxes(deltas[rows], anchors[rows], stds=stds)
    assert rows.any() and (abs(back[:, None] - call.at("boxes")).max(axis=-1).min(axis=1) < 1e-9).all() and not deltas[~rows].any()


def each_object_has_a_cell(call, rng):
    targets, boxes = call(), call.at("boxes")
    side = targets.responsible.shape[0]
    assert targets.responsible.sum() == len(boxes)
    for box, label in zip(boxes, call.at("labels")):
        column, row = ((box[:2] + box[2:])/2*side).astype(int)
        assert targets.labels[row, column] == label and targets.responsible[row, column].sum() == 1
        close((targets.roots[row, column]**2), box[2:] - box[:2])


def cells_hold_their_centres(call, rng):
    centre = (call()[..., :2] + call()[..., 2:])/2
    side = len(centre)
    close(centre[..., 0]*side - np.arange(side)[None, :, None], call.at("y_pred", "centres")[..., 0])
    close(call()[..., 2:] - call()[..., :2], call.at("y_pred", "roots")**2)


def crops_what_is_there(call, rng):
    whole = np.tile([0, 0, 20, 20], (K, 1))
    close(call.put(whole, "boxes").choose(size=20)(), call.at("masks"))


def costs_least(call, rng):
    found = call()
    from lossbook.detectors.set_prediction import match_costs
    cost = match_costs(call.at("boxes"), call.at("labels"), call.data["y_pred"], (1, 5, 2))
    n, queries = cost.shape
    best = min(cost[0, i] + cost[1, j] for i in range(queries) for j in range(queries) if i != j)
    assert len(set(found)) == n == 2
    close(cost[[0, 1], found].sum(), best)


def answers_hold_their_objects(call, rng):
    targets, match = call(), lossbook.match_boxes(**call.data)
    close(lossbook.convert_boxes(targets.cxcywh[match], source="cxcywh"), call.at("boxes"))
    assert targets.labels[match].tolist() == call.at("labels").tolist() and (np.delete(targets.labels, match) == call.data["y_pred"].logits.shape[1] - 1).all()


def calls_the_likeliest(call, rng):
    top, p = call(), call.at("y_proba")
    assert (top.y_proba == p.max(axis=1)).all() and (top.right == (p.argmax(axis=1) == call.at("y_true"))).all()


def finds_no_better(call, rng):
    T, (y, z) = call(), call.data.values()
    def cost(t): return lossbook.cross_entropy_from_logits(y, z/t)
    assert T > 0 and cost(T) <= min(cost(T*1.01), cost(T/1.01), cost(1.0))


def tells_the_same(call, rng):
    report, cm = call(), call.at("cm")
    close(report["accuracy"], lossbook.accuracy_score.of(cm))
    close(np.array([report[str(k)]["recall"] for k in range(K)]), lossbook.recall_score.of(cm))
    assert sum(report[str(k)]["support"] for k in range(K)) == cm.total


def splits_the_table(call, rng):
    tables, cm = call(), call.at("cm")
    assert (tables.counts.sum(axis=(1, 2)) == cm.total).all() and (tables.tp == cm.tp).all() and (tables.fn == cm.fn).all()


def reports_moments(call, rng):
    report, summary = call(), call.at("summary")
    close([report["MSE"], report["MAE"], report["RMSE"]**2, report["n"]], [summary.squared_error/summary.weight, summary.absolute_error/summary.weight, report["MSE"], summary.rows])


def finds_itself(call, rng):
    "Who gives back the truth has found everything; who gives nothing, nothing."
    truth = call.data["ground_truth"]
    perfect = lossbook.evaluate_detections(truth, {**truth, "scores": np.ones(len(truth["labels"]))}, max_detections=(1, 10, 1000))
    assert perfect.stats["AP"] == 1
    order = rng.permutation(len(truth["labels"]))
    moved = {key: x[order] for key, x in truth.items()}
    assert call.put(moved, "ground_truth")().stats == call().stats


def counts_every_object(call, rng):
    cm, truth = call.choose(score_threshold=0, max_detections=1000)(), call.data["ground_truth"]
    assert cm.counts[:-1].sum() == len(truth.boxes) and cm.counts[:, :-1].sum() == len(call.data["detections"].boxes)


def says_every_number(call, rng):
    page = call()
    assert all(line in page for line in call.at("evaluations").lines())


def reads_what_stands_there(call, rng):
    answer = call()
    assert len(answer.boxes) and np.isfinite(answer.boxes).all() and len(answer.boxes) == len(answer.image) == len(answer.category) == len(answer.area)


def agrees(call, rng): assert call().error < 1e-6


def makes_a_loss(call, rng):
    made, y = call(), rng.normal(size=(2, 9))
    close(made(*y), np.mean(call.at("formula")(*y)))


def makes_a_metric(call, rng):
    y = rng.integers(0, 2, (2, 9))
    made = {"label_metric": lambda: call()(*y), "ranking_metric": lambda: call()(*y).max(), "metric": lambda: call()(lambda rows: rows)(*y)}[call.name]()
    tp, fp = ((y[0] == k) & (y[1] == 1) for k in (1, 0))
    assert made == {"label_metric": tp.sum() + fp.sum(), "ranking_metric": y[0].sum(), "metric": 9}[call.name]


def names_numpy(call, rng): assert call.function(rng.random(3), [1]) is np


def adds_up(call, rng): assert call() == sum(call.at("parts"))


def holds_all(call, rng):
    "What the parts hold, one after the other, is what was given."
    parts, rows = [part.read() for part in call()], {"y_true": "y", "y_pred": "y_hat"}
    given = call.data if "source" not in call.data else {name: pyarrow.parquet.read_table(call.at("source"))[column] for name, column in rows.items()}
    for name, whole in given.items(): close(np.concatenate([part[name] for part in parts]), np.asarray(whole))


def counts_all_parts(call, rng):
    "Parts summarised and added are the summary of the whole."
    parts = [part.read() for part in call.at("partitions")]
    assert call() == call.at("summarizer")(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def finds_as_much(call, rng):
    "Parts judged and added are judged like the whole."
    judge = lossbook.DetectionMatches.from_objects
    whole = lossbook.evaluate_detections(**call.data)
    assert sum(judge(**part.read()) for part in call()) == whole.matches


ERRORS = "absolute_error squared_error huber_loss log_cosh_loss smooth_l1_loss"
BOXES = "iou_loss giou_loss diou_loss ciou_loss"
MOMENTS = "mean_absolute_error mean_squared_error root_mean_squared_error"
SHARES = "r2_score explained_variance_score adjusted_r2_score"
OF_BOXES = "non_maximum_suppression match_detections assign_anchors encode_boxes box_iou"
RANKINGS = "roc_auc_score roc_auc_bounds roc_auc_standard_error average_precision_score average_precision_bounds"
OVERLAPS = "accuracy_score dice_score iou_score f1_score exact_match_score"
PANOPTIC = "panoptic_quality segmentation_quality recognition_quality"
SURFACES = "hausdorff_distance average_surface_distance"
PROBABLE = "log_loss cross_entropy focal_loss brier_score multiclass_brier_score"
OF_LOGITS = "log_loss_from_logits cross_entropy_from_logits focal_loss_from_logits"
REGIONS = "dice_loss jaccard_loss tversky_loss focal_tversky_loss generalized_dice_loss lovasz_softmax_loss lovasz_hinge_loss"
DETECTORS = "yolo_loss rpn_loss roi_head_loss faster_rcnn_loss mask_loss mask_rcnn_loss detr_loss"
RATES = "precision_score recall_score specificity_score npv_score fbeta_score balanced_accuracy_score top_k_accuracy_score surface_dice_score"
SUMMARIES = ("ConfusionMatrix.from_labels Moments.from_values WeightedMean.from_values RankedScores.from_scores BinnedScores.from_scores "
             "PanopticCounts.from_maps rank_scores rank_probabilities")
LAWS = [
    (between(0, np.inf), f"{ERRORS} {MOMENTS} {PROBABLE} {OF_LOGITS} {DETECTORS} {SURFACES} pinball_loss absolute_percentage_error squared_log_error iou_loss "
     "lovasz_hinge_loss hinge_loss squared_hinge_loss box_area surface_distances balanced_class_weight fit_temperature"),
    (between(0, 1), f"{OVERLAPS} {RATES} {PANOPTIC} hamming_loss brier_score box_iou roc_auc_score average_precision_score calibration_error softmax sigmoid "
     "dice_loss jaccard_loss tversky_loss focal_tversky_loss generalized_dice_loss lovasz_softmax_loss unweighted_proba"),
    (between(-np.inf, 1), SHARES), (between(-1, 1), "matthews_corrcoef cohen_kappa_score"), (between(0, 2), "symmetric_absolute_percentage_error giou_loss diou_loss"),
    (between(0, 2.5), "ciou_loss"), (between(-np.inf, 0), "log_softmax"),
    (symmetric, f"{ERRORS} {MOMENTS} {BOXES} {OVERLAPS} {PANOPTIC} {SURFACES} symmetric_absolute_percentage_error squared_log_error box_squared_error "
     "box_absolute_error cohen_kappa_score matthews_corrcoef hamming_loss surface_dice_score"),
    (the_other_way_round("recall_score"), "precision_score"), (the_other_way_round("specificity_score"), "npv_score"),
    (shifts, f"{ERRORS} {MOMENTS} {SHARES} {BOXES} pinball_loss box_area box_squared_error box_absolute_error {OF_BOXES} softmax log_softmax"),
    (scales(0), f"{SHARES} {BOXES} {OF_BOXES} {RANKINGS} absolute_percentage_error symmetric_absolute_percentage_error top_k_accuracy_score"),
    (scales(1), f"absolute_error pinball_loss mean_absolute_error root_mean_squared_error box_absolute_error fit_temperature convert_boxes"),
    (scales(2), "squared_error mean_squared_error box_squared_error box_area"),
    (rescored, f"{RANKINGS} top_k_accuracy_score"),
    (perfect(1), f"{OVERLAPS} {PANOPTIC} r2_score explained_variance_score adjusted_r2_score cohen_kappa_score matthews_corrcoef roc_auc_score "
     "average_precision_score precision_score recall_score specificity_score npv_score balanced_accuracy_score surface_dice_score fbeta_score"),
    (perfect(0), f"{ERRORS} {MOMENTS} {BOXES} {SURFACES} hamming_loss pinball_loss squared_log_error box_squared_error box_absolute_error "
     "absolute_percentage_error symmetric_absolute_percentage_error calibration_error"),
    (any_order, f"{SUMMARIES} {RANKINGS} balanced_class_weight fit_temperature calibration_curve calibration_error brier_decomposition"),
    (row_by_row, "sigmoid softmax log_softmax convert_boxes box_area encode_boxes decode_boxes top_forecasts"),
    (adds, SUMMARIES),
    (keeps_float32, "sigmoid softmax log_softmax convert_boxes box_area box_iou encode_boxes decode_boxes unweighted_proba yolo_boxes"),
    (gives_a_number, f"{ERRORS} {MOMENTS} {SHARES} {BOXES} {PROBABLE} {OF_LOGITS} {REGIONS} {DETECTORS} {SURFACES} {RANKINGS} fit_temperature accuracy_score "
     "hamming_loss hinge_loss squared_hinge_loss".replace("roc_auc_bounds ", "").replace("average_precision_bounds ", "")),
    (narrow_labels, f"{OVERLAPS} {RATES} {PANOPTIC} {RANKINGS} cross_entropy lovasz_softmax_loss generalized_dice_loss cohen_kappa_score matthews_corrcoef "
     "hamming_loss calibration_curve brier_decomposition rank_probabilities top_forecasts balanced_class_weight fit_temperature plot_mask"),
    (draws, "plot_boxes plot_confusion_matrix plot_loss plot_mask plot_precision_recall plot_reliability plot_residuals plot_roc"),
    (walks("fpr", "tpr"), "roc_curve"), (walks("recall"), "precision_recall_curve"), (sums_to_one, "softmax unweighted_proba"), (exponentials_sum_to_one, "log_softmax"), (mirrors, "sigmoid"),
    (undoes("encode_boxes"), "decode_boxes"), (undoes("decode_boxes"), "encode_boxes"), (comes_back, "convert_boxes"),
    (comes_back_as_pixels, "Masks.from_arrays"), (evens_out, "balanced_class_weight"), (keeps_the_surest, "non_maximum_suppression"),
    (matches_once, "match_detections"), (is_in_charge_by_iou, "assign_anchors"), (draws_few, "sample_anchors"), (deltas_lead_back, "rpn_targets roi_targets"),
    (each_object_has_a_cell, "yolo_targets"), (cells_hold_their_centres, "yolo_boxes"), (crops_what_is_there, "crop_masks"), (costs_least, "match_boxes"),
    (answers_hold_their_objects, "detr_targets"), (calls_the_likeliest, "top_forecasts"), (finds_no_better, "fit_temperature"),
    (tells_the_same, "classification_report"), (splits_the_table, "one_vs_rest"), (reports_moments, "regression_report"), (finds_itself, "evaluate_detections"),
    (counts_every_object, "confuse_detections"), (says_every_number, "html_report"), (agrees, "check_gradient"), (names_numpy, "array_namespace"),
    (reads_what_stands_there, "load_coco load_coco_results load_voc load_voc_results load_yolo load_yolo_results"),
    (adds_up, "add_pairwise"), (holds_all, "split_arrays split_parquet"), (counts_all_parts, "summarize"), (finds_as_much, "split_coco"),
    (makes_a_loss, "loss"), (makes_a_metric, "label_metric ranking_metric metric"),
]
CASES = [pytest.param(law, name, id=f"{name}-{law.__qualname__.split('.')[0]}") for law, names in LAWS for name in names.split()]


@pytest.mark.parametrize("law, name", CASES)
@settings(max_examples=3)
@given(st.integers(0, 2**32 - 1))
def test_it_obeys(law, name, seed): law(example(name, seed), np.random.default_rng(seed))


def test_every_public_function_has_a_law():
    lawful = {case.values[1] for case in CASES}
    assert [name for name in functions() if name not in lawful] == [], "give it a law in LAWS"


def test_every_public_class_is_read_or_holds_data():
    "A class that reads data has a method in the table; the others hold what was read, or are what others are made of."
    reads = {name.split(".")[0] for name in DATA if "." in name}
    bases = {"Loss", "FormulaLoss", "LossSum", "Metric", "LabelMetric", "RankingMetric", "Summary"}
    made = {"DetectionMatches", "DetectionTables", "DetectionEvaluation", "RankedClasses", "InvalidAnnotations", "Together", "PartitionError"}  # by functions that are in it
    classes = {name for name in lossbook.__all__ if isclass(getattr(lossbook, name))}
    assert {name for name in classes - reads - bases - made if not hasattr(getattr(lossbook, name), "_fields")} == set()


@pytest.mark.parametrize("law, wrong", [
    (between(0, 1), lambda y_true, y_pred: 2.0), (symmetric, lambda y_true, y_pred: (y_pred - 2*y_true).sum()), (shifts, lambda y_true, y_pred: y_pred.sum()),
    (scales(1), lambda y_true, y_pred: (y_pred**2).sum()), (perfect(0), lambda y_true, y_pred: 1.0), (any_order, lambda y_true, y_pred: y_pred[0]),
    (row_by_row, lambda y_true, y_pred: y_pred - y_pred.mean()), (keeps_float32, lambda y_true, y_pred: y_pred.astype(float)),
    (gives_a_number, lambda y_true, y_pred: np.float64(1)),
], ids=lambda x: getattr(x, "__qualname__", "").split(".")[0])
def test_a_law_is_broken_by_what_breaks_it(law, wrong):
    call = example("absolute_error")._replace(function=wrong)
    with pytest.raises(AssertionError): law(call, np.random.default_rng(0))

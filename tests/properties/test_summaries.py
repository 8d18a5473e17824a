"Summaries add in any split and any order, and every metric of the package reads the same from a sum as from all data at once."
import pickle
from functools import reduce
from inspect import signature
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

import lossbook
from lossbook.ranking.ranked_scores import BinnedScores, RankedClasses, RankedScores, rank_scores
from lossbook.segmentation.panoptic import PanopticCounts
from lossbook.summaries import ConfusionMatrix, Metric, Moments, WeightedMean
from tests.properties.inputs import LOSSES, METRICS, each_metric, enough, flat, make_call, metric_data, metric_words, options_of, required, return_docment

seeds = st.integers(0, 2**32 - 1)


def close(a, b, rtol=1e-12, atol=0):
    np.testing.assert_allclose(flat(a), flat(b), rtol=rtol, atol=atol)


def cut(draw, n):
    "Row numbers of `n` examples, cut into runs and the runs put in any order."
    ends = sorted(draw(st.sets(st.integers(1, n - 1), max_size=5))) if n > 1 else []
    return draw(st.permutations([np.arange(start, end) for start, end in zip([0, *ends], [*ends, n])]))


def add_in_pairs(draw, parts):
    "The sum of the parts, adding any neighbours first."
    parts = list(parts)
    while len(parts) > 1:
        at = draw(st.integers(0, len(parts) - 2))
        parts[at:at + 2] = [parts[at] + parts[at + 1]]
    return parts[0]


# ---- each summary, from random data


def confusion(rng, n):
    labels = rng.choice(["ant", "bee", "cat"], (2, n))
    return lambda rows, weight: ConfusionMatrix.from_labels(*labels[:, rows], labels=["cat", "ant", "bee"], sample_weight=weight)


def confusion_multilabel(rng, n):
    labels = rng.integers(0, 2, (2, n, 3))
    return lambda rows, weight: ConfusionMatrix.from_labels(*labels[:, rows], multilabel=True, sample_weight=weight)


def confusion_ignoring(rng, n):
    t, p = rng.integers(0, 3, (2, n, 4))
    t[rng.random(t.shape) < 0.2] = 255
    return lambda rows, weight: ConfusionMatrix.from_labels(
        t[rows], p[rows], labels=3, ignore_index=255, sample_weight=None if weight is None else np.repeat(weight[:, None], 4, axis=1))


def weighted_mean(rng, n):
    values = rng.normal(1e6, 1, (n, 2))
    values[rng.random(values.shape) < 0.2] = np.nan
    return lambda rows, weight: WeightedMean.from_values(values[rows], sample_weight=weight)


def moments(offset, dtype, shape=()):
    def data(rng, n):
        y_true = (offset + rng.normal(0, 1, (n, *shape)) * max(1, offset * np.finfo(dtype).eps * 16)).astype(dtype)
        y_pred = (y_true + rng.normal(0, 1, (n, *shape)) * max(1, offset * np.finfo(dtype).eps * 16)).astype(dtype)
        return lambda rows, weight: Moments.from_values(y_true[rows], y_pred[rows], sample_weight=weight)
    return data


def ranking(**how):
    def data(rng, n):
        y_true, y_score = rng.integers(0, 2, n), rng.normal(0, 1, n).round(1)
        return lambda rows, weight: rank_scores(y_true[rows], y_score[rows], sample_weight=weight, **how)
    return data


def rankings(multiclass):
    def data(rng, n):
        y_true, y_score = rng.integers(0, 3, n), rng.normal(0, 1, (n, 3)).round(1)
        return lambda rows, weight: rank_scores(y_true[rows], y_score[rows], sample_weight=weight, multiclass=multiclass)
    return data


def panoptic(rng, n):
    maps = rng.integers(0, [3, 2], (2, n, 3, 4, 2))
    return lambda rows, weight: PanopticCounts.from_maps(*maps[:, rows], labels=3, sample_weight=weight)


SUMMARIES = {
    "words": confusion,
    "multilabel": confusion_multilabel,
    "ignore_index": confusion_ignoring,
    "weighted mean": weighted_mean,
    "ranking": ranking(),
    "ranking in bins": ranking(bins=8, range=(-1, 1)),
    "rankings of classes": rankings("ovr"),
    "rankings of pairs": rankings("ovo"),
    "panoptic": panoptic,
    "moments": moments(0, "float64"),
    "moments of two outputs": moments(0, "float64", (2,)),
    "moments at 1e9": moments(1e9, "float64"),
    "moments at 1e9 in float32": moments(1e9, "float32"),
    "moments at 1e4 in float32": moments(1e4, "float32"),
}
each_summary = pytest.mark.parametrize("data", SUMMARIES.values(), ids=SUMMARIES)
EMPTY = {"words": ConfusionMatrix(["cat", "ant", "bee"]), "multilabel": ConfusionMatrix(3, multilabel=True), "ignore_index": ConfusionMatrix(3), "weighted mean": WeightedMean(), "panoptic": PanopticCounts(3),
         "ranking": RankedScores(), "ranking in bins": BinnedScores(8, (-1, 1)),
         "rankings of classes": RankedClasses([RankedScores()] * 3), "rankings of pairs": RankedClasses([RankedScores()] * 6, "ovo")}
identities = {name: EMPTY.get(name, Moments()) for name in SUMMARIES}
EXACT = (ConfusionMatrix, RankedScores, RankedClasses)  # summaries of counts, where nothing is rounded


def numbers(summary):
    "What a summary holds, in the units of its scales: means as high plus low; of the products the correlation plus 2, which is not near 0."
    if isinstance(summary, RankedClasses):
        return {f"{name} of {k}": value for k, each in enumerate(summary.rankings) for name, value in numbers(each).items()}
    if isinstance(summary, RankedScores):
        return summary.run._asdict()
    if not isinstance(summary, Moments):
        return vars(summary)
    held = {**vars(summary), "mean_true": summary.mean_true.high + summary.mean_true.low, "mean_pred": summary.mean_pred.high + summary.mean_pred.low}
    scale = np.sqrt(np.asarray(summary.squares_true * summary.squares_pred))
    return {**held, "products": 2 + summary.products / np.where(scale == 0, 1, scale)}


def same(a, b, floats, but=()):
    for name, value in numbers(a).items():
        if name in but:
            continue
        other = numbers(b)[name]
        exactly = name in ("labels", "multilabel", "rows", "undefined") or not floats
        np.testing.assert_array_equal(value, other) if exactly else close(value, other)


@each_summary
@given(st.data(), seeds, st.integers(1, 40), st.booleans())
def test_any_split_in_any_order_is_one_pass(data, draw, seed, n, weighted):
    rng = np.random.default_rng(seed)
    part = data(rng, n)
    weight = rng.uniform(0.1, 2, n) if weighted else None
    runs = cut(draw.draw, n)
    parts = [part(rows, None if weight is None else weight[rows]) for rows in runs]
    counts = isinstance(parts[0], EXACT) and not weighted
    same(add_in_pairs(draw.draw, parts), part(np.arange(n), weight), floats=not counts)
    assert sum(parts) == reduce(add, parts)
    if counts:
        assert sum(parts) == part(np.arange(n), None)
        assert not any(np.asarray(x).dtype.kind == "f" for name, x in numbers(sum(parts)).items() if "scores" not in name)


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_empty_summary_adds_nothing(name):
    filled, empty = SUMMARIES[name](np.random.default_rng(0), 5)(np.arange(5), None), identities[name]
    for total in (filled + empty, empty + filled, 0 + filled, sum([empty, filled, empty])):
        assert total == filled
    assert empty + empty == empty


@each_summary
def test_a_part_without_weight_adds_nothing(data):
    part, rows = data(np.random.default_rng(0), 6), np.arange(6)
    weight = np.array([1., 2, 3, 0, 0, 0])
    for split in (sum(part(half, weight[half]) for half in np.split(rows, 2)), part(rows[3:], weight[3:]) + part(rows[:3], weight[:3])):
        for total in (split, part(rows, weight)):
            same(total, part(rows[:3], weight[:3]), floats=True, but=["rows", "undefined"])


@each_summary
@pytest.mark.parametrize("weighted", [False, True])
def test_equal_data_make_equal_summaries_and_pickles(data, weighted):
    weight = np.linspace(1, 2, 5) if weighted else None
    part, again = (data(np.random.default_rng(0), 5)(np.arange(5), weight) for _ in range(2))
    assert part == again == pickle.loads(pickle.dumps(part))
    assert part != data(np.random.default_rng(1), 5)(np.arange(5), weight)
    assert repr(part) == repr(again)


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_empty_summary_comes_back_from_a_pickle(name):
    assert pickle.loads(pickle.dumps(identities[name])) == identities[name]


def test_different_summaries_do_not_add():
    with pytest.raises(TypeError):
        Moments() + WeightedMean()
    with pytest.raises(TypeError):
        WeightedMean() + 1
    assert Moments() != WeightedMean()
    for other in (ConfusionMatrix(3), ConfusionMatrix(["0", "1"]), ConfusionMatrix([1, 0]), ConfusionMatrix(2, multilabel=True)):
        assert ConfusionMatrix(2) != other
        with pytest.raises(ValueError, match="do not add"):
            ConfusionMatrix(2) + other


@given(seeds, st.integers(1, 30))
def test_a_table_adds_up_in_both_directions(seed, n):
    rng = np.random.default_rng(seed)
    t, p = rng.integers(0, 4, (2, n))
    table = ConfusionMatrix.from_labels(t, p, labels=4)
    np.testing.assert_array_equal(table.counts, [[np.sum((t == i) & (p == j)) for j in range(4)] for i in range(4)])
    np.testing.assert_array_equal(table.counts.T, ConfusionMatrix.from_labels(p, t, labels=4).counts)
    assert (table.tp + table.fp + table.fn + table.tn == n).all() and table.total == n
    each = ConfusionMatrix.from_labels(t, p, labels=4, ndim=0)
    np.testing.assert_array_equal(each.counts.sum(axis=0), table.counts)


@given(seeds, st.integers(1, 8), st.integers(1, 4))
def test_a_multilabel_table_holds_a_table_for_each_label(seed, n, k):
    t, p = np.random.default_rng(seed).integers(0, 2, (2, n, k))
    table = ConfusionMatrix.from_labels(t, p, multilabel=True)
    for label in range(k):
        np.testing.assert_array_equal(table.counts[label], ConfusionMatrix.from_labels(t[:, label], p[:, label], labels=2).counts)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@given(st.data(), seeds, st.integers(2, 12), st.booleans())
def test_every_loss_is_a_metric_that_adds(loss, draw, seed, n, weighted):
    call = make_call(loss, seed, (n,))
    weight = np.random.default_rng(seed).uniform(0.1, 2, n) if weighted else None
    def part(rows):
        some = call.map(lambda x: x[rows])
        return WeightedMean.from_loss(loss, some.y_true, some.y_pred, sample_weight=None if weight is None else weight[rows], **some.options)
    close(sum(part(rows) for rows in cut(draw.draw, n)).mean, call(sample_weight=weight))


# ---- each metric of the package


def declared(metric):
    "Labels as a batch must declare them, and options without a default."
    return {"labels": 3, **required(metric)} if metric.source in (ConfusionMatrix, PanopticCounts) else required(metric)


def drawn_options(draw, metric):
    "Words for the options of a metric; of curves there is no mean."
    options = {name: draw(st.sampled_from(found)) for name, found in metric_words(metric).items()}
    return {**options, "average": None} if metric.source is RankedScores and "average" in options else options


def weight_for(metric, rng, y_true, options):
    "One weight an example; a table of labels takes one a label, and some metrics take counts alone."
    if "weights count examples" in return_docment(metric):
        return rng.integers(1, 4, len(y_true))
    each = options.get("over") == "each" or metric.source is not ConfusionMatrix
    return rng.uniform(0.5, 2, len(y_true) if each else y_true.shape)


def test_every_public_metric_is_walked():
    public = [name for name in lossbook.__all__ if isinstance(getattr(lossbook, name), Metric)]
    assert public and set(public) <= set(METRICS)


@each_metric
@given(st.data(), seeds, st.integers(1, 12), st.booleans())
def test_batches_give_what_one_pass_gives(metric, draw, seed, n, weighted):
    n = enough(metric, n)
    y_true, y_pred = metric_data(metric, seed, n)
    options = drawn_options(draw.draw, metric)
    weight = weight_for(metric, np.random.default_rng(seed), y_true, options) if weighted else None
    whole = metric(y_true, y_pred, sample_weight=weight, **declared(metric), **options)
    parts = [metric.summary(y_true[rows], y_pred[rows], sample_weight=None if weight is None else weight[rows], **declared(metric), **options)
             for rows in cut(draw.draw, n)]
    asked = {**required(metric), **{name: value for name, value in options.items() if name in metric.asks and name != "over"}}
    close(metric.of(add_in_pairs(draw.draw, parts), **asked), whole)


@each_metric
@given(st.data(), seeds, st.integers(1, 12))
def test_it_lies_in_the_range_that_it_documents(metric, draw, seed, n):
    n = enough(metric, n)
    value = metric(*metric_data(metric, seed, n), **declared(metric), **drawn_options(draw.draw, metric))
    defined = flat(value)[~np.isnan(flat(value))]
    documented = return_docment(metric).replace("[0,1]", "[0, 1]")
    assert documented
    assert (defined >= 0).all() or "0 or above" not in documented and "[0, 1]" not in documented
    assert (defined <= 1).all() or "[0, 1]" not in documented


@each_metric
@given(st.data(), seeds, st.integers(1, 12))
def test_the_order_of_examples_does_not_matter(metric, draw, seed, n):
    n = enough(metric, n)
    y_true, y_pred = metric_data(metric, seed, n)
    order, options = draw.draw(st.permutations(range(n))), {**declared(metric), **drawn_options(draw.draw, metric)}
    close(metric(y_true[order], y_pred[order], **options), metric(y_true, y_pred, **options))


@pytest.mark.parametrize("metric", [pytest.param(metric, id=name) for name, metric in METRICS.items() if metric.source is ConfusionMatrix])
@given(st.data(), seeds, st.integers(1, 12))
def test_the_names_of_labels_do_not_matter(metric, draw, seed, n):
    y_true, y_pred = metric_data(metric, seed, n)
    options, names = drawn_options(draw.draw, metric), np.array(["owl", "ant", "fox"])
    close(metric(names[y_true], names[y_pred], labels=names, **options), metric(y_true, y_pred, labels=3, **options))
    close(metric(names[y_true].tolist(), names[y_pred].tolist(), labels=list(names), **options), metric(y_true, y_pred, labels=3, **options))
    close(metric(10 - 3*y_true, 10 - 3*y_pred, labels=[10, 7, 4], **options), metric(y_true, y_pred, labels=3, **options))


@each_metric
@given(st.data(), seeds, st.integers(1, 8))
def test_weight_two_is_being_there_twice(metric, draw, seed, n):
    n = enough(metric, n)
    y_true, y_pred = metric_data(metric, seed, n)
    options, rng = {**declared(metric), **drawn_options(draw.draw, metric)}, np.random.default_rng(seed)
    counts = rng.integers(1, 4, n)
    per_label = options.get("over", "all") == "all" and metric.source is ConfusionMatrix
    weight = np.broadcast_to(counts.reshape(-1, *[1]*(y_true.ndim - 1)), y_true.shape) if per_label else counts
    close(metric(y_true, y_pred, sample_weight=weight, **options), metric(np.repeat(y_true, counts, axis=0), np.repeat(y_pred, counts, axis=0), **options))


@each_metric
def test_a_metric_comes_back_from_a_pickle(metric):
    assert pickle.loads(pickle.dumps(metric)) is metric


# ---- against scikit-learn, wherever it has a metric of the same name

SHARED = [name for name in METRICS if hasattr(sklearn_metrics, name) and not name.endswith("_curve")]


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.filterwarnings("ignore:y_pred contains classes:UserWarning", "ignore:A single label was found:UserWarning")
@given(st.data(), seeds, st.integers(1, 30), st.booleans())
def test_it_equals_scikit_learn(name, draw, seed, n, weighted):
    metric, theirs = METRICS[name], getattr(sklearn_metrics, name)
    y_true, y_pred = metric_data(metric, seed, enough(metric, n))
    y_true, y_pred = (y_true.ravel(), y_pred.ravel()) if metric.source is ConfusionMatrix else (y_true, y_pred)
    weight = np.random.default_rng(seed).uniform(0.1, 2, y_true.shape) if weighted else None
    ours, options = declared(metric), {"labels": range(3)} if "labels" in signature(theirs).parameters else {}
    if metric.source is RankedScores:
        ours = {**ours, "undefined": 0.0} if name == "average_precision_score" else ours
    elif "ties" in options_of(metric):
        ours = {**ours, "ties": "reverse"}
    if "zero_division" in signature(theirs).parameters:
        average = draw.draw(st.sampled_from([None, "macro", "weighted", "micro"]))
        ours, options = {**ours, "average": average, "undefined": np.nan}, {**options, "average": average, "zero_division": np.nan}
    if "beta" in signature(theirs).parameters:
        beta = draw.draw(st.sampled_from([0.5, 1.0, 2.0]))
        ours, options = {**ours, "beta": beta}, {**options, "beta": beta}
    close(metric(y_true, y_pred, sample_weight=weight, **ours), theirs(y_true, y_pred, sample_weight=weight, **options))

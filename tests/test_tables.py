"The report of every score, one label against the rest, and the plot of a confusion matrix."
import json
import pickle
import re
from copy import deepcopy

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn import metrics as sk

from lossbook.classification.averages import classification_report, one_vs_rest
from lossbook.classification.confusion_matrix import f1_score, plot_confusion_matrix, precision_score, recall_score
from lossbook.style import COLORS, DARK_COLORS
from lossbook.summaries import ConfusionMatrix

rng = np.random.default_rng(0)
T, P, W = rng.integers(0, 7, 300), rng.integers(0, 6, 300), rng.random(300)  # label 6 is never called
WORDS = np.array(["ant", "bee", "cat", "<dog>", "emu & co", "fox", "gnu"])
YES, NO = rng.integers(0, 2, (2, 50, 4))
TWO = ConfusionMatrix.from_labels(T > 2, P > 2)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# ---- the report


def same_rows(ours, theirs):
    "Every number that scikit-learn reports is ours, by the same names."
    for name, row in theirs.items():
        pairs = [(ours[name][score], value) for score, value in row.items()] if isinstance(row, dict) else [(ours[name], row)]
        np.testing.assert_allclose(*zip(*pairs), rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("undefined", [0.0, 1.0, np.nan])
@pytest.mark.parametrize("weight", [None, W], ids=["counts", "weights"])
@pytest.mark.parametrize("names", [np.arange(7), WORDS], ids=["numbers", "words"])
def test_the_report_is_that_of_scikit_learn(names, weight, undefined):
    t, p = names[T], names[P]
    theirs = sk.classification_report(t, p, sample_weight=weight, zero_division=undefined, output_dict=True)
    cm = ConfusionMatrix.from_labels(t, p, sample_weight=weight)
    same_rows(classification_report(cm, undefined=undefined), theirs)


def test_the_report_of_several_answers_is_that_of_scikit_learn():
    theirs = sk.classification_report(YES, NO, output_dict=True, zero_division=0.0)
    del theirs["samples avg"]  # a mean over rows, which a table of labels has lost
    ours = classification_report(ConfusionMatrix.from_labels(YES, NO, multilabel=True))
    same_rows(ours, theirs)
    assert ours["hamming loss"] == pytest.approx(sk.hamming_loss(YES, NO), rel=1e-12) and "accuracy" not in ours


def test_scores_of_all_labels_are_those_of_scikit_learn():
    report = classification_report(ConfusionMatrix.from_labels(T, P))
    theirs = sk.accuracy_score(T, P), sk.balanced_accuracy_score(T, P), sk.cohen_kappa_score(T, P), sk.matthews_corrcoef(T, P)
    np.testing.assert_allclose(list(report.values())[-4:], theirs, rtol=1e-12)


def test_the_report_adds_as_its_tables_do():
    parts = [ConfusionMatrix.from_labels(t, p, labels=7) for t, p in zip(np.split(T, 3), np.split(P, 3))]
    assert repr(classification_report(sum(parts))) == repr(classification_report(ConfusionMatrix.from_labels(T, P)))


def test_the_report_is_a_plain_dictionary_to_others():
    report = classification_report(TWO)
    assert json.loads(json.dumps(report)) == report == pickle.loads(pickle.dumps(report))
    assert set(map(type, report["1"].values())) == {float, int} and type(report["accuracy"]) is float


def test_columns_of_the_text_are_aligned():
    text = repr(classification_report(ConfusionMatrix.from_labels(WORDS[T], WORDS[P])))
    upper, lower = text.split("\n\n")
    for table in (upper, lower):
        lines = table.split("\n")
        ends = [[word.end() for word in re.finditer(r"\S+(?: \S+)*", line)] for line in lines]
        assert len({len(line) for line in lines}) == 1
        assert all(set(row) <= set(ends[0]) for row in ends)
    assert "–" in upper and "nan" not in text  # the precision of a label never called
    assert str(classification_report(TWO)) == repr(classification_report(TWO))


def test_labels_are_escaped_on_a_page():
    html = classification_report(ConfusionMatrix.from_labels(WORDS[T], WORDS[P]))._repr_html_()
    assert "<th>&lt;dog&gt;</th>" in html and "<th>emu &amp; co</th>" in html and "<dog>" not in html
    assert html.count("<table>") == 2 and html.count("<tr>") == 1 + 7 + 3 + 2


# ---- one label against the rest


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "none"])
@pytest.mark.parametrize("labels", [[1, 2], [6, 0, 3], range(7)], ids=str)
def test_some_labels_are_the_labels_of_scikit_learn(labels, average):
    cm = one_vs_rest(ConfusionMatrix.from_labels(T, P, sample_weight=W), list(labels))
    for score in (precision_score, recall_score, f1_score):
        theirs = getattr(sk, score.__name__)(
            T, P, labels=list(labels), average=None if average == "none" else average, sample_weight=W, zero_division=0.0)
        np.testing.assert_allclose(score.of(cm, average=average, undefined=0.0), theirs, rtol=1e-12)


def test_one_against_the_rest_is_that_of_scikit_learn():
    np.testing.assert_array_equal(one_vs_rest(ConfusionMatrix.from_labels(T, P)).counts, sk.multilabel_confusion_matrix(T, P))
    several = ConfusionMatrix.from_labels(YES, NO, multilabel=True)
    assert one_vs_rest(several) == several
    np.testing.assert_array_equal(one_vs_rest(several, [2]).counts, sk.multilabel_confusion_matrix(YES, NO)[[2]])


# ---- the plot


def test_the_plot_returns_the_axes_it_drew_on():
    _, ax = plt.subplots()
    assert plot_confusion_matrix(TWO, ax=ax) is ax
    assert isinstance(own := plot_confusion_matrix(TWO), mpl.axes.Axes) and own is not ax
    assert [text.get_text() for text in ax.texts] == [str(n) for n in TWO.counts.flat]


@pytest.mark.parametrize("normalize", ["true", "pred", "all"])
def test_shares_are_those_of_scikit_learn(normalize):
    ax = plot_confusion_matrix(ConfusionMatrix.from_labels(T, P), normalize=normalize)
    theirs = sk.confusion_matrix(T, P, normalize=normalize)
    shown = [0.0 if text.get_text() == "–" else float(text.get_text()) for text in ax.texts]
    np.testing.assert_allclose(shown, theirs.ravel(), atol=0.005 + 1e-12)


def test_nobodys_settings_are_touched():
    with mpl.rc_context({"font.size": 31, "axes.facecolor": "yellow"}):
        before = deepcopy(dict(mpl.rcParams))
        ax = plot_confusion_matrix(TWO)
        assert dict(mpl.rcParams) == before
        assert ax.xaxis.label.get_size() == 13  # the look of the book, whatever theirs is


def luminance(colour):
    c = np.array(mpl.colors.to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    dark, light = sorted(map(luminance, (a, b)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colors", [COLORS, DARK_COLORS], ids=["light", "dark"])
def test_counts_are_readable_in_the_strongest_cell_of_a_light_and_of_a_dark_page(colors):
    full = ConfusionMatrix(2, np.array([[9, 0], [9, 0]]))  # a full cell that is right, and one that is wrong
    ax = plot_confusion_matrix(full)
    names = {color: name for name, color in COLORS.items()}
    for patch, text in zip(ax.patches, ax.texts):
        face, alpha = colors[names[mpl.colors.to_hex(patch.get_facecolor())]], patch.get_alpha()
        cell = alpha * np.array(mpl.colors.to_rgb(face)) + (1 - alpha) * np.array(mpl.colors.to_rgb(colors["paper"]))
        assert contrast(colors[names[mpl.colors.to_hex(text.get_color())]], cell) >= 4.5


@pytest.mark.parametrize("k, count", [(2, 5), (10, 999), (21, 12_345)])
def test_numbers_stay_inside_their_cells(k, count):
    ax = plot_confusion_matrix(ConfusionMatrix(k, np.full((k, k), count)))
    ax.figure.canvas.draw()
    for text in ax.texts[:: k + 1]:
        box = text.get_window_extent().transformed(ax.transData.inverted())
        assert abs(box.width) < 1 and abs(box.height) < 1


# ---- bytes, words, one class


def test_bytes_do_not_overflow():
    t, p = np.uint8([20, 3, 20]), np.uint8([20, 20, 4])
    cm = ConfusionMatrix.from_labels(t, p, labels=21)
    assert cm.counts[20, 20] == cm.counts[3, 20] == cm.counts[20, 4] == 1 and cm.total == 3
    assert repr(classification_report(cm)) == repr(classification_report(ConfusionMatrix.from_labels(t.astype(int), p.astype(int), labels=21)))


def test_a_single_class():
    report = classification_report(ConfusionMatrix.from_labels(["cat"] * 3, ["cat"] * 3))
    assert report["cat"]["f1-score"] == report["accuracy"] == report["balanced accuracy"] == 1
    assert np.isnan([report["kappa"], report["cat"]["specificity"]]).all() and report["correlation"] == 0
    assert plot_confusion_matrix(ConfusionMatrix.from_labels(["cat"], ["cat"])).texts[0].get_text() == "1"

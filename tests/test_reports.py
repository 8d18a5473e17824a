"The report of a regression and the pictures: what they return, what they show, and what they leave as it was."
import os
import pickle
import subprocess
import sys
from itertools import pairwise

import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

import lossbook
from lossbook.regression.linear_regression import plot_loss, plot_residuals, regression_report
from lossbook.style import COLORS
from lossbook.summaries import Moments
from tests.properties.inputs import LOSSES, OF_AMOUNTS, options_of
from tests.properties.toys import TOYS

MINUTES, WAITING = np.array([4, 2, 5, 8, 6]), np.array([3.0, 4, 5, 6, 7])
NAMES = ["MSE", "RMSE", "MAE", "R2", "explained variance", "adjusted R2", "mean error", "n"]


@pytest.fixture(autouse=True)
def no_figures_stay_open():
    yield
    plt.close("all")


def bus(**options):
    return regression_report(Moments.from_values(MINUTES, WAITING), **options)


def two_outputs(rows=slice(None)):
    return Moments.from_values(np.stack([MINUTES, MINUTES], 1)[rows], np.stack([MINUTES, WAITING], 1)[rows])


# ---- the report as a dict


def test_a_report_is_a_dict_of_plain_numbers():
    report = bus(parameters=1)
    assert isinstance(report, dict) and list(report) == NAMES
    assert report == pytest.approx(dict(zip(NAMES, [2, 2**0.5, 1.2, 0.5, 0.5, 1/3, 0, 5])))
    assert {type(value) for value in report.values()} == {float}
    assert pickle.loads(pickle.dumps(report)) == report == dict(report)


def test_without_parameters_there_is_no_adjusted_r2():
    assert list(bus()) == [name for name in NAMES if name != "adjusted R2"]


@pytest.mark.parametrize("name, metric", [("MSE", "mean_squared_error"), ("RMSE", "root_mean_squared_error"), ("MAE", "mean_absolute_error"),
                                          ("R2", "r2_score"), ("explained variance", "explained_variance_score")])
def test_each_measure_is_its_metric(name, metric):
    metric = getattr(lossbook, metric)
    assert bus()[name] == metric(MINUTES, WAITING)
    several = regression_report(two_outputs(), outputs=["met", "missed"])[name]
    assert [several["met"], several["missed"]] == metric.of(two_outputs(), multioutput="raw_values").tolist()
    assert several["average"] == metric.of(two_outputs())


def test_outputs_have_numbers_for_names_unless_they_have_names():
    assert list(regression_report(two_outputs())["MSE"]) == [0, 1, "average"]
    assert regression_report(two_outputs(), outputs=["met", "missed"])["n"] == {"met": 5, "missed": 5, "average": 5}
    assert bus(outputs=["bus"])["MSE"] == {"bus": 2, "average": 2}


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_the_report_of_added_batches_is_that_of_all_rows(parts):
    batches = np.array_split(np.arange(5), parts)
    merged = regression_report(sum(Moments.from_values(MINUTES[rows], WAITING[rows]) for rows in batches), parameters=1)
    assert merged == pytest.approx(bus(parameters=1), rel=1e-12, abs=1e-14)
    several, whole = (regression_report(m) for m in (sum(map(two_outputs, batches)), two_outputs()))
    for name, values in whole.items():
        assert several[name] == pytest.approx(values, rel=1e-12, abs=1e-14)


def test_scikit_learn_agrees_on_random_rows_with_weights():
    metrics, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(0)
    y_true, weight = rng.normal([0, 1e4], [1, 3], (200, 2)), rng.random(200)
    y_pred = y_true + rng.normal(size=(200, 2))
    report = regression_report(Moments.from_values(y_true, y_pred, sample_weight=weight))
    theirs = {"MSE": metrics.mean_squared_error, "RMSE": metrics.root_mean_squared_error, "MAE": metrics.mean_absolute_error,
              "R2": metrics.r2_score, "explained variance": metrics.explained_variance_score}
    for name, metric in theirs.items():
        raw = metric(y_true, y_pred, sample_weight=weight, multioutput="raw_values")
        np.testing.assert_allclose(list(report[name].values()), [*raw, raw.mean()], rtol=1e-9)


# ---- the report as a table


def test_a_report_in_a_terminal_is_aligned():
    head, *lines = repr(bus(parameters=1)).splitlines()
    assert [line.rsplit(maxsplit=1) for line in lines] == [[name, number] for name, number in zip([name.rjust(18) for name in NAMES],
            ["2", "1.41421", "1.2", "0.5", "0.5", "0.333333", "0", "5"])]
    assert {len(line) for line in [head, *lines]} == {28} and head.strip() == "value"


def test_columns_of_a_report_of_several_outputs():
    head, *lines = repr(regression_report(two_outputs(), outputs=["met", "missed"])).splitlines()
    assert head.split() == ["met", "missed", "average"] and len({len(line) for line in [head, *lines]}) == 1
    assert lines[0].split() == ["MSE", "0", "2", "1"]


def test_a_report_on_a_page_is_a_table_with_its_words_escaped():
    page = regression_report(two_outputs(), outputs=["<met>", "missed"])._repr_html_()
    assert page.startswith("<table><thead><tr><th></th><th>&lt;met&gt;</th>") and page.count("<tr>") == len(NAMES)
    assert "<tr><th>MSE</th><td>0</td><td>2</td><td>1</td></tr>" in page


# ---- pictures leave everything else as it was


def draw_residuals(**options): return plot_residuals(MINUTES, WAITING, **options)
def draw_loss(**options): return plot_loss(LOSSES["huber_loss"], **options)


each_picture = pytest.mark.parametrize("draw", [draw_residuals, draw_loss])


@each_picture
def test_a_picture_is_drawn_on_the_axes_given_or_on_new_ones(draw):
    fig, ax = plt.subplots()
    assert draw(ax=ax) is ax and plt.get_fignums() == [fig.number]
    new = draw()
    assert isinstance(new, Axes) and new is not ax and len(plt.get_fignums()) == 2


@each_picture
def test_settings_stay_as_they_were(draw):
    with plt.rc_context({"lines.linewidth": 7, "axes.spines.top": True, "font.size": 5}):
        before = dict(plt.rcParams)
        ax = draw()
        assert dict(plt.rcParams) == before
        assert not ax.spines.top.get_visible() and {line.get_linewidth() for line in ax.lines} <= {2.2, 1.2}


@each_picture
def test_a_picture_looks_the_same_once_it_is_drawn(draw):
    with plt.rc_context({"xtick.color": "red", "xtick.labelsize": 3}):
        ax = draw()
        ax.figure.canvas.draw()
        assert {to_hex(label.get_color()) for label in ax.get_xticklabels()} == {COLORS["muted"]}
        assert {label.get_size() for label in ax.get_xticklabels()} == {12}


@each_picture
def test_settings_stay_as_they_were_when_drawing_fails(draw):
    before = dict(plt.rcParams)
    with pytest.raises(AttributeError):
        draw(ax="no axes")
    assert dict(plt.rcParams) == before


def test_matplotlib_is_imported_only_to_draw():
    code = "import sys; from lossbook import plot_loss, plot_residuals, regression_report; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "MPLBACKEND": "agg"})


# ---- residuals


def test_residuals_are_truth_less_prediction_with_the_means_of_neighbours():
    zero, points, means = plot_residuals(MINUTES, WAITING, groups=2).lines
    assert points.get_xydata().tolist() == [[3, 1], [4, -2], [5, 0], [6, 2], [7, -1]]
    np.testing.assert_allclose(means.get_xydata(), [[4, -1/3], [6.5, 0.5]])
    assert set(zero.get_ydata()) == {0}


def test_residuals_of_lists_tensors_and_long_arrays():
    long = np.arange(200_000)
    assert len(plot_residuals(long, long + 1.0).lines[1].get_xdata()) == 200_000
    assert plot_residuals([1, 2], [2, 2]).lines[1].get_ydata().tolist() == [-1, 0]
    torch = pytest.importorskip("torch")
    tensors = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 2.0], requires_grad=True)
    assert plot_residuals(*tensors).lines[1].get_ydata().tolist() == [-1, 0]


def test_there_are_no_more_groups_than_points():
    assert len(plot_residuals([1], [2]).lines[2].get_xdata()) == 1
    assert len(plot_residuals(np.arange(100), np.arange(100)).lines[2].get_xdata()) == 10


# ---- losses


def draws(loss):
    return getattr(loss, "true_ndim", None) == getattr(loss, "pred_ndim", None) == 0 and loss.derivative is not None


DRAWN = {name: loss for name, loss in LOSSES.items() if draws(loss)}


@pytest.mark.parametrize("loss", DRAWN.values(), ids=DRAWN)
def test_every_loss_of_one_number_is_drawn_with_its_gradient(loss):
    ax = plot_loss(loss, y_true=1.0, y_pred=np.linspace(0, 2, 9) if loss.__name__ in OF_AMOUNTS else None)
    value, slope = (line.get_xydata().T for line in ax.lines)
    y_true = np.ones(len(value[0]))
    np.testing.assert_array_equal(value[1], loss(y_true, value[0], reduction="none"))
    np.testing.assert_array_equal(slope[1], loss.grad(y_true, value[0], reduction="none"))
    assert ax.get_xlabel() == loss.inputs[1] and ax.get_title(loc="left") == loss.__name__
    assert {text.get_text(): to_hex(text.get_color()) for text in ax.texts} == {"loss": COLORS["error"], "gradient": COLORS["prediction"]}


def test_there_are_losses_to_draw():
    assert {"squared_error", "huber_loss", "pinball_loss"} <= set(DRAWN)


def test_options_go_to_the_loss_and_sums_are_drawn():
    loss = LOSSES["huber_loss"] + 0.5 * LOSSES["squared_error"]
    ax = plot_loss(loss, y_true=1, y_pred=[1, 4], delta=2)
    assert ax.lines[0].get_ydata().tolist() == [0, 2*2 + 4.5] and ax.lines[1].get_ydata().tolist() == [0, 5]


@pytest.mark.parametrize("y_pred", [[-3, 3], [0, 1], [3, -3]])
def test_the_two_names_do_not_meet(y_pred):
    ax = plot_loss(LOSSES["squared_error"], y_pred=y_pred)
    ax.figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))


@pytest.mark.parametrize("name", [name for name, loss in {**LOSSES, **{toy.__name__: toy for toy in TOYS}}.items()
                                  if "class_axis" in options_of(loss) or "over" in options_of(loss)])
def test_a_loss_of_classes_or_images_is_refused_in_a_sentence(name):
    loss = {**LOSSES, **{toy.__name__: toy for toy in TOYS}}[name]
    with pytest.raises(TypeError, match=f"{loss.__name__} compares examples of many numbers: plot_loss draws losses of one"):
        plot_loss(loss)

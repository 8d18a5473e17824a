"Colours that can be read, and matplotlib figures that follow the page."
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import matplotlib.style
import pytest
from matplotlib.figure import Figure

from lossbook.figures import draw_pixels, figure_svg
from lossbook.style import COLORS, DARK_COLORS, css_variables, drawing, style

READ = ["truth", "prediction", "agreement", "error", "other", "ink", "muted"]


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [COLORS, DARK_COLORS], ids=["light", "dark"])
@pytest.mark.parametrize("name", READ)
def test_colors_can_be_read(colors, name):
    assert contrast(colors[name], colors["paper"]) >= 4.5


def test_css_names_every_color_twice():
    assert COLORS.keys() == DARK_COLORS.keys()
    assert re.findall(r"--lb-(\w+): (#\w+);", css_variables()) == [*COLORS.items(), *DARK_COLORS.items()]


def test_style_needs_no_matplotlib():
    code = "import sys, lossbook.style; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def picture(label="a label", show=False):
    with matplotlib.style.context(style):
        figure = Figure()
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1])
        axes.set(xlabel=label, ylabel=r"$\hat y$")
        if show:
            axes.imshow([[0, 1]])
        return figure_svg(figure)


def test_the_same_figure_is_the_same_text():
    assert picture() == picture()


def test_a_figure_takes_colors_and_font_from_the_page():
    svg = picture()
    assert f"var(--lb-truth, {COLORS['truth']})" in svg and "var(--lb-font" in svg
    assert not re.search(r": #[0-9a-f]{6}", svg)


def test_a_figure_is_one_element_that_styles_nothing_else():
    svg = picture()
    assert svg.startswith("<svg ") and svg.endswith("</svg>")
    assert not re.search(r"<style|<metadata|<!--|<\?xml|DOCTYPE", svg)


def test_figures_of_one_page_share_no_id():
    ids = [set(re.findall(r' id="([^"]+)"', picture(label))) for label in ("one", "two")]
    assert all(ids) and not ids[0] & ids[1]
    svg = picture("one")
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)) == ids[0]


def test_pixels_stay_sharp():
    assert "image-rendering: pixelated" in picture(show=True)


def test_drawn_pixels_follow_the_page():
    with matplotlib.style.context(style):
        axes = Figure().subplots()
        draw_pixels(axes, [["truth", "truth", ""], ["", "error", "truth"]])
    bars = [(bar.get_facecolor()[0], bar.get_paths()[0].get_extents().bounds) for bar in axes.collections]
    seen = {(matplotlib.colors.to_hex(color), bounds) for color, bounds in bars}
    truth, error = COLORS["truth"], COLORS["error"]
    assert seen == {(truth, (-0.5, -0.5, 2, 1)), (error, (0.5, 0.5, 1, 1)), (truth, (1.5, 0.5, 1, 1))}
    assert "image" not in figure_svg(axes.figure)


def test_an_empty_figure_is_not_shown():
    assert figure_svg(Figure()) is None


def test_the_style_lasts_as_long_as_one_draws():
    with plt.rc_context({"lines.linewidth": 9}):
        with drawing(None, figsize=(2, 3)) as ax:
            assert plt.rcParams["lines.linewidth"] == 2.2 and ax.figure.get_size_inches().tolist() == [2, 3]
        with drawing(ax) as same:
            assert same is ax
        assert plt.rcParams["lines.linewidth"] == 9
    plt.close(ax.figure)

"""Figures as a notebook shows them: matplotlib's as SVG that follows the page's theme, and those one can touch.

Chapters get both through `lossbook.notebook`. `web/figures/README.md` tells how to write an explorable.
"""
from functools import partial
from hashlib import sha256
from html import escape
from io import StringIO
from itertools import product
from pathlib import Path
import json
import re

import numpy as np

from .style import COLORS, css_variables, themed

__all__ = ["draw_pixels", "explorable", "figure_svg", "show_figures_as_svg"]

# ---- matplotlib's figures

_NAME_OF_COLOR = {color: name for name, color in COLORS.items()}
_ATTRIBUTES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'class="figure-svg" role="img" stroke-linejoin="round"'
)
_NOT_DRAWN = re.compile(
    r"<metadata>.*?</metadata>"
    r"|<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>"  # it would style every SVG of the page
    r"|<!--.*?-->"
    r'| transform="rotate\(-0 [^"]*\)"'
    r"|(?<=[\s\d])\n(?=[LCQMz\"])",
    re.S,
)


def show_figures_as_svg():
    "Make the running notebook show matplotlib's figures through `figure_svg`, and in no other form."
    from IPython import get_ipython
    from matplotlib.figure import Figure

    if (shell := get_ipython()) is None:
        return
    formatters = shell.display_formatter.formatters
    for formatter in formatters.values():
        formatter.pop(Figure, None)
    formatters["image/svg+xml"].for_type(Figure, figure_svg)


def figure_svg(
    fig,  # A matplotlib figure
):  # An `<svg>` element, the same text on every run
    "Draw a figure as one SVG element whose colours and font are those of the page around it."
    if not fig.axes and not fig.lines:
        return None
    text = StringIO()
    fig.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _own_ids(_page_font(_page_colors(_bare_element(text.getvalue()))))


def draw_pixels(
    ax,  # matplotlib axes to draw on
    names,  # Rows of names in `COLORS`, one a pixel; '' leaves it empty
    title="",  # What stands above
):
    "Draw a small image whose pixels take their colours from the page, which those of `imshow` cannot."
    names = np.asarray(names)
    for row, line in enumerate(names):
        for color in sorted(set(line) - {""}):
            ax.broken_barh(_runs(line == color), (row - 0.5, 1), color=COLORS[color], linewidth=0.8)  # the edge closes the seams
    rows, columns = names.shape
    ax.set(title=title, xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(True)


def _runs(marked):
    "Start and length of each run of true values, pixels being one wide around their index."
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False))
    return [(start - 0.5, end - start) for start, end in zip(edges[::2], edges[1::2])]


def _bare_element(svg):
    svg = _NOT_DRAWN.sub("", svg[svg.index("<svg") :])
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf"<svg {_ATTRIBUTES} \1>", svg, count=1)
    svg = svg.replace("<image ", '<image style="image-rendering: pixelated" ')
    return re.sub(r"\n\s*", "\n", svg).strip()


def _page_colors(svg):
    return re.sub(r"#[0-9a-f]{6}\b", lambda m: themed(_NAME_OF_COLOR[m[0]]) if m[0] in _NAME_OF_COLOR else m[0], svg)


def _page_font(svg):
    "Plain text takes the page's font; formulas, set glyph by glyph, keep the font they were measured in."
    plain = svg.replace("font-family: 'DejaVu Sans', sans-serif", "font-family: var(--lb-font, 'DejaVu Sans', Verdana, sans-serif)")
    return plain.replace("font-family: 'DejaVu Sans';", "font-family: 'DejaVu Sans', Verdana, sans-serif;")


def _own_ids(svg):
    "Drop the ids that nothing uses, and mark the others with the figure, so that a page may hold many."
    used = set(re.findall(r"#([\w-]+)", svg))
    mark = "f" + sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{mark}-{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r"(url\(#|href=\"#)", rf"\g<1>{mark}-", svg)


# ---- figures one can touch


class explorable:
    """A figure one can touch: `web/figures/NAME.js` draws `data` and computes the number shown, without a kernel.

    `value` is the Python function that says what the number must be at every position; the browser tests
    move each handle and compare. It returns a number, or several by name, the one the figure is about first.
    """

    def __init__(
        self,
        name,  # Of the script: `web/figures/NAME.js`
        data,  # What the script draws, by name: numbers, strings, arrays
        positions,  # Where each handle may stand, by the name of its coordinate, in order
        value,  # Function of one position of each coordinate, by name
        *,
        alt,  # What a reader who cannot see the figure must know
        caption="",  # One line of HTML under the figure
        start=None,  # Position of each coordinate at first; the middle one where it is not said
    ):
        self.name, self.alt, self.caption = name, alt, caption
        self.positions = {axis: np.asarray(places).tolist() for axis, places in positions.items()}
        self.table = {
            "data": data,
            "positions": self.positions,
            "start": self._start(start or {}),
            "values": self._values(value),
        }

    def _start(self, start):
        "Where each coordinate begins, as the index of a position."
        middle = {axis: places[len(places) // 2] for axis, places in self.positions.items()}
        distances = (np.abs(np.subtract(places, (middle | start)[axis])) for axis, places in self.positions.items())
        return [int(distance.argmin()) for distance in distances]

    def _values(self, value):
        "What the figure must show at each combination of positions, the last coordinate running fastest."
        grid = (dict(zip(self.positions, at)) for at in product(*self.positions.values()))
        rows = [_by_name(value(**at)) for at in grid]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _repr_html_(self):
        folder = _figures_folder()
        scripts = [(folder / "explorable.js").read_text(encoding="utf-8"), *_with_parts(folder / f"{self.name}.js")]
        style = _colors_of_figure() + (folder / "explorable.css").read_text(encoding="utf-8")
        return "\n".join([
            f'<figure class="explorable" data-figure="{escape(self.name)}" data-alt="{escape(self.alt)}">',
            '<div class="explorable-stage"><p>Run this cell, with JavaScript on, to touch this figure.</p></div>',
            f"<figcaption>{self.caption}</figcaption>" if self.caption else "",
            f"<style>{style}</style>",
            f'<script type="application/json">{_json(self.table)}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</figure>",
        ])

    def __repr__(self):
        return f"explorable({self.name!r})"


def _by_name(value):
    return value if isinstance(value, dict) else {"value": value}


def _with_parts(path):
    "The text of a script, after those of the scripts that it says it needs."
    text = path.read_text(encoding="utf-8")
    needed = re.findall(r"^// Needs (\S+\.js)$", text, re.M)
    return [*(script for name in needed for script in _with_parts(path.with_name(name))), text]


def _figures_folder():
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "web" / "figures" / "explorable.js").exists():
            return folder / "web" / "figures"
    raise FileNotFoundError(f"no web/figures at or above {Path.cwd()}: run inside a clone of the book")


_colors_of_figure = partial(
    css_variables,
    light=".explorable",
    dark=".quarto-dark .explorable, [data-jp-theme-light=false] .explorable",
)


def _json(table):
    "JSON that may stand inside a script element; NaN, which JSON lacks, is null."
    text = json.dumps(_plain(table), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if value != value else value

"""The look of every picture in the book, named once: matplotlib, the site and the figures one can touch share it.

Nothing here imports matplotlib before something is drawn: `plt.style.use(style)` and `plt.style.context(style)` read it.
"""
from contextlib import contextmanager
from pathlib import Path

__all__ = ["COLORS", "DARK_COLORS", "style", "drawing", "css_variables", "themed"]

COLORS = {
    "truth": "#0067ad",  # what is: `y_true`, the reference mask, the positive class
    "prediction": "#c24a00",  # what the model says: `y_pred`, the predicted mask, a fitted line
    "agreement": "#007760",  # where both say the same: overlap, true positives
    "error": "#93195f",  # where they differ: residuals, false positives, false negatives
    "other": "#5e4a00",  # a third thing, of neither side
    "ink": "#24292f",  # text and axes
    "muted": "#5f6873",  # ticks, captions, what is beside the point
    "grid": "#dfe3e8",  # rules and grids
    "paper": "#fdfdfc",  # what all of it is drawn on; not quite white, so that white stays white on a dark page
}

DARK_COLORS = {  # the same names where the page is dark
    "truth": "#6db9f7",
    "prediction": "#f08a42",
    "agreement": "#63dbb5",
    "error": "#d67bb3",
    "other": "#f1c550",
    "ink": "#e4e7eb",
    "muted": "#a3acb8",
    "grid": "#363d46",
    "paper": "#15191e",
}

_series = ", ".join(repr(COLORS[name]) for name in ("truth", "prediction", "agreement", "error", "other"))
_colours_of_parts = {
    "axes.prop_cycle": f"cycler('color', [{_series}])",
    "text.color": COLORS["ink"],
    "axes.labelcolor": COLORS["ink"],
    "axes.titlecolor": COLORS["ink"],
    "axes.edgecolor": COLORS["muted"],
    "xtick.color": COLORS["muted"],
    "ytick.color": COLORS["muted"],
    "grid.color": COLORS["grid"],
    "hatch.color": COLORS["muted"],
}

# What `plt.style.use` and `plt.style.context` take: the shapes and sizes, then the colours.
style = [str(Path(__file__).with_name("style.mplstyle")), _colours_of_parts]


@contextmanager
def drawing(
    ax,  # matplotlib `Axes` to draw on; `None` makes a figure
    **figure,  # Options of `plt.figure`, where it makes one
):  # The `Axes`, in a `with` statement
    "The style of the book for as long as one draws, and no longer."
    import matplotlib.pyplot as plt

    with plt.style.context(style):
        yield plt.figure(**figure).add_subplot() if ax is None else ax


def css_variables(
    light=":root",  # Selector that holds where the page is light
    dark="html[data-scheme=alternate], body.quarto-dark",  # Selector that holds where it is dark: here, and in Quarto's own pages
):  # A style sheet
    "The colours as CSS variables, `--lb-truth` and so on, for a light page and a dark one."
    return _rule(light, COLORS, "light") + _rule(dark, DARK_COLORS, "dark")


def _rule(selector, colors, scheme):
    lines = [f"  --lb-{name}: {color};" for name, color in colors.items()]
    return "\n".join([f"{selector} {{", f"  color-scheme: {scheme};", *lines, "}", ""])


def themed(
    name,  # A name in `COLORS`
):  # A CSS value
    "A colour that follows the page's theme, and is its light self where no page says otherwise."
    return f"var(--lb-{name}, {COLORS[name]})"

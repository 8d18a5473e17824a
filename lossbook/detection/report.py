"""A page about a detector that stands alone: numbers, curves, classes, rules. It asks no other computer for anything."""
from html import escape
from math import isfinite

from ..core import one_text
from .evaluation import DetectionEvaluation
from .groups import POOLED
from ..figures import figure_svg
from ..style import css_variables, style
from ..summaries import html_table

__all__ = ["html_report"]

CSS = """
body { max-width: 66rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif;
  color: var(--lb-ink); background: var(--lb-paper); }
h1, h2, h3 { line-height: 1.2; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(4.5rem, 1fr)); gap: .6rem; }
dt, .note, summary { color: var(--lb-muted); }
dd { margin: 0; font-size: 1.3rem; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
.curves svg { width: 100%; height: auto; }
.wide, pre { overflow-x: auto; }
table { border-collapse: collapse; }
table, dd { font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .45rem; border-bottom: 1px solid var(--lb-grid); text-align: right; }
th:first-child { text-align: left; position: sticky; left: 0; min-width: 7rem; overflow-wrap: anywhere;
  background: var(--lb-paper); }
.rules td { text-align: left; }
"""
NOTHING = "A dash, or -1, stands where there is no object to find; means leave it out."


def html_report(
    evaluations, # `DetectionEvaluation`, or several by name
    title="Detections, judged", # Title of the page
): # HTML, a whole document; whatever comes from the data is escaped
    "A page with the numbers, the curves, the classes and the rules."
    title = one_text(title, "title")
    named = evaluations if isinstance(evaluations, dict) else {"": evaluations}
    for one in named.values():
        if isinstance(one, DetectionEvaluation): continue
        raise TypeError(f"evaluations is or holds {type(one).__name__}: it must be DetectionEvaluation, or a dict of them")
    parts = [f"<h1>{escape(title)}</h1>", *([compared(named)] if len(named) > 1 else [])]
    for name, evaluation in named.items(): parts += section(name, evaluation)
    colours = css_variables(dark="@media (prefers-color-scheme: dark) { :root") + "}"
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{colours}{CSS}</style></head>'
            f"<body><main>{''.join(parts)}</main></body></html>\n")


def wide(rows, kind="wide"):
    "A table that scrolls by itself where the page is narrow."
    return f'<div class="{kind}" tabindex="0">{html_table(rows)}</div>'


def word(value):
    "A number as a table shows it."
    if not isinstance(value, float): return str(value)
    return f"{value:.3f}" if isfinite(value) and value != -1 else "-"


def compared(named):
    "The numbers of several detectors side by side."
    columns = [evaluation.stats for evaluation in named.values()]
    return wide([["", *named], *([stat, *(word(column[stat]) for column in columns)] for stat in columns[0])])


def section(name, evaluation):
    "What is to be said of one detector."
    first = evaluation.rules.iou_thresholds[0]
    return [f"<h2>{escape(name)}</h2>" if name else "", numbers(evaluation), f'<p class="note">{NOTHING}</p>',
            f'<div class="curves">{curves(evaluation)}</div>', "<h3>By class</h3>", wide(classes(evaluation)),
            "<h3>Where to cut</h3>", f'<p class="note">The score from which F1 is greatest, at an IoU of {first:g}.</p>',
            wide(cuts(evaluation, first)), "<h3>The rules</h3>", wide(rules(evaluation), "wide rules")]


def numbers(evaluation):
    "The twelve numbers, large, and as pycocotools prints them."
    cells = [f"<div><dt>{escape(name)}</dt><dd>{word(value)}</dd></div>" for name, value in evaluation.stats.items()]
    lines = escape("\n".join(evaluation.lines()))
    return (f"<dl>{''.join(cells)}</dl><details><summary>As pycocotools prints them</summary>"
            f'<pre tabindex="0">{lines}</pre></details>')


def curves(evaluation):
    "Precision over recall, and precision, recall and F1 by score; a sentence where there is no curve."
    first = evaluation.rules.iou_thresholds[0]
    return (drawn(evaluation.plot_precision_recall, "Precision over recall, the mean of the classes")
            + drawn(lambda: evaluation.plot_scores(iou_threshold=first), f"Precision, recall and F1 by score, IoU {first:g}"))


def drawn(plot, caption):
    "A figure, or why there is none."
    import matplotlib.pyplot as plt
    with plt.style.context(style):
        try: figure = plot().figure
        except ValueError as nothing: return f'<p class="note">{escape(str(nothing))}</p>'
        svg = figure_svg(figure).replace("<svg ", f'<svg aria-label="{caption}" ', 1)
        plt.close(figure)
    return f'<figure style="margin: 0">{svg}<figcaption class="note">{caption}</figcaption></figure>'


def classes(evaluation):
    "The numbers of each class."
    rows = evaluation.per_category()
    heads = [head for head in (rows[0] if rows else ()) if head not in ("id", "name")]
    return [["class", *heads], *([row["name"], *(word(row[head]) for head in heads)] for row in rows)]


def cuts(evaluation, threshold):
    "The best cut of all detections together, and of each class."
    asked = [("all together", None), *zip(evaluation.rules.names, evaluation.rules.categories)]
    best = [(name, evaluation.best_threshold(category, threshold)) for name, category in asked]
    return [["class", *best[0][1]._fields], *([name, *map(word, cut)] for name, cut in best)]


def rules(evaluation):
    "Under which rules it was judged."
    told = {**evaluation.rules._asdict(), "interpolation": evaluation.interpolation, "grid": evaluation.grid}
    told["categories"] = "pooled" if told["categories"] == POOLED else f"{len(told['categories'])}, each for itself"
    return [["rule", ""], *([name.replace("_", " "), in_words(value)] for name, value in told.items() if name != "names")]


def in_words(value):
    "A rule in words."
    if isinstance(value, dict): return "; ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in value.items())
    return ", ".join(f"{one:g}" for one in value) if isinstance(value, tuple) else str(value)

"""A page about a detector that stands alone: tables, curves, the rules. It asks no other computer for anything."""
from html import escape

from ..figures import figure_svg
from ..style import css_variables, style
from ..summaries import html_table

__all__ = ["html_report"]

CSS = """
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif;
  color: var(--lb-ink); background: var(--lb-paper); }
h1, h2, h3 { line-height: 1.2; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--lb-grid); text-align: right; }
th:first-child { text-align: left; }
svg { max-width: 100%; height: auto; }
pre { overflow-x: auto; }
.note { color: var(--lb-muted); }
"""


def html_report(
    evaluations, # `DetectionEvaluation`, or several by name
    title="Detections, judged", # Title of the page
): # HTML, a whole document; whatever comes from the data is escaped
    "A page with the numbers, the classes, the curves and the rules."
    named = evaluations if isinstance(evaluations, dict) else {"": evaluations}
    parts = [f"<h1>{escape(title)}</h1>"]
    if len(named) > 1: parts.append(compared(named))
    for name, evaluation in named.items(): parts += section(name, evaluation)
    colours = css_variables() + themes()
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{colours}{CSS}</style></head>'
            f"<body>{''.join(parts)}</body></html>\n")


def themes():
    "The dark colours where the reader's system is dark."
    dark = css_variables(light=":root.light", dark=":root").split(":root {", 1)[1]
    return f"@media (prefers-color-scheme: dark) {{ :root {{{dark}}}"


def wide(rows): return f'<div class="wide">{html_table(rows)}</div>'


def word(value):
    "A number as a table shows it."
    if value is None or value == -1: return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def compared(named):
    "The numbers of several detectors side by side."
    heads = list(next(iter(named.values())).stats)
    return wide([["", *heads], *([name, *map(word, evaluation.stats.values())] for name, evaluation in named.items())])


def section(name, evaluation):
    "What is to be said of one detector."
    rows = evaluation.per_category()
    heads = [head for head in rows[0] if head not in ("id", "name")] if rows else []
    classes = [["", *heads], *([row["name"], *(word(row[head]) for head in heads)] for row in rows)]
    return [f"<h2>{escape(name)}</h2>" if name else "", f"<pre>{escape(chr(10).join(evaluation.lines()))}</pre>",
            '<p class="note">-1 and - stand where there is nothing to find.</p>', curves(evaluation),
            "<h3>By class</h3>", wide(classes), "<h3>Where to cut</h3>",
            f'<p class="note">The score from which detections have the greatest F1, at an IoU of {evaluation.rules.iou_thresholds[0]:g}.</p>',
            wide(cuts(evaluation)), "<h3>The rules</h3>", wide(rules(evaluation))]


def curves(evaluation):
    "Precision over recall, and precision, recall and F1 by score."
    import matplotlib.pyplot as plt
    drawn = []
    with plt.style.context(style):
        for plot in (evaluation.plot_precision_recall,
                     lambda: evaluation.plot_scores(iou_threshold=evaluation.rules.iou_thresholds[0])):
            try: figure = plot().figure
            except ValueError as nothing: drawn.append(f'<p class="note">{escape(str(nothing))}</p>')
            else:
                drawn.append(figure_svg(figure))
                plt.close(figure)
    return "".join(drawn)


def cuts(evaluation):
    "The best cut of each class and of all detections together."
    first = evaluation.rules.iou_thresholds[0]
    best = {"all": evaluation.best_threshold(None, first)}
    best |= {name: evaluation.best_threshold(i, first) for i, name in zip(evaluation.rules.categories, evaluation.rules.names)}
    return [["", *best["all"]._fields], *([name, *(f"{value:.3f}" for value in cut)] for name, cut in best.items())]


def rules(evaluation):
    "Under which rules it was judged."
    told = {**evaluation.rules._asdict(), "interpolation": evaluation.interpolation, "grid": evaluation.grid}
    told.pop("names"), told.pop("categories")
    return [["rule", ""], *([name.replace("_", " "), in_words(value)] for name, value in told.items())]


def in_words(value):
    "A rule in words."
    if isinstance(value, dict): return "; ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in value.items())
    if isinstance(value, tuple): return ", ".join(f"{one:g}" for one in value)
    return str(value)

"""The command line: `lossbook --help`."""
import json
import sys
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from . import __version__

app = typer.Typer(name="lossbook", help="Losses and metrics, from the command line.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def words(*values): return Enum("Choice", {value: value for value in values}, type=str)


Kind, Categories, Matching = words("box", "mask"), words("each", "pooled"), words("coco", "voc")
Sums, Grid, Sizes = words("coco101", "voc11", "voc", "step"), words("float", "exact"), words("coco", "box", "mask")
WRONG = 2  # exit code for input that cannot be judged


def numbers(kind):
    "A function that reads a list such as 1,10,100."
    def read(text):
        try: return tuple(kind(word) for word in text.split(","))
        except ValueError: raise typer.BadParameter(f"{text!r} must be numbers with commas between them") from None
    return read


def show_version(asked: bool):
    if asked:
        print(f"lossbook {__version__}")
        raise typer.Exit()


@app.callback()
def main(version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Say which it is.")] = False):
    "Losses and metrics, from the command line."


@app.command()
def coco(
    ground_truth: Annotated[Path, typer.Argument(help="COCO annotations, a JSON file.")],
    results: Annotated[list[Path], typer.Argument(help="COCO results, JSON files; several are compared.")],
    kind: Annotated[Kind, typer.Option(help="What is compared.")] = "box",
    per_class: Annotated[bool, typer.Option("--per-class", help="Add a table of the classes.")] = False,
    json_file: Annotated[Optional[Path], typer.Option("--json", help="Write all numbers to a JSON file.")] = None,
    html_file: Annotated[Optional[Path], typer.Option("--html", help="Write a page with tables and curves.")] = None,
    max_detections: Annotated[str, typer.Option(help="How many count in an image and class, rising.")] = "1,10,100",
    iou_thresholds: Annotated[Optional[str], typer.Option(help="Rising; 0.5,0.55 to 0.95 if not given.", show_default=False)] = None,
    categories: Annotated[Categories, typer.Option(help="Each class for itself, or all as one.")] = "each",
    matching: Annotated[Matching, typer.Option(help="COCO's rule, or VOC's: the best object or none.")] = "coco",
    interpolation: Annotated[Sums, typer.Option(help="How the curve is summed.")] = "coco101",
    grid: Annotated[Grid, typer.Option(help="Levels of recall, as pycocotools rounds them or exact.")] = "float",
    sizes: Annotated[Sizes, typer.Option(help="Whose area is that of a detected mask.")] = "coco",
):
    """Judge detections by COCO's rules.

    Prints the twelve numbers as pycocotools does. Exits with 2 if a file cannot be judged, and says why.
    """
    how = dict(kind=kind, categories=categories, matching=matching, interpolation=interpolation, grid=grid, sizes=sizes)
    how = {name: getattr(value, "value", value) for name, value in how.items()}
    how["max_detections"] = numbers(int)(max_detections)
    if iou_thresholds: how["iou_thresholds"] = numbers(float)(iou_thresholds)
    try: found = judged(ground_truth, results, how)
    except (ValueError, OSError) as error: refuse(error)
    for path, evaluation in found.items():
        if len(found) > 1: print(f"{path}:")
        print("\n".join(evaluation.lines()), flush=True)
        if per_class: show(class_table(evaluation))
    if len(found) > 1: show(comparison(found))
    try: write(found, json_file, html_file)
    except OSError as error: refuse(error)


def judged(ground_truth, results, how):
    "An evaluation for each results file, with a line of progress on a terminal."
    from .detection.evaluation import evaluate_detections
    from .detection.files import read_ground_truth
    with progress() as say:
        say(f"reading {ground_truth.name}")
        truth, found = read_ground_truth(ground_truth, how["kind"]), {}
        for path in results:
            say(f"reading and matching {path.name}")
            found[str(path)] = evaluate_detections(truth, path, **how)
            say(f"summing up {path.name}")
            found[str(path)].stats
    return found


@contextmanager
def progress():
    "A function that says on the terminal what is being done; elsewhere nothing is said."
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    with Console(stderr=True).status("") as status: yield status.update


def refuse(error):
    "Say what is wrong, fault by fault, and exit."
    faults = getattr(error, "faults", None)
    if faults is None: lines = [str(error) if isinstance(error, ValueError) else f"{error.filename}: {error.strerror}"]
    else:
        count = getattr(error, "count")
        lines = [f"{error.source}: {count} fault{'s' if count > 1 else ''}", *(f"  {fault}" for fault in faults)]
        if count > len(faults): lines.append(f"  and {count - len(faults)} more")
    print("\n".join(lines), file=sys.stderr)
    raise typer.Exit(WRONG) from None


def cell(value): return "-" if value == -1 else f"{value:.3f}" if isinstance(value, float) else str(value)


def table(rows, title=None):
    "A table for the terminal, the first column words."
    from rich.table import Table
    from rich.text import Text
    made = Table(title=title)
    for at, head in enumerate(rows[0]): made.add_column(Text(str(head)), justify="left" if at == 0 else "right")
    for row in rows[1:]: made.add_row(*(Text(cell(value)) for value in row))
    return made


def class_table(evaluation):
    "The classes and their main numbers."
    rows, most = evaluation.per_category(), evaluation.rules.max_detections[-1]
    heads = [name for name in ("name", "objects", "detections", "AP", "AP50", "AP75", f"AR{most}") if name in (rows or [{}])[0]]
    return table([heads, *([row[head] for head in heads] for row in rows)])


def comparison(found):
    "The numbers of several results side by side."
    names = list(next(iter(found.values())).stats)
    return table([["results", *names], *([path, *evaluation.stats.values()] for path, evaluation in found.items())])


def show(made):
    from rich.console import Console
    Console(width=None if sys.stdout.isatty() else 160).print(made)


def write(found, json_file, html_file):
    "Write the files that are asked for."
    if json_file:
        numbers = {path: evaluation.to_dict() for path, evaluation in found.items()}
        text = json.dumps(numbers if len(found) > 1 else next(iter(numbers.values())), indent=1)
        json_file.write_text(text + "\n", encoding="utf-8")
    if html_file:
        from .detection.report import html_report
        html_file.write_text(html_report(found), encoding="utf-8")


if __name__ == "__main__":
    app()

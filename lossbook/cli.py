"""The command line: `lossbook --help`."""
import json
import sys
import warnings
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from . import __version__

app = typer.Typer(name="lossbook", no_args_is_help=True, add_completion=False,
                  pretty_exceptions_enable=False, rich_markup_mode=None)
WRONG = 2 # exit code for input that cannot be judged
STDOUT = Path("-")


def words(*values): return Enum("Choice", {value: value for value in values}, type=str)


def numbers(kind, most, must):
    "What reads a list such as 1,10,100, or an option that is given several times."
    def read(given):
        if not given: return given
        text = ",".join(given)
        try: values = [kind(word) for word in text.split(",")]
        except ValueError: values = [0]
        if all(low < high for low, high in zip([0, *values], values)) and values[-1] <= most: return values
        raise typer.BadParameter(f"{text!r} must be {must}, with commas between them")
    return read


def option(text, *names, **more): return typer.Option(*names, help=text, **more)


Kind, Categories, Matching = words("box", "mask"), words("each", "pooled"), words("coco", "voc")
Sums, Grid, Sizes = words("coco101", "voc11", "voc", "step"), words("float", "exact"), words("coco", "box", "mask")
FILE = {"metavar": "FILE"}
LIMITS = {"metavar": "N,N...", "callback": numbers(int, 1e9, "whole numbers above 0 that rise")}
THRESHOLDS = {"metavar": "T,T...", "callback": numbers(float, 1, "numbers above 0, at most 1, that rise"),
              "show_default": "0.5,0.55 to 0.95"}


def show_version(asked: bool):
    if asked:
        print(f"lossbook {__version__}")
        raise typer.Exit()


@app.callback()
def main(version: Annotated[bool, option("Say which it is.", "--version", callback=show_version, is_eager=True)] = False):
    "Losses and metrics, from the command line."


@app.command()
def coco(
    ground_truth: Annotated[Path, typer.Argument(metavar="GROUND_TRUTH", help="COCO annotations, a JSON file.")],
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS", help="COCO results; several are compared.")],
    kind: Annotated[Kind, option("What is compared.")] = "box",
    per_class: Annotated[bool, option("Add a table of classes.", "--per-class")] = False,
    json_file: Annotated[Optional[Path], option("Write all numbers as JSON; - prints them alone.", "--json", **FILE)] = None,
    html_file: Annotated[Optional[Path], option("Write a page with tables and curves.", "--html", **FILE)] = None,
    max_detections: Annotated[list[str], option("How many count in an image and class.", **LIMITS)] = ["1,10,100"],
    iou_thresholds: Annotated[Optional[list[str]], option("Least IoU of a match.", **THRESHOLDS)] = None,
    categories: Annotated[Categories, option("Each class for itself, or all as one.")] = "each",
    matching: Annotated[Matching, option("COCO's rule, or VOC's: the best object or none.")] = "coco",
    interpolation: Annotated[Sums, option("How the curve is summed.")] = "coco101",
    grid: Annotated[Grid, option("Levels of recall, as pycocotools rounds them or exact.")] = "float",
    sizes: Annotated[Sizes, option("Whose area a mask has; coco: that of its box, if any.")] = "coco",
):
    """Judge detections by COCO's rules.

    Prints the twelve numbers as pycocotools does. Exits with 2 if a file cannot be judged, and says why.
    """
    how = dict(kind=kind, categories=categories, matching=matching, interpolation=interpolation, grid=grid, sizes=sizes)
    how = {name: getattr(choice, "value", choice) for name, choice in how.items()} | {"max_detections": max_detections}
    if iou_thresholds: how["iou_thresholds"] = iou_thresholds
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"): stream.reconfigure(errors="backslashreplace")
    try:
        found = judged(ground_truth, results, how)
        if json_file != STDOUT: tell(found, per_class)
        write(found, json_file, html_file)
    except BrokenPipeError: raise
    except (ValueError, OSError) as error: refuse(error)


def judged(ground_truth, results, how):
    "An evaluation for each results file, with a bar of progress on a terminal and a line for each warning."
    from .detection.evaluation import evaluate_detections
    from .detection.files import read_ground_truth
    with warnings.catch_warnings(record=True) as told, progress(1 + 2*len(results)) as say:
        say(f"reading {ground_truth.name}")
        truth, found = read_ground_truth(ground_truth, how["kind"]), {}
        for path in results:
            say(f"reading and matching {path.name}")
            found[str(path)] = evaluate_detections(truth, path, **how)
            say(f"summing up {path.name}")
            found[str(path)].stats
    for warning in told: print(printable(str(warning.message)), file=sys.stderr)
    return found


@contextmanager
def progress(steps):
    "A function that says on the terminal which step is being done, under a bar of all; elsewhere nothing is said."
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task, done = bar.add_task("", total=steps), iter(range(steps))
        yield lambda text: bar.update(task, description=escape(text), completed=next(done))


def refuse(error):
    "Say what is wrong, fault by fault, and exit."
    if isinstance(error, OSError): lines = [f"{error.filename or 'output'}: {error.strerror}"]
    elif not hasattr(error, "faults"): lines = [str(error)]
    else:
        more = error.count - len(error.faults)
        lines = [f"{error.source}: {error.count} fault{'s' if error.count > 1 else ''}",
                 *(f"  {fault}" for fault in error.faults), *([f"  and {more} more"] if more else [])]
    print(*map(printable, lines), sep="\n", file=sys.stderr)
    raise typer.Exit(WRONG) from None


def tell(found, per_class):
    "Print the numbers."
    for path, evaluation in found.items():
        if len(found) > 1: print(f"{printable(path)}:")
        print("\n".join(evaluation.lines()), flush=True)
        if per_class: show_table(class_rows(evaluation))
    if len(found) > 1: show_table(comparison(found))


def class_rows(evaluation):
    "The classes and their main numbers."
    heads = ["name", "objects", "detections", "AP", "AP50", "AP75", f"AR{evaluation.rules.max_detections[-1]}"]
    rows = evaluation.per_category()
    heads = [head for head in heads if all(head in row for row in rows)]
    return [heads, *([row[head] for head in heads] for row in rows)]


def comparison(found):
    "The numbers of several results side by side."
    columns = [evaluation.stats for evaluation in found.values()]
    return [["", *by_name(found)], *([name, *(column[name] for column in columns)] for name in columns[0])]


def by_name(found):
    "Evaluations by the names of their files, or by their paths where two files have one name."
    names = [Path(path).name for path in found]
    return dict(zip(names, found.values())) if len({*names}) == len(names) else found


def show_table(rows):
    "Print a table; the first column is words. What stands in it is never taken for markup."
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    table = Table()
    for at, head in enumerate(rows[0]): table.add_column(Text(printable(head)), justify="right" if at else "left", overflow="fold")
    for row in rows[1:]: table.add_row(*(Text(cell(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def cell(value): return "-" if value == -1 else f"{value:.3f}" if isinstance(value, float) else printable(str(value))


def printable(text):
    "A text in which what would steer a terminal, or break a line, is spelled out."
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def write(found, json_file, html_file):
    "Write the files that are asked for."
    if json_file:
        tables = {path: evaluation.to_dict() for path, evaluation in found.items()}
        text = json.dumps(tables if len(found) > 1 else next(iter(tables.values())), indent=1)
        if json_file == STDOUT: print(text)
        else: json_file.write_text(text + "\n", encoding="utf-8")
    if html_file:
        from .detection.report import html_report
        html_file.write_text(html_report(by_name(found)), encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    app()

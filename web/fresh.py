"Whether notebooks store what they show now: each is run again once anything that it shows could have changed."
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from fastcore.nbio import read_nb

from tools.book import ROOT
from tools.run import missing, run_in_copy, stale


def stale_outputs(book, cache):
    "A line for each cell whose stored output is not what it gives now."
    sources = [path.read_bytes() for pattern in ("lossbook/**/*.py", "web/figures/*.js") for path in sorted(book.root.glob(pattern))]
    return [line for page in book.pages for line in cache(partial(rerun, page.source), code_of(page.source), sources, missing(ROOT / page.source))]


def code_of(source):
    "What a notebook runs and what it stores: a change of its words is no reason to run it again."
    return [(cell.source, cell.outputs) for cell in read_nb(source).cells if cell.cell_type == "code"]


def rerun(source):
    "A line for each stale output of a notebook, or one that says it does not run; none if it needs what is not installed."
    if missing(ROOT / source): return []
    with TemporaryDirectory() as folder:
        (run,) = run_in_copy([ROOT / source], Path(folder))
        if run.failure: return [f"{source}: does not run: {run.failure.strip().splitlines()[-1]}"]
        return [f"{source}: {line}" for line in stale(run.path, run.fresh)]

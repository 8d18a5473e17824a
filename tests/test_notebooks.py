"Every notebook lacks nothing, runs from its first cell to its last in time, and stores what it shows."
import pytest

from tools.book import ROOT, notebooks, shown
from tools.check import faults, unfinished
from tools.run import missing, over_budget, run_in_copy, stale

each_notebook = pytest.mark.parametrize("path", notebooks(), ids=lambda path: str(path.relative_to(ROOT / "nbs")))


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    "A fresh run of every notebook."
    runnable = [path for path in notebooks() if not missing(path)]
    return {run.path: run for run in run_in_copy(runnable, tmp_path_factory.mktemp("fresh"))}


@pytest.fixture
def run(runs, path):
    "The run of one notebook."
    if names := missing(path): pytest.skip(f"it needs {', '.join(names)}")
    return runs[path]


def fail_with(lines):
    "Fail with these lines alone, if there are any."
    if text := "\n".join(filter(None, lines)):
        pytest.fail(text, pytrace=False)


@each_notebook
def test_it_lacks_nothing(path):
    if to_write := unfinished(path):
        pytest.skip(f"a draft: {len(to_write)} joints of {shown(path)} are still to write")
    fail_with(faults(path))


@each_notebook
def test_it_runs(run, path):
    fail_with([run.failure])


@each_notebook
def test_its_outputs_are_fresh(run, path):
    fail_with([] if run.failure else stale(path, run.fresh))


@each_notebook
def test_it_keeps_to_its_time(run, path):
    fail_with([over_budget(run.seconds)])

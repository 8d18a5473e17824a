"""Bring notebooks, package and README into step: `python -m tools.prepare`.

The notebooks are exported, cleaned and run; `lossbook/__init__.pyi`, `README.md` and the tables of
what every function does with bad input, and with arrays of other libraries, are written from them.
"""
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import libraries, robustness
from tools.book import ROOT, notebooks, shown
from tools.readme import readme
from tools.run import missing, nbdev, run_in_copy, stale
from tools.stub import stub


def main():
    export()
    nbdev("clean").check_returncode()
    robustness.TABLE.write_text(robustness.robustness(), encoding="utf-8")
    libraries.PAGE.write_text(libraries.libraries(), encoding="utf-8")
    failures = store_outputs()
    (ROOT / "README.md").write_text(readme(), encoding="utf-8")
    return failures


def export():
    "Write the modules that the notebooks export, and the stub that names what they hold."
    nbdev("export").check_returncode()
    (ROOT / "lossbook/__init__.pyi").write_text(stub(), encoding="utf-8")


def store_outputs():
    "Give each notebook the outputs of a fresh run where its own are stale; tell which notebooks fail."
    with TemporaryDirectory() as folder:
        runs = run_in_copy([path for path in notebooks() if not told_missing(path)], Path(folder))
        for run in runs:
            if not run.failure and stale(run.path, run.fresh):
                shutil.copy(run.fresh, run.path)
    return [f"{run.failure}\n{shown(run.path)} does not run" for run in runs if run.failure]


def told_missing(path):
    "Whether a notebook needs what is not installed, which is said."
    if names := missing(path): print(f"{shown(path)} is not run: it needs {', '.join(names)}")
    return bool(names)


if __name__ == "__main__":
    sys.exit("\n".join(main()) or None)

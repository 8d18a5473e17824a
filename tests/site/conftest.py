"The built site, served on this machine, and a headless Chromium to read it with."
from pathlib import Path
import os
import shutil
import subprocess
import sys

import pytest

from local_server import serve

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_site"
SOURCES = ["nbs", "web", "lossbook/style.py", "_quarto.yml", "settings.ini", "references.bib"]
CHROMIUMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]


def files_below(path):
    return [f for f in path.rglob("*") if f.is_file() and "__pycache__" not in f.parts] if path.is_dir() else [path]


def is_current(built):
    changed = max(f.stat().st_mtime for source in SOURCES for f in files_below(ROOT / source))
    return built.exists() and built.stat().st_mtime >= changed


@pytest.fixture(scope="session")
def site():
    "The folder of the built site, built now if a source is newer."
    if not is_current(SITE / "index.html"):
        subprocess.run([sys.executable, "-m", "web.build"], cwd=ROOT, check=True)
    return SITE


@pytest.fixture(scope="session")
def book(site, tmp_path_factory):
    "Address of the home page, below a sub-path, where a link that starts at the root would miss."
    folder = tmp_path_factory.mktemp("served")
    (folder / "book").symlink_to(site, target_is_directory=True)
    with serve(folder) as address:
        yield address + "book/"


def no_browser(reason):
    return pytest.fail(reason) if os.environ.get("LOSSBOOK_REQUIRE_BROWSER") == "1" else pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    "A headless Chromium: the system's own. Without one the browser tests skip, or fail if one is required."
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        no_browser("no Chromium on the PATH: the site is not tested in a browser")
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()

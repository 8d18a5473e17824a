"The built site, served on this machine, and a headless Chromium to read it with."
from pathlib import Path
import os
import shutil
import subprocess
import sys

import pytest

from tests.site.local_server import serve

ROOT = Path(__file__).resolve().parents[2]
CHROMIUMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]


@pytest.fixture(scope="session")
def build():
    "The site, built once: what the build said and whether it found a fault."
    return subprocess.run([sys.executable, "-m", "web.build"], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="session")
def site(build):
    "The folder of the built site."
    assert (ROOT / "_site" / "index.html").exists(), build.stderr
    return ROOT / "_site"


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
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        no_browser("playwright is not installed: the site is not tested in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()

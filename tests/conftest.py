"A copy of the book in a folder of its own, for tests that write into it; and other libraries, where they are installed."
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.run import copy_book


class Clone:
    "The book as it is now, copied and committed, with the commands of an author."

    def __init__(self, folder):
        self.folder = Path(folder)
        copy_book(self.folder)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "as it is")

    def run(self, *command):
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True)

    def git(self, *arguments):
        return self.run("git", *arguments).stdout

    def tool(self, name, *arguments):
        return self.run(sys.executable, "-m", f"tools.{name}", *arguments)

    def changes(self):
        "What differs from the committed book, untracked files included."
        return self.git("status", "--short", "--untracked-files=all") + self.git("diff")


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


# ---- other libraries: tests that ask for one skip where it is not installed


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="session")
def jax():
    "JAX with 64 bits, which it does not use unless told."
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


@pytest.fixture(scope="session")
def optax(jax):
    return pytest.importorskip("optax")


@pytest.fixture(scope="session")
def keras(torch):
    "Keras on PyTorch."
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")

"The most memory that a worker holds does not grow with the data."
import subprocess
import sys
from pathlib import Path

import pytest

from tools.book import ROOT

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")


def most(engine, millions, folder):
    "Megabytes held at most by a process that reads so many million pixels and scores."
    command = [sys.executable, "-m", "tests.scale.memory", engine, str(millions), folder]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout) / 1024


@pytest.mark.parametrize("engine", ["here", "processes", "cluster"])
def test_memory_is_flat_as_data_grow_a_hundredfold(engine, tmp_path):
    if engine == "cluster":
        pytest.importorskip("distributed")
    little, much = most(engine, 2, tmp_path), most(engine, 200, tmp_path)
    assert much < little + 16, f"{little:.0f} MB, then {much:.0f} MB"

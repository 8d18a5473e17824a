"Two processes that PyTorch connects have the bits of the serial answer, both."
import pickle
import subprocess
import sys

from lossbook.scale.metrics_that_add import summarize
from tests.scale.data import bits, every_summary
from tools.book import ROOT


def test_every_summary_has_the_same_bits_on_every_rank(torch, tmp_path):
    ranks = [subprocess.Popen([sys.executable, "-m", "tests.scale.ranks", str(rank), "2", tmp_path], cwd=ROOT) for rank in range(2)]
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
    alone = {name: bits(summarize(*each)) for name, each in every_summary().items()}
    for rank in range(2):
        assert bits(pickle.loads((tmp_path / f"rank-{rank}").read_bytes())) == alone

"`python -m tests.scale.ranks RANK WORLD FOLDER`: one process of a training run that ends in metrics, as the chapter shows it."
import pickle
import sys
from itertools import chain
from pathlib import Path

from torch import distributed as dist

from lossbook.scale.metrics_that_add import add_pairwise
from tests.scale.data import every_summary


def own_share(parts, rank, world):
    "A run of partitions: the first to rank 0, the next to rank 1."
    return parts[rank * len(parts) // world:(rank + 1) * len(parts) // world]


def total(parts, summarizer):
    own = [summarizer(**part.read()) for part in own_share(parts, dist.get_rank(), dist.get_world_size())]
    lists = [None] * dist.get_world_size()
    dist.all_gather_object(lists, own)
    return add_pairwise(chain(*lists))


if __name__ == "__main__":
    rank, world, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world)
    totals = {name: total(*each) for name, each in every_summary().items()}
    Path(folder, f"rank-{rank}").write_bytes(pickle.dumps(totals))
    dist.destroy_process_group()

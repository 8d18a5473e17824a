"A dask cluster of several processes, of which some are killed on the way, gives the bits of the serial answer."
import os
import signal
from functools import partial

import pytest

from lossbook.scale.metrics_that_add import PartitionError, summarize
from lossbook.scale.partitions import split_arrays
from lossbook.summaries import ConfusionMatrix
from tests.scale.data import Deadly, bits, every_summary

distributed = pytest.importorskip("distributed")
EVERY = every_summary()
COUNT = partial(ConfusionMatrix.from_labels, labels=2)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None, silence_logs=100) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    with distributed.Client(cluster) as client:
        yield client


@pytest.mark.parametrize("parts, summarizer", EVERY.values(), ids=EVERY)
def test_every_summary_has_the_same_bits_on_a_cluster(parts, summarizer, client):
    alone = bits(summarize(parts, summarizer))
    assert bits(summarize(parts, summarizer, on=client)) == alone
    assert bits(summarize(iter(parts), summarizer, on=client, window=2)) == alone


@pytest.mark.parametrize("name", ["counts", "moments", "ranking", "detections", "two at once"])
def test_killed_workers_change_no_bit(name, client, tmp_path):
    parts, summarizer = EVERY[name]
    parts = parts * 1 if name == "detections" else parts * 6
    middle = len(parts) // 2
    deadly = [Deadly(part, str(tmp_path), i, kills=i in (middle, middle + 9)) for i, part in enumerate(parts)]
    alone = bits(summarize(parts, summarizer))
    before = set(client.run(os.getpid).values())
    assert bits(summarize(deadly, summarizer, on=client, window=8)) == alone
    client.wait_for_workers(3)
    assert set(client.run(os.getpid).values()) != before
    read = [len(list(tmp_path.glob(f"{i}-*"))) for i in range(len(parts))]
    assert min(read) == 1 and read[middle] > 1


def test_a_worker_killed_from_outside_with_its_sums_changes_no_bit(client, tmp_path):
    parts, summarizer = EVERY["moments"]
    parts = parts * 6
    pids = client.run(os.getpid)

    def interrupted():
        for i, part in enumerate(parts):
            if i == 40:
                os.kill(next(iter(pids.values())), signal.SIGKILL)
            yield Deadly(part, str(tmp_path), i)

    assert bits(summarize(interrupted(), summarizer, on=client, window=4)) == bits(summarize(parts, summarizer))
    assert len(list(tmp_path.iterdir())) > len(parts)  # what was lost was read again


def test_equal_partitions_count_each(client):
    parts = split_arrays(y_true=[0, 1], y_pred=[0, 1]) * 5
    assert summarize(parts, COUNT, on=client).total == 10


def test_the_partition_that_failed_is_named(client):
    parts = split_arrays(y_true=[0, 1, 3], y_pred=[0, 1, 1], rows=1)
    with pytest.raises(PartitionError, match="^partition 2, rows 2 to 3 of y_true, y_pred: y_true holds 3"):
        summarize(parts, COUNT, on=client)
    with pytest.raises(ValueError, match="declare the same labels="):
        summarize(parts, ConfusionMatrix.from_labels, on=client)


def test_a_partition_that_kills_every_worker_is_named(cluster, client, tmp_path):
    parts = [Deadly(part, str(tmp_path), 0, kills=True, always=True) for part in split_arrays(y_true=[0, 1], y_pred=[0, 1])]
    cluster.scheduler.allowed_failures = 0
    try:
        with pytest.raises(PartitionError, match="partition 0, Deadly.*died while running it"):
            summarize(parts, COUNT, on=client)
    finally:
        cluster.scheduler.allowed_failures = 3
        client.wait_for_workers(3)


def test_a_summarizer_from_a_session_needs_no_module(client):
    parts = split_arrays(y_true=[0, 1, 1], y_pred=[0, 1, 0], rows=1)
    assert summarize(parts, lambda y_true, y_pred: COUNT(y_true, y_pred), on=client) == COUNT([0, 1, 1], [0, 1, 0])

"A dask cluster of several processes, of which some are killed on the way, gives the bits of the serial answer."
import logging
import os
import signal
from contextlib import contextmanager
from functools import partial

import pytest

from lossbook.scale.metrics_that_add import PartitionError, summarize
from lossbook.scale.partitions import split_arrays
from lossbook.summaries import ConfusionMatrix
from tests.scale.data import Deadly, bits, every_summary, every_summary_at_once

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
EVERY = every_summary()
COUNT = partial(ConfusionMatrix.from_labels, labels=2)


@contextmanager
def workers(n):
    "A cluster that soon gives up on a worker that does not answer."
    options = dict(n_workers=n, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL)
    with dask.config.set({"distributed.comm.timeouts.connect": "2s"}):
        with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
            yield client


@pytest.fixture(scope="module")
def client():
    with workers(2) as client:
        yield client


@pytest.fixture(scope="module")
def doomed():
    "A cluster for tests that kill one worker each, which may come back or not."
    with workers(4) as client:
        yield client


@pytest.mark.parametrize("parts, summarizer", EVERY.values(), ids=EVERY)
def test_every_summary_has_the_same_bits_on_a_cluster(parts, summarizer, client):
    alone = bits(summarize(parts, summarizer))
    assert bits(summarize(parts, summarizer, on=client)) == alone
    assert bits(summarize(iter(parts), summarizer, on=client, window=2)) == alone


def test_a_worker_that_is_killed_while_it_reads_changes_no_bit_of_any_summary(doomed, tmp_path):
    parts, summarizer = every_summary_at_once()
    deadly = [Deadly(part, str(tmp_path), i, kills=i == 6) for i, part in enumerate(parts)]
    assert bits(summarize(deadly, summarizer, on=doomed, window=2)) == bits(summarize(parts, summarizer))
    assert len(list(tmp_path.glob("6-*"))) > 1


def test_a_worker_that_is_killed_with_the_sums_it_holds_changes_no_bit(doomed, tmp_path):
    parts, summarizer = EVERY["moments"]
    parts, pids = parts * 6, doomed.run(os.getpid)

    def interrupted():
        for i, part in enumerate(parts):
            if i == 40:
                held = doomed.has_what()
                os.kill(pids[max(held, key=lambda worker: len(held[worker]))], signal.SIGKILL)
            yield Deadly(part, str(tmp_path), i)

    assert bits(summarize(interrupted(), summarizer, on=doomed, window=4)) == bits(summarize(parts, summarizer))
    assert len(list(tmp_path.iterdir())) > len(parts)  # what was lost has been read again


def test_a_partition_that_kills_every_worker_is_named(doomed, tmp_path):
    parts = [Deadly(part, str(tmp_path), 0, kills=True, always=True) for part in split_arrays(y_true=[0, 1], y_pred=[0, 1])]
    doomed.cluster.scheduler.allowed_failures = 0
    with pytest.raises(PartitionError, match="partition 0, Deadly.*died while running it"):
        summarize(parts, COUNT, on=doomed)


def test_equal_partitions_count_each(client):
    parts = split_arrays(y_true=[0, 1], y_pred=[0, 1]) * 5
    assert summarize(parts, COUNT, on=client).total == 10


def test_the_partition_that_failed_is_named(client):
    parts = split_arrays(y_true=[0, 1, 3], y_pred=[0, 1, 1], rows=1)
    with pytest.raises(PartitionError, match="^partition 2, rows 2 to 3 of y_true, y_pred: y_true holds 3"):
        summarize(parts, COUNT, on=client)
    with pytest.raises(ValueError, match="declare the same labels="):
        summarize(parts, ConfusionMatrix.from_labels, on=client)


def test_a_summarizer_from_a_session_needs_no_module(client):
    parts = split_arrays(y_true=[0, 1, 1], y_pred=[0, 1, 0], rows=1)
    assert summarize(parts, lambda y_true, y_pred: COUNT(y_true, y_pred), on=client) == COUNT([0, 1, 1], [0, 1, 0])

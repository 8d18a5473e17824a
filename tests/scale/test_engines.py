"Any engine gives the bits of the serial answer, whoever is late, and says which partition failed."
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial, reduce
from multiprocessing import get_context
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbook.classification.confusion_matrix import accuracy_score
from lossbook.scale.metrics_that_add import PartitionError, Together, add_pairwise, summarize
from lossbook.scale.partitions import split_arrays
from lossbook.summaries import ConfusionMatrix, Moments
from tests.properties.inputs import settings  # noqa: F401 (loads the profile of the book)
from tests.scale.data import Deadly, Late, bits, every_summary

EVERY = every_summary()
COUNT = partial(ConfusionMatrix.from_labels, labels=2)


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.mark.parametrize("parts, summarizer", EVERY.values(), ids=EVERY)
def test_every_summary_has_the_same_bits_on_threads_and_processes(parts, summarizer, threads, processes):
    alone = bits(summarize(parts, summarizer))
    assert bits(summarize(iter(parts), summarizer)) == alone
    assert bits(summarize(parts, summarizer, on=threads, window=1)) == alone
    assert bits(summarize(parts, summarizer, on=threads, window=3)) == alone
    assert bits(summarize(parts, summarizer, on=processes, progress=True)) == alone


@pytest.mark.parametrize("name", EVERY)
def test_every_summary_is_that_of_one_pass(name):
    parts, summarizer = EVERY[name]
    whole = {key: [part.read()[key] for part in parts] for key in parts[0].read()}
    if name == "detections":
        return  # tests/scale/test_partitions.py
    one, many = summarizer(**{key: np.concatenate(arrays) for key, arrays in whole.items()}), summarize(parts, summarizer)
    for ours, theirs in zip(numbers(many), numbers(one), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)


def numbers(x):
    "The numbers of a summary, one list; of a mean in two parts their sum, of a ranking its only list."
    if hasattr(x, "run") and not getattr(x, "binned", False):
        return numbers(list(x.run))
    if hasattr(x, "high"):
        return [x.high + x.low]
    if isinstance(x, (list, tuple)):
        return [number for each in x for number in numbers(each)]
    if hasattr(x, "__dict__"):
        return numbers(list(vars(x).values()))
    return [] if isinstance(x, (str, type(None))) else [x]


@given(st.lists(st.floats(0, 0.01), min_size=1, max_size=20), st.integers(1, 5))
def test_whoever_is_late_changes_no_bit(threads, seconds, window):
    rng = np.random.default_rng(len(seconds))
    y_true, y_pred = rng.normal(1e6, 1, (2, len(seconds)))
    parts = split_arrays(y_true=y_true, y_pred=y_pred, rows=1)
    late = [Late(part, wait) for part, wait in zip(parts, seconds)]
    assert bits(summarize(late, Moments.from_values, on=threads, window=window)) == bits(summarize(parts, Moments.from_values))


# ---- the tree


def grown(n):
    "The tree over 0 to n-1 as its definition says it: the greatest power of two goes left, if it is not all."
    def over(low, high):
        if high - low == 1:
            return low
        left = 1 << ((high - low - 1).bit_length() - 1)
        return over(low, low + left), over(low + left, high)
    return over(0, n)


@given(st.integers(1, 300))
def test_the_tree_depends_on_the_number_of_parts_alone(n):
    assert add_pairwise(range(n), lambda a, b: (a, b)) == grown(n)


@given(st.data(), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_any_split_gives_the_same_counts_and_close_moments(data, n, seed):
    rng = np.random.default_rng(seed)
    labels, values = rng.integers(0, 2, (2, n)), rng.normal(1e6, 1, (2, n))
    rows = data.draw(st.integers(1, n))
    counts = summarize(split_arrays(y_true=labels[0], y_pred=labels[1], rows=rows), COUNT)
    assert counts == COUNT(*labels)
    parts = split_arrays(y_true=values[0], y_pred=values[1], rows=rows)
    tree, line = summarize(parts, Moments.from_values), reduce(add, (Moments.from_values(**part.read()) for part in parts))
    np.testing.assert_allclose(tree.squared_error, line.squared_error, rtol=1e-12)
    np.testing.assert_allclose(tree.mean_true - line.mean_true, 0, atol=1e-12)


# ---- what goes wrong


WRONG = split_arrays(y_true=[0, 1, 1, 3, 0, 1], y_pred=[0, 1, 0, 1, 0, 1], rows=2)
GOOD = WRONG[:1] * 3


class Unprintable(Exception):
    def __init__(self, one, two):
        super().__init__(one)


def fails(y_true, y_pred):
    raise Unprintable("it went wrong", 2)


@pytest.mark.parametrize("engine", [None, "threads", "processes"])
@pytest.mark.parametrize("parts, summarizer, words", [
    (WRONG, COUNT, "partition 1, rows 2 to 4 of y_true, y_pred: y_true holds 3, which is not among the labels [0, 1]"),
    (GOOD, accuracy_score, "partition 0, rows 0 to 2 of y_true, y_pred: the summarizer returned float, no summary"),
    (GOOD, fails, "partition 0, rows 0 to 2 of y_true, y_pred: it went wrong"),
])
def test_the_partition_that_failed_is_named(engine, parts, summarizer, words, request):
    on = engine and request.getfixturevalue(engine)
    with pytest.raises(PartitionError) as caught:
        summarize(parts, summarizer, on=on)
    assert str(caught.value) == words


@pytest.mark.parametrize("engine", [None, "threads", "processes"])
def test_what_is_no_partition_is_named(engine, request):
    with pytest.raises(TypeError, match=r"^partitions holds int at \[3\]: it must hold things with a method read$"):
        summarize([*GOOD, 7], COUNT, on=engine and request.getfixturevalue(engine))


def test_what_cannot_be_sent_is_named(processes):
    with pytest.raises(PartitionError, match="partition 0, rows 0 to 2 of y_true, y_pred: .*(pickle|local object)"):
        summarize(GOOD, lambda y_true, y_pred: COUNT(y_true, y_pred), on=processes)


def test_a_process_that_dies_is_named(tmp_path):
    parts = [Deadly(part, str(tmp_path), i, kills=i == 1) for i, part in enumerate(GOOD)]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool, pytest.raises(PartitionError, match="partition [01], Deadly.*terminated abruptly"):
        summarize(parts, COUNT, on=pool)


def test_what_was_not_begun_is_dropped(tmp_path):
    slow = [Late(Deadly(part, str(tmp_path), i), 0.02) for i, part in enumerate(WRONG[1:2] + GOOD * 40)]
    with ThreadPoolExecutor(1) as pool, pytest.raises(PartitionError, match="partition 0"):
        summarize(slow, COUNT, on=pool)
    assert len(list(tmp_path.iterdir())) < 10


@pytest.mark.parametrize("call, words", [
    (lambda: summarize([], COUNT), "partitions is empty"),
    (lambda: summarize(WRONG[::2], ConfusionMatrix.from_labels, on="cluster"), "on is str: it must be None"),
    (lambda: summarize(WRONG, COUNT, on=ThreadPoolExecutor(1), window=0), "window is 0"),
    (lambda: summarize(WRONG, COUNT, on=ThreadPoolExecutor(1), window=1.5), "window is 1.5"),
    (lambda: summarize(split_arrays(y_true=[0, 2], y_pred=[0, 2], rows=1), ConfusionMatrix.from_labels), "declare the same labels="),
    (lambda: Together(a=COUNT([0], [1])) + Together(b=COUNT([0], [1])), "summaries ['a'] and ['b'] do not add"),
    (lambda: Together(a=COUNT([0], [1])) + COUNT([0], [1]), "unsupported operand"),
])
def test_bad_calls_are_refused(call, words):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)

"""A list of JSON objects that differ in their numbers only, read as columns: all numbers at once, in plain NumPy."""
import json

import numpy as np

__all__ = []

MINUS, ZERO = b"-0"
BYTES = 0x0101010101010101  # a 1 in each of the eight bytes of a word
POINT = 0x10*BYTES  # set in "." and in no digit, once "0" is taken off
TAIL = np.uint64(0x0807060504030201)  # times the byte of a point: how many characters there are from it on
SCALE = np.array([1, np.nan, *10.0**np.arange(1, 8)])  # by these; no number ends in a point
LEAST = np.array([np.inf, 0, *10.0**np.arange(1, 8)])  # by digits before the point; none but 0 begins with 0
# Eight digits to a number in three steps: neighbours are joined to pairs, these to fours, these to one.
JOIN = (8, 10, 0x00ff00ff00ff00ff), (16, 100, 0x0000ffff0000ffff), (32, 10000, 0xffffffff)
FEW = 16  # one number in so many may be longer than a word


def columns_of(
    piece, # A list in JSON, bytes
    wanted, # Dict of field to what it holds: `int`, `float`, or the number of floats in its list
): # Dict of field to array, `(n,)` or `(n, k)`; `None` unless all objects are alike and hold that
    "Numbers of objects that hold numbers and lists of numbers, exactly as `int` and `float` read them."
    lengths, found = lengths_of(piece), {}
    counts = [1 if length is None else length for length in lengths.values()]
    starts = dict(zip(lengths, np.cumsum([0, *counts])))
    for name, kind in wanted.items():
        if lengths.get(name, -1) != (None if kind in (int, float) else kind): return None
    values, whole = table_of(piece, sum(counts))
    if np.isnan(values).any(): return None
    for name, kind in wanted.items():
        at = starts[name]
        if kind is int and not whole[:, at].all(): return None
        found[name] = values[:, at].astype(kind) if kind in (int, float) else values[:, at:at + kind]
    return found


def lengths_of(piece):
    "Length of the list in each field of the first object, `None` for a number; nothing if it holds aught else."
    try: record = json.loads(piece[1:piece.index(b"}") + 1])
    except ValueError: return {}
    lists = [value if isinstance(value, list) else [value] for value in record.values()]
    if not all(type(one) in (int, float) for values in lists for one in values): return {}
    return {name: len(value) if isinstance(value, list) else None for name, value in record.items()}


def alike(frame, gaps, each):
    "Whether what stands between the numbers is the same for all objects: the text without numbers, and its lengths."
    n, rest = divmod(len(gaps) + 1, each)
    first, second = frame.find(b"}") + 1, frame.find(b"{", 2)
    record, comma = frame[1:first], frame[first:second] if n > 1 else b","
    return (not rest and comma.strip() == b"," and np.array_equal(gaps[each:], gaps[:-each])
            and frame == b"[" + (record + comma)*(n - 1) + record + b"]")


def table_of(piece, each):
    "Numbers of a list of alike objects of so many, `(n, each)`, and which are whole; NaN where there is none of JSON."
    text, none = np.frombuffer(piece, np.uint8), (np.full((1, each), np.nan), None)
    inside = text - MINUS < 13  # one of -./0123456789
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    start, end = edges[::2], edges[1::2]
    if not alike(piece.translate(None, b"-.0123456789"), start[1:] - end[:len(start) - 1], each): return none
    signs = np.count_nonzero(text == MINUS)
    negative = text[start] == MINUS if signs else False
    length = end - start - negative
    long = np.flatnonzero((length > 8) | (end < 8))
    if len(long) > len(length)/FEW or signs > np.count_nonzero(negative): return none
    values, whole = short_numbers(text, length, end)
    for i in long: values[i], whole[i] = long_number(piece[end[i] - length[i]:end[i]])
    if signs: values = np.where(negative, -values, values)
    return values.reshape(-1, each), whole.reshape(-1, each)


def long_number(text):
    "A number and whether it is whole; NaN where `float` would lose its last digits."
    try: value = json.loads(text)
    except ValueError: return np.nan, False
    return (float(value) if abs(value) < 2**53 else np.nan), isinstance(value, int)


def short_numbers(text, length, end):
    "Numbers of up to eight characters without a sign, NaN where JSON has none; and which are whole."
    word = np.ndarray(len(text) - 7, "<u8", text, strides=(1,))[end - 8] ^ ZERO*BYTES
    before = (64 - 8*np.minimum(length, 8)).view(np.uint64)
    word = word >> before << before
    point = word & POINT
    above = point >> 4
    tail = (above*TAIL >> 56).view(np.int64)
    digits = np.where(point, (word & (above - 1)) << 8 | word & -(point << 4), word)
    for shift, scale, kept in JOIN: digits = (digits*scale + (digits >> shift)) & kept
    values = digits/SCALE.take(tail, mode="clip")
    values[(point & (point - 1) > 0) | (values < LEAST.take(length - tail, mode="clip"))] = np.nan
    return values, tail == 0

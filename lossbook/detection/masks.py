"""Masks as COCO writes them: runs of pixels, counted down the columns. Nothing here paints a mask to compare it.

The three spellings are those of the COCO API (Lin et al., 2014): a compressed string, a list of counts, polygons.
"""
from __future__ import annotations

import re
from math import isfinite
from typing import NamedTuple

import numpy as np

__all__ = ["Masks"]

CHUNK = 1 << 16  # characters of text decoded together


class Runs(NamedTuple):
    "Runs of mask pixels, those of one mask after those of another."
    start: np.ndarray # First pixel of each run, `(r,)`; pixels are counted down the columns
    end: np.ndarray # One past its last pixel, `(r,)`
    first: np.ndarray # Where the runs of each mask begin, and the number of all, `(n + 1,)`

    def __len__(self): return len(self.first) - 1

    def take(self, rows):
        "The runs of some masks."
        at, first = spread(self.first, rows)
        return Runs(self.start[at], self.end[at], first)


class Masks:
    "Masks of objects, kept as text where they came as text, else as runs. `len`, `area`, `columns`, `boxes`, `decode`."
    def __init__(
        self,
        sizes, # Height and width of the image of each, `(n, 2)`
        runs=None, # `Runs` of all of them
        texts=None, # Or their compressed strings
    ):
        self.sizes, self._runs, self._texts, self.faults = np.asarray(sizes, np.int64).reshape(-1, 2), runs, texts, []
        measured = [self._measure(rows) for rows in self._chunks(np.arange(len(self)))]
        none = np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
        self.area, self.columns = map(np.concatenate, zip(none, *measured))

    @classmethod
    def from_coco(
        cls,
        segmentations, # A compressed string, a list of counts, or a list of polygons for each
        sizes, # Height and width of the image of each, `(n, 2)`
    ): # `Masks`; `.faults` holds the row of each mask that cannot be read, and why
        "Masks as they stand in COCO's files."
        if all(isinstance(one, (str, bytes)) for one in segmentations): return cls(sizes, texts=list(segmentations))
        return mixed_masks(segmentations, np.asarray(sizes, np.int64).reshape(-1, 2))

    @classmethod
    def from_arrays(
        cls,
        masks, # Masks of one size, `(n, height, width)`, boolean or 0 and 1
    ): # `Masks`
        "Masks as arrays of pixels."
        masks = np.asarray(masks)
        if masks.ndim != 3: raise ValueError(f"masks has shape {masks.shape}: it must be (n, height, width)")
        if not np.isin(masks, (0, 1)).all(): raise ValueError("masks must hold nothing but 0 and 1")
        n, *size = masks.shape
        flat = masks.transpose(0, 2, 1).reshape(n, -1).astype(np.int8)
        edges = np.diff(flat, axis=1, prepend=0, append=0)
        (row, start), (_, end) = np.nonzero(edges == 1), np.nonzero(edges == -1)
        return cls(np.tile(size, (n, 1)), Runs(start, end, np.searchsorted(row, np.arange(n + 1))))

    def __len__(self): return len(self.sizes)

    def runs(
        self,
        rows, # Rows of the masks
    ): # `Runs` of these
        "The runs of some masks."
        if self._runs is not None: return self._runs.take(rows)
        return runs_of_counts(*counts_of_texts([self._texts[row] for row in rows])[:2])

    def decode(
        self,
        rows=None, # Rows of masks of one size; `None`: all
    ): # Boolean array `(number of rows, height, width)`
        "Masks as pixels."
        rows = np.arange(len(self)) if rows is None else np.asarray(rows)
        sizes = self.sizes[rows]
        if (sizes != sizes[:1]).any(): raise ValueError("masks of several sizes do not fit one array: give rows of one size")
        height, width = sizes[0] if len(rows) else (0, 0)
        runs, steps = self.runs(rows), np.zeros((len(rows), height*width + 1), np.int8)
        row = np.repeat(np.arange(len(rows)), np.diff(runs.first))
        np.add.at(steps, (row, runs.start), 1)
        np.add.at(steps, (row, runs.end), -1)
        return (np.cumsum(steps, axis=1)[:, :-1] > 0).reshape(len(rows), width, height).transpose(0, 2, 1)

    @property
    def boxes(self):
        "Left, top, width and height of each mask in pixels, `(n, 4)`; zeros for one without pixels."
        parts = [bounding_boxes(self.runs(rows), self.sizes[rows, 0]) for rows in self._chunks(np.arange(len(self)))]
        return np.concatenate([np.zeros((0, 4)), *parts])

    def _chunks(self, rows):
        "Rows in lots of about `CHUNK` characters, or of as many runs."
        if self._runs is None: length = np.array([len(self._texts[row]) for row in rows], np.int64)
        else: length = np.diff(self._runs.first)[rows]
        lot = np.cumsum(length) // CHUNK
        return np.split(rows, np.flatnonzero(np.diff(lot)) + 1) if len(rows) else []

    def _measure(self, rows):
        "Area of some masks, and their first column and one past the last; what is wrong with them joins the faults."
        height = self.sizes[rows, 0]
        if self._runs is None:
            counts, first, broken = counts_of_texts([self._texts[row] for row in rows])
            area, total, ends, negative = measures_of_counts(counts, first)
            self.faults += text_faults(rows, total, self.sizes[rows].prod(axis=1), negative, broken)
        else: area, ends = measures_of_runs(self._runs.take(rows))
        return area, np.column_stack([ends[:, 0] // height, (ends[:, 1] - 1) // height + 1])


def spread(first, rows):
    "Places of what belongs to some rows, where each row's begin at `first`; and where each begins in the new list."
    count = first[rows + 1] - first[rows]
    begin = np.append(0, np.cumsum(count))
    return np.arange(begin[-1]) + np.repeat(first[rows] - begin[:-1], count), begin


# ---- compressed strings and counts

def counts_of_texts(texts):
    "Counts of compressed strings in pairs of zeros and ones, where those of each begin, and which cannot be read."
    texts = [text if isinstance(text, bytes) else text.encode("ascii", "replace") for text in texts]
    stop = np.cumsum([len(text) for text in texts], dtype=np.int64)
    digits = np.frombuffer(b"".join(texts), np.uint8) - np.uint8(48)
    last = np.flatnonzero(digits < 32)
    begin = np.append(0, last + 1)[:-1]
    size = last - begin + 1
    whole = np.diff(stop, prepend=0) > 0
    if digits.max(initial=0) > 63 or size.max(initial=0) > 7 or (digits[stop[whole] - 1] > 31).any():
        broken = np.array([RUN_LENGTHS.fullmatch(text) is None for text in texts])
        return *counts_of_texts([b"" if bad else text for bad, text in zip(broken, texts)])[:2], broken
    value = (digits[begin] & 31).astype(np.int64)
    for more in range(1, size.max(initial=0)):
        longer = np.flatnonzero(size > more)
        value[longer] += (digits[begin[longer] + more] & 31).astype(np.int64) << 5*more
    negative = np.flatnonzero(digits[last] > 15)
    value[negative] -= np.int64(1) << 5*size[negative]
    number = np.diff(np.searchsorted(last, np.append(0, stop)))
    return *undo_differences(value, number), np.zeros(len(texts), bool)


RUN_LENGTHS = re.compile(rb"(?:[P-o]{0,6}[0-O])*")  # numbers of at most seven digits; one below P ends a number


def restarting_sums(values, heads):
    "Running sums that begin anew at some rows, the first among them, and the sum of each stretch; `values` is used up."
    total = np.add.reduceat(values, heads) if len(heads) else values
    values[heads[1:]] -= total[:-1]
    return np.cumsum(values, axis=0), total


def undo_differences(value, number):
    "Pairs of counts from numbers of which all but the first three of a mask are differences to the last but one."
    odd, stop = number % 2 == 1, np.cumsum(number)
    pairs = np.insert(value, stop[odd], 0).reshape(-1, 2)
    first = np.append(0, np.cumsum((number + 1) // 2))
    heads, more = first[:-1][number > 0], first[:-1][number > 2]
    pairs[more + 1, 0] -= pairs[more, 0]  # the third number is no difference to the first
    counts, _ = restarting_sums(pairs, heads)
    counts[first[1:][odd] - 1, 1] = 0
    return counts, first


def measures_of_counts(counts, first):
    "Of each mask its area, all its pixels, the first and one past the last of it, and whether it has a negative count."
    area, total, ends = (np.zeros((len(first) - 1, *axes), np.int64) for axes in ((), (), (2,)))
    some, negative = np.flatnonzero(np.diff(first)), np.zeros(len(area), bool)
    if not len(some): return area, total, ends, negative
    heads, last = first[some], counts[first[some + 1] - 1]
    area[some] = np.add.reduceat(counts[:, 1], heads)
    total[some] = area[some] + np.add.reduceat(counts[:, 0], heads)
    ends[some] = np.column_stack([counts[heads, 0], total[some] - np.where(last[:, 1] > 0, 0, last[:, 0])])
    if counts.min() < 0: negative[some] = np.logical_or.reduceat((counts < 0).any(axis=1), heads)
    return area, total, ends, negative


def measures_of_runs(runs):
    "Of each mask its area, and its first pixel and one past the last."
    some, ends = np.flatnonzero(np.diff(runs.first)), np.zeros((len(runs), 2), np.int64)
    ends[some] = np.column_stack([runs.start[runs.first[some]], runs.end[runs.first[some + 1] - 1]])
    return np.diff(np.append(0, np.cumsum(runs.end - runs.start, dtype=np.int64))[runs.first]), ends


def runs_of_counts(counts, first):
    "Runs of pairs of counts that are not negative."
    some, ones = np.flatnonzero(np.diff(first)), counts[:, 1] > 0
    place, total = restarting_sums(counts.ravel(), 2*first[some])
    place = place.reshape(-1, 2)
    if not ones.all(): place, first = place[ones], np.append(0, np.cumsum(ones))[first]
    kind = np.int32 if total.max(initial=0) < 2**31 else np.int64
    return Runs(place[:, 0].astype(kind), place[:, 1].astype(kind), first)


def text_faults(rows, total, pixels, negative, broken):
    "What is wrong with masks that came as counts: their rows and a sentence for each."
    words = {row: "its counts cannot be decoded, they are no compressed run lengths" for row in np.flatnonzero(broken)}
    for row in np.flatnonzero(negative & ~broken): words[row] = "it has a negative count"
    for row in np.flatnonzero((total != pixels) & ~negative & ~broken):
        words[row] = f"its counts add up to {total[row]} pixels where its image has {pixels[row]}"
    return [(int(rows[row]), words[row]) for row in sorted(words)]


def mixed_masks(segmentations, sizes):
    "Masks of any spelling, as runs."
    faults, numbers, polygons = [], {}, {}
    for row, one in enumerate(segmentations):
        if isinstance(one, (str, bytes)): numbers[row] = None
        elif one and isinstance(one[0], (list, tuple)): polygons[row] = one
        elif one and max(map(abs, one)) >= 1 << 40: faults.append((row, "it has a count that is no number of pixels"))
        else: numbers[row] = one
    texts = [row for row, one in numbers.items() if one is None]
    lists = [row for row, one in numbers.items() if one is not None]
    parts = [(np.array(rows, np.int64), *counts) for rows, counts in (
        (texts, counts_of_texts([segmentations[row] for row in texts])), (lists, counts_of_lists([numbers[row] for row in lists]))) if rows]
    order, found = [], []
    for rows, counts, first, broken in parts:
        _, total, _, negative = measures_of_counts(counts, first)
        faults += text_faults(rows, total, sizes[rows].prod(axis=1), negative, broken)
        order.append(rows); found.append(runs_of_counts(np.maximum(counts, 0), first))
    for row, words in [(row, words) for row, one in polygons.items() if (words := polygon_fault(one))]:
        faults.append((row, words))
        del polygons[row]
    if polygons:
        rows = np.array(list(polygons), np.int64)
        order.append(rows); found.append(runs_of_polygons(list(polygons.values()), sizes[rows]))
    masks = Masks(sizes, arranged(order, found, len(segmentations)))
    masks.faults = sorted(faults)
    return masks


def counts_of_lists(lists):
    "Counts of lists of counts in pairs, where those of each begin, and that all can be read."
    padded = [[*one, 0] if len(one) % 2 else one for one in lists]
    pairs = np.array([count for one in padded for count in one], np.int64).reshape(-1, 2)
    return pairs, np.append(0, np.cumsum([len(one)//2 for one in padded])).astype(np.int64), np.zeros(len(lists), bool)


def arranged(orders, parts, n):
    "Runs of several lots of masks in the order of their rows; a row of none has no runs."
    if not parts: return Runs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(n + 1, np.int64))
    shift = np.cumsum([0] + [len(part.start) for part in parts])
    begin, count = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for rows, part, by in zip(orders, parts, shift):
        begin[rows], count[rows] = part.first[:-1] + by, np.diff(part.first)
    first = np.append(0, np.cumsum(count))
    at = np.arange(first[-1]) + np.repeat(begin - first[:-1], count)
    start, end = (np.concatenate([getattr(part, name) for part in parts])[at] for name in ("start", "end"))
    return Runs(start, end, first)


# ---- polygons

def polygon_fault(polygons):
    "What is wrong with a list of polygons, or nothing."
    for polygon in polygons:
        if len(polygon) % 2: return f"a polygon has {len(polygon)} numbers, it must have an even number"
        if len(polygon) < 6: return f"a polygon has {len(polygon)//2} points, it must have 3 or more"
        if not -FAR < min(polygon) <= max(polygon) < FAR or not isfinite(sum(polygon)):
            return "a polygon has a coordinate that is not finite, or huge"
    return None


FAR = 1e7  # pixels


def runs_of_polygons(objects, sizes, size=1 << 7):
    "Runs of objects that are lists of polygons, some objects at a time."
    parts = [few_polygons(objects[at:at + size], sizes[at:at + size]) for at in range(0, len(objects), size)]
    return arranged(np.split(np.arange(len(objects)), range(size, len(objects), size)), parts, len(objects))


def few_polygons(objects, sizes):
    "Runs of a few objects: the union of their polygons."
    polygons = [polygon for one in objects for polygon in one]
    owner = np.repeat(np.arange(len(objects)), [len(one) for one in objects])
    room = int(sizes.prod(axis=1).max()) + 1
    polygon, place = crossings(polygons, *sizes[owner].T)
    key = np.sort(polygon*room + place)
    begin = np.flatnonzero(np.diff(key, prepend=-1))
    key = key[begin[np.diff(begin, append=len(key)) % 2 == 1]]  # what is crossed twice is not crossed
    if len(polygons) > len(objects): key = united(owner[key // room]*room + key % room)
    object, place = np.divmod(key, room)
    place = place.astype(np.int32 if room < 2**31 else np.int64)
    return Runs(place[::2], place[1::2], np.searchsorted(object[::2], np.arange(len(objects) + 1)))


def united(key):
    "Where the union of runs begins and ends, from where runs begin and end by turns, those of several lists."
    order = np.argsort(key, kind="stable")
    key, depth = key[order], np.cumsum(np.tile([1, -1], len(key)//2)[order])
    last = np.append(key[1:] != key[:-1], True)[:len(key)]
    key, inside = key[last], depth[last] > 0
    return key[np.diff(inside, prepend=False)]


def crossings(polygons, height, width):
    """Where outlines cross the middle of a column of pixels: the polygon, and the first pixel after the crossing.

    The COCO API draws an outline on a grid five times as fine, edge by edge with rounding, and keeps the points where it goes
    from one column to the next. Here only these points are computed, by the same expressions.
    """
    number = np.array([len(polygon)//2 for polygon in polygons])
    point = np.array([value for polygon in polygons for value in polygon]).reshape(-1, 2)
    x, y = (5*point + .5).astype(np.int64).T
    owner = np.repeat(np.arange(len(polygons)), number)
    stop = np.cumsum(number)
    following = np.arange(1, len(x) + 1)
    following[stop - 1] = stop - number
    x2, y2 = x[following], y[following]
    across = np.abs(x2 - x) >= np.abs(y2 - y)
    flip = np.where(across, x > x2, y > y2)
    x, x2, y, y2 = np.where(flip, x2, x), np.where(flip, x, x2), np.where(flip, y2, y), np.where(flip, y, y2)
    low = np.maximum(-((2 - np.minimum(x, x2)) // 5), 0)
    high = np.minimum((np.maximum(x, x2) - 3) // 5, width[owner] - 1)
    count = np.maximum(high - low + 1, 0)
    edge = np.repeat(np.arange(len(x)), count)
    column = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count - low, count)
    ends, fine, flat = (x, x2, y, y2), np.empty(len(edge)), across[edge]
    for way, some in ((along_flat, flat), (along_steep, ~flat)): fine[some] = way(edge[some], column[some], *ends)
    polygon = owner[edge]
    row = np.ceil(np.clip((fine + .5)/5 - .5, 0, height[polygon])).astype(np.int64)
    return polygon, column*height[polygon] + row


def along_flat(edge, column, x, x2, y, y2):
    "Heights, on the fine grid, at which edges that are flatter than high cross a column."
    x, slope, y = x[edge], ((y2 - y)/np.maximum(x2 - x, 1))[edge], y[edge]
    t = 5*column + 2 - x
    return np.minimum(*((y + slope*step + .5).astype(np.int64) for step in (t, t + 1)))


def along_steep(edge, column, x, x2, y, y2):
    "The same of edges that are higher than flat: the last step before the rounded x passes the column's middle."
    x, slope, y, beyond = x[edge], ((x2 - x)/np.maximum(y2 - y, 1))[edge], y[edge], 5*column + 3
    def passed(t):
        at = x + slope*t + .5
        return np.where(slope > 0, at >= beyond, at < beyond)
    t = np.ceil((beyond - .5 - x)/np.where(slope == 0, 1, slope)).astype(np.int64)
    t = np.where(passed(t), t, t + 1)
    return y + np.where(passed(t - 1), t - 1, t) - 1


# ---- boxes and IoU

def bounding_boxes(runs, height):
    "Left, top, width and height of masks; zeros for one without pixels."
    boxes, some = np.zeros((len(runs), 4)), np.diff(runs.first) > 0
    if not some.any(): return boxes
    tall = np.repeat(height, np.diff(runs.first))
    (left, top), (right, bottom) = np.divmod(runs.start, tall), np.divmod(runs.end - 1, tall)
    around = right > left
    top, bottom, begin = np.where(around, 0, top), np.where(around, tall - 1, bottom), runs.first[:-1][some]
    left, top = (np.minimum.reduceat(side, begin) for side in (left, top))
    right, bottom = (np.maximum.reduceat(side, begin) for side in (right, bottom))
    boxes[some] = np.column_stack([left, top, right - left + 1, bottom - top + 1])
    return boxes


def pair_iou(
    true, # `Masks` of objects
    pred, # `Masks` of detections
    t, # Rows of objects, one a pair
    d, # Rows of detections, equal ones side by side
    crowd, # Whether the object stands for a crowd: the union is then the detection
    lowest, # IoU that matters: pairs that cannot reach it may get 0
): # IoU of the pairs, `(number of pairs,)`
    "IoU of masks in pairs, from their runs."
    iou, area = np.zeros(len(t)), (true.area[t], pred.area[d])
    beside = np.minimum(true.columns[t, 1], pred.columns[d, 1]) - np.maximum(true.columns[t, 0], pred.columns[d, 0])
    most = np.minimum(np.minimum(*area), np.maximum(beside, 0)*pred.sizes[d, 0])
    union = np.where(crowd, area[1], area[0] + area[1] - most)
    near = np.flatnonzero((most > 0) & (most >= lowest*(1 - 1e-9)*union))
    if not len(near): return iou
    first = np.flatnonzero(np.diff(d[near], prepend=-1))
    said, slot = d[near][first], np.repeat(np.arange(len(first)), np.diff(first, append=len(near)))
    begin = 0
    for rows in pred._chunks(said):
        pairs = near[np.searchsorted(slot, begin):np.searchsorted(slot, begin + len(rows))]
        shared = intersections(true, t[pairs], pred.runs(rows), np.searchsorted(slot, np.arange(begin, begin + len(rows) + 1)))
        begin += len(rows)
        iou[pairs] = shared / np.where(crowd[pairs], area[1][pairs], area[0][pairs] + area[1][pairs] - shared)
    return iou


def intersections(true, t, runs, bounds):
    "Pixels shared by objects and detections; those of the objects `t` that meet one detection stand side by side."
    rows = np.sort(t)
    rows = rows[np.flatnonzero(np.diff(rows, prepend=-1))]
    others, room = true.runs(rows), int(true.sizes[rows].prod(axis=1).max()) + 1
    base = np.repeat(np.arange(len(rows))*room, np.diff(others.first))
    starts, ends = others.start + base, others.end + base
    covered = np.append(0, np.cumsum(ends - starts))
    at, first = spread(runs.first, np.repeat(np.arange(len(runs)), np.diff(bounds)))
    shift = np.repeat(np.searchsorted(rows, t)*room, np.diff(first))
    def below(x):
        "Pixels of the object before a place: those of all runs that begin there or before, less what the last reaches beyond."
        run = np.searchsorted(starts, x, "right")
        return covered[run] - np.maximum(np.append(0, ends)[run] - x, 0)
    return np.add.reduceat(below(runs.end[at] + shift) - below(runs.start[at] + shift), first[:-1])

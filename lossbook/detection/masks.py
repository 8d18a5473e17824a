"""Masks as COCO writes them: runs of pixels, counted down the columns. No mask is painted to be measured.

The COCO API (Lin et al., 2014) spells them in three ways: compressed strings, lists of counts, polygons.
"""
from __future__ import annotations

import re
from itertools import chain
from typing import NamedTuple

import numpy as np

from ..core import as_array
from ..summaries import in_memory

__all__ = ["Masks"]

CHUNK = 1 << 18 # Characters that are decoded together: what they become fits a processor's cache
FAR = 1e7 # Pixels; no coordinate of a polygon is as far out


class Runs(NamedTuple):
    "Runs of mask pixels, those of one mask after those of another; some may have none."
    start: np.ndarray # First pixel of each run, `(r,)`; pixels are counted down the columns
    end: np.ndarray # One past its last pixel, `(r,)`
    first: np.ndarray # Where the runs of each mask begin, and the number of all, `(n + 1,)`

    def take(self, rows):
        "The runs of some masks."
        at, first = spread(self.first, rows)
        return Runs(self.start[at], self.end[at], first)

    def solid(self):
        "The runs that have pixels."
        some = np.flatnonzero(self.end > self.start)
        if len(some) == len(self.start): return self
        return Runs(self.start[some], self.end[some], np.searchsorted(some, self.first))


class Measures(NamedTuple):
    "What is known of masks without their runs."
    area: np.ndarray # Pixels of each, `(n,)`
    columns: np.ndarray # The first column that it may be in, and one past the last, `(2, n)`
    number: np.ndarray # Runs of each, or more, `(n,)`


class Masks:
    "Masks of objects, as runs of pixels; compressed ones stay so, and are read again where they are compared."
    def __init__(
        self,
        sizes, # Height and width of the image of each, `(n, 2)`
        lots, # Rows, their `Runs` and `Measures`, and the place in the lot and the fault of those that have one
        texts=None, # Compressed string of each that has no runs yet, else ""
    ):
        n = len(sizes)
        self.sizes, self.faults, self._texts = sizes, [], texts or [""]*n
        self.area, self.columns, self._number = whole = [np.zeros(shape, np.int64) for shape in (n, (2, n), n)]
        kept = []
        for rows, runs, measures, faults in lots:
            for column, part in zip(whole, measures): column[..., rows] = part
            self.faults += [(int(rows[i]), words) for i, words in faults]
            kept.append((rows, runs))
        self._runs = in_order(kept)
        self.faults.sort()
        for row, _ in self.faults:
            self._texts[row] = ""
            for column in whole: column[..., row] = 0

    @classmethod
    def from_coco(
        cls,
        segmentations, # A compressed string, a list of counts, or a list of polygons for each
        sizes, # Height and width of the image of each, `(n, 2)`
    ): # `Masks`; `.faults` holds the row of each mask that cannot be read, and why
        "Masks as they stand in COCO's files."
        sizes, segmentations = np.asarray(sizes, np.int64).reshape(-1, 2), list(segmentations)
        if bytes in map(type, segmentations):
            segmentations = [one.decode("latin-1") if isinstance(one, bytes) else one for one in segmentations]
        texts = [one if isinstance(one, str) else "" for one in segmentations]
        return cls(sizes, read(segmentations, sizes), texts)

    @classmethod
    def from_arrays(
        cls,
        masks, # Masks of one size, `(n, height, width)`, boolean or 0 and 1
    ): # `Masks`
        "Masks as arrays of pixels."
        masks = as_array(in_memory(masks, "masks"), "masks")
        if masks.ndim != 3: raise ValueError(f"masks has shape {masks.shape}: it must be (n, height, width)")
        n, height, width = masks.shape
        lots = split(np.arange(n), np.full(n, height*width))
        sizes = np.tile([height, width], (n, 1))
        return cls(sizes, ((rows, *measured(runs_of_pixels(masks[rows]), sizes[rows])) for rows in lots))

    def __len__(self): return len(self.sizes)

    def runs(
        self,
        rows, # Rows of the masks
    ): # `Runs` of these
        "The runs of some masks."
        texts = [self._texts[row] for row in rows.tolist()]
        if not any(texts): return self._runs.take(rows)
        if all(texts): return runs_of_texts(texts, self.sizes[rows])
        spelled = np.array(list(map(bool, texts)))
        return in_order([(np.flatnonzero(some), self.runs(rows[some])) for some in (spelled, ~spelled)])

    def take(
        self,
        rows, # Rows of the masks
    ): # `Masks` of these
        "Some of the masks, as they were read."
        measures = Measures(self.area[rows], self.columns[:, rows], self._number[rows])
        lot = np.arange(len(rows)), self._runs.take(rows), measures, []
        return Masks(self.sizes[rows], [lot], [self._texts[row] for row in rows.tolist()])

    def lots(
        self,
        rows, # Rows of the masks
    ): # List of arrays of rows, each of about `CHUNK` starts and ends of runs
        "Rows in lots that are worked on together."
        return split(rows, 2*self._number[rows])

    @property
    def boxes(self):
        "Left, top, width and height of each mask in pixels, `(n, 4)`; zeros for one without pixels."
        lots = self.lots(np.arange(len(self)))
        parts = [bounding_boxes(self.runs(rows), self.sizes[rows, 0]) for rows in lots]
        return np.concatenate([np.zeros((0, 4)), *parts])

    def decode(
        self,
        rows=None, # Rows of masks of one size; `None`: all
    ): # Boolean array `(number of rows, height, width)`
        "Masks as pixels."
        rows = np.arange(len(self)) if rows is None else np.asarray(rows)
        sizes = self.sizes[rows]
        if (sizes != sizes[:1]).any():
            raise ValueError("masks of several sizes do not fit one array: give rows of one size")
        height, width = sizes[0] if len(rows) else (0, 0)
        runs, pixels = self.runs(rows), height*width
        begin = np.repeat(np.arange(len(rows))*pixels, np.diff(runs.first))
        edges = np.stack([runs.start + begin, runs.end + begin], axis=1).ravel()
        lengths = np.diff(edges, prepend=0, append=len(rows)*pixels)
        flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
        return flat.reshape(len(rows), width, height).transpose(0, 2, 1)

    def to_coco(self): # List of dicts, `size` and the compressed string `counts` of each
        "Masks as they stand in a file of results."
        rows = np.arange(len(self))
        written = (texts_of(self.runs(some), self.sizes[some]) for some in self.lots(rows))
        return [{"size": size, "counts": text} for size, text in zip(self.sizes.tolist(), chain.from_iterable(written))]


# ---- lists of many lists

def spread(first, rows):
    "Places of what belongs to some rows, from `first` on for each; and where each begins among these places."
    count = first[rows + 1] - first[rows]
    begin = np.append(0, np.cumsum(count))
    return np.arange(begin[-1]) + np.repeat(first[rows] - begin[:-1], count), begin


def split(rows, lengths):
    "Rows in lots of about `CHUNK` of what they are long by."
    lot = np.cumsum(lengths, dtype=np.int64) // CHUNK
    return np.split(rows, np.flatnonzero(np.diff(lot)) + 1) if len(rows) else []


def in_order(lots):
    "Runs of several lots of masks, rows and `Runs` of each, in the order of the rows."
    rows, number, start, end = (np.concatenate([np.zeros(0, np.int32), *parts]) for parts in (
        [rows for rows, _ in lots], [np.diff(runs.first) for _, runs in lots],
        [runs.start for _, runs in lots], [runs.end for _, runs in lots]))
    runs = Runs(start, end, np.append(0, np.cumsum(number)))
    return runs if (np.diff(rows) > 0).all() else runs.take(np.argsort(rows))


def measured(runs, sizes, faults=()):
    "Runs of masks, their `Measures`, and their faults."
    runs = runs.solid()
    height, number = sizes[:, 0], np.diff(runs.first)
    some = np.flatnonzero(number)
    begin, last = runs.first[some], runs.first[some + 1] - 1
    area, columns = np.zeros(len(height), np.int64), np.zeros((2, len(height)), np.int64)
    area[some] = np.add.reduceat(runs.end - runs.start, begin)
    columns[0, some] = runs.start[begin] // height[some]
    columns[1, some] = (runs.end[last] - 1) // height[some] + 1
    return runs, Measures(area, columns, number), faults


def runs_of_pixels(masks):
    "Runs of a few masks that are arrays of pixels."
    if not ((masks == 0) | (masks == 1)).all(): raise ValueError("masks must hold nothing but 0 and 1")
    n, height, width = masks.shape
    flat = masks.transpose(0, 2, 1).reshape(n, height*width).astype(np.int8)
    edges = np.diff(flat, axis=1, prepend=0, append=0)
    (row, start), (_, end) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    return Runs(start, end, np.searchsorted(row, np.arange(n + 1)))


# ---- strings and counts

def read(segmentations, sizes):
    "Lots of masks of one spelling each: rows, runs, measures, and the place and fault of those that cannot be read."
    kinds = np.array([0 if isinstance(one, str) else kind_of(one) for one in segmentations], int)
    for kind, (reader, length) in enumerate(SPELLINGS):
        rows = np.flatnonzero(kinds == kind)
        alike = [segmentations[row] for row in rows.tolist()]
        for lot in split(np.arange(len(rows)), list(map(length, alike))):
            yield rows[lot], *reader(alike[lot[0]:lot[-1] + 1], sizes[rows[lot]])


def kind_of(segmentation):
    "Which of `SPELLINGS` a list has; several polygons are read apart from single ones, as a union."
    return 1 + min(len(segmentation), 2) if segmentation and isinstance(segmentation[0], (list, tuple)) else 1


def read_texts(texts, sizes):
    "No runs, but the measures of compressed strings, and the place and fault of those that cannot be read."
    counts, first, broken = counts_of_texts(texts)
    height, pixels = np.maximum(sizes[:, 0], 1), sizes.prod(axis=1)
    sums, least = np.add.reduceat(counts, first[:-1], axis=1, dtype=np.int64), np.zeros(len(texts), np.int64)
    if counts.min(initial=0) < 0: least = np.minimum.reduceat(counts, first[:-1], axis=1).min(axis=0)
    total = sums.sum(axis=0)
    wrong = np.flatnonzero(broken | (total != pixels) | (least < 0))
    faults = [(i, UNREADABLE if broken[i] else count_fault(least[i], total[i], pixels[i])) for i in wrong]
    last = first[1:] - 1
    after = np.where(counts[1, last] > 0, 0, counts[0, last])
    columns = np.stack([counts[0, first[:-1]] // height, (pixels - after - 1) // height + 1])
    none = np.zeros(0, np.int32)
    return Runs(none, none, np.zeros_like(first)), Measures(sums[1], columns, np.diff(first)), faults


def runs_of_texts(texts, sizes):
    "Runs of compressed strings that can be read."
    counts, first, _ = counts_of_texts(texts)
    return runs_of_counts(counts, first, sizes.prod(axis=1))


def read_counts(lists, sizes):
    "Runs and measures of lists of counts, and the place and fault of those that cannot be read."
    pixels = sizes.prod(axis=1)
    words = list(map(list_fault, lists, pixels.tolist()))
    even = [[0, 0] if fault else [*one, 0] if len(one) % 2 else one for one, fault in zip(lists, words)]
    first = np.append(0, np.cumsum([len(one)//2 for one in even]))
    counts = np.array(list(chain.from_iterable(even)), np.int64).reshape(-1, 2).T
    faults = [(i, fault) for i, fault in enumerate(words) if fault]
    return measured(runs_of_counts(counts, first, pixels), sizes, faults)


UNREADABLE = "its counts cannot be decoded, they are no compressed run lengths"


def list_fault(counts, pixels):
    "What is wrong with a list of counts, or nothing."
    if max(counts, default=0) >= 1 << 40: return "it has a count that is no number of pixels"
    return count_fault(min(counts, default=0), sum(counts), pixels)


def count_fault(least, total, pixels):
    "What is wrong with counts, or nothing."
    if least < 0: return "it has a negative count"
    if total != pixels: return f"its counts add up to {total} pixels where its image has {pixels}"


def counts_of_texts(texts):
    """Counts of compressed strings, zeros and ones `(2, p)`; where those of each begin; which cannot be read.

    A number is written in digits of five bits, the least first; the last one is signed. Most have but one.
    """
    text, stop = "".join(texts).encode("utf-8", "surrogatepass"), np.cumsum(list(map(len, texts)))
    codes = np.frombuffer(text, np.uint8)
    more = np.flatnonzero(codes >= MORE)
    number = np.diff(stop - np.searchsorted(more, stop), prepend=0)
    place = more - np.arange(len(more)) # the number that each of these digits belongs to
    if (codes.min(initial=LEAST) < LEAST or codes.max(initial=LEAST) >= BEYOND
            or (codes[stop[stop > 0] - 1] >= MORE).any() or stands(place, MOST)):
        broken = np.array([NUMBERS.fullmatch(one) is None for one in texts])
        return *counts_of_texts(["" if bad else one for bad, one in zip(broken, texts)])[:2], broken
    kind = np.int64 if stands(place, MOST - 1) else np.int32 # no count gets past 2**31 without being below 0 on its way
    value = np.frombuffer(text.translate(LAST_DIGIT, MORE_DIGITS), np.int8).astype(kind)
    digit = codes[more] - MORE
    while len(place):
        value[place] = 32*value[place] + digit # of several digits of a number this takes the last
        again = np.flatnonzero(place[1:] == place[:-1])
        place, digit = place[again], digit[again]
    return *undo_differences(value, number), np.zeros(len(texts), bool)


LEAST, MORE, BEYOND, MOST = 48, 80, 112, 7 # The code of 0, of the first of more digits; no code; digits at most
NUMBERS = re.compile("(?:[P-o]{0,6}[0-O])*")
MORE_DIGITS = bytes(range(MORE, BEYOND))
LAST_DIGIT = bytes(((code - LEAST ^ 16) - 16) % 256 for code in range(256)) # as a signed byte


def stands(numbers, times):
    "Whether a number stands so often in a row."
    return (numbers[times - 1:] == numbers[:1 - times]).any()


def undo_differences(value, number):
    "Counts from numbers of which all but the first three of a mask are differences to the last but one."
    lacking = np.where(number > 0, number % 2, 2)
    first = np.append(0, np.cumsum((number + lacking)//2))
    even = np.insert(value, np.repeat(np.cumsum(number), lacking), 0)
    counts = np.ascontiguousarray(even.reshape(-1, 2).T)
    more = first[:-1][number > 2]
    counts[0, more + 1] -= counts[0, more] # the third number is no difference to the first
    restart(counts, first)
    counts[1, first[1:][lacking == 1] - 1] = 0
    return counts, first


def restart(values, first):
    "Turn numbers into their running sums, that begin anew at each mask."
    values[..., first[1:-1]] -= np.add.reduceat(values, first[:-1], axis=-1)[..., :-1]
    np.cumsum(values, axis=-1, out=values)


def runs_of_counts(counts, first, pixels):
    "Runs of counts that are all in order, or 0."
    kind = np.int32 if pixels.max(initial=0) < 2**31 else np.int64
    counts = counts.astype(kind, copy=False)
    end = counts[0] + counts[1]
    restart(end, first)
    return Runs(end - counts[1], end, first)


def texts_of(runs, sizes):
    "Compressed strings of runs."
    runs = runs.solid()
    number = 2*np.diff(runs.first) + 1
    stop = np.cumsum(number)
    edges = np.stack([runs.start, runs.end], axis=1, dtype=np.int64).ravel()
    edges = np.insert(edges, 2*runs.first[1:], sizes.prod(axis=1))
    place = np.arange(len(edges)) - np.repeat(stop - number, number)
    counts = edges - np.where(place > 0, np.roll(edges, 1), 0)
    value = counts - np.where(place > 2, np.roll(counts, 2), 0)
    group = np.arange(7)
    length = 1 + (np.where(value < 0, ~value, value)[:, None] >= 16 << 5*group[:-1]).sum(axis=1)
    length[stop - 1] *= counts[stop - 1] > 0 # no mask ends with a count of 0
    digits = value[:, None] >> 5*group & 31 | 32*(group < length[:, None] - 1)
    text = (digits + 48)[group < length[:, None]].astype(np.uint8).tobytes().decode()
    ends = np.cumsum(length)[stop - 1].tolist()
    return [text[begin:end] for begin, end in zip([0, *ends], ends)]


# ---- polygons

def read_polygons(objects, sizes):
    "Runs and measures of lists of polygons, and the place and fault of those that cannot be read; a list is a union."
    polygons = list(chain.from_iterable(objects))
    number = np.array(list(map(len, polygons)), np.int64)
    values = np.fromiter(chain.from_iterable(polygons), float)
    if (number < 6).any() or (number % 2).any() or not (abs(values) < FAR).all():
        words = [next(filter(None, map(polygon_fault, one)), None) for one in objects]
        sound = [[[0]*6] if fault else one for one, fault in zip(objects, words)]
        return *read_polygons(sound, sizes)[:2], [(i, fault) for i, fault in enumerate(words) if fault]
    owner = np.repeat(np.arange(len(objects)), list(map(len, objects)))
    room = int(sizes.prod(axis=1).max()) + 1
    kind = np.int32 if room*len(polygons) < 2**31 else np.int64
    key = crossings(values.reshape(-1, 2), number // 2, *sizes[owner].T, room).astype(kind)
    key.sort(kind="stable") # long stretches are in order already
    key = crossed_once(key)
    if len(polygons) > len(objects): key = united(owner[key // room]*room + key % room)
    rooms = np.arange(len(objects) + 1)*room
    first = np.searchsorted(key, rooms)
    place = key - np.repeat(rooms[:-1].astype(kind), np.diff(first))
    return measured(Runs(place[::2], place[1::2], first // 2), sizes)


def crossed_once(key):
    "Rising numbers without pairs of equal ones, for what is crossed twice is not crossed."
    again = np.flatnonzero(key[1:] == key[:-1])
    number = np.cumsum(np.diff(again, prepend=-2) > 1) # of the run of equal numbers that each is in
    first = again[np.searchsorted(number, number)]
    pairs = again[(again - first) % 2 == 0]
    return np.delete(key, np.append(pairs, pairs + 1))


def polygon_fault(polygon):
    "What is wrong with a polygon, or nothing."
    if len(polygon) % 2: return f"a polygon has {len(polygon)} numbers, it must have an even number"
    if len(polygon) < 6: return f"a polygon has {len(polygon)//2} points, it must have 3 or more"
    if not all(abs(value) < FAR for value in polygon):
        return "a polygon has a coordinate that is not finite, or huge"


SPELLINGS = (read_texts, len), (read_counts, len), *[(read_polygons, lambda _: CHUNK >> 9)]*2


def united(key):
    "Where the union of runs begins and ends, from where runs begin and end by turns, those of several lists."
    events = np.sort(2*key + np.arange(len(key)) % 2)
    key, depth = events >> 1, np.cumsum(1 - 2*(events & 1))
    last = np.diff(key, append=-1) != 0
    inside = depth[last] > 0
    return key[last][np.diff(inside, prepend=False)]


def crossings(points, number, height, width, room):
    """Where outlines cross the middle of pixel columns: the first pixel after each, `room` further in each polygon.

    The COCO API draws outlines on a grid five times as fine, edge by edge with rounding, and keeps the points
    where they go from one column to the next. Here only these points are computed, by the same expressions.
    """
    x, y, right, down = edges_of(points, number)
    flat = right >= abs(down)
    before, height, width = np.repeat([np.arange(len(number))*float(room), height, width], number, axis=1)
    slope = np.where(flat, down, right) / np.maximum(np.where(flat, right, down), 1)
    low = np.maximum(np.ceil((x + np.minimum(right, 0) - 2)/5), 0)
    high = np.minimum(np.floor((x + np.maximum(right, 0) - 3)/5), width - 1)
    known = np.stack([x, y, slope, height, before, low])
    def crossed(some, along):
        "The same of some edges, by a function that tells how high they are."
        edge = np.flatnonzero((low <= high) & some)
        count = (high - low)[edge].astype(np.int64) + 1
        x, y, slope, tall, before, column = np.repeat(known[:, edge], count, axis=1)
        column += np.arange(len(x)) - np.repeat(np.cumsum(count) - count, count)
        row = np.ceil((along(5*column, x, y, slope) - 2)/5)
        return before + column*tall + np.minimum(np.maximum(row, 0), tall)
    return np.append(crossed(flat, along_flat), crossed(~flat, along_steep))


def edges_of(points, number):
    "Where edges begin on the fine grid, how far right and down they go; flat ones go right, steep ones down."
    x, y = np.trunc(5*points + .5).T
    stop, following = np.cumsum(number), np.arange(1, len(x) + 1)
    following[stop - 1] = stop - number
    right, down = x[following] - x, y[following] - y
    back = np.where(abs(right) >= abs(down), right, down) < 0
    way = np.where(back, -1, 1)
    return np.where(back, x[following], x), np.where(back, y[following], y), way*right, way*down


def along_flat(left, x, y, slope):
    "Heights at which flat edges leave the middle of columns, where these begin: of the two points there, the lesser."
    return np.trunc(y + slope*(left + 2 - x + (slope < 0)) + .5)


def along_steep(left, x, y, slope):
    "The same of steep edges: the last step before their rounded x leaves the middle, or arrives there."
    step = np.ceil((left + 2.5 - x)/slope - 1e-3) # the step after, or one too few where that is a close call
    return y + step - 1 + ((x + slope*step + .5 >= left + 3) != (slope > 0))


# ---- boxes and IoU

def bounding_boxes(runs, height):
    "Left, top, width and height of masks; zeros for one without pixels."
    runs = runs.solid()
    number = np.diff(runs.first)
    boxes, some, tall = np.zeros((len(height), 4)), number > 0, np.repeat(height, number)
    (left, top), (right, bottom) = np.divmod(runs.start, tall), np.divmod(runs.end - 1, tall)
    around, heads = right > left, runs.first[:-1][some]
    low = np.minimum.reduceat([left, np.where(around, 0, top)], heads, axis=1)
    high = np.maximum.reduceat([right, np.where(around, tall - 1, bottom)], heads, axis=1)
    boxes[some] = np.concatenate([low, high - low + 1]).T
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
    iou, area, other = np.zeros(len(t)), true.area[t], pred.area[d]
    left, right = np.maximum(true.columns[0, t], pred.columns[0, d]), np.minimum(true.columns[1, t], pred.columns[1, d])
    most = np.minimum(np.minimum(area, other), np.maximum(right - left, 0)*pred.sizes[d, 0])
    least = np.where(crowd, other, area + other - most) # pixels of the union
    near = np.flatnonzero((most > 0) & (most >= lowest*(1 - 1e-9)*least))
    bounds, at = np.flatnonzero(np.diff(d[near], prepend=-1, append=-1)), 0
    for rows in pred.lots(d[near[bounds[:-1]]]):
        some = bounds[at:at + len(rows) + 1]
        pairs, at = near[some[0]:some[-1]], at + len(rows)
        shared = intersections(true, t[pairs], pred.runs(rows), np.diff(some))
        iou[pairs] = shared / np.where(crowd[pairs], other[pairs], area[pairs] + other[pairs] - shared)
    return iou


def intersections(true, t, runs, number):
    "Pixels shared by objects and detections; each detection meets its `number` of objects of `t`, in turn."
    rows = np.sort(t)
    rows = rows[np.flatnonzero(np.diff(rows, prepend=-1))]
    others, room = true.runs(rows), int(true.sizes[rows].prod(axis=1).max()) + 1
    kind = np.int32 if room*len(rows) < 2**31 else np.int64
    base = np.repeat(np.arange(len(rows), dtype=kind)*kind(room), np.diff(others.first))
    at, first = spread(runs.first, np.repeat(np.arange(len(number)), number))
    shift = np.repeat(np.searchsorted(rows, t).astype(kind)*kind(room), np.diff(first))
    shared = overlap(others.start + base, others.end + base, runs.start[at] + shift, runs.end[at] + shift)
    return np.add.reduceat(shared, first[:-1])


def overlap(starts, ends, begin, end):
    "Length that each of some stretches shares with rising runs that are apart."
    kind = starts.dtype.type
    covered = np.append(kind(0), np.cumsum(ends - starts, dtype=kind))
    starts, ends = np.append(starts, kind(np.iinfo(kind).max)), np.append(kind(0), ends)
    first = np.searchsorted(starts, begin, "right")
    last = first + (starts.take(first, mode="clip") < end) # few stretches reach further than into the next run
    far = np.flatnonzero(starts.take(last, mode="clip") < end)
    last[far] = np.searchsorted(starts, end[far])
    def below(x, run):
        "Length of the runs before a place: of all that begin by then, less what the last has beyond."
        return covered.take(run, mode="clip") - np.maximum(ends.take(run, mode="clip") - x, 0)
    return below(end, last) - below(begin, first)

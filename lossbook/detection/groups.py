"""Objects and detections by image and category, and the few pairs of them that can match."""
from typing import NamedTuple

import numpy as np

from .masks import pair_iou
from .matching import Pairs, run_starts

POOLED = (-1,)  # categories where all are one, as pycocotools calls them


def sort_groups(
    group, # Group of each row, whole numbers from 0
    scores, # Score of each row, finite
): # Rows by group, then by falling score; rows that are tied keep their order
    """Sort by group and score as one whole number, in which the score is rounded; in digits of 16 bits, which
    NumPy sorts in linear time."""
    if not len(scores): return np.zeros(0, np.int64)
    top, group_bits = scores.max()/2, int(group.max()).bit_length()
    digits = -(-(group_bits + SCORE_BITS)//16)
    score_bits = min(16*digits - group_bits, 50)
    share = (top - scores/2) / ((top - scores.min()/2) or 1)
    keys = (group.astype(np.int64) << score_bits) + (share*(2.0**score_bits - 1)).astype(np.int64)
    rows = np.lexsort([(keys >> 16*digit).astype(np.uint16) for digit in range(digits)])
    return settle_ties(rows, keys[rows], scores)


SCORE_BITS = 22  # at least: few scores that differ are rounded to the same


def settle_ties(rows, keys, scores):
    "Sort those again whose rounded scores are alike and whose scores are not."
    alike, exact = keys[1:] == keys[:-1], scores[rows]
    if not (alike & (exact[1:] != exact[:-1])).any(): return rows
    tied = np.flatnonzero(np.append(alike, False) | np.append(False, alike))
    again = rows[tied]
    rows[tied] = again[np.lexsort((again, -scores[again], keys[tied]))]
    return rows


def ranks(group):
    "Place of each row within its run of equal numbers, from 0."
    begin = run_starts(group)
    return np.arange(len(group)) - np.repeat(begin, np.diff(begin, append=len(group)))


class Grouped(NamedTuple):
    "Objects or detections by image and category."
    row: np.ndarray # Rows, in order
    group: np.ndarray # Number of the image and category of each, rising
    category: np.ndarray # Category of each; 0 where they are pooled


def by_group(objects, categories):
    "Objects by image and category, pooled ones by category within their image; detections by falling score."
    image, category = objects.image.astype(np.int64), objects.category
    scores = getattr(objects, "scores", np.zeros(len(image)))
    if categories != POOLED:
        group = image*len(categories) + category
        rows = sort_groups(group, scores)
        return Grouped(rows, group[rows], category[rows])
    first = np.argsort(category, kind="stable")
    rows = first[sort_groups(image[first], scores[first])]
    return Grouped(rows, image[rows], np.zeros_like(category))


def in_company(true_group, pred_group):
    "Places of detections that share their group with true objects, the first of these, and how many they are."
    begin = run_starts(pred_group)
    length, group = np.diff(begin, append=len(pred_group)), pred_group[begin]
    first, stop = (np.searchsorted(true_group, group, side) for side in ("left", "right"))
    first, count = np.repeat(first, length), np.repeat(stop - first, length)
    some = np.flatnonzero(count)
    return some, first[some], count[some]


def close_pairs(
    first, # First true object of the group of each detection
    count, # How many these are, at least 1
    overlaps, # Function of places of objects and detections, which broadcast: some of them, with their IoU
    lowest, # Least IoU that is asked for
    size=1 << 15, # Pairs looked at together: what fits a processor's cache
): # `Pairs`, by detection and then by object
    "Pairs within a group that are near enough to match."
    ends, near, at = np.cumsum(count), [], 0
    while at < len(count):
        begin = ends[at] - count[at]
        stop = max(np.searchsorted(ends, begin + size, "right"), at + 1)
        alone = min(np.searchsorted(first, first[at], "right"), stop)
        if (alone - at)*count[at] > size/8:  # a table of one group
            stop = alone
            pred, true = np.arange(at, stop)[:, None], first[at] + np.arange(count[at])
        else:
            rows = slice(at, stop)
            pred = np.repeat(np.arange(at, stop), count[rows])
            true = np.arange(len(pred)) + np.repeat(first[rows] - (ends[rows] - count[rows] - begin), count[rows])
        true, pred, iou = overlaps(true, pred)
        kept = iou >= lowest
        near.append((true[kept], pred[kept], iou[kept]))
        at = stop
    none = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    return Pairs(*map(np.concatenate, zip(none, *near)))


def box_overlaps(true, pred, crowd):
    "IoU of boxes x, y, width, height as a function of places in both lists; pairs that are apart are left out."
    def edges(boxes):
        x, y, width, height = boxes.T.copy()
        return x, y, x + width, y + height, width*height
    true, pred = edges(true), edges(pred)
    def side(axis, t, d):
        return np.minimum(true[axis + 2][t], pred[axis + 2][d]) - np.maximum(true[axis][t], pred[axis][d])
    def overlaps(t, d):
        width = side(0, t, d)
        beside = np.flatnonzero(width > 0)
        if width.ndim == 2:
            row = beside//width.shape[1]
            t, d = t[beside - row*width.shape[1]], d[row, 0]
            width = width.ravel()
        else: t, d = t[beside], d[beside]
        height = side(1, t, d)
        shared, area = width[beside]*height, pred[4][d]
        union = np.where(crowd[t], area, area + true[4][t] - shared)
        return t, d, np.divide(shared, union, out=np.zeros(len(t)), where=height > 0)
    return overlaps


def overlaps_of(kind, truth, pred, true_rows, pred_rows, lowest):
    "IoU of pairs of objects as a function of their places in two lists of rows."
    crowd = truth.crowd[true_rows]
    boxes = (np.take(objects.boxes, rows, axis=0) for objects, rows in ((truth, true_rows), (pred, pred_rows)))
    if kind == "box": return box_overlaps(*boxes, crowd)
    def overlaps(t, d):
        t, d = (places.ravel() for places in np.broadcast_arrays(t, d))
        return t, d, pair_iou(truth.masks, pred.masks, true_rows[t], pred_rows[d], crowd[t], lowest)
    return overlaps

"Where to read: descriptions of parts of arrays and files, small enough to be sent to whoever reads them."
# A partition is anything with a method `read` that returns the arguments of a summarizer, by name.
import mmap
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..core import SLICE, one_of, slices, whole_number
from ..detection.coco_files import is_path
from ..detection.files import read_detections, read_ground_truth
from ..detection.objects import Detections, GroundTruth
from ..summaries import in_memory

__all__ = ["PartitionError", "split_arrays", "split_parquet", "split_coco"]


class PartitionError(ValueError):
    "A partition that could not be summarised: which one, and why."


# ---- arrays, in memory and in files

@dataclass(frozen=True)
class Mapped:
    "Rows of an array that lies in a file, which whoever reads them maps for himself."
    path: str
    dtype: np.dtype
    offset: int # Bytes before the array
    shape: tuple
    order: str # `'C'` or `'F'`
    rows: slice

    def __getitem__(self, rows): return replace(self, rows=rows)

    def read(self):
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order)[self.rows]


@dataclass(frozen=True, eq=False)
class Rows:
    "The same rows of several arrays."
    arrays: dict # Name to `Mapped`, or to an array
    name: str

    def __str__(self): return self.name

    def read(self):
        return {name: x.read() if isinstance(x, Mapped) else x for name, x in self.arrays.items()}


def split_arrays(
    *,
    rows=None, # Rows of a partition; `None`: as many as hold about four million numbers
    **arrays, # By argument of the summarizer: array, `np.memmap`, or path of a `.npy` file; rows alike
): # List of partitions; those of files hold no data
    "Cut arrays along their first axis. `ValueError` for unequal lengths or no rows."
    sources = {name: source_of(x, name) for name, x in arrays.items()}
    lengths = {name: x.shape[0] for name, x in sources.items()}
    if len(set(lengths.values())) != 1 or not min(lengths.values()):
        found = ", ".join(f"{n} of {name}" for name, n in lengths.items()) or "none"
        raise ValueError(f"rows: {found}; they must be as many in each array, and not 0")
    n, width = next(iter(lengths.values())), max(int(np.prod(x.shape[1:])) for x in sources.values())
    cuts = slices(n, width, 64*SLICE) if rows is None else slices(n, size=whole_number(rows, "rows", 1))
    names = ", ".join(Path(x.path).name if isinstance(x, Mapped) else name for name, x in sources.items())
    return [Rows({name: x[cut] for name, x in sources.items()}, f"rows {cut.start} to {cut.stop} of {names}") for cut in cuts]


def source_of(x, name):
    "An array as `Mapped` if it lies in a file, else as an array in memory."
    if is_path(x): x = opened(x, name)
    source = mapped(x) if isinstance(x, np.memmap) else None
    if source is None: source = in_memory(x, name)
    if source.shape: return source
    raise ValueError(f"{name} is one number: it must have rows")


def opened(path, name):
    "A `.npy` file, mapped; one that holds Python objects is refused, never unpickled."
    try: return np.lib.format.open_memmap(os.path.abspath(path), mode="r")
    except ValueError as error: raise ValueError(f"{name}: {Path(path).name} is no .npy file that can be mapped, {error}") from None


def mapped(x):
    "Where in its file an array lies; `None` if it has changes of its own, or gaps."
    if x.mode == "c" or x.filename is None or not (x.flags.c_contiguous or x.flags.f_contiguous): return None
    whole = x
    while not isinstance(whole.base, mmap.mmap): whole = whole.base
    offset = whole.offset + x.ctypes.data - whole.ctypes.data
    return Mapped(os.fspath(x.filename), x.dtype, offset, x.shape, "C" if x.flags.c_contiguous else "F", slice(None))


# ---- Parquet

@dataclass(frozen=True)
class RowGroup:
    "A row group of a Parquet file, and the column of each argument."
    path: str
    group: int
    columns: dict

    def __str__(self): return f"row group {self.group} of {Path(self.path).name}"

    def read(self):
        with parquet(self.path) as file:
            table = file.read_row_group(self.group, columns=sorted(set(self.columns.values())), use_threads=False)
        return {name: values_of(table[column], column) for name, column in self.columns.items()}


def parquet(path):
    "A Parquet file, opened."
    try: from pyarrow.parquet import ParquetFile
    except ImportError: raise ImportError("Parquet files need pyarrow: pip install 'lossbook[parquet]'") from None
    os.stat(path)  # where there is no file, Python says it better
    try: return ParquetFile(path)
    except ValueError as error: raise ValueError(f"{Path(path).name} is no Parquet file: {error}") from None


def split_parquet(
    source, # Path of a file or of a folder of them, which are taken by name; or a list of paths
    **columns, # By argument of the summarizer: the name of its column; no other is read
): # List of partitions, one a row group
    "Cut Parquet files where they are cut already. `ValueError` for a column they lack."
    paths = files_in(source) if is_path(source) else source
    if not isinstance(paths, (list, tuple)) or not all(map(is_path, paths)):
        raise TypeError(f"source is {source!r}: it must be a path, or a list of paths")
    if not columns: raise ValueError("columns is empty: name the column of each argument, such as y_true='label'")
    parts = [part for path in paths for part in row_groups(os.path.abspath(path), columns)]
    if parts: return parts
    raise ValueError(f"source is {source}: it holds no rows")


def files_in(source):
    return sorted(Path(source).rglob("*.parquet")) if os.path.isdir(source) else [source]


def row_groups(path, columns):
    "The row groups of a file that have rows."
    with parquet(path) as file:
        if lacking := [name for name in columns.values() if name not in file.schema_arrow.names]:
            raise ValueError(f"{Path(path).name} has no column {lacking[0]!r}, only {', '.join(file.schema_arrow.names)}")
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    return [RowGroup(path, i, columns) for i, rows in enumerate(sizes) if rows]


def values_of(column, name):
    "A column as an array; lists of one length as its rows."
    if column.null_count: raise ValueError(f"column {name!r} holds {column.null_count} nulls: fill them, or leave their rows out")
    values = column.to_numpy()
    if not isinstance(values[0], np.ndarray): return values
    if len({len(one) for one in values}) == 1: return np.stack(values)
    raise ValueError(f"column {name!r} holds lists of several lengths")


# ---- COCO

@dataclass(frozen=True, eq=False)
class Shard:
    "Some images, their objects and what a detector found in them."
    ground_truth: object # What `read_ground_truth` takes
    detections: object # What `read_detections` takes
    kind: str
    sizes: str
    name: str

    def __str__(self): return self.name

    def read(self):
        truth = read_ground_truth(self.ground_truth, self.kind)
        return {"ground_truth": truth, "detections": read_detections(self.detections, truth, self.kind, self.sizes)}


def split_coco(
    ground_truth, # As `evaluate_detections` takes it; or a list of paths, a file of each shard
    detections, # The same; or the list of the results of each shard
    *,
    images=1000, # Images of a partition, where one file is cut
    kind="box", # What will be compared: `'box'` or `'mask'`
    sizes="coco", # Area of a detected mask, as in `evaluate_detections`
): # List of partitions: a pair of files each, read by whoever summarizes it, or a run of images
    "Cut detections by image. Summarize them with `DetectionMatches.from_objects`."
    one_of(kind, "kind", ["box", "mask"])
    one_of(sizes, "sizes", ["coco", "box", "mask"])
    if isinstance(ground_truth, list): return pairs_of_files(ground_truth, detections, kind, sizes)
    truth = read_ground_truth(ground_truth, kind)
    found = read_detections(detections, truth, kind, sizes)
    cuts = slices(len(truth.images), size=whole_number(images, "images", 1))
    return [Shard(*of_images(truth, found, cut), kind, sizes, f"images {cut.start} to {cut.stop}") for cut in cuts]


def pairs_of_files(truths, results, kind, sizes):
    "A partition for each pair of files."
    if not truths: raise ValueError("ground_truth is empty: list a file of each shard")
    if not isinstance(results, list): raise TypeError(f"detections is {type(results).__name__}: it must be a list, as ground_truth is")
    if len(truths) != len(results):
        raise ValueError(f"ground_truth lists {len(truths)} files and detections {len(results)}: they must be pairs")
    pairs = [[os.path.abspath(path) for path in pair] for pair in zip(truths, results)]
    return [Shard(*pair, kind, sizes, " and ".join(Path(path).name for path in pair)) for pair in pairs]


def of_images(truth, found, cut):
    "The objects and detections of a run of images."
    true, pred = (np.flatnonzero((x.image >= cut.start) & (x.image < cut.stop)) for x in (truth, found))
    sizes = None if truth.sizes is None else truth.sizes[cut]
    return (GroundTruth(truth.images[cut], truth.categories, truth.names, truth.image[true] - cut.start, truth.category[true],
                        truth.boxes[true], truth.area[true], truth.crowd[true], truth.ignored[true], masks_at(truth, true), sizes),
            Detections(found.image[pred] - cut.start, found.category[pred], found.scores[pred],
                       found.boxes[pred], found.area[pred], masks_at(found, pred)))


def masks_at(objects, rows):
    "Some of the masks, if there are any."
    return None if objects.masks is None else objects.masks.take(rows)

"""Measure parts of the book beside other libraries, print it and keep it for the page of benchmarks.

`python -m benchmarks` takes all parts, `python -m benchmarks ranking boxes` some; what was measured of the others stays.
"""
import argparse
import sys
import warnings
from pathlib import Path

from benchmarks import detection  # the first: peak memory of a process begins with that of its parent, which is still small
from benchmarks.harness import installed, store

PARTS = ["detection", "scale", "regression", "classification", "ranking", "segmentation", "boxes", "streams", "gpu"]


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--most", type=float, default=10**7, help="numbers of the largest arrays")
    parser.add_argument("--cases", nargs="+", default=list(detection.CASES), choices=detection.CASES, help="of detection")
    parser.add_argument("--tools", nargs="+", default=detection.TOOLS, choices=detection.TOOLS, help="of detection")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each case of detection, by turns; their median is kept")
    parser.add_argument("--slow", action="store_true", help="wait for pycocotools on every case of detection")
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the other libraries of detection")
    parser.add_argument("--data", type=Path, help="folder that keeps the files of detection for another time")
    options = parser.parse_args()
    if unknown := set(options.parts) - {*PARTS}:
        parser.error(f"no part {', '.join(sorted(unknown))}: they are {', '.join(PARTS)}")
    for part in sorted(options.parts or PARTS, key=PARTS.index):
        print(f"\n{part}")
        {"detection": of_detection, "scale": of_files, "gpu": of_gpu}.get(part, of_arrays)(part, options)


def of_detection(part, options):
    options.versions = {}
    answers = list(map(shown, detection.answers(options)))
    keep(part, answers, options.versions, [tool for tool in detection.TOOLS if tool not in options.tools])


def of_files(part, options):
    from benchmarks import scale
    keep(part, list(map(shown, scale.answers())), installed(["numpy"]), [])


def of_gpu(part, options):
    from benchmarks import gpu
    if not gpu.there():
        return print("no CUDA device: what was measured on one stays")
    keep(part, list(map(shown, gpu.answers(options.most))), *gpu.about())


def of_arrays(part, options):
    from benchmarks import arrays
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torchmetrics|sklearn")
        answers = list(map(shown, arrays.answers(part, options.most)))
    keep(part, answers, *arrays.about(part))


def shown(answer):
    "An answer, printed as times what lossbook takes: above 1 is its gain."
    own = answer.seconds["lossbook"]
    others = [f"{library} {each / own:.3g} x" for library, each in answer.seconds.items() if library != "lossbook"]
    print(f"{answer.task:32}{answer.n:>12,}{1000 * own:11.2f} ms  {', '.join(others)}", flush=True)
    return answer


def keep(part, answers, versions, missing):
    for library in missing:
        print(f"without {library}, which is not installed")
    store(part, answers, versions, missing)


if __name__ == "__main__":
    main()

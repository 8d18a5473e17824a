"Import time of the package against NumPy's, each the best of 20 fresh interpreters: `python benchmarks/import_time.py`."
import subprocess
import sys
import time

TARGETS = {"import numpy": 1.0, "import lossbook": 1.3, "from lossbook import dice_score": 1.5}
ROUNDS = 20


def seconds(statement):
    "Time that one fresh interpreter takes to start, run a statement and end."
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - started


def main():
    best = dict.fromkeys(["pass", *TARGETS], float("inf"))
    for _ in range(ROUNDS):
        for statement in best:
            best[statement] = min(best[statement], seconds(statement))
    imports = {statement: best[statement] - best["pass"] for statement in TARGETS}
    for statement, target in TARGETS.items():
        ratio = imports[statement] / imports["import numpy"]
        print(f"{statement:32} {1000 * imports[statement]:6.1f} ms  {ratio:4.2f} x import numpy (at most {target})")


if __name__ == "__main__":
    main()

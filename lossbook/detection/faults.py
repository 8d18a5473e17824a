"""What is wrong with a file of annotations: all of it counted, the first of it said."""
import numpy as np

__all__ = ["InvalidAnnotations"]

SHOWN = 5  # faults that a message names


class InvalidAnnotations(ValueError):
    "A file that cannot be judged: its name, the `count` of its faults, and the first of them, `faults`."
    def __init__(self, source, count, faults):
        self.source, self.count, self.faults = source, count, list(faults)
        said = " ".join(map(as_sentence, self.faults))
        super().__init__(f"{source}: {count} fault{'s' if count > 1 else ''}. {said}")

    def __reduce__(self): return InvalidAnnotations, (self.source, self.count, self.faults)


def as_sentence(fault):
    "A fault as a sentence. A word begins with a capital, the name of a file or field stays as it is."
    return f"{fault[0].upper() if fault.split()[0].isalpha() else fault[0]}{fault[1:]}."


class Faults:
    "Faults as they are found."
    def __init__(self, source):
        self.source, self.count, self.first = source, 0, []

    def add(self, where, words):
        "Note a fault: where it is, and a sentence."
        self.count += 1
        if len(self.first) < SHOWN: self.first.append(f"{where}: {words}")

    def among(
        self,
        bad, # Which of some records are faulty, `(n,)`
        where, # Function of a record's number: where it is
        words, # Function of a record's number: what is wrong
    ):
        "Note the faults of many records; only those that are shown are put into words."
        rows = np.flatnonzero(bad)
        for row in rows[:SHOWN - len(self.first)]: self.first.append(f"{where(row)}: {words(row)}")
        self.count += len(rows)

    def check(self):
        "Raise `InvalidAnnotations` if there is any."
        if self.count: raise InvalidAnnotations(self.source, self.count, self.first)

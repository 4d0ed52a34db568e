"""For tests: a judge and a detector without packages that look at the size of the file."""

from diptych_worker import Abstained, Detection, DetectorWorker, JudgeWorker, Verdict, serve

import os
import sys


def rank(item):
    """In [0, 1), the same for the same bytes."""
    with open(item.path, "rb") as file:
        return sum(file.read()) % 1000 / 1000


class Scalar:
    """A number as libraries give it, such as NumPy's float32: no number of Python's and no JSON."""

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


class Judge(JudgeWorker):
    name = "sizes-judge"
    max_batch = 3
    covers = ["violence", "hate"]

    def judge(self, items, call):
        if "wordy" in sys.argv:
            return [Abstained("it is " + "very " * 4000 + "large") for _ in items]
        number = Scalar if "library" in sys.argv else float
        scores = [{"violence": number(rank(i)), "hate": number(0.0)} for i in items]
        return [Verdict(s, raw={"bytes": number(os.path.getsize(i.path))}) for s, i in zip(scores, items)]


class Detector(DetectorWorker):
    name = "sizes-detector"
    max_batch = 2
    trained_on = ["nothing"]

    def detect(self, items, call):
        if "wordless" in sys.argv:
            return [Abstained("") for _ in items]
        return [Abstained("it is large") if os.path.getsize(i.path) > 2000 else Detection(rank(i)) for i in items]


if __name__ == "__main__":
    serve(Judge() if "judge" in sys.argv else Detector())

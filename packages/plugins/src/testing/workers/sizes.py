"""For tests: a judge and a detector without packages that look at the size of the file."""

from diptych_worker import Abstained, Detection, DetectorWorker, JudgeWorker, Verdict, serve

import os
import sys


def rank(item):
    """In [0, 1), the same for the same bytes."""
    with open(item.path, "rb") as file:
        return sum(file.read()) % 1000 / 1000


class Judge(JudgeWorker):
    name = "sizes-judge"
    max_batch = 3
    covers = ["violence", "hate"]

    def judge(self, items, call):
        return [Verdict({"violence": rank(i), "hate": 0.0}, raw={"bytes": os.path.getsize(i.path)}) for i in items]


class Detector(DetectorWorker):
    name = "sizes-detector"
    max_batch = 2
    trained_on = ["nothing"]

    def detect(self, items, call):
        return [Abstained("it is large") if os.path.getsize(i.path) > 2000 else Detection(rank(i)) for i in items]


if __name__ == "__main__":
    serve(Judge() if "judge" in sys.argv else Detector())

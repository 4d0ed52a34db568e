"""A tiny classifier with random weights as ONNX, and the probability that onnxruntime gives it on the formula images.

    python make_golden.py

It makes classifier.onnx, the same with its weights in classifier-external.bin, and classifier.json: the softmax
probability of label 0 after Pillow's resize, ImageNet mean and deviation.
"""

import onnx
import torch
from torch import nn

from networks import HERE, IMAGENET, save, softmax, write

torch.manual_seed(5)
network = nn.Sequential(
    nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.SiLU(), nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
)
with torch.no_grad():
    network[-1].weight.mul_(6)  # so that probabilities are not all one half
session = save(network, "classifier.onnx", torch.zeros(1, 3, 16, 16), "pixels", "logits")
(HERE / "classifier-external.bin").unlink(missing_ok=True)
onnx.save(onnx.load(HERE / "classifier.onnx"), HERE / "classifier-external.onnx", save_as_external_data=True, location="classifier-external.bin", size_threshold=16)


def probability(values):
    (logits,) = session.run(None, {"pixels": values})
    return {"probability": round(float(softmax(logits[0])[0]), 9)}


write("classifier.json", probability, *IMAGENET)

"""A tiny image tower with two heads in the shapes of CLIP judges, random weights, and the scores onnxruntime gives.

    python make_tower.py

It makes tower.onnx (pixels to a raw embedding of 6), head-softmax.onnx (cosine to two prompt embeddings times 100, as
Q16 does; it expects an embedding of unit length), head-sigmoid.onnx (Linear, ReLU, BatchNorm, Linear, as MHSC does) and
tower.json: the scores of the formula images, for a raw and for a unit embedding.
"""

import numpy as np
import torch
from torch import nn

from networks import save, sigmoid, softmax, write

torch.manual_seed(9)


class Cosine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        prompts = nn.functional.normalize(torch.randn(2, 6), dim=1)
        self.weight = nn.Parameter(3 * prompts)

    def forward(self, unit):
        return unit @ self.weight.T


tower = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.GELU(approximate="tanh"), nn.Conv2d(6, 6, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 6))
cosine = Cosine()
head = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 1))
with torch.no_grad():
    tower[-1].weight.mul_(8)
    head[-1].weight.mul_(2)

run_tower = save(tower, "tower.onnx", torch.zeros(1, 3, 16, 16), "pixels", "embedding")
run_softmax = save(cosine, "head-softmax.onnx", torch.zeros(1, 6), "embedding", "logits")
run_sigmoid = save(head, "head-sigmoid.onnx", torch.zeros(1, 6), "embedding", "logit")


def scores(values):
    (raw,) = run_tower.run(None, {"pixels": values})
    row = {}
    for kind, embedding in (("raw", raw), ("l2", raw / np.linalg.norm(raw))):
        (logits,) = run_softmax.run(None, {"embedding": embedding.astype(np.float32)})
        (logit,) = run_sigmoid.run(None, {"embedding": embedding.astype(np.float32)})
        row[kind] = {"unsafe": round(float(softmax(logits[0])[1]), 9), "violent": round(float(sigmoid(logit[0, 0])), 9)}
    return row


write("tower.json", scores, [0.481, 0.458, 0.408], [0.269, 0.261, 0.276])

"""A tiny image tower with two heads in the shapes of CLIP judges, random weights, and the scores onnxruntime gives.

    python make_tower.py

It makes tower.onnx (pixels to a raw embedding of 6), head-softmax.onnx (cosine to two prompt embeddings times 100, as
Q16 does; it expects an embedding of unit length), head-sigmoid.onnx (Linear, ReLU, BatchNorm, Linear, as MHSC does) and
tower.json: the scores of the formula images, for a raw and for a unit embedding.
"""

import hashlib
import io
import json
import pathlib
import sys

import numpy as np
import onnxruntime
import torch
from PIL import Image
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from formula_images import GOLDEN_IMAGES, draw  # noqa: E402

torch.manual_seed(9)


class Cosine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        prompts = nn.functional.normalize(torch.randn(2, 6), dim=1)
        self.weight = nn.Parameter(3 * prompts)

    def forward(self, unit):
        return unit @ self.weight.T


tower = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.GELU(approximate="tanh"), nn.Conv2d(6, 6, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 6)).eval()
softmax = Cosine().eval()
sigmoid = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
with torch.no_grad():
    tower[-1].weight.mul_(8)
    sigmoid[-1].weight.mul_(2)


def save(network, name, example, ins, outs):
    file = io.BytesIO()
    torch.onnx.export(network, (example,), file, input_names=[ins], output_names=[outs], opset_version=17, dynamic_axes={ins: {0: "batch"}, outs: {0: "batch"}}, dynamo=False)
    (HERE / name).write_bytes(file.getvalue())
    return onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])


run_tower = save(tower, "tower.onnx", torch.zeros(1, 3, 16, 16), "pixels", "embedding")
run_softmax = save(softmax, "head-softmax.onnx", torch.zeros(1, 6), "embedding", "logits")
run_sigmoid = save(sigmoid, "head-sigmoid.onnx", torch.zeros(1, 6), "embedding", "logit")
mean, deviation = np.float32([0.481, 0.458, 0.408]), np.float32([0.269, 0.261, 0.276])
rows = []
for formula in GOLDEN_IMAGES:
    pixels = draw(*formula)
    resized = np.asarray(Image.fromarray(pixels, "RGB").resize((16, 16), Image.Resampling.BICUBIC), np.float32)
    values = ((resized / np.float32(255) - mean) / deviation).transpose(2, 0, 1)[None]
    (raw,) = run_tower.run(None, {"pixels": values})
    row = {"name": "{}-{}x{}-{}".format(*formula), "sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}
    for kind, embedding in (("raw", raw), ("l2", raw / np.linalg.norm(raw))):
        (logits,) = run_softmax.run(None, {"embedding": embedding.astype(np.float32)})
        (logit,) = run_sigmoid.run(None, {"embedding": embedding.astype(np.float32)})
        powers = np.exp(logits[0].astype(np.float64) - logits.max())
        row[kind] = {"unsafe": round(float(powers[1] / powers.sum()), 9), "violent": round(float(1 / (1 + np.exp(-float(logit[0, 0])))), 9)}
    rows.append(row)
(HERE / "tower.json").write_text(json.dumps(rows, indent=1) + "\n")

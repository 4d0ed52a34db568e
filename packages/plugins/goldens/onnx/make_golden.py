"""A tiny classifier with random weights as ONNX, and the probability that onnxruntime gives it on the formula images.

    python make_golden.py

It makes classifier.onnx, the same with its weights in classifier-external.bin, and classifier.json: the softmax
probability of label 0 after Pillow's resize, ImageNet mean and deviation.
"""

import hashlib
import io
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from formula_images import GOLDEN_IMAGES, draw  # noqa: E402

torch.manual_seed(5)
network = nn.Sequential(
    nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.SiLU(), nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
).eval()
with torch.no_grad():
    network[-1].weight.mul_(6)  # so that probabilities are not all one half
file = io.BytesIO()
axes = {"pixels": {0: "batch"}, "logits": {0: "batch"}}
torch.onnx.export(network, (torch.zeros(1, 3, 16, 16),), file, input_names=["pixels"], output_names=["logits"], opset_version=17, dynamic_axes=axes, dynamo=False)
(HERE / "classifier.onnx").write_bytes(file.getvalue())
(HERE / "classifier-external.bin").unlink(missing_ok=True)
onnx.save(onnx.load_from_string(file.getvalue()), HERE / "classifier-external.onnx", save_as_external_data=True, location="classifier-external.bin", size_threshold=16)

session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
rows = []
for formula in GOLDEN_IMAGES:
    pixels = draw(*formula)
    resized = np.asarray(Image.fromarray(pixels, "RGB").resize((16, 16), Image.Resampling.BICUBIC), np.float32)
    values = ((resized / np.float32(255) - mean) / deviation).transpose(2, 0, 1)[None]
    (logits,) = session.run(None, {"pixels": values})
    powers = np.exp(logits[0].astype(np.float64) - logits.max())
    rows.append({"name": "{}-{}x{}-{}".format(*formula), "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(), "probability": round(float(powers[0] / powers.sum()), 9)})
(HERE / "classifier.json").write_text(json.dumps(rows, indent=1) + "\n")

"""A tiny network in the shape of YOLOv8's export, with random weights, and the highest score of each label that onnxruntime gives.

    python make_boxes.py

It makes boxes.onnx (pixels to four coordinates and two scores for each of 16 boxes) and boxes.json.
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

torch.manual_seed(3)


class Boxes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 4, 4)

    def forward(self, pixels):
        rows = self.conv(pixels).flatten(2)
        # Coordinates are large, as pixels are: a score that took them in would show.
        return torch.cat([rows[:, :4] * 100, torch.sigmoid(3 * rows[:, 4:])], 1)


network = Boxes().eval()
file = io.BytesIO()
axes = {"pixels": {0: "batch"}, "boxes": {0: "batch"}}
torch.onnx.export(network, (torch.zeros(2, 3, 16, 16),), file, input_names=["pixels"], output_names=["boxes"], opset_version=17, dynamic_axes=axes, dynamo=False)
(HERE / "boxes.onnx").write_bytes(file.getvalue())

session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
rows = []
for formula in GOLDEN_IMAGES:
    pixels = draw(*formula)
    resized = np.asarray(Image.fromarray(pixels, "RGB").resize((16, 16), Image.Resampling.BICUBIC), np.float32)
    values = ((resized / np.float32(255) - mean) / deviation).transpose(2, 0, 1)[None]
    (boxes,) = session.run(None, {"pixels": values})
    rows.append({"name": "{}-{}x{}-{}".format(*formula), "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(), "scores": [round(float(score), 7) for score in boxes[0, 4:].max(1)]})
(HERE / "boxes.json").write_text(json.dumps(rows, indent=1) + "\n")

"""A tiny image tower of torch and a forest of scikit-learn on its features in one ONNX file, and what onnxruntime gives of it.

    python make_forest.py

It makes forest.onnx, whose classes have names and whose probabilities are a map from them, as skl2onnx writes it by default, and
forest.json: the probability of "fake", the first of the names in scikit-learn's order, on the formula images.
"""

import io

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import compose
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from torch import nn

from networks import HERE, IMAGENET, write

OPSET = 17
torch.manual_seed(11)
tower = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.SiLU(), nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
pixels = torch.randn(300, 3, 16, 16) * torch.rand(300, 3, 1, 1) + torch.randn(300, 3, 1, 1)
with torch.no_grad():
    features = tower(pixels).numpy()
names = np.array(["real", "fake"])[(features @ np.linspace(-1, 1, 8) > np.median(features @ np.linspace(-1, 1, 8))).astype(int)]
forest = RandomForestClassifier(12, max_depth=5, random_state=1).fit(features, names)
assert list(forest.classes_) == ["fake", "real"]

file = io.BytesIO()
torch.onnx.export(tower, (pixels[:1],), file, input_names=["pixels"], output_names=["features"], opset_version=OPSET, dynamic_axes={"pixels": {0: "batch"}, "features": {0: "batch"}}, dynamo=False)
first = onnx.load_from_string(file.getvalue())
second = to_onnx(forest, features[:1], target_opset={"": OPSET, "ai.onnx.ml": 3})
second.ir_version = first.ir_version
joined = compose.merge_models(first, second, io_map=[("features", "X")])
(HERE / "forest.onnx").write_bytes(joined.SerializeToString())
session = onnxruntime.InferenceSession(str(HERE / "forest.onnx"), providers=["CPUExecutionProvider"])


def probability(values):
    (((of_names),),) = session.run(["output_probability"], {"pixels": values})
    return {"probability": round(float(of_names["fake"]), 9)}


write("forest.json", probability, *IMAGENET)

"""What the scripts beside this one share: networks written by torch's older exporter, and pictures as they take them."""

import io
import json
import pathlib
import sys

import numpy as np
import onnxruntime
import torch
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from formula_images import golden_images  # noqa: E402

IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def save(network, name, example, ins, outs):
    """NAME.onnx with its batch left open, and a session that runs it."""
    file = io.BytesIO()
    axes = {ins: {0: "batch"}, outs: {0: "batch"}}
    torch.onnx.export(network.eval(), (example,), file, input_names=[ins], output_names=[outs], opset_version=17, dynamic_axes=axes, dynamo=False)
    (HERE / name).write_bytes(file.getvalue())
    return onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])


def prepared(pixels, mean, deviation):
    resized = np.asarray(Image.fromarray(pixels, "RGB").resize((16, 16), Image.Resampling.BICUBIC), np.float32)
    return ((resized / np.float32(255) - np.float32(mean)) / np.float32(deviation)).transpose(2, 0, 1)[None]


def softmax(logits):
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()


def sigmoid(logit):
    return 1 / (1 + np.exp(-float(logit)))


def write(name, scores, mean, deviation):
    """`scores` of the prepared values of each formula image."""
    rows = [{**picture, **scores(prepared(pixels, mean, deviation))} for picture, pixels in golden_images()]
    (HERE / name).write_text(json.dumps(rows, indent=1) + "\n")

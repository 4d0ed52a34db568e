"""Small networks quantised by onnxruntime's own quantiser, and what onnxruntime computes with them.

    pip install -r requirements.txt && python make-quantised.py

Writes quantised/*.onnx and quantised.json beside this file. `y` is what the file says, computed without onnxruntime's
optimisations; `optimised` is what it gives as users run it, where float and integer arithmetic are exchanged.
"""
import json
import pathlib
import tempfile

import numpy
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from torch import nn

from goldens import exported, folder, listed, numbers

torch.manual_seed(5)


class Convolutions(nn.Module):
    """Grouped, depthwise and strided convolutions, Relu and Clip that quantisers leave out, pooling, a sum, Gemm."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.deep = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.LeakyReLU(0.1), nn.Conv2d(8, 8, 3, 1, 1, groups=2))
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Sigmoid())
        self.pool = nn.AvgPool2d(2)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.stem(x)
        y = self.deep(x)
        x = x + y * self.gate(y)
        x = self.pool(x)
        return self.head(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Tokens(nn.Module):
    """A block of a transformer without LayerNorm: products by weights with three dimensions, and of two activations."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(16, 16, bias=name != "key") for name in ["query", "key", "value", "out"])
        self.inner, self.outer = nn.Linear(16, 32), nn.Linear(32, 16)

    def forward(self, x):
        split = lambda y: y.view(y.size(0), y.size(1), 2, 8).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        weights = torch.softmax(q @ k.transpose(-1, -2) / 8**0.5, -1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(x.size(0), x.size(1), 16))
        return x + self.outer(torch.relu(self.inner(x)))


class Sound(nn.Module):
    """Convolutions of one dimension."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv1d(6, 8, 3, 2, 1), nn.ReLU(), nn.Conv1d(8, 8, 5, dilation=2, padding=3, groups=4), nn.Sigmoid(), nn.Conv1d(8, 5, 1, bias=False))

    def forward(self, x):
        return self.layers(x).mean(2)


class Volume(nn.Module):
    """Convolutions of three dimensions."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv3d(2, 4, 3, (1, 2, 2), 1), nn.ReLU(), nn.Conv3d(4, 6, (3, 1, 2), padding=(0, 0, 1), groups=2), nn.ReLU())
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        return self.head(self.layers(x).mean((2, 3, 4)))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.LSTM(16, 6, bidirectional=True, batch_first=True), nn.LSTM(12, 5, batch_first=True)

    def forward(self, x):
        return self.second(self.first(x)[0])[0]


class Reader(CalibrationDataReader):
    def __init__(self, x):
        self.batches = iter([{"x": x}])

    def get_next(self):
        return next(self.batches, None)


def run(data, x, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    # Item by item: dynamic quantisation takes the range of the whole batch, and items are to be independent.
    return numpy.concatenate([session.run(None, {"x": x[i : i + 1]})[0] for i in range(len(x))])


def largest_step(model):
    """The coarsest grid of the file: how far one rounding that goes the other way can carry."""
    scales = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    used = [n.input[1] for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    return max([float(scales[name].max()) for name in used if name in scales] or [0.0])


image, tokens = (torch.from_numpy(numbers(*shape)) for shape in ((2, 3, 24, 24), (2, 6, 16)))
u8, s8 = QuantType.QUInt8, QuantType.QInt8
static = lambda form, activation, weight, per_channel: ("static", form, activation, weight, per_channel)
variants = {
    "qdq": static(QuantFormat.QDQ, u8, s8, False),
    "qdq-signed-per-channel": static(QuantFormat.QDQ, s8, s8, True),
    "operator": static(QuantFormat.QOperator, u8, u8, False),
    "operator-per-channel": static(QuantFormat.QOperator, u8, s8, True),
    "operator-signed": static(QuantFormat.QOperator, s8, s8, False),
    "dynamic": ("dynamic", None, None, u8, False),
    "dynamic-per-channel": ("dynamic", None, None, s8, True),
}
of_bytes = ["operator", "operator-per-channel", "dynamic", "dynamic-per-channel"]
sound, volume = (torch.from_numpy(numbers(*shape)) for shape in ((2, 6, 21), (2, 2, 4, 9, 8)))
networks = [
    ("convolutions", Convolutions(), image, list(variants)),
    ("tokens", Tokens(), tokens, list(variants)),
    ("sound", Sound(), sound, of_bytes),
    ("volume", Volume(), volume, of_bytes),
    ("recurrent", Recurrent(), tokens, of_bytes[2:]),
]
(folder / "quantised").mkdir(exist_ok=True)
record = {}
for network, module, x, forms in networks:
    source = exported(module, {"x": x}, 13).SerializeToString()
    float_y = run(source, x.numpy(), onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)
    for variant in forms:
        kind, form, activation, weight, per_channel = variants[variant]
        with tempfile.TemporaryDirectory() as scratch:
            before, after = pathlib.Path(scratch, "before.onnx"), pathlib.Path(scratch, "after.onnx")
            before.write_bytes(source)
            if kind == "static":
                quantize_static(before, after, Reader(x.numpy()), quant_format=form, activation_type=activation, weight_type=weight, per_channel=per_channel)
            else:
                quantize_dynamic(before, after, weight_type=weight, per_channel=per_channel)
            model = onnx.load(after)
        del model.graph.value_info[:]
        model.ClearField("metadata_props")
        data = model.SerializeToString()
        name = f"{network}-{variant}"
        (folder / "quantised" / f"{name}.onnx").write_bytes(data)
        levels = onnxruntime.GraphOptimizationLevel
        y, optimised = run(data, x.numpy(), levels.ORT_DISABLE_ALL), run(data, x.numpy(), levels.ORT_ENABLE_ALL)
        record[name] = {
            "x": {"shape": list(x.shape)},
            "y": {"shape": list(y.shape), "data": listed(y)},
            "optimised": listed(optimised),
            "float": listed(float_y),
            "step": largest_step(model),
        }
        ops = sorted({f"{node.domain}.{node.op_type}".lstrip(".") for node in model.graph.node})
        print(name, len(data), float(f"{abs(y - optimised).max():.3g}"), float(f"{abs(y - float_y).max():.3g}"), ops)
(folder / "quantised.json").write_text(json.dumps(record) + "\n")

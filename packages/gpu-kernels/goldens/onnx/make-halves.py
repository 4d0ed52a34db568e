"""Small networks in float16 and bfloat16, as exporters write them, and what onnxruntime computes with them.

    pip install -r requirements.txt && python make-halves.py

Writes halves/*.onnx and halves.json beside this file. `float` is the network before its conversion, in float32.
"""
import json
import warnings

import numpy
import onnxruntime
import torch
from onnxconverter_common import float16
from torch import nn

from goldens import exported, folder, listed, numbers

warnings.simplefilter("ignore")
torch.manual_seed(7)


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.SiLU())
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        return torch.softmax(self.head(self.body(x).mean((2, 3))), 1)


class Tokens(nn.Module):
    """A block of a transformer: LayerNorm, attention with a mask of the least float, GELU in its tanh form."""

    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.out = nn.LayerNorm(16), nn.Linear(16, 48), nn.Linear(16, 16)
        self.inner, self.outer = nn.Linear(16, 32), nn.Linear(32, 16)
        self.register_buffer("mask", torch.triu(torch.full((6, 6), -1e4), 1))

    def forward(self, x):
        split = lambda y: y.view(y.size(0), y.size(1), 2, 8).transpose(1, 2)
        q, k, v = (split(y) for y in self.qkv(self.norm(x)).chunk(3, -1))
        weights = torch.softmax(q @ k.transpose(-1, -2) / 8**0.5 + self.mask, -1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(x.size(0), x.size(1), 16))
        return x + self.outer(nn.functional.gelu(self.inner(x), approximate="tanh"))


def export(module, x):
    model = exported(module, {"x": x})
    del model.graph.value_info[:]
    return model


def run(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0].astype(numpy.float32)


(folder / "halves").mkdir(exist_ok=True)
record = {}
for network, module, shape in [("convolutions", Convolutions(), (2, 3, 16, 16)), ("tokens", Tokens(), (2, 6, 16))]:
    x = torch.from_numpy(numbers(*shape))
    source = export(module, x)
    expected = run(source, x.numpy())
    variants = {
        # torch's own conversion: inputs, outputs and all weights in float16.
        "torch": (export(module.half(), x.half()), x.half().numpy()),
        # float16 inside, casts at the ends, and around what it keeps in float32.
        "converter": (float16.convert_float_to_float16(source, keep_io_types=True, op_block_list=["Softmax"]), x.numpy()),
    }
    for variant, (model, given) in variants.items():
        name = f"{network}-{variant}"
        del model.graph.value_info[:]
        (folder / "halves" / f"{name}.onnx").write_bytes(model.SerializeToString())
        y = run(model, given)
        record[name] = {"x": {"shape": list(x.shape)}, "y": {"shape": list(y.shape), "data": listed(y)}, "float": listed(expected)}
        casts = sum(node.op_type == "Cast" for node in model.graph.node)
        print(name, model.ByteSize(), casts, "casts", float(f"{abs(y - expected).max():.3g}"))
(folder / "halves.json").write_text(json.dumps(record) + "\n")

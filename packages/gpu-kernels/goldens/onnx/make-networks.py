"""Tiny networks with random weights as torch exports them, and what onnxruntime computes with them.

    pip install -r requirements.txt && python make-networks.py

Writes *.onnx and networks.json beside this file. Each is there for what it makes exporters write.
"""
import io
import json
import pathlib

import numpy
import onnx
import onnxruntime
import torch
from torch import nn

folder = pathlib.Path(__file__).parent
torch.manual_seed(3)


class Residual(nn.Module):
    """Conv, BatchNorm, ReLU, a residual sum, pooling, computed Flatten, Gemm, Softmax."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8))
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.stem(x)
        x = torch.relu(x + self.body(x))
        x = nn.functional.adaptive_avg_pool2d(x, 1)
        return torch.softmax(self.head(x.view(x.size(0), -1)), 1)


class Depthwise(nn.Module):
    """MobileNet's block: ReLU6, HardSwish, SiLU, depthwise and grouped convolution, squeeze and excitation, mean."""

    def __init__(self):
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(3, 12, 1), nn.ReLU6(), nn.Conv2d(12, 12, 5, 2, 2, groups=12), nn.Hardswish())
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(12, 6, 1), nn.SiLU(), nn.Conv2d(6, 12, 1), nn.Hardsigmoid())
        self.project = nn.Sequential(nn.Conv2d(12, 8, 3, padding=1, groups=4), nn.LeakyReLU(0.1))
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 1))

    def forward(self, x):
        x = self.expand(x)
        x = self.project(x * self.squeeze(x))
        return torch.sigmoid(self.head(x.mean((2, 3))))


class Mlp(nn.Module):
    """Linear layers over patches: computed Reshape, Transpose, LayerNorm, GELU in its tanh form, MatMul with three dimensions."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.inner = nn.Linear(12, 24)
        self.outer = nn.Linear(24, 12)
        self.head = nn.Linear(48, 3)

    def forward(self, x):
        batch, channels, height, width = x.shape
        x = x.reshape(batch, channels, height * width).transpose(1, 2).reshape(batch, 4, 12)
        x = x + self.outer(nn.functional.gelu(self.inner(self.norm(x)), approximate="tanh"))
        return self.head(x.flatten(1))


class Attention(nn.Module):
    """Scaled dot-product attention with two heads, written out."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(8, 8) for _ in range(4))

    def forward(self, x):
        split = lambda y: y.view(y.size(0), y.size(1), 2, 4).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        weights = torch.softmax(q @ k.transpose(-1, -2) / 4**0.5, -1)
        return self.out((weights @ v).transpose(1, 2).reshape(x.size(0), x.size(1), 8))


class Resizes(nn.Module):
    """Reflects U-Nets: upsampling to a computed size, zero padding, a crop, a sum of two scales."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(3, 4, 1)

    def forward(self, x):
        y = nn.functional.interpolate(self.down(x), size=x.shape[2:], mode="nearest")
        return nn.functional.pad(y + self.up(x), (1, 0, 0, 2))[:, :, 1:, :-1]


def randomise(module):
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.2, 0.2)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return module.eval()


def export(module, x, opset, dynamic):
    file = io.BytesIO()
    axes = {"x": {0: "batch"}, "y": {0: "batch"}} if dynamic else None
    torch.onnx.export(module, (x,), file, input_names=["x"], output_names=["y"], opset_version=opset, dynamic_axes=axes, dynamo=False)
    return file.getvalue()


def export_dynamo(module, x, opset, dynamic):
    shapes = ({0: torch.export.Dim("batch", min=1, max=64)},) if dynamic else None
    program = torch.onnx.export(module, (x,), input_names=["x"], output_names=["y"], opset_version=opset, dynamic_shapes=shapes, dynamo=True)
    model = program.model_proto
    # Source locations and tracebacks: half of the file, and of the machine that wrote it.
    for item in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        del item.metadata_props[:]
        item.doc_string = ""
    return model.SerializeToString()


def half(data):
    model = onnx.load_from_string(data)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(numpy.float16), tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    del model.graph.value_info[:]
    return model.SerializeToString()


# Numbers that a test can make again: thousandths in no order.
image = torch.tensor([i * 7919 % 2001 / 1000 - 1 for i in range(2 * 3 * 24 * 24)]).view(2, 3, 24, 24)
first = lambda *shape: image.flatten()[: numpy.prod(shape)].view(*shape)
small, tokens, oblong = first(2, 3, 4, 4), first(2, 5, 8), first(2, 3, 10, 12)
modules = [
    ("residual", Residual(), image, 11, True, export),
    ("residual-fixed", Residual(), image[:1], 13, False, export),
    ("residual-dynamo", Residual(), image, 18, True, export_dynamo),
    ("depthwise", Depthwise(), image, 17, True, export),
    ("depthwise-dynamo", Depthwise(), image, 20, True, export_dynamo),
    ("mlp", Mlp(), small, 17, True, export),
    ("mlp-dynamo", Mlp(), small, 20, True, export_dynamo),
    ("attention", Attention(), tokens, 14, True, export),
    ("resizes", Resizes(), oblong, 12, True, export),
    ("resizes-dynamo", Resizes(), oblong, 19, True, export_dynamo),
]
record = {}
for name, module, x, opset, dynamic, write in modules:
    data = write(randomise(module), x, opset, dynamic)
    (folder / f"{name}.onnx").write_bytes(data)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": x.numpy()})
    record[name] = {
        "opset": opset,
        "x": {"shape": list(x.shape)},
        "y": {"shape": list(y.shape), "data": [float(f"{v:.9g}") for v in y.flatten()]},
    }

# The same weights stored otherwise: float16, and in a file beside the model.
data = half((folder / "residual.onnx").read_bytes())
(folder / "residual-half.onnx").write_bytes(data)
model = onnx.load_from_string((folder / "residual.onnx").read_bytes())
(folder / "residual-external.bin").unlink(missing_ok=True)
onnx.save(model, folder / "residual-external.onnx", save_as_external_data=True, location="residual-external.bin", size_threshold=64)
(folder / "networks.json").write_text(json.dumps(record) + "\n")
for file in sorted(folder.glob("*.onnx")):
    print(file.name, file.stat().st_size, sorted({node.op_type for node in onnx.load(file, load_external_data=False).graph.node}))

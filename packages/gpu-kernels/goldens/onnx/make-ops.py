"""Small networks around ops that become others: Fourier transforms, recurrences, volumes, Fold, deformed windows.

    pip install -r requirements.txt && python make-ops.py

Writes ops/*.onnx, as torch exports them or as they stand here, and ops.json with onnxruntime's outputs on two items.
"""
import json

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from goldens import folder, listed, numbers

torch.manual_seed(7)
random = numpy.random.default_rng(7)


class Frequencies(nn.Module):
    """As FreqNet: the image without its low frequencies, and convolutions of a spectrum's parts."""

    def __init__(self):
        super().__init__()
        self.mix, self.real, self.imaginary = (nn.Conv2d(i, 4, 1, bias=False) for i in (3, 4, 4))

    def high(self, x, dims):
        spectrum = torch.fft.fftshift(torch.fft.fft2(x, norm="ortho"), dim=dims)
        height, width = x.shape[-2:]
        mask = torch.ones(height, width)
        mask[height // 2 - height // 4 : height // 2 + height // 4, width // 2 - width // 4 : width // 2 + width // 4] = 0
        return torch.real(torch.fft.ifft2(torch.fft.ifftshift(spectrum * mask, dim=dims), norm="ortho"))

    def forward(self, x):
        spectrum = torch.fft.fft2(self.mix(torch.relu(self.high(x, (-2, -1)))), norm="ortho")
        spectrum = torch.complex(self.real(spectrum.real), self.imaginary(spectrum.imag))
        return torch.real(torch.fft.ifft2(spectrum, norm="ortho"))


class Half(nn.Module):
    """rfft2 and irfft2, of odd and even sizes."""

    def forward(self, x):
        half = torch.view_as_real(torch.fft.rfft2(x, norm="ortho")) * 0.5
        return torch.fft.irfft2(torch.view_as_complex(half), s=x.shape[-2:], norm="ortho")


class Spectrogram(nn.Module):
    def forward(self, x):
        return torch.stft(x, 16, 4, window=torch.hann_window(16), return_complex=True).abs()


class Sequencer(nn.Module):
    """LSTMs in both directions along rows and along columns, where the batch is merged with the other."""

    def __init__(self):
        super().__init__()
        self.rows, self.columns = (nn.LSTM(6, 4, bidirectional=True, batch_first=True) for _ in range(2))
        self.mix = nn.Linear(16, 6)

    def forward(self, x):
        batch, height, width, channels = x.shape
        columns, _ = self.columns(x.permute(0, 2, 1, 3).reshape(-1, height, channels))
        columns = columns.reshape(batch, width, height, -1).permute(0, 2, 1, 3)
        rows, _ = self.rows(x.reshape(-1, width, channels))
        return self.mix(torch.cat([columns, rows.reshape(batch, height, width, -1)], -1))


class Recurrent(nn.Module):
    """Two layers of GRU, read at the end."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(6, 5, num_layers=2, batch_first=True)

    def forward(self, x):
        return self.gru(x)[1][-1]


class Video(nn.Module):
    """A video network's stem, a residual part apart for space and time, and its head."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv3d(3, 8, (3, 5, 5), (1, 2, 2), (1, 2, 2), bias=False), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)))
        self.body = nn.Sequential(nn.Conv3d(8, 8, (1, 3, 3), padding=(0, 1, 1)), nn.GroupNorm(2, 8), nn.SiLU(), nn.Conv3d(8, 8, (3, 1, 1), padding=(1, 0, 0), groups=8))
        self.head = nn.Sequential(nn.Conv3d(8, 8, 3, 2, 1, groups=2), nn.AvgPool3d(2, 1), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 2))

    def forward(self, x):
        x = self.stem(x)
        return self.head(x + self.body(x))


class Decoder(nn.Module):
    """A volume made larger: transposed convolutions side by side and overlapping, trilinear interpolation."""

    def __init__(self):
        super().__init__()
        self.apart, self.over = nn.ConvTranspose3d(4, 6, 2, 2), nn.ConvTranspose3d(6, 4, 3, (2, 1, 2), 1, output_padding=(1, 0, 1), groups=2)
        self.last = nn.Conv3d(4, 2, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.over(torch.relu(self.apart(x))))
        return self.last(functional.interpolate(x, scale_factor=2, mode="trilinear"))


class Folds(nn.Module):
    """Unfold and Fold with windows that meet, and back to patches side by side."""

    def forward(self, x):
        whole = functional.fold(functional.unfold(x, 3, padding=1, stride=2), (9, 8), 3, padding=1, stride=2)
        return functional.fold(whole[:, :, :8].reshape(-1, 3 * 16, 4), (8, 8), 4, stride=4)


class Places(nn.Module):
    """Where the largest numbers of windows are, as torch counts them: within a channel."""

    def forward(self, x):
        largest, places = functional.max_pool2d(x, 3, 2, padding=1, return_indices=True)
        return largest + places.float()


def export(module, x):
    shapes = ({0: torch.export.Dim("batch", min=1, max=64)},)
    program = torch.onnx.export(module, (x,), input_names=["x"], output_names=["y"], opset_version=20, dynamic_shapes=shapes, dynamo=True, verbose=False)
    model = program.model_proto
    # Source locations and tracebacks: half of the file, and of the machine that wrote it.
    for item in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        del item.metadata_props[:]
        item.doc_string = ""
    return model


def deformable():
    """Two groups of filters and of places; places and how much they count are convolutions, as networks have them."""
    weights = {"w": (6, 2, 3, 3), "b": (6,), "places": (36, 4, 3, 3), "counts": (18, 4, 3, 3)}
    tensors = [numpy_helper.from_array((random.standard_normal(shape) * 0.3).astype(numpy.float32), name) for name, shape in weights.items()]
    window = {"pads": [1, 1, 1, 1], "strides": [2, 1]}
    nodes = [
        helper.make_node("Conv", ["x", "places"], ["o"], **window),
        helper.make_node("Conv", ["x", "counts"], ["c"], **window),
        helper.make_node("Sigmoid", ["c"], ["m"]),
        helper.make_node("DeformConv", ["x", "w", "o", "b", "m"], ["y"], group=2, offset_group=2, **window),
    ]
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "deformable", [value("x", ["batch", 4, 9, 8])], [value("y", None)], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


modules = {
    "frequencies": (Frequencies(), (2, 3, 16, 12)),
    "half": (Half(), (2, 2, 8, 9)),
    "spectrogram": (Spectrogram(), (2, 64)),
    "sequencer": (Sequencer(), (2, 4, 3, 6)),
    "recurrent": (Recurrent(), (2, 7, 6)),
    "video": (Video(), (2, 3, 4, 16, 20)),
    "decoder": (Decoder(), (2, 4, 1, 2, 2)),
    "folds": (Folds(), (2, 3, 9, 8)),
    "places": (Places(), (2, 3, 7, 8)),
    "deformable": (deformable, (2, 4, 9, 8)),
}
record = {}
(folder / "ops").mkdir(exist_ok=True)
for name, (module, shape) in modules.items():
    x = numbers(*shape)
    model = module() if module is deformable else export(module.eval(), torch.from_numpy(x))
    data = model.SerializeToString()
    (folder / "ops" / f"{name}.onnx").write_bytes(data)
    (y,) = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    record[name] = {"x": list(shape), "y": {"shape": list(y.shape), "data": listed(y)}}
    print(name, len(data), sorted({node.op_type for node in model.graph.node}))
(folder / "ops.json").write_text(json.dumps(record) + "\n")

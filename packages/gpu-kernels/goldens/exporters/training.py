"""Networks that were trained with rounded weights and activations, as toolkits for that export them, and what onnxruntime computes.

    python training.py FOLDER TOOL [NAME…]      # TOOL as in `tools` below; in an environment of its own (requirements.txt)

Writes FOLDER/TOOL/NAME.onnx and NAME.json, as derive.py does.
"""
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
import torch
from torch import nn
from torchvision.models import mobilenet_v2, mobilenet_v3_small, resnet, shufflenet_v2_x0_5

from derive import record_of
from export_models import write_each
from models import picture

torch.set_num_threads(1)


class Convolutions(nn.Module):
    """Grouped and strided convolutions with BatchNorm, a residual sum, a gate of channels, pooling, layers."""

    def __init__(self):
        super().__init__()
        unit = lambda i, o, *rest, **more: nn.Sequential(nn.Conv2d(i, o, *rest, bias=False, **more), nn.BatchNorm2d(o), nn.ReLU())
        self.stem, self.deep, self.wide = unit(3, 16, 3, 2, 1), unit(16, 16, 3, 1, 1, groups=16), unit(16, 16, 3, 1, 1)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 16, 1), nn.Sigmoid())
        self.pool, self.hidden, self.head = nn.MaxPool2d(2), nn.Linear(16, 24), nn.Linear(24, 5)

    def forward(self, x):
        x = self.stem(x)
        y = self.wide(self.deep(x))
        x = self.pool(x + y * self.gate(y))
        return self.head(torch.relu(self.hidden(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))))


class Tokens(nn.Module):
    """Patches, a block of a transformer, and the mean of its tokens."""

    def __init__(self):
        super().__init__()
        self.patches, self.before, self.after = nn.Conv2d(3, 32, 8, 8), nn.LayerNorm(32), nn.LayerNorm(32)
        self.q, self.k, self.v, self.out = (nn.Linear(32, 32) for _ in range(4))
        self.inner, self.outer, self.head = nn.Linear(32, 64), nn.Linear(64, 32), nn.Linear(32, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        y = self.before(x)
        q, k, v = (part(y).reshape(-1, 16, 4, 8).transpose(1, 2) for part in (self.q, self.k, self.v))
        weights = torch.softmax(q @ k.transpose(-1, -2) * 8**-0.5, -1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(-1, 16, 32))
        x = x + self.outer(nn.functional.gelu(self.inner(self.after(x))))
        return self.head(x.mean(1))


networks = {
    "convolutions": Convolutions,
    "tokens": Tokens,
    "resnet": lambda: resnet.ResNet(resnet.BasicBlock, [1, 1, 1, 1], num_classes=10),
    "mobilenet-v2": lambda: mobilenet_v2(width_mult=0.35, num_classes=10),
    "mobilenet-v3": lambda: mobilenet_v3_small(width_mult=0.5, num_classes=10),
    "shufflenet-v2": lambda: shufflenet_v2_x0_5(num_classes=10),
}


def trained(module, x, steps=8):
    """Far enough that ranges and the statistics of BatchNorm are those of numbers that were seen."""
    optimiser = torch.optim.SGD(module.parameters(), 0.01)
    for step in range(steps):
        optimiser.zero_grad()
        module(x + 0.1 * torch.randn_like(x)).square().mean().backward()
        optimiser.step()
    return module


def older(module, x, target):
    torch.onnx.export(module, (x,), str(target), input_names=["x"], output_names=["y"], opset_version=17, dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, dynamo=False)


def newer(module, x, target):
    torch.onnx.export(module, (x,), input_names=["x"], output_names=["y"], dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), dynamo=True, verbose=False).save(str(target))


def fx(backend):
    """torch.ao: fake quantisation as it is trained, which the older exporter writes as QDQ."""

    def make(module, x, target):
        from torch.ao.quantization import disable_observer, get_default_qat_qconfig_mapping
        from torch.ao.quantization.quantize_fx import prepare_qat_fx

        prepared = trained(prepare_qat_fx(module.train(), get_default_qat_qconfig_mapping(backend, version=0), (x,)), x).eval()
        prepared.apply(disable_observer)
        older(prepared, x, target)

    return make


def pt2e(module, x, target):
    """torchao, on a graph of torch.export."""
    from torchao.quantization.pt2e import move_exported_model_to_eval
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_qat_pt2e
    from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import X86InductorQuantizer, get_default_x86_inductor_quantization_config

    quantiser = X86InductorQuantizer().set_global(get_default_x86_inductor_quantization_config(is_qat=True))
    shapes = ({0: torch.export.Dim("batch", min=1, max=64)},)
    prepared = trained(prepare_qat_pt2e(torch.export.export(module.train(), (x,), dynamic_shapes=shapes).module(), quantiser), x)
    converted = convert_pt2e(prepared)
    newer(move_exported_model_to_eval(converted), x, target)


def brevitas(module, x, target):
    """Quantise, clip, dequantise."""
    from brevitas.export import export_onnx_qcdq
    from brevitas.graph.quantize import preprocess_for_quantize, quantize

    quantised = quantize(preprocess_for_quantize(trained(module.train(), x).eval()))
    trained(quantised.train(), x).eval()
    export_onnx_qcdq(quantised, args=(x,), export_path=str(target), opset_version=17, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, dynamo=False)


tools = {
    "qat-qnnpack": fx("qnnpack"),
    "qat-x86": fx("x86"),
    "qat-pt2e": pt2e,
    "brevitas": brevitas,
}


def main(folder, tool, *names):
    def write(name, file):
        x = picture(2, 32)
        tools[tool](networks[name](), x, file)
        record_of(file, {"x": x.numpy()}, is_quantised=True)

    write_each(pathlib.Path(folder) / tool, names or networks, write)


if __name__ == "__main__":
    main(*sys.argv[1:])

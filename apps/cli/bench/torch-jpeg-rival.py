"""PyTorch's side of jpeg-to-scores.bench.ts: a DataLoader with Pillow workers, the same ViT with fused attention.

python torch-jpeg-rival.py MODEL FOLDER SIDE BATCH ROUNDS WORKERS

Float16 on a GPU, float32 on the CPU. Prints a line with the scores of the first files, and after a line on stdin one with speeds.
"""

import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy
import onnx
import torch
from onnx import numpy_helper
from PIL import Image
from torch.nn import functional

COMPARED = 4
MEAN = numpy.float32([0.48145466, 0.4578275, 0.40821073])
DEVIATION = numpy.float32([0.26862954, 0.26130258, 0.27577711])


class Files(torch.utils.data.Dataset):
    """As torchvision's Resize, CenterCrop, ToTensor and Normalize treat a Pillow image."""

    def __init__(self, paths, side):
        self.paths, self.side = paths, side

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        image = Image.open(self.paths[index]).convert("RGB")
        width, height = image.size
        short, long = sorted((width, height))
        longer = self.side * long // short
        size = (self.side, longer) if width <= height else (longer, self.side)
        image = image.resize(size, Image.Resampling.BICUBIC)
        left, top = (round((length - self.side) / 2) for length in image.size)
        pixels = numpy.asarray(image.crop((left, top, left + self.side, top + self.side)), dtype=numpy.float32)
        return torch.from_numpy(((pixels / 255 - MEAN) / DEVIATION).transpose(2, 0, 1).copy())


class Vit(torch.nn.Module):
    """The network that networks.ts writes, from its weights in the order in which it makes them."""

    def __init__(self, path):
        super().__init__()
        arrays = {part.name: numpy_helper.to_array(part) for part in onnx.load(path).graph.initializer}
        names = sorted((name for name in arrays if name.startswith("w")), key=lambda name: int(name[1:]))
        weights = iter([torch.tensor(arrays[name]) for name in names])
        # Scale and slope of attention and QuickGELU, which are written in `forward`.
        next(weights), next(weights)
        self.parts = torch.nn.ParameterDict()
        for name in ("conv.weight", "conv.bias", "position"):
            self.keep(name, next(weights))
        rest = list(weights)
        self.depth = (len(rest) - 4) // 16
        for block in range(self.depth):
            self.keep_block(block, rest[16 * block : 16 * (block + 1)])
        for name, weight in zip(("norm.weight", "norm.bias", "head.weight", "head.bias"), rest[-4:], strict=True):
            self.keep(name, weight)

    def keep(self, name, tensor):
        self.parts[name.replace(".", "_")] = torch.nn.Parameter(tensor.contiguous(), requires_grad=False)

    def keep_block(self, block, weights):
        n1, b1, q, qb, k, kb, v, vb, o, ob, n2, b2, up, upb, down, downb = weights
        named = {
            "n1": n1, "b1": b1, "n2": n2, "b2": b2, "o": o.T, "ob": ob, "up": up.T, "upb": upb, "down": down.T,
            "downb": downb, "qkv": torch.cat([q, k, v], 1).T, "qkvb": torch.cat([qb, kb, vb]),
        }  # fmt: skip
        for name, tensor in named.items():
            self.keep(f"{block}.{name}", tensor)

    def block(self, x, index):
        part = lambda name: self.parts[f"{index}_{name}"]  # noqa: E731
        batch, tokens, width = x.shape
        before = functional.layer_norm(x, (width,), part("n1"), part("b1"), 1e-5)
        joined = functional.linear(before, part("qkv"), part("qkvb")).view(batch, tokens, 3, width // 64, 64)
        mixed = functional.scaled_dot_product_attention(*joined.permute(2, 0, 3, 1, 4))
        x = x + functional.linear(mixed.transpose(1, 2).reshape(batch, tokens, width), part("o"), part("ob"))
        before = functional.layer_norm(x, (width,), part("n2"), part("b2"), 1e-5)
        wide = functional.linear(before, part("up"), part("upb"))
        return x + functional.linear(wide * torch.sigmoid(1.702 * wide), part("down"), part("downb"))

    def forward(self, x):
        parts = self.parts
        weight = parts["conv_weight"]
        x = functional.conv2d(x, weight, parts["conv_bias"], stride=weight.shape[-1]).flatten(2).transpose(1, 2)
        x = x + parts["position"]
        for index in range(self.depth):
            x = self.block(x, index)
        x = functional.layer_norm(x, x.shape[-1:], parts["norm_weight"], parts["norm_bias"], 1e-5).mean(1)
        return functional.linear(x, parts["head_weight"], parts["head_bias"])


def high_water(pid):
    """Peak resident megabytes of a process, as Linux counts them."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0)


def say(line):
    print(json.dumps(line), flush=True)


def main():
    model, folder, side, batch, rounds, workers = sys.argv[1:]
    gpu = torch.cuda.is_available()
    device, kind = ("cuda", torch.float16) if gpu else ("cpu", torch.float32)
    network = Vit(model).to(device, kind).eval()
    paths = sorted(str(path) for path in Path(folder).iterdir())
    score = lambda x: network(x.to(device, kind, non_blocking=True)).float().cpu()  # noqa: E731
    with torch.inference_mode():
        few = Files(paths[:COMPARED], int(side))
        scores = score(torch.stack([few[index] for index in range(len(few))]))
        name = torch.cuda.get_device_name() if gpu else "CPU"
        about = f"PyTorch {torch.__version__} {str(kind).split('.')[-1]}, {workers} Pillow workers, {name}"
        say({"about": about, "scores": scores.flatten().tolist()})
        if not sys.stdin.readline().startswith("go"):
            return
        loader = torch.utils.data.DataLoader(
            Files(paths, int(side)), int(batch), num_workers=int(workers), pin_memory=gpu, persistent_workers=True
        )
        speeds = []
        for _ in range(int(rounds) + 1):  # the first warms up
            start = time.perf_counter()
            for x in loader:
                score(x)
            speeds.append(len(paths) / (time.perf_counter() - start))
        host = high_water(os.getpid()) + sum(high_water(child.pid) for child in multiprocessing.active_children())
        say({"speeds": speeds[1:], "hostMegabytes": host})


if __name__ == "__main__":
    main()

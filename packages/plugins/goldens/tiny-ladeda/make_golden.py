"""Logits of Tiny-LaDeDa in PyTorch on the formula images, and a small checkpoint with random weights.

The module is written from the paper (arXiv 2406.09398), the shapes of the published checkpoints and the facts that
src/detectors/tiny-ladeda.ts states. It makes

- random.pth       a state dictionary with seeded random weights, so that the whole path is tested everywhere;
- random.json      its logits with either residual;
- published.json   the logits of the two published checkpoints, which are the user's to bring (research licence).

    python make_golden.py [folder with tiny-ladeda-forensynth.pth and tiny-ladeda-wildrf.pth]
"""

import json
import pathlib
import sys

import numpy as np
import PIL
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from formula_images import golden_images  # noqa: E402

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


class Block(nn.Module):
    """1x1 and then 3x3 with stride 2, each with batch normalisation and rectifier."""

    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=2, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(x)))


class TinyLadeda(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 1, bias=False)
        self.conv2 = nn.Conv2d(8, 8, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(Block(8))
        self.fc = nn.Linear(8, 1)

    def forward(self, residual):
        x = functional.relu(self.bn1(self.conv2(self.conv1(residual))))
        return self.fc(self.layer1(x).mean(dim=(2, 3)))[:, 0]


def forensynth_residual(x):
    half = functional.interpolate(x, scale_factor=0.5, mode="nearest")
    return x - functional.interpolate(half, scale_factor=2.0, mode="nearest")


def wildrf_residual(x):
    kernel = torch.tensor([[-2.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, 2.0]]).expand(3, 1, 3, 3)
    return functional.conv2d(x, kernel, padding="same", groups=3)


RESIDUALS = {"forensynth": forensynth_residual, "wildrf": wildrf_residual}


def prepare(pixels):
    resized = Image.fromarray(pixels, "RGB").resize((256, 256), Image.Resampling.BILINEAR)
    values = torch.from_numpy(np.array(resized)).permute(2, 0, 1).float() / 255
    return ((values - MEAN) / DEVIATION)[None]


def random_model():
    """Weights and batch statistics of ordinary size, so that no rectifier is dead and logits spread."""
    generator = torch.Generator().manual_seed(20240601)
    model = TinyLadeda()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(1000)
            elif name.endswith("running_var"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
            elif "bn" in name and name.endswith(".weight"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
            else:
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.4)
    return model


def logits(model, variant):
    model.eval()
    rows = []
    for picture, pixels in golden_images():
        with torch.no_grad():
            rows.append({**picture, "logit": float(model(RESIDUALS[variant](prepare(pixels)))[0])})
    return rows


def write(name, content):
    made = {"with": f"PyTorch {torch.__version__.split('+')[0]} on CPU, Pillow {PIL.__version__}, NumPy {np.__version__}"}
    (HERE / name).write_text(json.dumps({"made": made, **content}, indent=2) + "\n")


def main():
    model = random_model()
    # Fixed names inside the archive: torch.save takes the folder's name from the path.
    torch.save(model.state_dict(), HERE / "random.pth")
    write("random.json", {variant: logits(model, variant) for variant in RESIDUALS})
    if len(sys.argv) > 1:
        published = {}
        for variant in RESIDUALS:
            model.load_state_dict(torch.load(pathlib.Path(sys.argv[1]) / f"tiny-ladeda-{variant}.pth", map_location="cpu", weights_only=True))
            published[variant] = logits(model, variant)
        write("published.json", published)


if __name__ == "__main__":
    main()

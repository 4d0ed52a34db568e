"""Detectors on residual networks: CNNDetect, LGrad's classifier, NPR and SAFE.

The networks are written from the papers: residual bottlenecks (arXiv 1512.03385), NPR's neighbouring pixel relation
(arXiv 2312.10461), SAFE's wavelet high band (arXiv 2408.06741). Names of tensors are torchvision's, which all four
published checkpoints use.
"""

import torch
from torch import nn
from torch.nn import functional

from common import filled


class Bottleneck(nn.Module):
    def __init__(self, inputs, planes, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        if shortcut:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, 4 * planes, 1, stride, bias=False), nn.BatchNorm2d(4 * planes))
        else:
            self.downsample = None

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


def stage(inputs, planes, blocks, stride):
    rest = [Bottleneck(4 * planes, planes, 1, False) for _ in range(blocks - 1)]
    return nn.Sequential(Bottleneck(inputs, planes, stride, True), *rest)


class Residual(nn.Module):
    """`residual` turns the prepared image into what the first convolution sees; `stem` is its kernel and stride."""

    def __init__(self, width, blocks, head, classes, stem=(7, 2), residual=None):
        super().__init__()
        kernel, stride = stem
        self.conv1 = nn.Conv2d(3, width, kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for number, count in enumerate(blocks, 1):
            planes = width * 2 ** (number - 1)
            setattr(self, f"layer{number}", stage(inputs, planes, count, 1 if number == 1 else 2))
            inputs = 4 * planes
        setattr(self, head, nn.Linear(inputs, classes))
        self.head, self.stages, self.residual = head, len(blocks), residual

    def forward(self, x):
        if self.residual is not None:
            x = self.residual(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.max_pool2d(x, 3, 2, 1)
        for number in range(1, self.stages + 1):
            x = getattr(self, f"layer{number}")(x)
        return getattr(self, self.head)(x.mean((2, 3)))


def resnet50(sources, classes=1):
    width, blocks = (4, (1, 1, 1, 1)) if sources.small else (64, (3, 4, 6, 3))
    return filled(Residual(width, blocks, "fc", classes), sources)


def neighbours(x):
    """2/3 (x - up(down(x))), nearest by 2: differences within blocks of two by two pixels."""
    down = functional.interpolate(x, scale_factor=0.5, mode="nearest")
    return (x - functional.interpolate(down, scale_factor=2.0, mode="nearest")) * 2.0 / 3.0


class HighBand(nn.Module):
    """The diagonal detail band of one level of the bior1.3 wavelet, symmetric edges, enlarged to the size of the image."""

    # Decomposition high-pass filter of bior1.3 (Cohen, Daubechies and Feauveau 1992): -1/sqrt(2), 1/sqrt(2) within zeros.
    taps = (0.0, 0.0, -0.7071067811865476, 0.7071067811865476, 0.0, 0.0)

    def __init__(self):
        super().__init__()
        row = torch.tensor(self.taps).flip(0)
        self.register_buffer("kernel", torch.outer(row, row).repeat(3, 1, 1, 1), persistent=False)

    def forward(self, x):
        height, width = x.shape[-2:]
        pads = []
        for size in (width, height):
            need = 2 * ((size + 5) // 2 - 1) - size + 6
            pads += [need // 2, need - need // 2]
        # Half-sample symmetric edges: the outermost pixels twice, then on inwards, by slices that mirror.
        x = torch.cat([x[..., : pads[0]].flip(-1), x, x[..., width - pads[1] :].flip(-1)], -1)
        x = torch.cat([x[..., : pads[2], :].flip(-2), x, x[..., height - pads[3] :, :].flip(-2)], -2)
        band = functional.conv2d(x, self.kernel, stride=2, groups=3)
        return functional.interpolate(band, size=(height, width), mode="bilinear", align_corners=False)


def npr(sources):
    width, blocks = (4, (1, 1)) if sources.small else (64, (3, 4))
    return filled(Residual(width, blocks, "fc1", 1, (3, 2), neighbours), sources)


def safe(sources):
    width, blocks = (4, (1, 1)) if sources.small else (64, (3, 4))
    return filled(Residual(width, blocks, "fc1", 2, (3, 2), HighBand()), sources)

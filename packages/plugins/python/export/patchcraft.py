"""PatchCraft, or RPTC (arXiv 2311.12397): what residual filters leave of the poorest patches of an image less what they leave
of its richest, and a small network over the difference.

Written from the paper and from the names and sizes of the published file, which holds the thirty filters. The recipe step
`texture-patches` lays all patches out from poor to rich, row by row, so that one image carries both ends; the network takes
the first third as it is and the last in reverse order, the richest first, as published.
"""

import torch
from torch import nn
from torch.nn import functional

from common import filled

PATCH, ACROSS = 32, 8
SIDE = PATCH * ACROSS


def residual_layers(width, count, pooled=True):
    """`count` convolutions, each with norm and ReLU; pooling counts its padding, as torch does by default."""
    layers = [part for _ in range(count) for part in (nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())]
    return nn.Sequential(*layers, *([nn.AvgPool2d(3, 2, 1)] if pooled else []))


class Filters(nn.Module):
    """The same filters over each colour."""

    def __init__(self, count):
        super().__init__()
        self.hpf = nn.Conv2d(1, count, 5, padding=2, bias=False)

    def forward(self, x):
        return functional.conv2d(x, torch.cat([self.hpf.weight] * 3), padding=2, groups=3)


class PatchCraft(nn.Module):
    def __init__(self, filters, width):
        super().__init__()
        self.group1 = Filters(filters)
        self.group1_b = nn.Sequential(nn.Conv2d(3 * filters, width, 3, padding=1), nn.BatchNorm2d(width), nn.Hardtanh(-5, 5))
        self.group2, self.group3 = residual_layers(width, 4), residual_layers(width, 2)
        self.group4, self.group5 = residual_layers(width, 2), residual_layers(width, 2, pooled=False)
        self.fc2 = nn.Linear(width, 1)

    def forward(self, ordered):
        """`ordered` is three squares high: the poor third, the middle that is not looked at, the rich third."""
        rich = ordered[:, :, 2 * SIDE :].reshape(-1, 3, ACROSS, PATCH, ACROSS, PATCH).flip(2, 4).reshape(-1, 3, SIDE, SIDE)
        return self.contrast(ordered[:, :, :SIDE], rich)

    def contrast(self, poor, rich):
        x = self.group1_b(self.group1(poor)) - self.group1_b(self.group1(rich))
        x = self.group5(self.group4(self.group3(self.group2(x))))
        return self.fc2(x.mean((2, 3)))

    def published(self, pair):
        """Of the two squares that the published preparation makes, poor first."""
        return self.contrast(pair[:1], pair[1:])


def patchcraft(sources):
    network = filled(PatchCraft(*((3, 4) if sources.small else (30, 32))), sources)
    if sources.is_random:
        with torch.no_grad():
            # Filters of noise as residual filters are, without a mean, and loud: else every picture would score alike.
            weight = network.group1.hpf.weight
            weight.copy_(8 * (weight - weight.mean((2, 3), keepdim=True)))
    return network

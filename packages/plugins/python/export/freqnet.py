"""FreqNet (arXiv 2403.07240): high-pass filters over places and channels, convolutions of spectra, half a ResNet-50.

Written from the paper's formulas, without transforms. A filter that keeps what lies outside a block of frequencies takes
x - Re(L x) for x, where L is the projection onto the block: a constant complex matrix along each axis. A convolution that
mixes the real parts of spectra by one matrix and the imaginary parts by another mixes the even and the odd part of the image:
the real part of the spectrum of a real image is the spectrum of its even part, i times the imaginary that of its odd part.
Names of tensors are those of the published file.
"""

import torch
from torch import nn
from torch.nn import functional

from cnn import stage
from common import filled


def projection(size):
    """Real and imaginary part of the projection onto frequencies -size // 4 to size // 4 - 1, in float64."""
    places = torch.arange(size, dtype=torch.float64)
    kept = torch.arange(size // 2 - size // 4, size // 2 + size // 4, dtype=torch.float64) - size // 2
    phases = 2 * torch.pi / size * (places[:, None] - places)[..., None] * kept
    return torch.cos(phases).sum(-1) / size, torch.sin(phases).sum(-1) / size


class HighPlaces(nn.Module):
    """What lies outside the middle half of frequencies of each axis; negative values become 0."""

    def __init__(self, size):
        super().__init__()
        for name, part in zip(("real", "imaginary"), projection(size)):
            self.register_buffer(name, part.float().T.contiguous(), persistent=False)

    def forward(self, x):
        both = lambda part: ((x @ part).transpose(2, 3) @ part).transpose(2, 3)  # noqa: E731: along rows, then along columns
        return functional.relu(x - (both(self.real) - both(self.imaginary)))


class HighChannels(nn.Module):
    """The same along the channels."""

    def __init__(self, channels):
        super().__init__()
        weight = torch.eye(channels) - projection(channels)[0].float()
        self.register_buffer("weight", weight[..., None, None], persistent=False)

    def forward(self, x):
        return functional.relu(functional.conv2d(x, self.weight))


def mirrored(x, axis):
    """Place -n, counted around: the first stays, the others change ends."""
    first, rest = x.narrow(axis, 0, 1), x.narrow(axis, 1, x.shape[axis] - 1)
    return torch.cat([first, rest.flip(axis)], axis)


def mix_spectrum(x, real, imaginary):
    other = mirrored(mirrored(x, 2), 3)
    return functional.relu(real((x + other) / 2) + imaginary((x - other) / 2))


class FreqNet(nn.Module):
    def __init__(self, size, width, blocks):
        super().__init__()
        wide = 4 * width
        shapes = {1: (3, width, 1, size), 2: (width, width, 2, size), 3: (wide, wide, 1, size // 4), 4: (wide, wide, 2, size // 4)}
        for number, (inputs, outputs, _, side) in shapes.items():
            setattr(self, f"weight{number}", nn.Parameter(torch.zeros(outputs, inputs, 1, 1)))
            setattr(self, f"bias{number}", nn.Parameter(torch.zeros(outputs)))
            setattr(self, f"realconv{number}", nn.Conv2d(outputs, outputs, 1, bias=False))
            setattr(self, f"imagconv{number}", nn.Conv2d(outputs, outputs, 1, bias=False))
            setattr(self, f"high{number}", HighPlaces(side))
        self.strides = {number: stride for number, (_, _, stride, _) in shapes.items()}
        self.channels = HighChannels(width)
        self.layer1, self.layer2 = stage(width, width, blocks[0], 1), stage(wide, 2 * width, blocks[1], 2)
        self.fc1 = nn.Linear(2 * wide, 1)

    def part(self, x, number):
        weight, bias = getattr(self, f"weight{number}"), getattr(self, f"bias{number}")
        x = functional.relu(functional.conv2d(getattr(self, f"high{number}")(x), weight, bias, self.strides[number]))
        if number <= 2:
            x = self.channels(x)
        return mix_spectrum(x, getattr(self, f"realconv{number}"), getattr(self, f"imagconv{number}"))

    def forward(self, x):
        x = functional.max_pool2d(self.part(self.part(x, 1), 2), 3, 2, 1)
        x = self.part(self.part(self.layer1(x), 3), 4)
        return self.fc1(self.layer2(x).mean((2, 3)))


def freqnet(sources):
    width, blocks = (8, (1, 1)) if sources.small else (64, (3, 4))
    return filled(FreqNet(256, width, blocks), sources)

"""Networks that are no architecture: each has what several architectures have made exporters write."""
import torch
from torch import nn


class MergedWindows(nn.Module):
    """Windows of an image that are merged with the batch, and what networks do with them as with images."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8)
        self.wide = nn.Conv2d(8, 8, (2, 3), (3, 1), (1, 2), groups=2)
        self.rows, self.inner = nn.Conv1d(8, 6, 3, 2, 1), nn.Linear(6, 5)
        self.norm_rows, self.head = nn.BatchNorm1d(5), nn.Linear(116, 4)
        self.places = nn.Parameter(torch.zeros(2, 3, 8))

    def forward(self, x):
        # Four windows of 8 × 8.
        x = x.view(-1, 3, 2, 8, 2, 8).permute(0, 2, 4, 1, 3, 5).reshape(-1, 3, 8, 8)
        x = torch.relu(self.norm(self.conv(x)))
        pooled = nn.functional.max_pool2d(x, 3, 2, 1) + nn.functional.avg_pool2d(x, 3, 2, 1)
        x = nn.functional.pad(pooled, (0, 1, 1, 0)) + self.wide(x)[:, :, :, :3].mean(2, keepdim=True)
        placed = torch.einsum("bhwc,hkc->bhwk", pooled.permute(0, 2, 3, 1), self.places)
        rows = self.rows(x.flatten(2)).transpose(1, 2)
        rows = self.norm_rows(self.inner(rows).flatten(0, 1))
        return self.head(torch.cat([rows.reshape(-1, 100), placed.mean(1).reshape(-1, 24)[:, :16]], 1))


def merged_windows(small):
    return MergedWindows(), 16


class ComputedWeights(nn.Module):
    """Weights and tables that are computed from constants, and the forms that exporters give what is left out."""

    def __init__(self):
        super().__init__()
        self.weight, self.scale, self.shift = nn.Parameter(torch.zeros(8, 3, 3, 3)), nn.Parameter(torch.ones(8)), nn.Parameter(torch.zeros(8))
        self.table, self.project, self.mix = nn.Parameter(torch.zeros(1, 4, 4, 4)), nn.Conv2d(4, 8, 1), nn.Linear(8, 8)
        self.register_buffer("chosen", torch.tensor([i * 31 % 127 for i in range(4900)]).view(70, 70))
        self.biases, self.inner, self.head = nn.Parameter(torch.zeros(127, 2)), nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        weight = nn.functional.batch_norm(self.weight.view(1, 8, -1), None, None, weight=self.scale, training=True, momentum=0.0)
        x = nn.functional.conv2d(x, weight.view_as(self.weight), None, 2)
        x = nn.functional.max_pool2d(nn.functional.pad(x, (0, 1, 0, 1), value=-float("inf")), 2, 2)
        places = self.mix(self.project(self.table).flatten(2).transpose(1, 2))
        tokens = x.flatten(2).transpose(1, 2) + places
        none, all = tokens[:, :0], tokens[:, 0:]
        tokens = tokens + self.inner(torch.cat([none, all], 1)) * self.scale + self.shift
        return self.head(tokens.mean(1)) + self.biases[self.chosen.view(-1)].view(70, 70, 2)[:2, :2].reshape(1, 8)[:, :4]


def computed_weights(small):
    return ComputedWeights(), 16

"""For tests: the interface of ByteDance-Seed/Bagel, over a decoder that enlarges."""

from dataclasses import dataclass

import torch
from safetensors.torch import load_file


@dataclass
class AutoEncoderParams:
    downsample: int = 8
    z_channels: int = 16


class AutoEncoder(torch.nn.Module):
    def __init__(self, params):
        super().__init__()
        self.out = torch.nn.Conv2d(params.z_channels, 3, 1)
        self.factor = params.downsample

    def decode(self, latent):
        return torch.nn.functional.interpolate(self.out(latent), scale_factor=self.factor)


def load_ae(local_path):
    params = AutoEncoderParams()
    model = AutoEncoder(params)
    model.load_state_dict(load_file(local_path))
    return model, params

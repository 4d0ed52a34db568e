"""For tests: the interface of VectorSpaceLab/OmniGen2."""

import os

import torch


class OmniGen2Transformer2DModel(torch.nn.Module):
    @classmethod
    def from_pretrained(cls, path, *, subfolder, torch_dtype, revision=None):
        assert os.path.isdir(os.path.join(path, subfolder)) and isinstance(torch_dtype, torch.dtype)
        return cls()

"""For tests: the interface of mit-han-lab/vila-u."""

import os

import torch


class Vila:
    def generate_image_content(self, prompt: str, cfg: float = 3.0, generation_nums: int = 1) -> torch.Tensor:
        assert (cfg, generation_nums) == (3.0, 1) and isinstance(prompt, str)
        # (images, 3, height, width), 0 to 255; the unconditional half is cut off.
        small = torch.rand(2 * generation_nums, 3, 16, 16) * 255
        return small.repeat_interleave(16, 2).repeat_interleave(16, 3).chunk(2)[0]


def load(model_path, devices=None, **kwargs):
    assert os.path.isdir(os.path.join(model_path, "llm")), "its parts are folders of the weights"
    return Vila()

"""For tests: the interface of VectorSpaceLab/OmniGen2."""

import os
from types import SimpleNamespace

import numpy
import torch
from PIL import Image

from ...models.transformers.transformer_omnigen2 import OmniGen2Transformer2DModel


class OmniGen2Pipeline:
    transformer = None

    @classmethod
    def from_pretrained(cls, path, *, torch_dtype, trust_remote_code, revision=None):
        assert trust_remote_code is True and os.path.isdir(path) and isinstance(torch_dtype, torch.dtype)
        return cls()

    def to(self, device):
        self.device = torch.device(device)
        return self

    def set_progress_bar_config(self, **arguments):
        assert arguments == {"disable": True}

    def __call__(
        self, prompt=None, negative_prompt=None, prompt_embeds=None, negative_prompt_embeds=None,
        prompt_attention_mask=None, negative_prompt_attention_mask=None, max_sequence_length=None,
        callback_on_step_end_tensor_inputs=None, input_images=None, num_images_per_prompt=1, height=None, width=None,
        max_pixels=1024 * 1024, max_input_image_side_length=1024, align_res=True, num_inference_steps=28,
        text_guidance_scale=4.0, image_guidance_scale=1.0, cfg_range=(0.0, 1.0), attention_kwargs=None, timesteps=None,
        generator=None, latents=None, output_type="pil", return_dict=True, verbose=False, step_func=None,
    ):  # fmt: skip
        assert isinstance(self.transformer, OmniGen2Transformer2DModel), "the authors load it apart"
        assert isinstance(prompt, str) and negative_prompt.startswith("(((deformed)))") and input_images is None
        assert (text_guidance_scale, image_guidance_scale, cfg_range) == (4.0, 2.0, (0.0, 1.0))
        assert (max_sequence_length, num_images_per_prompt, output_type) == (1024, 1, "pil")
        assert generator.device.type == self.device.type
        noise = torch.rand((height, width, 3), generator=generator, device=self.device) * 255
        return SimpleNamespace(images=[Image.fromarray(noise.cpu().numpy().astype(numpy.uint8))])

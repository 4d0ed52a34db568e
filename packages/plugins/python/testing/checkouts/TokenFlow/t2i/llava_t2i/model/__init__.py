"""For tests: the interface of ByteFlow-AI/TokenFlow. As there, the tokenizer is held in a list, apart from the modules."""

import os
import sys

import torch
from transformers import PretrainedConfig

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tokenflow/"))
from tokenizer.vq_model import TokenFlow  # noqa: E402


class VQTower(torch.nn.Module):
    scale_rq_layers = [1, 2, 4]

    def __init__(self, vision_tower):
        super().__init__()
        self.vq_model = [TokenFlow(vision_tower)]

    def to(self, *args, **kwargs):
        self.vq_model = [self.vq_model[0].to(*args, **kwargs)]
        super().to(*args, **kwargs)

    @property
    def device(self):
        return self.vq_model[0].colours.weight.device


class LlavaLlamaForCausalLM(torch.nn.Module):
    def __init__(self, vision_tower):
        super().__init__()
        self.tower = VQTower(vision_tower)
        self.embed = torch.nn.Embedding(400, 16)
        self.config = PretrainedConfig()
        self.config.mm_vision_vq_type, self.config.tokenizer_model_max_length = "TOKEN_FLOW", 512

    @classmethod
    def from_pretrained(cls, path, *, attn_implementation, mm_vision_tower, revision=None):
        assert attn_implementation == "eager" and os.path.isdir(path)
        return cls(mm_vision_tower)

    def get_vision_tower(self):
        return self.tower

    def reinit_image_token_start_end(self, tokenizer):
        self.image_token_start = tokenizer.add_special_tokens({"pad_token": "[PAD]"})

    def autoregressive_infer_cfg(
        self, B, prefix_text_codes=None, g_seed=None, cfg=1.5, topk_list=[600], topp_list=[0.6]
    ):  # fmt: skip
        assert B == 1 and (cfg, topk_list, topp_list) == (7.5, [600], [0.6]) and not self.config.use_cache
        prompt, negative = prefix_text_codes
        device = self.tower.device
        assert prompt.shape == negative.shape and device == prompt.device == self.embed.weight.device
        rng = torch.Generator(device=device)
        rng.manual_seed(g_seed)
        shift = self.embed(prompt).mean() - self.embed(negative).mean()
        samples = self.tower.vq_model[0].decode((torch.rand(1, 16, 16, generator=rng, device=device) + shift) % 1)
        return torch.clamp(samples * 127.5 + 128.0, 0, 255).to("cpu", dtype=torch.uint8)

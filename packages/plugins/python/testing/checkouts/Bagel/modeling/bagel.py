"""For tests: the interface of ByteDance-Seed/Bagel, over one layer for each of its parts."""

import torch
from transformers import PretrainedConfig, Qwen2Config  # noqa: F401
from transformers import SiglipVisionConfig as _SiglipVisionConfig


class SiglipVisionConfig(_SiglipVisionConfig):
    rope = True


class Qwen2ForCausalLM(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        assert config.qk_norm and not config.tie_word_embeddings and config.layer_module == "Qwen2MoTDecoderLayer"
        self.embed = torch.nn.Embedding(300, 16)


class _Embeddings(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.patch_embedding = torch.nn.Conv2d(3, 4, 2)

    def convert_conv2d_to_linear(self, config, meta=False):
        assert meta, "before the weights there is nothing to convert"
        self.patch_embedding = torch.nn.Linear(12, 4, device="meta")


class SiglipVisionModel(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        assert not config.rope and config.num_hidden_layers == 26, "the authors leave out the last of 27 layers"
        self.vision_model = torch.nn.Module()
        self.vision_model.embeddings = _Embeddings()


class BagelConfig(PretrainedConfig):
    def __init__(
        self, visual_gen=True, visual_und=True, llm_config=None, vit_config=None, vae_config=None, latent_patch_size=2,
        max_latent_size=32, vit_max_num_patch_per_side=70, connector_act="gelu_pytorch_tanh", interpolate_pos=False,
        timestep_shift=1.0,
    ):  # fmt: skip
        assert visual_gen and visual_und and (latent_patch_size, max_latent_size) == (2, 64)
        self.downsample = vae_config.downsample * latent_patch_size
        self.channels = vae_config.z_channels


class Bagel(torch.nn.Module):
    def __init__(self, language_model, vit_model, config):
        super().__init__()
        self.language_model, self.vit_model, self.config = language_model, vit_model, config
        self.out = torch.nn.Linear(16, config.channels)

    def forward(self, tokens, latent):
        return latent + self.out(self.language_model.embed(tokens).mean(0))[None, :, None, None]

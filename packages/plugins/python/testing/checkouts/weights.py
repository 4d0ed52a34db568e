"""For tests: writes what `--weights` of the workers over checkouts points at, tiny and random.

    python weights.py FOLDER NAME...
"""

from __future__ import annotations

import json
import os
import sys

import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(here))

from tiny_models import byte_tokenizer  # noqa: E402

#: Of the decoder of BLIP3-o, which diffusers finds beside the weights.
PIPELINE = '''
"""For tests: the interface of the pipeline beside the weights of BLIP3-o, as the authors' inference.py calls it."""

from types import SimpleNamespace

import numpy
import torch
from diffusers import DiffusionPipeline
from PIL import Image


class Blip3oPipeline(DiffusionPipeline):
    def __init__(self, vae, unet, multimodal_encoder, tokenizer, safety_checker=None):
        super().__init__()
        self.register_modules(vae=vae, unet=unet, multimodal_encoder=multimodal_encoder, tokenizer=tokenizer)

    @torch.no_grad()
    def __call__(self, prompts, guidance_scale=7.5):
        [prompt] = prompts
        assert prompt.startswith("<|im_start|>user\\nPlease generate image based on the following caption: ")
        assert guidance_scale == 3.0 and next(self.unet.parameters()).device == next(self.vae.parameters()).device
        tokens = torch.tensor(self.tokenizer(prompt)["input_ids"])
        latent = torch.randn(1, 4, 16, 16) + self.multimodal_encoder(tokens).mean(0)[None, :, None, None]
        image = self.vae.decode(latent.to(self.vae.device, self.vae.dtype)).sample[0]
        image = image.permute(1, 2, 0).float().cpu().numpy()
        return SimpleNamespace(image=Image.fromarray(numpy.clip((image + 1) * 127.5, 0, 255).astype(numpy.uint8)))
'''


def touch(folder, name, text="x"):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def janus(folder):
    sys.path.insert(0, os.path.join(here, "Janus"))
    from janus.models import MultiModalityCausalLM, MultiModalityConfig

    special = ["<bos>", "<eos>", "<pad>", "<begin_of_image>"]
    byte_tokenizer(special, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>").save_pretrained(folder)
    MultiModalityCausalLM(MultiModalityConfig()).save_pretrained(folder)


def bagel(folder):
    sys.path.insert(0, os.path.join(here, "Bagel"))
    from modeling.autoencoder import AutoEncoder, AutoEncoderParams
    from modeling.bagel import Bagel, BagelConfig, Qwen2Config, Qwen2ForCausalLM, SiglipVisionConfig, SiglipVisionModel

    byte_tokenizer(["<eos>"], eos_token="<eos>").save_pretrained(folder)
    vision = {"num_hidden_layers": 27}
    touch(folder, "llm_config.json", "{}")
    touch(folder, "vit_config.json", json.dumps(vision))
    language = Qwen2Config(qk_norm=True, tie_word_embeddings=False, layer_module="Qwen2MoTDecoderLayer")
    vision_config = SiglipVisionConfig(num_hidden_layers=26)
    vision_config.rope = False
    decoder = AutoEncoder(AutoEncoderParams())
    config = BagelConfig(
        llm_config=language, vit_config=vision_config, vae_config=AutoEncoderParams(), max_latent_size=64
    )
    model = Bagel(Qwen2ForCausalLM(language), SiglipVisionModel(vision_config), config)
    model.vit_model.vision_model.embeddings.patch_embedding = torch.nn.Linear(12, 4)
    save_file(model.state_dict(), os.path.join(folder, "ema.safetensors"))
    save_file(decoder.state_dict(), os.path.join(folder, "ae.safetensors"))


def tokenflow(folder):
    special = ["<bos>", "[PAD]", "<image>"]
    byte_tokenizer(special, starts=False, bos_token="<bos>", pad_token="[PAD]").save_pretrained(folder)
    touch(folder, "tokenizer.pt")
    touch(folder, "ViT-B-16.pt", "clip")


def vila_u(folder):
    touch(folder, "llm/config.json", "{}")


def show_o2(folder):
    touch(folder, "Wan2.1_VAE.pth")


def omnigen2(folder):
    touch(folder, "transformer/config.json", "{}")


def blip3_o(folder):
    from diffusers import AutoencoderKL, DiffusionPipeline, UNet2DModel

    byte_tokenizer(["<eos>"], eos_token="<eos>").save_pretrained(folder)
    blocks = {"block_out_channels": (8, 8), "norm_num_groups": 4, "layers_per_block": 1, "sample_size": 32}
    vae = AutoencoderKL(
        **blocks, latent_channels=4, down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2
    )
    unet = UNet2DModel(**blocks, down_block_types=["DownBlock2D"] * 2, up_block_types=["UpBlock2D"] * 2)

    class Saved(DiffusionPipeline):
        def __init__(self, vae, unet, multimodal_encoder=None, tokenizer=None, safety_checker=None):
            super().__init__()
            self.register_modules(vae=vae, unet=unet)

    decoder = os.path.join(folder, "diffusion-decoder")
    Saved(vae, unet).save_pretrained(decoder, variant="bf16")
    touch(decoder, "pipeline_llava_gen.py", PIPELINE)


MAKERS = {
    "janus": janus, "bagel": bagel, "tokenflow": tokenflow, "vila-u": vila_u, "show-o2": show_o2,
    "omnigen2": omnigen2, "blip3-o": blip3_o,
}  # fmt: skip

if __name__ == "__main__":
    for name in sys.argv[2:]:
        torch.manual_seed(0)
        target = os.path.join(sys.argv[1], name)
        os.makedirs(target, exist_ok=True)
        MAKERS[name](target)

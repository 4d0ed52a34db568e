"""For tests: writes pipelines with tiny random networks and a vocabulary of bytes, in the format of the published ones.

    python tiny_models.py FOLDER NAME...

The networks have the published classes and wiring, so the workers run for real; only the pictures mean nothing.
"""

from __future__ import annotations

import os
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import CLIPTextConfig, PreTrainedTokenizerFast


def byte_tokenizer(special, starts=True, **named):
    """Every byte is a token; `special` come after the 256 of them. `starts`: texts begin with the `bos_token`."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(alphabet + list(special))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    first = named.get("bos_token")
    if first and starts:
        pair = (first, vocabulary[first])
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{first} $A", special_tokens=[pair])
    tokenizer.add_special_tokens(list(special))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **named)


def clip_tokenizer():
    special = ["<|startoftext|>", "<|endoftext|>"]
    return byte_tokenizer(special, bos_token=special[0], eos_token=special[1], unk_token=special[1], pad_token=special[1])


def clip_config(**more):
    return CLIPTextConfig(
        vocab_size=300, hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2,
        max_position_embeddings=64, projection_dim=32, bos_token_id=256, eos_token_id=257, pad_token_id=257, **more,
    )  # fmt: skip


def vae(**more):
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8), down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4, norm_num_groups=4, layers_per_block=1, sample_size=32, **more,
    )  # fmt: skip


def t5(width=32):
    from transformers import T5Config, T5EncoderModel

    config = T5Config(vocab_size=300, d_model=width, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    return T5EncoderModel(config), byte_tokenizer(["<pad>", "</s>"], pad_token="<pad>", eos_token="</s>")


def sd3(folder):
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
    from transformers import CLIPTextModelWithProjection

    text_3, tokenizer_3 = t5(width=64)
    StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=16, patch_size=1, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
            num_attention_heads=4, joint_attention_dim=64, caption_projection_dim=32, pooled_projection_dim=64,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(shift_factor=0.06, scaling_factor=1.5, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=CLIPTextModelWithProjection(clip_config()), tokenizer=clip_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(clip_config()), tokenizer_2=clip_tokenizer(),
        text_encoder_3=text_3, tokenizer_3=tokenizer_3,
    ).save_pretrained(folder)  # fmt: skip


def sdxl(folder):
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    StableDiffusionXLPipeline(
        unet=UNet2DConditionModel(
            block_out_channels=(8, 16), layers_per_block=1, sample_size=16, in_channels=4, out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(2, 4), use_linear_projection=True, addition_embed_type="text_time",
            addition_time_embed_dim=8, transformer_layers_per_block=(1, 1), norm_num_groups=4,
            projection_class_embeddings_input_dim=80, cross_attention_dim=64,
        ),
        scheduler=EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
        vae=vae(), text_encoder=CLIPTextModel(clip_config()), tokenizer=clip_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(clip_config()), tokenizer_2=clip_tokenizer(), add_watermarker=False,
    ).save_pretrained(folder)  # fmt: skip


def flux(folder):
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
    from transformers import CLIPTextModel

    text_2, tokenizer_2 = t5()
    FluxPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
            joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae(shift_factor=0.06, scaling_factor=1.5, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=CLIPTextModel(clip_config()), tokenizer=clip_tokenizer(),
        text_encoder_2=text_2, tokenizer_2=tokenizer_2,
    ).save_pretrained(folder)  # fmt: skip


def qwen_image(folder):
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImagePipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    rope = {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"}
    text = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "rope_scaling": rope, "rope_theta": 1000000.0, "vocab_size": 300,
        },
        vision_config={
            "depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
        },
        image_token_id=258, video_token_id=259, vision_start_token_id=260, vision_end_token_id=261,
        vision_token_id=262,
    )  # fmt: skip
    special = ["<|endoftext|>", "<|im_end|>", "<|image_pad|>", "<|video_pad|>"]
    QwenImagePipeline(
        transformer=QwenImageTransformer2DModel(
            patch_size=2, in_channels=16, out_channels=4, num_layers=1, attention_head_dim=16, num_attention_heads=3,
            joint_attention_dim=16, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKLQwenImage(
            base_dim=24, z_dim=4, dim_mult=[1, 2, 4], num_res_blocks=1, temperal_downsample=[False, True],
            latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(text),
        tokenizer=byte_tokenizer(special, pad_token=special[0], eos_token=special[1]),
    ).save_pretrained(folder)  # fmt: skip


def janus_pro(folder):
    from transformers import JanusConfig, JanusForConditionalGeneration

    special = ["<bos>", "<eos>", "<pad>", "<begin_of_image>", "<end_of_image>", "<image_placeholder>"]
    tokenizer = byte_tokenizer(
        special, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>",
        extra_special_tokens={"boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>", "image_token": special[5]},
    )  # fmt: skip
    model = JanusForConditionalGeneration(
        JanusConfig(
            text_config={
                "model_type": "llama", "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2,
                "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 300, "max_position_embeddings": 512,
            },
            vision_config={
                "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "image_size": 32, "patch_size": 8,
                "mlp_ratio": 1, "projection_dim": 32, "num_image_tokens": 16,
            },
            vq_config={
                "embed_dim": 8, "num_embeddings": 64, "latent_channels": 8, "double_latent": False, "base_channels": 32,
                "channel_multiplier": [1, 1], "num_res_blocks": 1, "projection_dim": 32, "num_patches": 4,
                "image_token_embed_dim": 32, "num_hidden_layers": 1,
            },
            image_token_id=261,
        )
    )  # fmt: skip
    model.generation_config.bos_token_id, model.generation_config.eos_token_id = 256, 257
    model.generation_config.pad_token_id = 258
    model.generation_config.generation_kwargs = {"boi_token_id": 259}
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def emu3(folder):
    from transformers import Emu3Config, Emu3ForConditionalGeneration

    names = ["<bos>", "<eos>", "<pad>", "<|image start|>", "<|image end|>", "<|image token|>", "<|extra_0|>"]
    names += ["<|extra_200|>", "<|extra_201|>"]
    visual = [f"<|visual token {number:06d}|>" for number in range(16)]
    # As the published one, which leaves the first token to the processor.
    tokenizer = byte_tokenizer(
        names + visual, starts=False, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>"
    )
    vocabulary = {token: tokenizer.convert_tokens_to_ids(token) for token in names + visual}
    vocabulary["<image>"] = vocabulary["<|extra_0|>"]
    model = Emu3ForConditionalGeneration(
        Emu3Config(
            text_config={
                "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
                "num_key_value_heads": 4, "vocab_size": 300, "max_position_embeddings": 512, "bos_token_id": 256,
                "eos_token_id": 257, "pad_token_id": 258,
            },
            vq_config={
                "codebook_size": 16, "embed_dim": 4, "latent_channels": 4, "double_latent": False, "base_channels": 32,
                "channel_multiplier": [1, 1], "num_res_blocks": 1, "attn_resolutions": [], "hidden_size": 32,
            },
            vocabulary_map=vocabulary,
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


MAKERS = {"sd3": sd3, "sdxl": sdxl, "flux": flux, "qwen-image": qwen_image, "janus-pro": janus_pro, "emu3": emu3}

if __name__ == "__main__":
    for name in sys.argv[2:]:
        torch.manual_seed(0)
        MAKERS[name](os.path.join(sys.argv[1], name))

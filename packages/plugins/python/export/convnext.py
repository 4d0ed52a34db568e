"""DRCT (ICML 2024): ConvNeXt-B, or CLIP ViT-L/14, with an embedding of 1024 numbers and two classes on it.

ConvNeXt is written from its paper (arXiv 2201.03545); names of tensors are timm's, as in the published file. The file of
the CLIP form holds the whole of CLIP under OpenAI's names: the tower is read from it, its text half is left out.
"""

import torch
from torch import nn
from torch.nn import functional

from common import filled, load_strictly, randomise
from transformers_towers import CLIP_L_14, SMALL, OnEmbedding, unfilled_clip


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))
        self.conv_dw = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width)

    def forward(self, x):
        y = self.mlp(self.norm(self.conv_dw(x).permute(0, 2, 3, 1)))
        return x + (y * self.gamma).permute(0, 3, 1, 2)


class Stage(nn.Module):
    def __init__(self, inputs, width, depth):
        super().__init__()
        shrinks = inputs != width
        parts = (ChannelNorm(inputs, eps=1e-6), nn.Conv2d(inputs, width, 2, 2)) if shrinks else ()
        self.downsample = nn.Sequential(*parts)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(depth)])

    def forward(self, x):
        return self.blocks(self.downsample(x))


class Head(nn.Module):
    def __init__(self, width, outputs):
        super().__init__()
        self.norm, self.fc = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, outputs)

    def forward(self, x):
        return self.fc(self.norm(x.mean((2, 3))))


class ConvNext(nn.Module):
    def __init__(self, width, depths, outputs):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 4, 4), ChannelNorm(width, eps=1e-6))
        widths = [width * 2**number for number in range(len(depths))]
        self.stages = nn.Sequential(*[Stage(before, after, depth) for before, after, depth in zip([width, *widths], widths, depths)])
        self.head = Head(widths[-1], outputs)

    def forward(self, x):
        return self.head(self.stages(self.stem(x)))


class Embedded(nn.Module):
    """`model` gives the embedding that DRCT's contrastive loss works on, `fc` its two classes."""

    def __init__(self, model, width):
        super().__init__()
        self.model, self.fc = model, nn.Linear(width, 2)

    def forward(self, pixels):
        return self.fc(self.model(pixels))


def drct_convnext(sources):
    width, depths, embedding = (4, (1, 1, 2, 1), 8) if sources.small else (128, (3, 3, 27, 3), 1024)
    return filled(Embedded(ConvNext(width, depths, embedding), embedding), sources)


def drct_clip(sources):
    size = {**CLIP_L_14, **SMALL, "projection_dim": 12} if sources.small else CLIP_L_14
    embedding = 8 if sources.small else 1024
    tower, first = unfilled_clip(size), nn.Linear(size["projection_dim"], embedding)
    network = Embedded(OnEmbedding(tower, first), embedding)
    if sources.is_random:
        randomise(network)
    else:
        state = sources.state()
        load_strictly(tower, openai_tower({name: value.float() for name, value in state.items()}, "model.model.visual."))
        load_strictly(first, {part: state[f"model.fc.{part}"] for part in ("weight", "bias")})
        load_strictly(network.fc, {part: state[f"fc.{part}"] for part in ("weight", "bias")})
    return network.eval()


OPENAI_NAMES = {
    "class_embedding": "embeddings.class_embedding",
    "conv1.weight": "embeddings.patch_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_pre.": "pre_layrnorm.",
    "ln_post.": "post_layernorm.",
    "transformer.resblocks.": "encoder.layers.",
}
OPENAI_PARTS = {".ln_1.": ".layer_norm1.", ".ln_2.": ".layer_norm2.", ".mlp.c_fc.": ".mlp.fc1.", ".mlp.c_proj.": ".mlp.fc2.", ".attn.out_proj.": ".self_attn.out_proj."}


def openai_tower(state, prefix):
    """CLIP's image tower under OpenAI's names, as Hugging Face names it: query, key and value apart, the projection transposed."""
    found = {}
    for name, value in ((name.removeprefix(prefix), value) for name, value in state.items() if name.startswith(prefix)):
        if name == "proj":
            found["visual_projection.weight"] = value.T.contiguous()
            continue
        for start, ours in OPENAI_NAMES.items():
            if name.startswith(start):
                name = ours + name.removeprefix(start)
        for part, ours in OPENAI_PARTS.items():
            name = name.replace(part, ours)
        if ".attn.in_proj_" in name:
            stem, kind = name.split(".attn.in_proj_")
            for place, each in zip("qkv", value.chunk(3)):
                found[f"vision_model.{stem}.self_attn.{place}_proj.{kind}"] = each
        else:
            found[f"vision_model.{name}"] = value
    return found

"""Community Forensics (arXiv 2411.04125): a ViT-S/16 at 384 pixels with one logit. B-Free (arXiv 2412.17671): a DINOv2
ViT-B/14 with four registers at 504 pixels with one logit. Written from the ViT paper (arXiv 2010.11929), DINOv2's (layer
scale; arXiv 2304.07193) and that on registers (arXiv 2309.16588); names of tensors are timm's, which both files use."""

import torch
from torch import nn
from torch.nn import functional

from common import filled


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Perceptron(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, width, heads, scaled=False):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Perceptron(width)
        self.ls1, self.ls2 = (Scale(width), Scale(width)) if scaled else (nn.Identity(), nn.Identity())

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class Patches(nn.Module):
    def __init__(self, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    def __init__(self, size, patch, width, depth, heads, classes):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        self.patch_embed = Patches(width, patch)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def tokens(self, x):
        return torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed

    def forward(self, x):
        x = self.tokens(self.patch_embed(x))
        return self.head(self.norm(self.blocks(x))[:, 0])


class WithRegisters(VisionTransformer):
    """Class token and registers come before the patches and have no position; blocks have layer scale."""

    def __init__(self, size, patch, width, depth, heads, classes):
        super().__init__(size, patch, width, depth, heads, classes)
        self.reg_token = nn.Parameter(torch.zeros(1, 4, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (size // patch) ** 2, width))
        self.blocks = nn.Sequential(*[Block(width, heads, scaled=True) for _ in range(depth)])

    def tokens(self, x):
        before = torch.cat([self.cls_token, self.reg_token], 1).expand(x.shape[0], -1, -1)
        return torch.cat([before, x + self.pos_embed], 1)


def community_forensics(sources):
    width, depth, heads = (16, 2, 2) if sources.small else (384, 12, 6)
    network = VisionTransformer(384, 16, width, depth, heads, 1)
    return filled(network, sources, lambda state: {name.removeprefix("vit."): value for name, value in state.items()})


def b_free(sources):
    """One of B-Free's five crops; the mean of their logits is its score."""
    width, depth, heads = (16, 2, 2) if sources.small else (768, 12, 12)
    return filled(WithRegisters(504, 14, width, depth, heads, 1), sources)

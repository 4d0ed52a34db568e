"""FatFormer (arXiv 2312.16649): CLIP ViT-L/14 with adapters for places and for bands of a wavelet after every eighth block,
prompts whose context looks at the image, and patches that look at the prompts.

Written from the paper's equations and the interface of its published code; names of tensors are those of the published file,
its misspelling and its exchange of intra and inter included. Two things are computed otherwise to the same end. One level
of the Haar wavelet is one symmetric matrix over the four corners of each block of two by two patches, its own inverse. And
what comes after the end of a prompt is left out: the text tower is causal, so the end, the one place that is read, cannot
see it.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from common import load_strictly, randomise

# Rows: the mean, high along the columns, high along the rows, high along both; columns: the corners in reading order.
HAAR = ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1))


class Attention(nn.Module):
    """Multi-head attention of `queries` over `keys`, both [batch, tokens, width], under the names of torch's."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight, self.in_proj_bias = nn.Parameter(torch.zeros(3 * width, width)), nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, queries, keys, causal=False):
        given = zip((queries, keys, keys), self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3))
        q, k, v = (self.split(functional.linear(tokens, weight, bias)) for tokens, weight, bias in given)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).reshape(queries.shape))

    def split(self, tokens):
        batch, count, width = tokens.shape
        return tokens.reshape(batch, count, self.heads, width // self.heads).transpose(1, 2)


class Adapter(nn.Module):
    """The forgery-aware adapter: a bottleneck over every token, plus attention among the wavelet bands of the patches."""

    def __init__(self, width, heads, bottleneck, groups):
        super().__init__()
        self.first_conv_layer, self.second_conv_layer = nn.Conv1d(width, bottleneck, 1), nn.Conv1d(bottleneck, width, 1)
        self.freq_scale = nn.Parameter(torch.zeros(1))
        self.dwt_norm = nn.GroupNorm(groups, width)
        self.intra_band, self.norm_intra = Attention(width, heads), nn.LayerNorm(width)
        self.inter_band, self.norm_inter = Attention(width, heads), nn.LayerNorm(width)
        self.linear1, self.linear2, self.norm3 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width), nn.LayerNorm(width)
        self.register_buffer("haar", torch.tensor(HAAR) / 2, persistent=False)

    def forward(self, x):
        down = functional.relu(linear_of(self.first_conv_layer, x))
        patches = self.joined(self.among_bands(self.normed(self.bands(x[:, 1:]))))
        frequencies = torch.cat([torch.zeros_like(x[:, :1]), patches], 1)
        return 0.1 * linear_of(self.second_conv_layer, down) + self.freq_scale * frequencies

    def bands(self, patches):
        """[batch, side², width] to [batch, 4 bands, side² / 4, width]."""
        batch, count, width = patches.shape
        half = math.isqrt(count) // 2
        corners = patches.reshape(batch, half, 2, half, 2, width).permute(0, 2, 4, 1, 3, 5)
        return (self.haar @ corners.reshape(batch, 4, -1)).reshape(batch, 4, half * half, width)

    def joined(self, bands):
        batch, _, count, width = bands.shape
        half = math.isqrt(count)
        corners = (self.haar @ bands.reshape(batch, 4, -1)).reshape(batch, 2, 2, half, half, width)
        return corners.permute(0, 3, 1, 4, 2, 5).reshape(batch, 4 * count, width)

    def normed(self, bands):
        batch, _, count, width = bands.shape
        return self.dwt_norm(bands.reshape(batch, 4 * count, width).transpose(1, 2)).transpose(1, 2).reshape(batch, 4, count, width)

    def among_bands(self, x):
        batch, _, count, width = x.shape
        # The four bands of a place see each other, then the places of a band.
        places = x.transpose(1, 2).reshape(batch * count, 4, width)
        x = self.norm_intra(x + self.intra_band(places, places).reshape(batch, count, 4, width).transpose(1, 2))
        places = x.reshape(batch * 4, count, width)
        x = self.norm_inter(x + self.inter_band(places, places).reshape(batch, 4, count, width))
        return self.norm3(x + self.linear2(functional.relu(self.linear1(x))))


def linear_of(convolution, x):
    """A convolution over one token, which is a linear layer."""
    return functional.linear(x, convolution.weight.squeeze(2), convolution.bias)


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """CLIP's block; an adapter sees what the perceptron sees and is added beside it."""

    def __init__(self, width, heads, adapter=None):
        super().__init__()
        self.attn, self.ln_1, self.ln_2 = Attention(width, heads), nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        for name, layer in (("c_fc", nn.Linear(width, 4 * width)), ("gelu", QuickGelu()), ("c_proj", nn.Linear(4 * width, width))):
            self.mlp.add_module(name, layer)
        self.forgery_aware_adapter = adapter

    def forward(self, x, causal=False):
        normed = self.ln_1(x)
        x = x + self.attn(normed, normed, causal)
        beside = 0 if self.forgery_aware_adapter is None else self.forgery_aware_adapter(x)
        return x + self.mlp(self.ln_2(x)) + beside


class Transformer(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.resblocks = nn.ModuleList(blocks)

    def forward(self, x, causal=False):
        for block in self.resblocks:
            x = block(x, causal)
        return x


class ImageTower(nn.Module):
    """Every token, projected."""

    def __init__(self, size):
        super().__init__()
        width, heads = size["width"], size["heads"]
        self.conv1 = nn.Conv2d(3, width, 14, 14, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(257, width))
        every = size["depth"] // 3
        adapters = [Adapter(width, size["adapter_heads"], size["bottleneck"], size["groups"]) if (i + 1) % every == 0 else None for i in range(size["depth"])]
        self.transformer = Transformer([Block(width, heads, adapter) for adapter in adapters])
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, size["text"]))

    def forward(self, pixels):
        patches = self.conv1(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_embedding.expand(patches.shape[0], 1, -1), patches], 1) + self.positional_embedding
        return self.ln_post(self.transformer(self.ln_pre(tokens))) @ self.proj


class Clip(nn.Module):
    def __init__(self, size):
        super().__init__()
        text = size["text"]
        self.visual = ImageTower(size)
        self.transformer = Transformer([Block(text, size["text_heads"]) for _ in range(size["text_depth"])])
        self.positional_embedding = nn.Parameter(torch.zeros(77, text))
        self.ln_final = nn.LayerNorm(text)
        self.text_projection = nn.Parameter(torch.zeros(text, text))
        self.logit_scale = nn.Parameter(torch.zeros(()))

    def text(self, prompts):
        """Embeddings of prompts, [prompts, tokens, width], that are cut after their end."""
        x = prompts + self.positional_embedding[: prompts.shape[1]]
        return self.ln_final(self.transformer(x, causal=True)[:, -1]) @ self.text_projection


class Enhancer(nn.Module):
    """Attention over other tokens, norm, perceptron, norm. The attention's name is the file's, one for each place of use."""

    def __init__(self, width, heads, attention):
        super().__init__()
        self.attention = attention
        self.add_module(attention, Attention(width, heads))
        self.linear1, self.linear2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def enhanced(self, x, by):
        x = self.norm1(x + self.get_submodule(self.attention)(x, by))
        return self.norm2(x + self.linear2(functional.relu(self.linear1(x))))


class Prompts(Enhancer):
    """The start of a text, eight words of context that looked at the image, then the class and the end: one for each class."""

    def __init__(self, width, heads, end):
        super().__init__(width, heads, "patch_basaed_enhancer")
        self.ctx = nn.Parameter(torch.zeros(8, width))
        self.register_buffer("token_prefix", torch.zeros(2, 1, width))
        # Class, full stop, end; what follows is left out.
        self.register_buffer("token_suffix", torch.zeros(2, end - 8, width))

    def forward(self, tokens):
        """[batch · 2, tokens, width]"""
        batch = tokens.shape[0]
        context = self.enhanced(self.ctx.expand(batch, -1, -1), tokens)
        both = [torch.cat([self.token_prefix[i].expand(batch, -1, -1), context, self.token_suffix[i].expand(batch, -1, -1)], 1) for i in (0, 1)]
        return torch.stack(both, 1).flatten(0, 1)


def cosines(one, two):
    """Of [batch, width] and [batch, classes, width]."""
    one, two = (x / x.norm(dim=-1, keepdim=True) for x in (one, two))
    return (two @ one.unsqueeze(-1)).squeeze(-1)


class FatFormer(Enhancer):
    """Scaled cosines of the two texts with the class token and with the mean patch that looked at the texts."""

    def __init__(self, size, end):
        super().__init__(size["text"], size["text_heads"], "text_guided_interactor")
        self.clip_model = Clip(size)
        self.language_guided_alignment = Prompts(size["text"], size["text_heads"], end)

    def forward(self, pixels):
        tokens = self.clip_model.visual(pixels)
        texts = self.clip_model.text(self.language_guided_alignment(tokens)).reshape(-1, 2, tokens.shape[-1])
        patches = self.enhanced(tokens[:, 1:], texts).mean(1)
        return self.clip_model.logit_scale.exp() * (cosines(tokens[:, 0], texts) + cosines(patches, texts))


L_14 = dict(width=1024, heads=16, depth=24, adapter_heads=8, bottleneck=64, groups=128, text=768, text_heads=12, text_depth=12)
SMALL = dict(width=16, heads=2, depth=6, adapter_heads=4, bottleneck=4, groups=8, text=12, text_heads=3, text_depth=2)
# Start, eight words of context, "real" or "fake", full stop: the end is token 11, counted from 0.
END = 11


def fatformer(sources):
    network = FatFormer(SMALL if sources.small else L_14, END)
    if sources.is_random:
        return noise(network).eval()
    load_strictly(network, own_tensors(sources.state()))
    return network.eval()


def noise(network):
    """Two texts apart from each other, and every part of the adapters loud enough to be missed."""
    randomise(network)
    with torch.no_grad():
        network.clip_model.logit_scale.fill_(math.log(4))
        for name, parameter in network.named_parameters():
            if name.endswith("freq_scale"):
                parameter.fill_(0.5)
        for name, buffer in network.language_guided_alignment.named_buffers():
            buffer.normal_()
    return network


# The published file stores the parts of CLIP a second time, under the names of what uses them.
TWINS = {"image_encoder.": "clip_model.visual.", "text_encoder.": "clip_model.", "logit_scale": "clip_model.logit_scale"}
# Filters of pytorch_wavelets' Haar, of analysis and synthesis, at their places in the file.
FILTERS = {"h0": (1, 1), "h1": (1, -1), "g0": (1, 1), "g1": (1, -1)}


def own_tensors(state):
    """The tensors of the published file that this network has; what is left out is checked first, since it is computed otherwise."""
    state = {name: value.float() for name, value in state.items()}
    for start, meant in TWINS.items():
        for name in [name for name in state if name.startswith(start)]:
            if not torch.equal(state.pop(name), state.get(meant + name.removeprefix(start), torch.tensor(()))):
                raise SystemExit(f"Expected {name} to equal the tensor of {meant.rstrip('.')}, got another. Take the published file.")
    for name in [name for name in state if ".dwt_transform." in name or ".idwt_transform." in name]:
        expected, found = torch.tensor(FILTERS[name.rsplit(".", 1)[1][:2]]) / math.sqrt(2), state.pop(name).flatten()
        if found.shape != expected.shape or not torch.allclose(found, expected, atol=1e-6):
            raise SystemExit(f"Expected Haar's filter in {name}, got another wavelet. Take the published file.")
    words = state.pop("clip_model.token_embedding.weight", None)
    suffix = state.get("language_guided_alignment.token_suffix")
    if words is not None and suffix is not None:
        cut = suffix[:, : END - 8]
        # The end of a text is the last word of CLIP's vocabulary.
        if not torch.equal(cut[:, -1], words[-1].expand(2, -1)):
            raise SystemExit(f"Expected both prompts to end at token {END}. Take the published file, with eight words of context.")
        state["language_guided_alignment.token_suffix"] = cut.clone()
    return state

"""Checks that files in the forms that the authors of FatFormer and Effort publish are read whole, and that others are refused.

    python check_loading.py FOLDER

FatFormer's form: what its code stores, CLIP's parts twice under the names of what uses them, wavelet filters, all words of CLIP
and prompts of 77 tokens. Effort's: attention weights as a main part with its factors and a residual, and the numbers of places that
older transformers stored. Prints JSON: the largest difference between the outputs of the network that was stored and of the one
that was read, of both, and what was said of each spoiled file of FatFormer.
"""

import argparse
import json
import math
import os
import sys

import torch

import fatformer
import transformers_towers as towers
from common import Sources, randomise


def published(network):
    """The tensors of a small network as the authors' training code would store them."""
    state = {name: value.clone() for name, value in network.state_dict().items()}
    width, stem = state["language_guided_alignment.ctx"].shape[1], "language_guided_alignment.token_suffix"
    words = torch.randn(50, width)
    state["clip_model.token_embedding.weight"] = words
    rest = words[:1].expand(2, 77 - 1 - fatformer.END, -1)
    state[stem] = torch.cat([state[stem][:, :-1], words[-1].expand(2, 1, -1), rest], 1)
    for name in [name.removesuffix("freq_scale") for name in state if name.endswith("freq_scale")]:
        for place in ("h0_col", "h1_col", "h0_row", "h1_row", "g0_col", "g1_col", "g0_row", "g1_row"):
            transform = "dwt_transform" if place[0] == "h" else "idwt_transform"
            taps = torch.tensor([1.0, -1.0 if place[1] == "1" else 1.0]) / math.sqrt(2)
            state[f"{name}{transform}.{place}"] = taps.reshape((1, 1, 2, 1) if place.endswith("col") else (1, 1, 1, 2))
    for start, stored in (("image_encoder.", "clip_model.visual."), ("text_encoder.", "clip_model.")):
        for name in [name for name in state if name.startswith(stored)]:
            part = name.removeprefix(stored)
            if start == "image_encoder." or part.startswith(("transformer.", "ln_final.", "positional_embedding", "text_projection")):
                state[start + part] = state[name]
    state["logit_scale"] = state["clip_model.logit_scale"]
    return state


def spoiled(state):
    """By name: files that must be refused."""
    changed = lambda name, value: {**state, name: value}  # noqa: E731
    adapter = "transformer.resblocks.1.forgery_aware_adapter.dwt_"
    prefix, suffix = "language_guided_alignment.token_prefix", "language_guided_alignment.token_suffix"
    yield "missing", {name: value for name, value in state.items() if name != prefix}
    yield "left over", changed("fc.weight", torch.zeros(2, 2))
    longer = {start + "transform.h1_row": torch.ones(1, 1, 1, 4) for start in (f"clip_model.visual.{adapter}", f"image_encoder.{adapter}")}
    yield "other wavelet", {**state, **longer}
    yield "other image tower", changed("image_encoder.proj", state["image_encoder.proj"] + 1)
    yield "other end", changed(suffix, state[suffix].roll(1, 1))


def effort_difference(folder):
    torch.manual_seed(3)
    tower = randomise(towers.unfilled_clip({**towers.CLIP_L_14, **towers.SMALL, "projection_dim": 12})).eval()
    tower.save_pretrained(os.path.join(folder, "clip"))
    head = torch.nn.Linear(tower.config.hidden_size, 2)
    state = {f"module.head.{name}": value for name, value in head.state_dict().items()}
    state["module.backbone.embeddings.position_ids"] = torch.arange(257)[None]
    for name, value in ((name, value.clone()) for name, value in tower.vision_model.state_dict().items()):
        stem = f"module.backbone.{name}"
        if ".self_attn." not in name or not name.endswith(".weight"):
            state[stem] = value
            continue
        u, s, v = torch.linalg.svd(value)
        stem, rank = stem.removesuffix("weight"), len(s) - 1
        state[stem + "weight_main"] = u[:, :rank] @ torch.diag(s[:rank]) @ v[:rank]
        for part, kept in (("_r", slice(rank)), ("_residual", slice(rank, None))):
            state |= {f"{stem}U{part}": u[:, kept], f"{stem}S{part}": s[kept], f"{stem}V{part}": v[kept]}
    path = os.path.join(folder, "effort.pth")
    torch.save(state, path)
    # The tower of the folder is another: all of its weights come from the checkpoint.
    randomise(tower).save_pretrained(os.path.join(folder, "clip"))
    read = towers.effort(Sources(path, os.path.join(folder, "clip"), small=True))
    tower.vision_model.load_state_dict(plain_of(state), strict=True)
    pixels = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        return (head(tower.vision_model(pixel_values=pixels).pooler_output) - read(pixels)).abs().max().item()


def plain_of(state):
    """The weights that were taken apart above, by the product of all factors."""
    plain = {}
    for name, value in state.items():
        stem, _, part = name.removeprefix("module.backbone.").rpartition(".")
        if part == "U_r":
            whole = lambda letter, dim: torch.cat([state[f"module.backbone.{stem}.{letter}{end}"] for end in ("_r", "_residual")], dim)  # noqa: E731
            plain[f"{stem}.weight"] = whole("U", 1) @ torch.diag(whole("S", 0)) @ whole("V", 0)
        elif part in ("weight", "bias", "class_embedding") and "head" not in name:
            plain[f"{stem}.{part}"] = value
    return plain


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "fatformer.pth")
    stored = fatformer.fatformer(Sources(small=True, seed=7))
    state = published(stored)
    # The end of the text is a word of CLIP here; noise had put another there.
    stored.load_state_dict({**stored.state_dict(), "language_guided_alignment.token_suffix": state["language_guided_alignment.token_suffix"][:, :3]})
    torch.save({"model": state, "args": argparse.Namespace(backbone="CLIP:ViT-L/14")}, path)
    read = fatformer.fatformer(Sources(path, small=True))
    pixels = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        difference = (stored(pixels) - read(pixels)).abs().max().item()
    refused = {}
    for name, given in spoiled(state):
        torch.save(given, path)
        try:
            fatformer.fatformer(Sources(path, small=True))
        except SystemExit as reason:
            refused[name] = str(reason)
    json.dump({"difference": difference, "effort": effort_difference(folder), "refused": refused}, sys.stdout)


if __name__ == "__main__":
    main()

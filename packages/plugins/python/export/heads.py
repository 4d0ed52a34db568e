"""Heads on the embedding of CLIP ViT-L/14, each a small file of its own: Q16, MHSC, LAION's NSFW head, the safety checker."""

import pickle

import torch
from torch import nn

from common import filled, load_strictly, randomise


def width_of(sources):
    """Of CLIP ViT-L/14, and of the small tower that stands in for it in tests."""
    return 12 if sources.small else 768


class Q16(nn.Module):
    """Q16 (arXiv 2202.06675): 100 times the cosine with two tuned prompts. Expects an embedding of unit length."""

    def __init__(self, prompts):
        super().__init__()
        self.weight = nn.Parameter(100 * prompts / prompts.norm(dim=-1, keepdim=True))

    def forward(self, unit):
        return unit @ self.weight.T


class Halves(pickle.Unpickler):
    """Reads the published pickle of two prompts and nothing else: a pickle may otherwise run any code."""

    allowed = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}

    def find_class(self, module, name):
        if (module, name) not in self.allowed:
            raise SystemExit(f"Expected a pickle of arrays, got one that asks for {module}.{name}. Do not trust this file.")
        return super().find_class(module, name)


def q16(sources):
    width = width_of(sources)
    if sources.is_random:
        # Two directions close to each other, or a hundred times their difference would always be 0 or 1.
        return Q16(torch.randn(1, width) + 0.02 * torch.randn(2, width)).eval()
    if str(sources.checkpoint).endswith(".p"):
        with open(sources.checkpoint, "rb") as file:
            prompts = torch.as_tensor(Halves(file).load(), dtype=torch.float32)
    else:
        prompts = torch.load(sources.checkpoint, map_location="cpu", weights_only=True).float()
    if tuple(prompts.shape) != (2, width):
        raise SystemExit(f"Expected two prompts of {width} numbers, got {tuple(prompts.shape)}. Take the file for CLIP ViT-L/14.")
    return Q16(prompts).eval()


def mhsc(sources):
    """One of the five heads of Unsafe Diffusion (arXiv 2305.13873); takes the raw embedding."""
    width = width_of(sources)
    layers = nn.Sequential(nn.Linear(width, width // 2), nn.ReLU(), nn.Dropout(0.5), nn.BatchNorm1d(width // 2), nn.Linear(width // 2, 1))
    return filled(layers, sources, in_order(layers))


def in_order(layers):
    """Tensors of the checkpoint by their order and shape: the published files name layers as their training code did."""

    def rename(state):
        wanted = [name for name in layers.state_dict() if not name.endswith("num_batches_tracked")]
        given = [value for name, value in state.items() if not name.endswith("num_batches_tracked")]
        shapes = [tuple(layers.state_dict()[name].shape) for name in wanted]
        if [tuple(value.shape) for value in given] != shapes:
            raise SystemExit(f"Expected tensors of shapes {shapes}, got {[tuple(value.shape) for value in given]}. Check the file.")
        counts = {name: value for name, value in layers.state_dict().items() if name.endswith("num_batches_tracked")}
        return {**dict(zip(wanted, given)), **counts}

    return rename


class Standard(nn.Module):
    """Keras' Normalization: (x - mean) / max(sqrt(variance), 1e-7)."""

    def __init__(self, width):
        super().__init__()
        self.mean, self.variance = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.ones(width))

    def forward(self, x):
        return (x - self.mean) / torch.maximum(self.variance.sqrt(), torch.tensor(1e-7))


def laion_nsfw(sources):
    """LAION's CLIP-based NSFW head for ViT-L/14; takes a unit embedding. Convert the Keras file with --checkpoint FILE.npz:
    its arrays in order, kernels transposed by this script."""
    width = width_of(sources)
    sizes = (width, 64, 512, 256, 1)
    layers = [Standard(width)]
    for before, after in zip(sizes, sizes[1:]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    network = nn.Sequential(*layers[:-1])
    if sources.is_random:
        return randomise(network).eval()
    import numpy as np

    arrays = [torch.from_numpy(array).float() for array in np.load(sources.checkpoint).values()]
    arrays = [array.T.contiguous() if array.dim() == 2 else array.reshape(-1) for array in arrays if array.numel() > 1 or array.dim() > 0]
    wanted = list(network.state_dict())
    load_strictly(network, dict(zip(wanted, arrays, strict=True)))
    return network.eval()


def largest(rows):
    """The maximum of each row, as a pooling: every importer has that one."""
    return nn.functional.max_pool1d(rows.unsqueeze(1), rows.shape[1]).squeeze(1)


class SafetyChecker(nn.Module):
    """The largest of cosine - threshold + adjustment over the concepts; the adjustment is 0.01 where any special concept
    is above its own threshold. Scores are rounded to 3 decimals first, as published. Expects a unit embedding."""

    def __init__(self, concepts, special, thresholds, special_thresholds):
        super().__init__()
        self.concepts = nn.Parameter(concepts / concepts.norm(dim=-1, keepdim=True))
        self.special = nn.Parameter(special / special.norm(dim=-1, keepdim=True))
        self.register_buffer("thresholds", thresholds)
        self.register_buffer("special_thresholds", special_thresholds)

    def forward(self, unit):
        special = torch.round((unit @ self.special.T - self.special_thresholds) * 1000) / 1000
        adjustment = 0.01 * (largest(special) > 0).float()
        scores = torch.round((unit @ self.concepts.T - self.thresholds + adjustment) * 1000) / 1000
        return largest(scores)


# facts of the published checker: thresholds of its 17 concepts and of its 3 special ones.
CONCEPT_THRESHOLDS = (0.1801, 0.1899, 0.2061, 0.21, 0.1949, 0.1899, 0.194, 0.1899, 0.1899, 0.22, 0.1899, 0.1899, 0.1949, 0.1984, 0.21, 0.214, 0.2)
SPECIAL_THRESHOLDS = (0.1949, 0.2, 0.22)


def safety_checker(sources):
    width = width_of(sources)
    thresholds, special = torch.tensor(CONCEPT_THRESHOLDS), torch.tensor(SPECIAL_THRESHOLDS)
    if sources.is_random:
        return SafetyChecker(torch.randn(17, width), torch.randn(3, width), thresholds, special).eval()
    state = sources.state()
    return SafetyChecker(state["concept_embeds"], state["special_care_embeds"], state["concept_embeds_weights"], state["special_care_embeds_weights"]).eval()

"""What every export shares: sources of weights, strict loading, writing the file and what a study needs to know of it."""

import argparse
import hashlib
import pathlib

import torch
from torch import nn


class Sources:
    """Where weights come from: the user's files, or seeded noise for tests.

    `checkpoint` is the published file of the method, `folder` a folder of Hugging Face's layout for a backbone.
    `small` keeps the structure and shrinks it, so that a file of some kilobytes can stand in for the network in a test.
    """

    def __init__(self, checkpoint=None, folder=None, small=False, seed=None):
        self.checkpoint = checkpoint
        self.folder = folder
        self.small = small
        self.seed = seed
        if seed is not None:
            torch.manual_seed(seed)

    @property
    def is_random(self):
        return self.seed is not None

    def state(self):
        """The tensors of the checkpoint, found under the names that training scripts commonly store them under."""
        if self.checkpoint is None:
            raise SystemExit("Expected --checkpoint, the published file of this method. Pass it, or --random for a test.")
        # Training scripts store their arguments beside the tensors: a bag of values that runs nothing.
        with torch.serialization.safe_globals([argparse.Namespace]):
            found = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        for key in ("model", "state_dict", "net", "netC"):
            if isinstance(found, dict) and key in found and isinstance(found[key], dict):
                found = found[key]
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            kind = "numbered ones" if isinstance(found, dict) else f"a {type(found).__name__}"
            raise SystemExit(f"Expected a checkpoint of tensors by name, got {kind}. Give the published file of this method.")
        return {name.removeprefix("module."): value for name, value in found.items()}


def load_strictly(network, state):
    """Every tensor has its place and every place its tensor, or the export ends: half a network would still give scores."""
    missing, extra = network.load_state_dict(state, strict=False)
    # Numbers from 0 on, which transformers stored until 4.31 and makes anew since.
    extra = [name for name in extra if not name.endswith("embeddings.position_ids")]
    if missing or extra:
        raise SystemExit(
            f"Expected the tensors of this method, got a checkpoint without {missing[:5]} and with {extra[:5]}. "
            "Check that it is the published file of this method and version."
        )


def randomise(network):
    """Noise that keeps activations in range and leaves no statistic at its initial value, so that a swap shows."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() > 1:
                fan = parameter[0].numel()
                parameter.normal_(0, (2.0 / fan) ** 0.5)
            elif name.endswith("bn3.weight"):
                # The end of a residual branch: sixteen of them at full strength would drive every score to 0 or 1.
                parameter.uniform_(0.1, 0.3)
            elif name.endswith(("weight", "variance")):
                parameter.uniform_(0.7, 1.3)
            else:
                parameter.uniform_(-0.2, 0.2)
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.uniform_(-0.2, 0.2)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return network


def filled(network, sources, rename=lambda state: state):
    """The network with the user's weights, or with noise."""
    if sources.is_random:
        randomise(network)
    else:
        load_strictly(network, rename(sources.state()))
    return network.eval()


def write_onnx(network, example, path, input_name, output_name):
    """Writes one file with a free batch; returns its SHA-256."""
    path = pathlib.Path(path)
    axes = {input_name: {0: "batch"}, output_name: {0: "batch"}}
    torch.onnx.export(
        network, (example,), str(path), input_names=[input_name], output_names=[output_name],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Unit(nn.Module):
    """Divides each row by its length."""

    def forward(self, x):
        return x / x.norm(p=2, dim=-1, keepdim=True)

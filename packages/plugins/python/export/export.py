"""Writes the network of a published method as ONNX, for the card of the same name.

    python export.py univfd --backbone clip-vit-large-patch14 --checkpoint fc_weights.pth --output univfd.onnx
    python export.py npr --random 1 --small --output npr.onnx      # noise in the same structure, for tests

Needs the packages of requirements.txt beside it. Contacts no network: weights are files that you obtained.
"""

import argparse
import os
import pickle

# A folder that is not there would be taken for the name of a model in a hub.
os.environ["HF_HUB_OFFLINE"] = "1"

import torch

import heads
from common import Sources, write_onnx
from methods import METHODS


def example_of(method, sources):
    if method.head:
        return torch.zeros(2, heads.width_of(sources))
    height, width = method.size if isinstance(method.size, tuple) else (method.size, method.size)
    return torch.zeros(2, 3, height, width)


def first_lines(fault):
    if isinstance(fault, pickle.UnpicklingError):
        # torch's own words advise to run whatever the file holds.
        return "it is no checkpoint of tensors"
    if isinstance(fault, KeyError):
        return f"no tensor {fault.args[0]}"
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return f"{type(fault).__name__}: " + "; ".join(lines[:3])[:600]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=sorted(METHODS))
    parser.add_argument("--checkpoint", help="the published file of the method")
    parser.add_argument("--backbone", help="folder of the backbone or model in Hugging Face's layout")
    parser.add_argument("--output", required=True, help="the .onnx file to write")
    parser.add_argument("--random", type=int, metavar="SEED", help="noise in place of weights")
    parser.add_argument("--small", action="store_true", help="the same structure, shrunk; with --random only")
    given = parser.parse_args()
    if given.small and given.random is None:
        parser.error("Expected --random with --small: published weights fit the published size alone.")
    if given.checkpoint and not os.path.isfile(given.checkpoint):
        raise SystemExit(f"Expected a file at {given.checkpoint}, there is none. Correct --checkpoint.")
    if given.backbone and not os.path.isdir(given.backbone):
        raise SystemExit(f"Expected a folder at {given.backbone}, there is none. Correct --backbone.")
    method = METHODS[given.method]
    sources = Sources(given.checkpoint, given.backbone, given.small, given.random)
    try:
        network = method.make(sources)
        example = example_of(method, sources)
    except (OSError, KeyError, RuntimeError, pickle.UnpicklingError) as fault:
        files = " and ".join(name for name in (given.checkpoint, given.backbone) if name) or "the noise of --random"
        raise SystemExit(
            f"Expected {files} to hold the weights of {given.method} as published, got: {first_lines(fault)}\n"
            "Give the files that docs/guides/cards.md names for this method."
        ) from None
    digest = write_onnx(network, example, given.output, method.input_name, method.output_name)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    print(f"{given.output}: {parameters:,} parameters")
    print(f"sha256: {digest}")


if __name__ == "__main__":
    main()

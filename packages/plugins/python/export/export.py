"""Writes the network of a published method as ONNX, for the card of the same name.

    python export.py univfd --backbone clip-vit-large-patch14 --checkpoint fc_weights.pth --output univfd.onnx
    python export.py npr --random 1 --small --output npr.onnx      # noise in the same structure, for tests

Needs the packages of requirements.txt beside it. Contacts no network: weights are files that you obtained.
"""

import argparse

import torch

import heads
from common import Sources, write_onnx
from methods import METHODS


def example_of(method, sources):
    if method.head:
        return torch.zeros(2, heads.width_of(sources))
    height, width = method.size if isinstance(method.size, tuple) else (method.size, method.size)
    return torch.zeros(2, 3, height, width)


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
    method = METHODS[given.method]
    sources = Sources(given.checkpoint, given.backbone, given.small, given.random)
    network = method.make(sources)
    example = example_of(method, sources)
    digest = write_onnx(network, example, given.output, method.input_name, method.output_name)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    print(f"{given.output}: {parameters:,} parameters")
    print(f"sha256: {digest}")


if __name__ == "__main__":
    main()

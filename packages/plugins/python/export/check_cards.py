"""The scores that the real architectures give with noise for weights, by torch and Pillow: what cards are tested against.

    python check_cards.py FOLDER [--full] [--only METHOD …] IMAGE.png …

Writes METHOD.onnx into FOLDER and prints JSON: for each method its digest, parameters, and a row of scores for each image.
"""

import argparse
import json
import os
import sys
import warnings

import torch
from PIL import Image

import reference
from common import Sources, write_onnx
from export import example_of
from methods import METHODS

warnings.filterwarnings("ignore")


def scores_of(name, network, images):
    rows = []
    for image in images:
        prepared = reference.PREPARE[name](image)
        if prepared is None:
            rows.append(None)
            continue
        # Several views of an image, or one.
        pixels = torch.from_numpy(prepared).reshape(-1, *prepared.shape[-3:])
        # A network that takes another form of the published input has a way in for that one as well.
        of_published = getattr(network, "published", network)
        with torch.no_grad():
            rows.append(reference.SCORES[name]([float(value) for value in of_published(pixels).mean(0)]))
    return rows


def judge_scores(networks, images):
    """The heads of CLIP judges on one tower, each with the embedding it wants."""
    embed = lambda name, image: networks["clip-vit-l-14"](torch.from_numpy(reference.PREPARE[name](image)).unsqueeze(0))  # noqa: E731
    unit_of = lambda raw: raw / raw.norm(dim=-1, keepdim=True)  # noqa: E731
    rows = []
    for image in images:
        with torch.no_grad():
            raw = embed("clip-vit-l-14", image)
            unit, checked = unit_of(raw), unit_of(embed("sd-safety-checker", image))
            rows.append({
                "q16": reference.softmax([float(value) for value in networks["q16"](unit)[0]]),
                "mhsc": reference.sigmoid([float(value) for value in networks["mhsc"](raw)[0]]),
                "laion-nsfw": reference.sigmoid([float(value) for value in networks["laion-nsfw"](unit)[0]]),
                "sd-safety-checker": reference.sigmoid([float(value) for value in networks["sd-safety-checker"](checked)[0]]),
            })
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("images", nargs="+")
    parser.add_argument("--full", action="store_true", help="the published sizes; some gigabytes")
    parser.add_argument("--only", nargs="*", default=sorted(METHODS))
    given = parser.parse_args()
    images = [Image.open(path).convert("RGB") for path in given.images]
    os.makedirs(given.folder, exist_ok=True)
    networks, found = {}, {}
    for seed, name in enumerate(sorted(METHODS), 1):
        if name not in given.only:
            continue
        method, sources = METHODS[name], Sources(small=not given.full, seed=seed)
        network = networks[name] = method.make(sources)
        path = os.path.join(given.folder, f"{name}.onnx")
        digest = write_onnx(network, example_of(method, sources), path, method.input_name, method.output_name)
        count = sum(parameter.numel() for parameter in network.parameters())
        found[name] = {"sha256": digest, "parameters": count}
        if name in reference.SCORES:
            found[name]["scores"] = scores_of(name, network, images)
    if all(name in networks for name in ("clip-vit-l-14", "q16", "mhsc", "laion-nsfw", "sd-safety-checker")):
        found["clip-vit-l-14"]["scores"] = judge_scores(networks, images)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

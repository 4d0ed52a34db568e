"""Makes pillow.json: SHA-256 of Pillow's resized bytes, and sizes by torchvision's formulas in Python arithmetic.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt && /tmp/venv/bin/python make-goldens.py

Pixels come from the integer formula below, which src/image-ops/synthetic-image.ts repeats, so no image is stored.
"""
import hashlib
import json
import pathlib

import numpy as np
import PIL
from PIL import Image


def synthetic(kind: str, width: int, height: int, seed: int) -> np.ndarray:
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    x, y, c = (a.astype(np.uint32) for a in (x, y, c))
    with np.errstate(over="ignore"):
        if kind == "gradient":
            return ((x * np.uint32(7) + y * np.uint32(13) + c * np.uint32(50) + np.uint32(seed)) & np.uint32(255)).astype(np.uint8)
        v = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791) ^ np.uint32(seed * 2654435761 & 0xFFFFFFFF)
        v ^= v >> np.uint32(13)
        v *= np.uint32(0x5BD1E995)
        v ^= v >> np.uint32(15)
    if kind == "extremes":
        return ((v & np.uint32(1)) * np.uint32(255)).astype(np.uint8)
    return (v & np.uint32(255)).astype(np.uint8)


FILTERS = {"pillow-bilinear": Image.Resampling.BILINEAR, "pillow-bicubic": Image.Resampling.BICUBIC}
SIZES = [
    # width, height, to width, to height: up, down, odd, one pixel, extreme ratios, one pass only
    (17, 13, 40, 29), (64, 48, 32, 24), (101, 67, 37, 53), (1, 1, 5, 7), (5, 7, 1, 1), (300, 3, 7, 50),
    (3, 300, 50, 7), (640, 480, 224, 224), (513, 257, 256, 256), (50, 40, 50, 20), (50, 40, 25, 40), (50, 40, 50, 40),
    (2, 2, 3, 3), (1000, 1, 1, 1), (224, 224, 299, 299), (37, 91, 36, 92),
]


def resize_cases():
    for name, resample in FILTERS.items():
        for index, (width, height, to_width, to_height) in enumerate(SIZES):
            kind = ("noise", "extremes", "gradient")[index % 3]
            pixels = synthetic(kind, width, height, index)
            resized = np.asarray(Image.fromarray(pixels).resize((to_width, to_height), resample))
            yield {
                "filter": name, "kind": kind, "seed": index, "width": width, "height": height,
                "toWidth": to_width, "toHeight": to_height,
                "first": resized.reshape(-1)[:12].tolist(), "sha256": hashlib.sha256(resized.tobytes()).hexdigest(),
            }


def size_cases():
    """torchvision.transforms.functional: _compute_resized_output_size and center_crop."""
    for width, height, size in [(640, 480, 224), (480, 640, 224), (333, 1000, 256), (7, 5, 224), (1024, 1023, 336), (500, 500, 224), (3, 400, 2)]:
        short, long = (width, height) if width <= height else (height, width)
        new_long = int(size * long / short)
        resized = (size, new_long) if width <= height else (new_long, size)
        for crop in (size, size + 9, 3):
            left, top = (-((crop - s) // 2) if crop > s else int(round((s - crop) / 2.0)) for s in resized)
            yield {"width": width, "height": height, "size": size, "crop": crop, "toWidth": resized[0], "toHeight": resized[1], "left": left, "top": top}


goldens = {"pillow": PIL.__version__, "resize": list(resize_cases()), "sizes": list(size_cases())}
pathlib.Path(__file__).with_name("pillow.json").write_text(json.dumps(goldens, indent=1) + "\n")

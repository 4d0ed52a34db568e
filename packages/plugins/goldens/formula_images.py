"""The formulas of formula-images.ts in NumPy: the same pixels, checked by the SHA-256 that each golden stores."""

import hashlib

import numpy as np

GOLDEN_IMAGES = [
    ("gradient", 224, 224, 0),
    ("noise", 224, 224, 1),
    ("blobs", 256, 256, 2),
    ("blobs", 640, 427, 3),
    ("chirp", 300, 512, 4),
    ("blobs", 97, 131, 5),
    ("noise", 61, 40, 6),
    ("chirp", 1024, 768, 7),
    ("gradient", 1, 1, 8),
]
MASK = np.uint64(0xFFFFFFFF)


def _hash(value):
    bits = np.asarray(value).astype(np.uint64) & MASK
    bits = ((bits ^ (bits >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & MASK
    bits = ((bits ^ (bits >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & MASK
    return (bits ^ (bits >> np.uint64(16))).astype(np.int64)


def draw(formula, width, height, seed):
    """uint8 [height, width, 3]."""
    y, x, channel = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    if formula == "gradient":
        right, bottom = max(1, width - 1), max(1, height - 1)
        parts = [255 * x[..., 0] // right, 255 * y[..., 0] // bottom, 255 * (x + y)[..., 0] // (right + bottom)]
        pixels = np.stack(parts, axis=-1)
    elif formula == "noise":
        pixels = _hash((y * width + x) * 3 + channel + seed * 0x10000) & 255
    elif formula == "chirp":
        pixels = ((x * x * (3 + channel) + y * y * 5 + x * y * seed) >> 6) & 255
    elif formula == "blobs":
        pixels = _blobs(x, y, channel, width, height, seed)
    else:
        raise ValueError(formula)
    return pixels.astype(np.uint8)


def golden_images():
    """What a golden says of each picture, and its pixels."""
    for formula, width, height, seed in GOLDEN_IMAGES:
        pixels = draw(formula, width, height, seed)
        yield {"name": f"{formula}-{width}x{height}-{seed}", "sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}, pixels


def _blobs(x, y, channel, width, height, seed):
    def pick(index):
        return int(_hash(seed * 0x10000 + index))

    pixels = 90 + 40 * channel + (pick(64) & 31)
    for disc in range(8):
        centre_x, centre_y = pick(disc * 8) % width, pick(disc * 8 + 1) % height
        radius = 1 + pick(disc * 8 + 2) % max(1, min(width, height) // 3)
        colour = np.array([pick(disc * 8 + 3) & 255, pick(disc * 8 + 4) & 255, pick(disc * 8 + 5) & 255])
        inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 <= radius**2
        pixels = np.where(inside, colour[channel], pixels)
    return pixels

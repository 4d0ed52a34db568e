"""Writes pillow.json: outputs of Pillow's 8-bit resize for images made by a formula.

    python -m venv VENV && VENV/bin/pip install pillow==12.3.0 && VENV/bin/python make_goldens.py
"""

import json
import pathlib

import PIL
from PIL import Image

PINNED = "12.3.0"
SIZES = [
    # width, height, target width, target height
    (31, 17, 8, 8),
    (17, 31, 40, 50),
    (64, 48, 48, 48),
    (301, 257, 23, 19),
    (120, 3, 7, 9),
    (3, 90, 5, 11),
    (1, 1, 4, 3),
    (20, 20, 20, 7),
    (20, 20, 7, 20),
    (9, 9, 9, 9),
    (33, 29, 1, 1),
    (57, 40, 56, 41),
    (640, 5, 16, 5),
]
FILTERS = {"pillow-bilinear": Image.Resampling.BILINEAR, "pillow-bicubic": Image.Resampling.BICUBIC}


def pixel(x, y, channel):
    """Smooth in part, with hard edges of full contrast, so that bicubic overshoots and clips."""
    if (x // 5 + y // 3 + channel) % 4 == 0:
        return 255 * ((x * y + channel) % 2)
    return (x * 7 + y * 13 + channel * 29 + (x * x * 3 + y * y) % 17 * 9) % 256


def image(width, height):
    data = bytes(pixel(x, y, c) for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), data)


def main():
    if PIL.__version__ != PINNED:
        raise SystemExit(f"Expected Pillow {PINNED}, received {PIL.__version__}.")
    cases = [
        {
            "filter": name,
            "from": [width, height],
            "to": [target_width, target_height],
            "hex": image(width, height).resize((target_width, target_height), method).tobytes().hex(),
        }
        for name, method in FILTERS.items()
        for width, height, target_width, target_height in SIZES
    ]
    path = pathlib.Path(__file__).with_name("pillow.json")
    path.write_text(json.dumps({"pillow": PINNED, "cases": cases}, separators=(",", ":")) + "\n")


main()

"""Writes `damaged.json`: which of the images of this folder Pillow refuses after one byte of each was changed.

Run beside make_goldens.py, in the same environment:  V/bin/python make_damaged.py
The byte at `at` is changed by exclusive or with `1 + at * 37 % 255`. Places are spread over the file, with those of its
last 16 bytes. `refused` are the places at which `Image.open(file).convert("RGB")` raises.
"""

import io
import json
import warnings
from pathlib import Path

import PIL
from PIL import Image

here = Path(__file__).parent
warnings.simplefilter("ignore")


def is_refused(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data)).convert("RGB")
    except Exception:  # Pillow raises whatever its decoders meet
        return True
    return False


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 + at * 37 % 255)]) + data[at + 1 :]


refused = {}
for path in sorted(here.glob("*.*")):
    if path.suffix not in {".jpg", ".png", ".webp", ".gif", ".tif"}:
        continue
    data = path.read_bytes()
    places = sorted({*range(0, len(data), max(1, len(data) // 80)), *range(len(data) - 16, len(data))})
    refused[path.name] = [at for at in places if is_refused(changed(data, at))]
lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(places)}" for name, places in refused.items())
(here / "damaged.json").write_text(f'{{\n  "pillow": "{PIL.__version__}",\n  "refused": {{\n{lines}\n  }}\n}}\n')

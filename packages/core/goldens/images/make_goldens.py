"""Makes the images of this folder and `digests.json`, what Pillow decodes them to.

Run once, outside the repository's own tools:  python -m venv V && V/bin/pip install -r requirements.txt && V/bin/python make_goldens.py
Every picture is computed from a formula; none comes from anywhere else. A digest is the SHA-256 of the pixels of
`Image.open(file).convert("RGB")`, row by row, three bytes a pixel, unless its entry says otherwise.
"""

import hashlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps

here = Path(__file__).parent
width, height = 53, 37


def picture(channels: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [127.5 + 127.5 * np.sin(x / (5.0 + 2 * c) + c) * np.cos(y / (7.0 - c)) for c in range(channels)]
    noise = np.random.default_rng(7).integers(-12, 13, (height, width, channels))
    return np.clip(np.stack(planes, axis=-1) + noise, 0, 255).astype(np.uint8)


def png16(path: Path, samples: np.ndarray, colour_type: int) -> None:
    """A 16-bit PNG; Pillow cannot write RGB of that depth."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


rgb = Image.fromarray(picture(3), "RGB")
rgba = Image.fromarray(picture(4), "RGBA")
grey = rgb.convert("L")
palette = rgb.quantize(31)
exif = Image.Exif()
exif[0x0112] = 6

rgb.save(here / "rgb.png")
rgba.save(here / "rgba.png")
grey.save(here / "grey.png")
grey.convert("LA").save(here / "grey-alpha.png")
grey.convert("1").save(here / "one-bit.png")
palette.save(here / "palette.png")
palette.save(here / "palette-alpha.png", transparency=bytes(range(0, 248, 8)))
deep = picture(3).astype(np.uint16) * 256 + np.arange(width, dtype=np.uint16)[None, :, None] * 4
png16(here / "rgb-16-bit.png", deep.reshape(height, -1), 2)
png16(here / "grey-16-bit.png", deep[:, :, 0], 0)
for name, sampling in (("420", 2), ("422", 1), ("444", 0)):
    rgb.save(here / f"rgb-{name}.jpg", quality=80, subsampling=sampling)
rgb.save(here / "progressive.jpg", quality=60, progressive=True)
grey.save(here / "grey.jpg", quality=85)
Image.fromarray(picture(4), "CMYK").save(here / "cmyk.jpg", quality=90)
rgb.save(here / "orientation-6.jpg", quality=90, exif=exif)
rgb.save(here / "orientation-6.tif", exif=exif)
Image.fromarray(picture(4), "CMYK").save(here / "cmyk.tif", compression="tiff_lzw")
rgb.save(here / "profile.jpg", quality=90, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())
rgb.save(here / "lossy.webp", quality=70)
rgb.save(here / "lossless.webp", lossless=True)
rgba.save(here / "alpha.webp", lossless=True, exact=True)
palette.save(here / "animated.gif", save_all=True, append_images=[rgb.rotate(90).quantize(31)], duration=100)
rgb.save(here / "rgb.tif", compression="tiff_lzw")
rgb.save(here / "a-jpeg-inside.png", format="JPEG", quality=90)
rgb.quantize(13).save(here / "palette-4-bit.png", bits=4)
rgb.save(here / "colour-key.png", transparency=rgb.getpixel((5, 5)))
rgb.save(here / "restarts.jpg", quality=75, restart_marker_blocks=2)
rgb.save(here / "progressive-odd-quality.jpg", quality=31, progressive=True, optimize=True, subsampling=0)
Image.fromarray(picture(4), "CMYK").save(here / "cmyk-progressive.jpg", quality=70, progressive=True)
rgba.save(here / "alpha-lossy.webp", quality=60)

digests: dict[str, object] = {}
for path in sorted(here.iterdir()):
    if path.suffix not in {".png", ".jpg", ".webp", ".gif", ".tif"}:
        continue
    image = Image.open(path)
    pixels = image.convert("RGB")
    if path.name == "grey-16-bit.png":
        # Pillow clips 16-bit grey at 255; the high byte is what it does for 16-bit RGB, and what we do for both.
        pixels = Image.fromarray((deep[:, :, 0] >> 8).astype(np.uint8)).convert("RGB")
    entry = {"width": pixels.width, "height": pixels.height, "rgb": hashlib.sha256(pixels.tobytes()).hexdigest()}
    if path.name == "orientation-6.jpg":
        turned = ImageOps.exif_transpose(image).convert("RGB")
        entry["oriented"] = {"width": turned.width, "height": turned.height, "rgb": hashlib.sha256(turned.tobytes()).hexdigest()}
    if path.name == "orientation-6.tif":
        # Pillow turns TIFF alone when it opens the file.
        entry["oriented"] = {"width": pixels.width, "height": pixels.height, "rgb": entry["rgb"]}
    if image.mode in {"RGBA", "LA"}:
        entry["rgba"] = hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()
    digests[path.name] = entry
(here / "digests.json").write_text(json.dumps({"pillow": PIL.__version__, "images": digests}, indent=2) + "\n")

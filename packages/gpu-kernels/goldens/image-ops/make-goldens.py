"""Makes resize.json and geometry.json: what Pillow, OpenCV, torch, torchvision and NumPy make of formula images.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt && /tmp/venv/bin/python make-goldens.py

Pixels come from the integer formula below, which src/image-ops/synthetic-image.ts repeats, so no image is stored.
"""
import hashlib
import json
import pathlib

import cv2
import numpy as np
import PIL
import torch
from PIL import Image
from torchvision import transforms

from synthetic import synthetic


FILTERS = {f"pillow-{f.name.lower()}": f for f in Image.Resampling}
OPENCV = {"opencv-nearest": cv2.INTER_NEAREST, "opencv-bilinear": cv2.INTER_LINEAR, "opencv-area": cv2.INTER_AREA}
TORCH = {
    "torch-nearest": {"mode": "nearest"}, "torch-nearest-exact": {"mode": "nearest-exact"},
    "torch-bilinear": {"mode": "bilinear"}, "torch-bicubic": {"mode": "bicubic"},
    "torch-bilinear-antialias": {"mode": "bilinear", "antialias": True},
    "torch-bicubic-antialias": {"mode": "bicubic", "antialias": True},
}
SIZES = [
    # width, height, to width, to height: up, down, odd, one pixel, extreme ratios, one pass only
    (17, 13, 40, 29), (64, 48, 32, 24), (101, 67, 37, 53), (1, 1, 5, 7), (5, 7, 1, 1), (300, 3, 7, 50),
    (3, 300, 50, 7), (320, 240, 112, 112), (257, 129, 128, 128), (50, 40, 50, 20), (50, 40, 25, 40), (50, 40, 50, 40),
    (2, 2, 3, 3), (1000, 1, 1, 1), (112, 112, 150, 149), (37, 91, 36, 92), (60, 45, 20, 9),
]
# A position just below 512, of value 1533 = 21 * 73, which is another float32 where it is not rounded as torch does.
FAR = [(600, 1, 599, 1)]


def sha256(pixels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]


def inputs(channels: int = 3, sizes: list = SIZES):
    for index, (width, height, to_width, to_height) in enumerate(sizes):
        kind = ("noise", "extremes", "gradient")[index % 3]
        place = {"kind": kind, "seed": index, "channels": channels, "from": [width, height], "to": [to_width, to_height]}
        yield place, synthetic(kind, width, height, index, channels), (to_width, to_height)


def byte_cases():
    """First 16 digits of the SHA-256 of the bytes of Pillow (RGB; RGBA resized with its alpha, which is then dropped) and of OpenCV."""
    for name, resample in FILTERS.items():
        for channels in (3, 4):
            for place, pixels, size in inputs(channels):
                yield {"filter": name, **place, "sha256": sha256(np.asarray(Image.fromarray(pixels).resize(size, resample).convert("RGB")))}
    for name, interpolation in OPENCV.items():
        for place, pixels, size in inputs():
            yield {"filter": name, **place, "sha256": sha256(cv2.resize(pixels, size, interpolation=interpolation))}


def half_pixel(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """TensorFlow 2's resize by its definition: half-pixel centres, no antialiasing, in float64."""
    def axis(array, length):
        position = (np.arange(length) + 0.5) * array.shape[0] / length - 0.5
        lower = np.floor(position).astype(int)
        fraction = (position - lower).reshape(-1, 1, 1)
        low, high = (array[np.clip(i, 0, array.shape[0] - 1)] for i in (lower, lower + 1))
        return low * (1 - fraction) + high * fraction
    rows = axis(pixels.astype(np.float64), size[1])
    return axis(rows.transpose(1, 0, 2), size[0]).transpose(1, 0, 2)


def float_cases(sizes: list = SIZES):
    """Samples of torch's resized float32 tensors, and of TensorFlow's formula."""
    def case(name, place, resized):
        step = max(1, resized.size // 40) if sizes is not FAR else 73
        return {"filter": name, **place, "step": step, "values": [round(float(v), 3) for v in resized.reshape(-1)[::step]]}
    for name, how in TORCH.items():
        for place, pixels, (width, height) in inputs(sizes=sizes):
            tensor = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]
            resized = torch.nn.functional.interpolate(tensor, (height, width), **how)
            yield case(name, place, resized[0].permute(1, 2, 0).numpy())
    if sizes is FAR:
        return
    for place, pixels, size in inputs():
        yield case("tensorflow-half-pixel", place, half_pixel(pixels, size))


def size_cases():
    """torchvision.transforms.functional: _compute_resized_output_size and center_crop."""
    for width, height, size in [(640, 480, 224), (480, 640, 224), (333, 1000, 256), (7, 5, 224), (1024, 1023, 336), (500, 500, 224), (3, 400, 2)]:
        short, long = (width, height) if width <= height else (height, width)
        new_long = int(size * long / short)
        resized = (size, new_long) if width <= height else (new_long, size)
        for crop in (size, size + 9, 3):
            left, top = (-((crop - s) // 2) if crop > s else int(round((s - crop) / 2.0)) for s in resized)
            yield {"width": width, "height": height, "size": size, "crop": crop, "toWidth": resized[0], "toHeight": resized[1], "left": left, "top": top}


def letterbox(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """The published rule of YOLO's letterbox, with scaling up."""
    rows, columns = pixels.shape[:2]
    ratio = min(height / rows, width / columns)
    inner = (round(columns * ratio), round(rows * ratio))
    dw, dh = (width - inner[0]) / 2, (height - inner[1]) / 2
    resized = pixels if inner == (columns, rows) else cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR)
    top, bottom, left, right = (round(v) for v in (dh - 0.1, dh + 0.1, dw - 0.1, dw + 0.1))
    return cv2.copyMakeBorder(resized, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(114, 114, 114))


def geometry_cases():
    """Recipes whose last step is a plain normalise, and the bytes that NumPy, torchvision, OpenCV or Pillow give."""
    image = synthetic("noise", 37, 26, 5)
    pil = Image.fromarray(image)
    opencv = {"reflect": cv2.BORDER_REFLECT_101, "symmetric": cv2.BORDER_REFLECT, "replicate": cv2.BORDER_REPLICATE, "wrap": cv2.BORDER_WRAP}
    for mode, border in opencv.items():
        yield [{"step": "pad", "left": 5, "top": 3, "right": 7, "bottom": 2, "mode": mode}], 0, cv2.copyMakeBorder(image, 3, 2, 5, 7, border)
    for mode, how in {"reflect": "reflect", "symmetric": "symmetric", "replicate": "edge", "wrap": "wrap"}.items():
        # beyond one width
        yield [{"step": "pad", "left": 80, "top": 60, "right": 90, "bottom": 61, "mode": mode}], 0, np.pad(image, ((60, 61), (80, 90), (0, 0)), mode=how)
    yield [{"step": "pad", "left": 1, "top": 0, "right": 2, "bottom": 4, "mode": "constant", "value": 9}], 0, np.pad(image, ((0, 4), (1, 2), (0, 0)), constant_values=9)
    tiles = np.tile(image, (3, 2, 1))
    yield [{"step": "pad-to", "width": 70, "height": 60, "place": "top-left", "mode": "wrap"}], 0, tiles[:60, :70]
    yield [{"step": "pad-to", "width": 40, "height": 20, "place": "centre", "mode": "constant", "value": 3}], 0, np.pad(image, ((0, 0), (1, 2), (0, 0)), constant_values=3)
    yield [{"step": "pad-to-square", "place": "top-left", "mode": "constant"}], 0, np.pad(image, ((0, 11), (0, 0), (0, 0)))
    yield [{"step": "even-trim"}], 0, image[:, :36]
    yield [{"step": "flip", "axis": "horizontal"}], 0, image[:, ::-1]
    yield [{"step": "flip", "axis": "vertical"}], 0, image[::-1]
    yield [{"step": "bgr"}], 0, cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    yield [{"step": "grey", "channels": 1}], 0, np.asarray(pil.convert("L"))[:, :, None]
    yield [{"step": "grey", "channels": 3}], 0, np.asarray(pil.convert("L").convert("RGB"))
    for step, crops in (("five-crop", transforms.FiveCrop((15, 20))(pil)), ("ten-crop", transforms.TenCrop((15, 20))(pil))):
        for view, crop in enumerate(crops):
            yield [{"step": step, "width": 20, "height": 15}], view, np.asarray(crop)
    # albumentations: both offsets are halves of odd excesses, rounded down
    yield [{"step": "centre-crop", "width": 18, "height": 15, "halves": "down"}], 0, image[5:20, 9:27]
    # B-Free: 9 by 6 whole cells of 4, of which 4 by 3 are kept; too few rows of cells, and every view is the same tiles
    places = [(0, 0), (0, 5), (3, 0), (3, 5), (1, 2)]
    for view, (row, column) in enumerate(places):
        kept = image[4 * row : 4 * row + 12, 4 * column : 4 * column + 16]
        yield [{"step": "five-crop-on-grid", "width": 16, "height": 12, "grid": 4}], view, kept
    cells = np.tile(image[:24, :36], (2, 1, 1))[:28, :16]
    yield [{"step": "five-crop-on-grid", "width": 16, "height": 28, "grid": 4}], 3, cells
    yield [{"step": "corner-crop", "corner": "bottom-left", "width": 20, "height": 15}], 0, image[11:, :20]
    for width, height in [(64, 64), (32, 20), (37, 27), (21, 40)]:
        yield [{"step": "letterbox", "filter": "opencv-bilinear", "width": width, "height": height, "value": 114}], 0, letterbox(image, width, height)
    yield [{"step": "resize-long-side", "filter": "pillow-lanczos", "size": 29}], 0, np.asarray(pil.resize((29, 20), Image.Resampling.LANCZOS))
    # resize and crop together: only the pixels that survive are computed, the result is the same
    short = pil.resize((45, 32), Image.Resampling.BICUBIC)
    yield [{"step": "resize-short-side", "filter": "pillow-bicubic", "size": 32}, {"step": "ten-crop", "width": 32, "height": 30}], 8, np.asarray(transforms.TenCrop((30, 32))(short)[8])
    yield [{"step": "resize-short-side", "filter": "pillow-bicubic", "size": 32}, {"step": "centre-crop", "width": 50, "height": 20}], 0, np.asarray(transforms.CenterCrop((20, 50))(short))
    wide = cv2.resize(image, (33, 26), interpolation=cv2.INTER_AREA)
    yield [{"step": "resize", "filter": "opencv-area", "width": 33, "height": 26}, {"step": "centre-crop", "width": 20, "height": 20}], 0, wide[3:23, 6:26]


def geometry():
    for recipe, view, pixels in geometry_cases():
        yield {"recipe": recipe, "view": view, "width": pixels.shape[1], "height": pixels.shape[0], "sha256": sha256(pixels)}


def lines(cases) -> str:
    return "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]"


def write(name: str, **parts) -> None:
    versions = {"pillow": PIL.__version__, "opencv": cv2.__version__, "torch": torch.__version__.split("+")[0]}
    body = [f'"versions": {json.dumps(versions)}'] + [f'"{key}": {lines(cases)}' for key, cases in parts.items()]
    pathlib.Path(__file__).with_name(name).write_text("{\n" + ",\n".join(body) + "\n}\n")


write("resize.json", bytes=byte_cases(), floats=float_cases(), far=float_cases(FAR))
write("geometry.json", sizes=size_cases(), recipes=geometry())

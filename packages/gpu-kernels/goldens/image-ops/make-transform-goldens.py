"""Makes transforms.json: what Pillow's JPEG round trip, SciPy, PyWavelets, NumPy and torch make of formula images.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install -r requirements.txt && /tmp/venv/bin/python make-transform-goldens.py
"""
import hashlib
import io
import json
import pathlib

import numpy as np
import PIL
import pywt
import scipy
import torch
from PIL import Image
from scipy import fft, ndimage

from synthetic import synthetic

JPEG_SIZES = [(16, 16), (17, 13), (37, 26), (1, 1), (3, 5), (4, 9), (64, 48), (101, 67), (38, 22)]


def jpeg_cases():
    """First 16 digits of the SHA-256 of the decoded bytes. Chroma as Pillow names it: 2 is 4:2:0, 0 is 4:4:4."""
    for quality in (1, 30, 50, 75, 90, 95, 100):
        for chroma, subsampling in (("4:2:0", 2), ("4:4:4", 0)):
            for index, (width, height) in enumerate(JPEG_SIZES):
                kind = ("noise", "extremes", "gradient")[(index + quality) % 3]
                buffer = io.BytesIO()
                Image.fromarray(synthetic(kind, width, height, index)).save(buffer, "jpeg", quality=quality, subsampling=subsampling)
                decoded = np.asarray(Image.open(buffer).convert("RGB"))
                yield {"quality": quality, "chroma": chroma, "kind": kind, "seed": index, "width": width, "height": height,
                       "sha256": hashlib.sha256(decoded.tobytes()).hexdigest()[:16]}


def per_channel(image, transform):
    return np.stack([transform(image[..., c]) for c in range(image.shape[2])], axis=-1)


def correlate(image, kernel):
    return per_channel(image, lambda channel: ndimage.correlate(channel, np.asarray(kernel, float), mode="constant"))


SQUARE3 = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]) / 4
SQUARE5 = np.array([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]) / 12


def srm30():
    """Written out anew: neighbours in reading order, then edges turned to the left by quarters."""
    def line(dx, dy, weights):
        kernel = np.zeros((5, 5))
        for step, weight in weights.items():
            kernel[2 + dy * step, 2 + dx * step] = weight
        return kernel
    around = [(dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dx, dy) != (0, 0)]
    first = [line(dx, dy, {0: -1, 1: 1}) for dx, dy in around]
    second = [line(dx, dy, {-1: 1 / 2, 0: -1, 1: 1 / 2}) for dx, dy in around[:4]]
    third = [line(dx, dy, {-1: 1 / 3, 0: -1, 1: 1, 2: -1 / 3}) for dx, dy in around]
    edge3, edge5 = SQUARE3.copy(), SQUARE5.copy()
    edge3[2:], edge5[3:] = 0, 0
    return [*first, *second, *third, *(np.pad(np.rot90(edge3, k), 1) for k in range(4)), np.pad(SQUARE3, 1),
            *(np.rot90(edge5, k) for k in range(4)), SQUARE5]


def srm(image, kernels):
    total = image.sum(axis=2)
    return np.stack([ndimage.correlate(total, np.asarray(kernel, float), mode="constant") for kernel in kernels], axis=-1)


def power(channel):
    return np.abs(np.fft.fftshift(np.fft.fft2(channel))) ** 2


def azimuthal(channel, length):
    spectrum = power(channel)
    y, x = np.indices(spectrum.shape)
    ring = np.hypot(x - spectrum.shape[1] // 2, y - spectrum.shape[0] // 2).astype(int)
    profile = np.bincount(ring.ravel(), spectrum.ravel()) / np.bincount(ring.ravel())
    return np.interp(np.linspace(0, len(profile) - 1, length), np.arange(len(profile)), profile)[None]


def npr(image):
    x = torch.from_numpy(image.transpose(2, 0, 1))[None]
    down = torch.nn.functional.interpolate(x, scale_factor=0.5, mode="nearest", recompute_scale_factor=True)
    up = torch.nn.functional.interpolate(down, scale_factor=2.0, mode="nearest", recompute_scale_factor=True)
    return ((x - up) * 2 / 3)[0].numpy().transpose(1, 2, 0)


def transform_cases():
    """Samples of the float64 results for pixels over 255."""
    for width, height in [(24, 20), (17, 31), (64, 64)]:
        image = synthetic("noise", width, height, 9) / 255
        gradient = synthetic("gradient", width, height, 9) / 255
        cases = [
            (image, [{"step": "dct"}], per_channel(image, lambda c: fft.dctn(c, norm="ortho"))),
            (gradient, [{"step": "dct"}, {"step": "log", "epsilon": 1e-3}], np.log(np.abs(per_channel(gradient, lambda c: fft.dctn(c, norm="ortho"))) + 1e-3)),
            (image, [{"step": "dwt-hh"}], per_channel(image, lambda c: pywt.dwt2(c, "bior1.3", "symmetric")[1][2])),
            (image, [{"step": "power-spectrum"}], per_channel(image, power)),
            (image, [{"step": "power-spectrum"}, {"step": "azimuthal-mean", "length": 20}], per_channel(image, lambda c: azimuthal(c, 20))),
            (image, [{"step": "diagonal-gradient"}], correlate(image, [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]])),
            (image, [{"step": "laplacian"}], correlate(image, [[0, 1, 0], [1, -4, 1], [0, 1, 0]])),
            (image, [{"step": "srm", "filters": 3}], srm(image, [np.pad(SQUARE3, 1), SQUARE5, [[1 / 2, -1, 1 / 2]]])),
            (image, [{"step": "srm", "filters": 30}], srm(image, srm30())),
            (image, [{"step": "gaussian-blur", "sigma": 1.3}], per_channel(image, lambda c: ndimage.gaussian_filter(c, 1.3))),
        ]
        if width % 2 == 0 and height % 2 == 0:
            cases.append((image, [{"step": "npr"}], npr(image)))
        for source, steps, result in cases:
            step = max(1, result.size // 50)
            yield {"kind": "noise" if source is image else "gradient", "width": width, "height": height, "steps": steps,
                   "shape": list(result.shape), "largest": float(f"{np.abs(result).max():.7g}"), "step": step,
                   "values": [float(f"{v:.7g}") for v in np.ascontiguousarray(result).reshape(-1)[::step]]}


def blur_cases():
    """Bytes blurred in float64 and rounded once."""
    for sigma in (0.5, 1, 3):
        pixels = synthetic("noise", 40, 30, 2)
        blurred = per_channel(pixels.astype(float), lambda c: ndimage.gaussian_filter(c, sigma))
        yield {"sigma": sigma, "values": [round(float(v), 3) for v in blurred.reshape(-1)[::61]]}


def lines(cases) -> str:
    return "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]"


versions = {"pillow": PIL.__version__, "scipy": scipy.__version__, "pywavelets": pywt.__version__, "numpy": np.__version__}
parts = {"jpeg": jpeg_cases(), "transforms": transform_cases(), "blur": blur_cases()}
body = [f'"versions": {json.dumps(versions)}'] + [f'"{key}": {lines(cases)}' for key, cases in parts.items()]
pathlib.Path(__file__).with_name("transforms.json").write_text("{\n" + ",\n".join(body) + "\n}\n")

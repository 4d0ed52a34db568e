"""Radial DCT spectra of the formula images by SciPy in float64, for the crops of 128 and 256 pixels.

Follows the description in src/shared/spectrum.ts; the crop is torchvision's CenterCrop.

    python make_golden.py      (numpy and scipy as in the output's "made")
"""

import json
import pathlib
import sys

import numpy as np
import scipy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from formula_images import golden_images  # noqa: E402

BANDS = 64


def spectrum(pixels, side):
    height, width = pixels.shape[:2]
    top, left = round((height - side) / 2), round((width - side) / 2)
    crop = pixels[top : top + side, left : left + side].astype(np.float64) / 255
    luma = crop @ np.array([0.299, 0.587, 0.114])
    power = scipy.fft.dctn(luma, type=2, norm="ortho") ** 2
    vertical, horizontal = np.mgrid[:side, :side]
    band = np.floor(np.sqrt((vertical**2 + horizontal**2) / 2) * BANDS / side).astype(int)
    keep = (vertical + horizontal) > 0
    mean = np.bincount(band[keep], power[keep], BANDS) / np.bincount(band[keep], minlength=BANDS)
    return np.log(mean + 1 / (12 * 255**2)).tolist()


def main():
    spectra = []
    for side in (128, 256):
        for picture, pixels in golden_images():
            if min(pixels.shape[:2]) >= side:
                spectra.append({"side": side, **picture, "spectrum": spectrum(pixels, side)})
    made = {"with": f"SciPy {scipy.__version__}, NumPy {np.__version__}"}
    (HERE / "spectra.json").write_text(json.dumps({"made": made, "spectra": spectra}) + "\n")


if __name__ == "__main__":
    main()

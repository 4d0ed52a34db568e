"""The published preparation of each method in Pillow and NumPy, and what turns its outputs into scores: what cards are
checked against. Written from the methods' descriptions, apart from the cards."""

import io
import importlib.util
import math

import numpy as np
from PIL import Image

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
NONE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def tensor(image, statistics):
    """torchvision's ToTensor and Normalize, in float32."""
    mean, deviation = (np.float32(each) for each in statistics)
    values = (np.asarray(image, np.float32) / np.float32(255) - mean) / deviation
    return values.transpose(2, 0, 1)


def stretch(image, size, filter_):
    return image.resize((size, size), filter_)


def short_side(image, size, filter_):
    width, height = image.size
    short, long = min(width, height), max(width, height)
    if short == size:
        return image
    new = (size, size * long // short) if width <= height else (size * long // short, size)
    return image.resize(new, filter_)


def centre_crop(image, size):
    """torchvision's: pads with zeros where the image is too small, then cuts at round(excess / 2)."""
    width, height = image.size
    if width < size or height < size:
        left, top = max(0, (size - width) // 2), max(0, (size - height) // 2)
        padded = Image.new("RGB", (max(width, size), max(height, size)))
        padded.paste(image, (left, top))
        image = padded
        width, height = image.size
    left, top = round((width - size) / 2), round((height - size) / 2)
    return image.crop((left, top, left + size, top + size))


def crop_down(image, size):
    """albumentations' PadIfNeeded and CenterCrop: zeros around, smaller half first, then a cut at floor(excess / 2)."""
    pixels = np.asarray(image)
    lack = [max(0, size - side) for side in pixels.shape[:2]]
    pixels = np.pad(pixels, [(each // 2, each - each // 2) for each in lack] + [(0, 0)])
    top, left = ((side - size) // 2 for side in pixels.shape[:2])
    return pixels[top : top + size, left : left + size]


def patch_crops(image, cells, patch):
    """B-Free's rule on the grid of patches: rows and columns of `cells` patches at the corners and at floor(half the excess);
    where either number is too small, the patches are repeated and the first `cells` of both are taken five times. None for
    an image without a whole patch."""
    if min(image.size) < patch:
        return None
    values = tensor(image, IMAGENET)
    down, across = values.shape[1] // patch, values.shape[2] // patch
    rows, columns = np.arange(down), np.arange(across)
    if down < cells or across < cells:
        rows, columns = np.resize(rows, cells) if down < cells else rows[:cells], np.resize(columns, cells) if across < cells else columns[:cells]
    middle = [(len(rows) - cells) // 2, (len(columns) - cells) // 2]
    places = [(rows[:cells], columns[:cells]), (rows[:cells], columns[-cells:]), (rows[-cells:], columns[:cells]), (rows[-cells:], columns[-cells:])]
    places.append((rows[middle[0] :][:cells], columns[middle[1] :][:cells]))
    pixel = lambda chosen: (chosen[:, None] * patch + np.arange(patch)).reshape(-1)  # noqa: E731: pixels of the chosen patches
    return np.stack([values[:, pixel(row)][:, :, pixel(column)] for row, column in places])



def drawn(words, count):
    """A number from 0 to `count` - 1 as docs/recipe-steps.md draws it: MurmurHash3's finaliser over one word after another."""
    value = 0x9E3779B9
    for word in words:
        value = ((value ^ word) + 0x9E3779B9) % 2**32
        value = (value ^ value >> 16) * 0x85EBCA6B % 2**32
        value = (value ^ value >> 13) * 0xC2B2AE35 % 2**32
        value ^= value >> 16
    return value * count >> 32


def texture(patch):
    """Sums of absolute differences between neighbours in four directions; whole numbers, which torch sums in float32."""
    values = patch.astype(np.int64)
    differences = (values[1:] - values[:-1], values[:, 1:] - values[:, :-1], values[1:, 1:] - values[:-1, :-1], values[1:, :-1] - values[:-1, 1:])
    return sum(np.abs(each).sum() for each in differences)


def texture_ends(image, patch=32, across=8, seed=0):
    """PatchCraft's two squares: of three times as many random patches the poorest, poorest first, and the richest, richest
    first. None for an image without a patch, which the published code enlarges."""
    width, height = image.size
    if min(width, height) < patch:
        return None
    pixels = np.asarray(image)
    places = [[drawn((seed, number, width, height, axis), image.size[axis] - patch + 1) for axis in (0, 1)] for number in range(3 * across**2)]
    patches = sorted((pixels[y : y + patch, x : x + patch] for x, y in places), key=texture)
    square = lambda chosen: np.concatenate([np.concatenate(chosen[row * across :][:across], 1) for row in range(across)])  # noqa: E731
    return np.stack([tensor(square(chosen[: across**2]), NONE) for chosen in (patches, patches[::-1])])


def opencv_stretch(image, size):
    if image.size == (size, size):
        return image
    import cv2

    return Image.fromarray(cv2.resize(np.asarray(image), (size, size), interpolation=cv2.INTER_LINEAR))


def open_nsfw_input(image):
    """Channels last, blue first, after a JPEG round trip of Pillow's default quality."""
    file = io.BytesIO()
    stretch(image, 256, BILINEAR).crop((16, 16, 240, 240)).save(file, "JPEG")
    pixels = np.asarray(Image.open(file), np.float32)[..., ::-1]
    return np.ascontiguousarray(pixels - np.float32([104, 117, 123]))


def nudenet_input(image):
    """Black to the right and below to a square, OpenCV's bilinear to 320, blue first."""
    side = max(image.size)
    square = Image.new("RGB", (side, side))
    square.paste(image, (0, 0))
    return tensor(np.asarray(opencv_stretch(square, 320))[..., ::-1], NONE)


BICUBIC, BILINEAR = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR


def clip_input(image):
    return tensor(centre_crop(short_side(image, 224, BICUBIC), 224), CLIP)


def effort_input(image):
    """None where an image would need OpenCV and it is not here."""
    if image.size != (224, 224) and importlib.util.find_spec("cv2") is None:
        return None
    return tensor(opencv_stretch(image, 224), CLIP)


PREPARE = {
    "cnndetect": lambda image: tensor(centre_crop(image, 224), IMAGENET),
    "lgrad": lambda image: tensor(centre_crop(image, 256), HALF),
    "npr": lambda image: tensor(stretch(image, 256, BILINEAR), IMAGENET),
    "freqnet": lambda image: tensor(stretch(image, 256, BILINEAR), IMAGENET),
    "fatformer": lambda image: tensor(centre_crop(stretch(image, 256, BILINEAR), 224), IMAGENET),
    "patchcraft": texture_ends,
    "safe": lambda image: tensor(centre_crop(image, 256), NONE),
    "univfd": lambda image: tensor(centre_crop(image, 224), CLIP),
    "c2p-clip": lambda image: tensor(centre_crop(short_side(image, 224, BILINEAR), 224), CLIP),
    "effort": effort_input,
    "rine": lambda image: tensor(centre_crop(image, 224), CLIP),
    "de-fake-image": lambda image: clip_input(stretch(image, 224, BICUBIC)),
    "community-forensics": lambda image: tensor(centre_crop(short_side(image, 440, BILINEAR), 384), IMAGENET),
    "drct-convnext": lambda image: tensor(crop_down(image, 224), IMAGENET),
    "drct-clip": lambda image: tensor(crop_down(image, 224), IMAGENET),
    "b-free": lambda image: patch_crops(image, 36, 14),
    "aiornot-siglip2": lambda image: tensor(stretch(image, 224, BILINEAR), HALF),
    "falconsai-nsfw": lambda image: tensor(stretch(image, 224, BILINEAR), HALF),
    "clip-vit-l-14": clip_input,
    # CLIPImageProcessor of transformers: as CLIP's own, but for the half pixel of the cut.
    "sd-safety-checker": lambda image: tensor(crop_down(short_side(image, 224, BICUBIC), 224), CLIP),
}


def softmax(row):
    powers = [math.exp(value - max(row)) for value in row]
    return [power / sum(powers) for power in powers]


def sigmoid(row):
    return [1 / (1 + math.exp(-value)) if value > -700 else 0.0 for value in row]


SCORES = {name: sigmoid for name in ("cnndetect", "lgrad", "npr", "univfd", "c2p-clip", "rine", "community-forensics", "b-free", "freqnet", "patchcraft")}
SCORES |= {name: softmax for name in ("safe", "effort", "fatformer", "drct-convnext", "drct-clip", "de-fake-image", "aiornot-siglip2", "falconsai-nsfw")}

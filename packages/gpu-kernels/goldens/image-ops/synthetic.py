"""Images from the integer formula that src/image-ops/synthetic-image.ts repeats."""
import numpy as np


def synthetic(kind: str, width: int, height: int, seed: int, channels: int = 3) -> np.ndarray:
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
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

"""A tiny network in the shape of YOLOv8's export, with random weights, and the highest score of each label that onnxruntime gives.

    python make_boxes.py

It makes boxes.onnx (pixels to four coordinates and two scores for each of 16 boxes) and boxes.json.
"""

import torch
from torch import nn

from networks import IMAGENET, save, write

torch.manual_seed(3)


class Boxes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 4, 4)

    def forward(self, pixels):
        rows = self.conv(pixels).flatten(2)
        # Coordinates are large, as pixels are: a score that took them in would show.
        return torch.cat([rows[:, :4] * 100, torch.sigmoid(3 * rows[:, 4:])], 1)


session = save(Boxes(), "boxes.onnx", torch.zeros(2, 3, 16, 16), "pixels", "boxes")


def scores(values):
    (boxes,) = session.run(None, {"pixels": values})
    return {"scores": [round(float(score), 7) for score in boxes[0, 4:].max(1)]}


write("boxes.json", scores, *IMAGENET)

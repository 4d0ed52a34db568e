"""A network whose outputs are no scores though most pictures give numbers from 0 to 1, worked out by hand: no golden values.

    python make_colours.py

It makes colours.onnx: of the means of a picture's channels, `red` is 4 times what red has above green, `yellow` 10 times what red
and green have above blue and 1.6. Both are 0 where there is nothing above.
"""

import io

import torch
from torch import nn

from networks import HERE


class Colours(nn.Module):
    def forward(self, pixels):
        red, green, blue = pixels.mean((2, 3), keepdim=False).split(1, 1)
        return torch.relu(4 * (red - green)), torch.relu(10 * (red + green - blue - 1.6))


file = io.BytesIO()
names = ["pixels", "red", "yellow"]
axes = {name: {0: "batch"} for name in names}
torch.onnx.export(Colours().eval(), (torch.zeros(2, 3, 16, 16),), file, input_names=names[:1], output_names=names[1:], opset_version=17, dynamic_axes=axes, dynamo=False)
(HERE / "colours.onnx").write_bytes(file.getvalue())

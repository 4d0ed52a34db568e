"""Writes networks of paddle.vision with paddle2onnx and records what onnxruntime computes with them.

    python paddle_networks.py FOLDER [NAME…]        # writes FOLDER/paddle/NAME.onnx and .json; in an environment of its own (requirements.txt)
"""
import json
import pathlib
import sys

import numpy
import onnxruntime
import paddle
from paddle import nn
from paddle.vision import models

from sessions import listed

paddle.seed(7)
random = numpy.random.RandomState(7)


class Attention(nn.Layer):
    """A layer of a transformer on patches, as PaddleClas writes them."""

    def __init__(self):
        super().__init__()
        self.patches, self.layer, self.head = nn.Conv2D(3, 16, 8, 8), nn.TransformerEncoderLayer(16, 2, 32, 0.0, "gelu"), nn.Linear(16, 4)

    def forward(self, x):
        return nn.functional.softmax(self.head(self.layer(self.patches(x).flatten(2).transpose([0, 2, 1])).mean(1)))


class Pyramid(nn.Layer):
    """What detectors are made of: images of two sizes, joined."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Conv2D(3, 8, 3, 2, 1), nn.Conv2D(8, 8, 3, 2, 1), nn.Conv2D(16, 5, 1)

    def forward(self, x):
        first = nn.functional.hardswish(self.first(x))
        second = nn.functional.interpolate(nn.functional.silu(self.second(first)), size=[32, 32], mode="bilinear", align_corners=False)
        return nn.functional.sigmoid(self.last(paddle.concat([first, second], 1))).flatten(2)


networks = {
    "attention": Attention,
    "pyramid": Pyramid,
    "resnet18": lambda: models.resnet18(num_classes=4),
    "mobilenet-v1": lambda: models.mobilenet_v1(scale=0.25, num_classes=4),
    "mobilenet-v2": lambda: models.mobilenet_v2(scale=0.25, num_classes=4),
    "mobilenet-v3": lambda: models.mobilenet_v3_small(scale=0.5, num_classes=4),
    "shufflenet-v2": lambda: models.shufflenet_v2_x0_25(num_classes=4),
    "squeezenet": lambda: models.squeezenet1_1(num_classes=4),
    "densenet121": lambda: models.densenet121(num_classes=4),
    "googlenet": lambda: models.googlenet(num_classes=4),
}


def write(name, target):
    module = networks[name]()
    module.eval()
    for key, value in module.state_dict().items():  # means that start as 0 and variances as 1 would hide mistakes
        if key.endswith("_mean"):
            value.set_value(random.uniform(-0.1, 0.1, value.shape).astype("float32"))
        if key.endswith("_variance"):
            value.set_value(random.uniform(0.75, 1.25, value.shape).astype("float32"))
    paddle.onnx.export(module, str(target / name), input_spec=[paddle.static.InputSpec([None, 3, 64, 64], "float32", "x")], opset_version=17)
    session = onnxruntime.InferenceSession(str(target / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: random.uniform(-1, 1, (2, 3, 64, 64)).astype(numpy.float32)}
    outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, given)))
    recorded = {key: {name: listed(value) for name, value in values.items()} for key, values in {"inputs": given, "outputs": outputs}.items()}
    (target / f"{name}.json").write_text(json.dumps(recorded))


def main(folder, *names):
    target = pathlib.Path(folder) / "paddle"
    target.mkdir(parents=True, exist_ok=True)
    for name in names or networks:
        try:
            write(name, target)
            print(name, "ok", flush=True)
        except Exception as error:  # of any library: the others are still to be written
            print(name, type(error).__name__, (str(error).strip().splitlines() or [""])[-1][:200], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

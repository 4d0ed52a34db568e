"""GridSample in all modes, paddings and alignments as onnxruntime computes it, far outside the image too; and what infinities
and NaN at its border become with zeros around it.

    pip install -r requirements.txt && python make-grid-sample.py

Writes grid-sample.json beside this file.
"""
import json
import pathlib

import numpy
import onnxruntime
from onnx import TensorProto, helper

random = numpy.random.default_rng(7)
x = random.uniform(-1, 1, (2, 2, 3, 4)).round(3).astype(numpy.float32)
grid = random.uniform(-2.4, 2.4, (2, 4, 5, 2)).round(3).astype(numpy.float32)
listed = lambda array: [float(f"{v:.7g}") for v in array.flatten()]
record = {"x": listed(x), "grid": listed(grid), "y": {}, "infinite": {}}


def sampled(x, mode, padding, aligned):
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], mode=mode, padding_mode=padding, align_corners=aligned)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in {"x": x, "grid": grid}.items()]
    graph = helper.make_graph([node], "grid", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return listed(session.run(None, {"x": x, "grid": grid})[0])


infinite = x.copy()
infinite[0, 0, 0, 0], infinite[0, 1, 2, 3] = numpy.inf, numpy.nan
infinite[1, 0, 0, 3], infinite[1, 1, 2, 0] = numpy.nan, -numpy.inf
for mode in ["bilinear", "nearest", "bicubic"]:
    for padding in ["zeros", "border", "reflection"]:
        for aligned in [0, 1]:
            record["y"][f"{mode} {padding} {aligned}"] = sampled(x, mode, padding, aligned)
    # JSON has no infinity.
    record["infinite"][mode] = [str(value) for value in sampled(infinite, mode, "zeros", 0)]
(pathlib.Path(__file__).parent / "grid-sample.json").write_text(json.dumps(record) + "\n")

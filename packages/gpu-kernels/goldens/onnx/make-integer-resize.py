"""Linear Resize of bytes as onnxruntime's CPU computes it: cut off toward 0, so that the last place of a sum may decide.

    pip install -r requirements.txt && python make-integer-resize.py

Writes integer-resize.json beside this file. The first channel is 100 everywhere, of which some scales make 99.
"""
import json
import pathlib

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = numpy.random.default_rng(11)
sizes = [(7, 5, 14, 10), (7, 5, 16, 13), (16, 16, 7, 7), (5, 9, 5, 21), (8, 8, 3, 17), (3, 3, 1, 1), (1, 1, 4, 4)]
modes = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]
types = {"uint8": (TensorProto.UINT8, 0, 256), "int8": (TensorProto.INT8, -128, 128)}


def case(name, mode, height, width, rows, columns, by_scale):
    kind, low, high = types[name]
    x = random.integers(low, high, (1, 2, height, width)).astype(name)
    x[:, 0] = 100
    given = numpy.array([1, 1, rows / height, columns / width], numpy.float32) if by_scale else numpy.array([1, 2, rows, columns])
    names = ["x", "", "to"] if by_scale else ["x", "", "", "to"]
    node = helper.make_node("Resize", names, ["y"], mode="linear", coordinate_transformation_mode=mode)
    inputs, outputs = [[helper.make_tensor_value_info(value, kind, shape)] for value, shape in [("x", x.shape), ("y", None)]]
    graph = helper.make_graph([node], "resize", inputs, outputs, [numpy_helper.from_array(given, "to")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    y = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    to = {"scales" if by_scale else "sizes": [float(value) for value in given]}
    return {"type": name, "mode": mode, **to, "shape": x.shape[1:], "x": x.flatten().tolist(), "y": y.flatten().tolist()}


cases = [case("uint8", mode, *size, False) for mode in modes for size in sizes]
cases += [case("int8", "half_pixel", *size, False) for size in sizes] + [case("uint8", "half_pixel", *sizes[1], True)]
(pathlib.Path(__file__).parent / "integer-resize.json").write_text(json.dumps(cases) + "\n")

"""Counts how onnxruntime rounds a quantised image that is made smaller where the exact number is a half.

    python resize_ties.py

Linear weights of whole ratios (16 to 7 and 9 with aligned corners) are fractions of small denominators, so that sums of integers on
a grid often lie on the half between two. Which way such a number goes depends on the last bit of float32, not on the file.
"""
from fractions import Fraction

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

zero, scale = 111, numpy.float32(0.03698738)
codes = numpy.random.default_rng(3).normal(zero, 27, (2, 3, 16, 16)).round().clip(0, 255).astype(numpy.uint8)
sizes = numpy.array([2, 3, 7, 9])


def onnxruntime_codes():
    grid = ["scale", "zero"]
    nodes = [
        helper.make_node("DequantizeLinear", ["codes", *grid], ["x"]),
        helper.make_node("Resize", ["x", "", "", "sizes"], ["r"], mode="linear", coordinate_transformation_mode="align_corners"),
        helper.make_node("QuantizeLinear", ["r", *grid], ["y"]),
    ]
    constants = {"scale": scale, "zero": numpy.uint8(zero), "sizes": sizes}
    given = helper.make_tensor_value_info("codes", TensorProto.UINT8, codes.shape)
    result = helper.make_tensor_value_info("y", TensorProto.UINT8, sizes.tolist())
    graph = helper.make_graph(nodes, "ties", [given], [result], [numpy_helper.from_array(numpy.array(value), key) for key, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"codes": codes})[0]


def exact(n, c, i, j):
    """In steps of the grid, from its zero point."""
    places = []
    for at in (Fraction(15 * i, 6), Fraction(15 * j, 8)):
        low = int(at)
        places.append([(low, 1 - (at - low)), (min(low + 1, 15), at - low)])
    return sum(u * v * (int(codes[n, c, y, x]) - zero) for y, u in places[0] for x, v in places[1])


found = onnxruntime_codes()
ties = odd = others = 0
for place in numpy.ndindex(found.shape):
    number = exact(*place)
    is_even = round(number) + zero == found[place]
    if number.denominator == 2:
        ties, odd = ties + 1, odd + (not is_even)
    else:
        others += not is_even
print(f"{found.size} numbers, {ties} on a half, of which {odd} do not go to the even side; {others} others differ from the exact number's code")

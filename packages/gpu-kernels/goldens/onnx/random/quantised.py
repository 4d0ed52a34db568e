"""QuantizeLinear and DequantizeLinear around ops, as quantisers write them."""
import numpy
from graph import Dropped
from layers import is_plain, of_rank
from windows import window


def grid(graph, kind=None):
    kind = kind or graph.pick("uint8", "int8")
    scale = graph.pick(0.125, 0.0625, 0.25, 0.03125)
    zero = 0 if graph.chance(0.4) else graph.integer(0, 200) if kind == "uint8" else graph.integer(-100, 100)
    return [graph.constant(numpy.float32(scale), True), graph.constant(numpy.asarray(zero, dtype=kind), True)]


def pair(graph, value, given=None):
    given = given or grid(graph)
    # A sum that may round to either side of a half would make a step of difference.
    bytes_ = graph.add("QuantizeLinear", [value, *given], exact=value.exact)
    return graph.add("DequantizeLinear", [bytes_, *given], exact=value.exact)


def weight(graph, shape, axis):
    """Weights on a grid, one scale for all or one a channel."""
    kind = graph.pick("int8", "int8", "uint8")
    low, high = (-127, 127) if kind == "int8" else (0, 255)
    whole = graph.random.integers(low, high + 1, shape).astype(kind)
    per = graph.chance(0.5)
    scales = (2.0 ** -graph.random.integers(4, 8, shape[axis] if per else ())).astype(numpy.float32)
    zeros = numpy.zeros(scales.shape, dtype=kind) if kind == "int8" else numpy.full(scales.shape, 128, dtype=kind)
    if graph.opset < 13 and per:
        raise Dropped
    attributes = {"axis": axis} if per else {}
    return graph.add("DequantizeLinear", [graph.constant(whole, True), graph.constant(scales, True), graph.constant(zeros, True)], lead=False, **attributes)


def bias(graph, length, scale):
    whole = graph.random.integers(-200, 200, length).astype(numpy.int32)
    return graph.add("DequantizeLinear", [graph.constant(whole, True), graph.constant(numpy.float32(scale), True)], lead=False) if graph.chance(0.7) else graph.constant((whole * scale).astype(numpy.float32))


def qdq(graph):
    """A layer between pairs; sums are exact, since scales are powers of two."""
    start = graph.choose(lambda value: is_plain(value) and value.exact and value.rank >= 2 and numpy.isfinite(value.array).all())
    style = graph.integer(0, 5)
    if style == 0:
        value = of_rank(graph, 4, 3, kind=lambda value: is_plain(value) and value.exact and value.lead)
        x = pair(graph, value)
        kernel, attributes = window(graph, x.shape[2:])
        group = graph.pick(1, 1, x.shape[1])
        out = group * graph.integer(1, 3)
        w = weight(graph, (out, x.shape[1] // group, *kernel), 0)
        y = graph.add("Conv", [x, w, *([bias(graph, out, 2.0**-10)] if graph.chance(0.5) else [])], group=group, **attributes)
    elif style == 1:
        x = pair(graph, start)
        w = weight(graph, (x.shape[-1], graph.size()), 1)
        y = graph.add("MatMul", [x, w])
        if graph.chance(0.5):
            y = graph.add("Add", [y, graph.floats(y.shape[-1]) if graph.chance(0.2) else graph.constant((graph.random.integers(-40, 40, y.shape[-1]) / 32).astype(numpy.float32))], lead=y.lead)
    elif style == 2:
        value = of_rank(graph, 2, kind=lambda value: is_plain(value) and value.exact and value.lead)
        x = pair(graph, value)
        turned = graph.pick(0, 1)
        out = graph.size()
        w = weight(graph, (out, x.shape[1]) if turned else (x.shape[1], out), 0 if turned else 1)
        y = graph.add("Gemm", [x, w, *([bias(graph, out, 2.0**-10)] if graph.chance(0.5) else [])], transB=turned)
    elif style == 3:
        x = pair(graph, start)
        other = graph.choose(lambda value: is_plain(value) and value.exact and value.shape == x.shape)
        y = graph.add(graph.pick("Add", "Mul", "Sub"), [x, pair(graph, other)])
    elif style == 4:
        value = of_rank(graph, 4, kind=lambda value: is_plain(value) and value.exact and value.lead)
        x = pair(graph, value)
        op = graph.pick("MaxPool", "Relu", "Transpose", "Resize", "Concat", "Clip")
        if op == "MaxPool":
            kernel, attributes = window(graph, x.shape[2:])
            y = graph.add(op, [x], kernel_shape=kernel, **attributes)
        elif op == "Concat":
            y = graph.add(op, [x, pair(graph, value)], axis=1)
        elif op == "Resize":
            y = graph.add(op, [x, "" if graph.opset >= 13 else graph.floats(0), graph.constant(numpy.array([1, 1, 2, 2], dtype=numpy.float32))], mode="nearest")
        elif op == "Clip":
            y = graph.add(op, [x, graph.constant(numpy.float32(0)), graph.constant(numpy.float32(graph.pick(6, 1)))])
        else:
            y = graph.add(op, [x], perm=[0, 2, 3, 1]) if op == "Transpose" else graph.add(op, [x])
    else:
        y = pair(graph, start)
    if graph.chance(0.3):
        y = graph.add("Relu", [y])
    return pair(graph, y) if graph.chance(0.8) else y


def integers(graph):
    """QuantizeLinear alone, with what saturates, and ops on integers."""
    style = graph.integer(0, 4)
    value = graph.choose(lambda value: is_plain(value) and value.exact and value.rank >= 1 and not numpy.isnan(value.array).any())
    given = grid(graph)
    if style == 0:
        made = graph.add("QuantizeLinear", [value, *given])
        return graph.add("DequantizeLinear", [made, *given]) if graph.chance(0.5) else made
    if style == 1:
        made = graph.add("QuantizeLinear", [value, *grid(graph)])
        if graph.chance(0.5):
            made = graph.add("Cast", [made], to=graph.pick(6, 1, 7))
        return made
    if style == 2 and value.rank >= 2:
        kind = graph.pick("uint8", "int8")
        scale, zero = grid(graph, "uint8")
        made = graph.add("QuantizeLinear", [value, scale, zero])
        w = graph.constant(graph.numbers((value.shape[-1], graph.size()), kind), True)
        zeros = [zero, graph.constant(numpy.asarray(graph.pick(0, 3), dtype=kind), True)]
        return graph.add("Cast", [graph.add("MatMulInteger", [made, w, *zeros])], to=1)
    if style == 3 and value.rank >= 2 and graph.opset >= 13:
        axis = graph.integer(1, value.rank - 1)
        length = value.shape[axis]
        scales = graph.constant((2.0 ** -graph.random.integers(2, 6, length)).astype(numpy.float32), True)
        zeros = graph.constant(graph.random.integers(0, 120, length).astype(numpy.uint8), True)
        made = graph.add("QuantizeLinear", [value, scales, zeros], axis=graph.pick(axis, axis - value.rank))
        return graph.add("DequantizeLinear", [made, scales, zeros], axis=axis)
    if not numpy.isfinite(value.array).all() or value.lead and graph.items > 1:
        raise Dropped  # each item has a grid of its own here
    made, scale, zero = graph.add("DynamicQuantizeLinear", [value], exact=False, outputs=3)
    return graph.add("DequantizeLinear", [made, scale, zero], exact=False)

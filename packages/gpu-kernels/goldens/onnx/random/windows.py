"""Convolutions, pools, resizes, pads and what moves numbers about."""
import numpy
from graph import Dropped
from layers import axes_of, for_each, is_float, is_plain, of_rank

EXACT = {"MaxPool", "GlobalMaxPool"}


def window(graph, spatial, most=3):
    """kernel, strides, dilations, pads or auto_pad, of sizes that fit now and then only; onnxruntime says which."""
    d = len(spatial)
    kernel = [graph.integer(1, min(most, length)) for length in spatial]
    attributes = {}
    if graph.chance(0.5):
        attributes["strides"] = [graph.integer(1, 3) for _ in range(d)]
    if graph.chance(0.3):
        attributes["dilations"] = [graph.integer(1, 3) for _ in range(d)]
    if graph.chance(0.25):
        attributes["auto_pad"] = graph.pick("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET")
        # Of windows smaller than their stride onnxruntime pads by less than nothing.
        if any(size < stride for size, stride in zip(kernel, attributes.get("strides", kernel))):
            attributes["auto_pad"] = "VALID"
    elif graph.chance(0.6):
        attributes["pads"] = [graph.integer(0, min(2, length - 1)) for length in [*kernel, *kernel]]
    return kernel, attributes


def conv(graph, value=None, out=None):
    value = value or of_rank(graph, 4, 4, 4, 3, 5, kind=is_float)
    if not value.lead or value.rank < 3:
        raise Dropped
    channels = value.shape[1]
    kernel, attributes = window(graph, value.shape[2:])
    group = graph.pick(1, 1, 1, channels, *[g for g in range(1, channels + 1) if channels % g == 0])
    out = out or group * graph.integer(1, 3)
    if out % group:
        group = 1
    weight = graph.constant((graph.random.uniform(-1, 1, (out, channels // group, *kernel))).astype(value.kind))
    bias = [graph.constant(graph.random.uniform(-1, 1, out).astype(value.kind))] if graph.chance(0.5) else []
    return graph.add("Conv", [value, weight, *bias], exact=False, group=group if group > 1 or graph.chance(0.5) else None, kernel_shape=kernel if graph.chance(0.8) else None, **attributes)


def conv_transpose(graph):
    value = of_rank(graph, 4, 4, 3, 5, kind=is_plain)
    if not value.lead:
        raise Dropped
    channels = value.shape[1]
    kernel = [graph.integer(1, 3) for _ in value.shape[2:]]
    _, attributes = window(graph, [max(kernel)] * len(kernel))
    group = graph.pick(1, 1, *[g for g in range(1, channels + 1) if channels % g == 0])
    out = graph.integer(1, 3)
    weight = graph.floats(channels, out, *kernel)
    bias = [graph.floats(group * out)] if graph.chance(0.5) else []
    strides = attributes.get("strides", [1] * len(kernel))
    if any(size < stride for size, stride in zip(kernel, strides)):
        attributes.pop("auto_pad", None)  # ONNX says a size that onnxruntime does not give
    if graph.chance(0.4):
        attributes["output_padding"] = [graph.integer(0, max(0, stride - 1)) for stride in strides]
    return graph.add("ConvTranspose", [value, weight, *bias], exact=False, group=group, kernel_shape=kernel if graph.chance(0.6) else None, **attributes)


def pool(graph):
    op = graph.pick("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", "AveragePool")
    value = of_rank(graph, 4, 4, 4, 3, 5, kind=is_plain)
    if op.startswith("Global"):
        return graph.add(op, [value], exact=op in EXACT)
    kernel, attributes = window(graph, value.shape[2:])
    if attributes.get("auto_pad", "").startswith("SAME"):
        attributes.pop("dilations", None)  # onnxruntime pads as if there were none
    if op == "AveragePool" and graph.opset < 19 or op == "LpPool" and graph.opset < 18:
        attributes.pop("dilations", None)
    if op != "LpPool" or graph.opset >= 18:
        attributes["ceil_mode"] = graph.pick(None, 0, 1)
    if op == "AveragePool":
        attributes["count_include_pad"] = graph.pick(None, 0, 1)
    if op == "LpPool":
        attributes["p"] = graph.pick(None, 1, 2, 3)
    return graph.add(op, [value], exact=op in EXACT, kernel_shape=kernel, **attributes)


def resize(graph):
    value = of_rank(graph, 4, 4, 3, 2, 5, kind=is_plain)
    lead = 2 if value.rank >= 3 else 1
    if value.rank <= lead:
        raise Dropped
    if graph.opset < 11:
        scales = [1.0] * lead + [float(graph.integer(1, 3)) for _ in value.shape[lead:]]
        op = "Resize" if graph.opset == 10 else "Upsample"
        return graph.add(op, [value, graph.constant(numpy.array(scales, dtype=numpy.float32))], mode=graph.pick(None, "nearest", "linear"))
    mode = graph.pick("nearest", "linear", "cubic", "nearest", "linear")
    attributes = {"mode": mode, "coordinate_transformation_mode": graph.pick(None, "half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric" if graph.opset >= 19 else "half_pixel")}
    if mode == "nearest":
        attributes["nearest_mode"] = graph.pick(None, "floor", "ceil", "round_prefer_ceil", "round_prefer_floor")
    if mode == "cubic":
        attributes["cubic_coeff_a"], attributes["exclude_outside"] = graph.pick(None, -0.5, -0.75), graph.pick(None, 0, 1)
    if graph.opset >= 18 and mode != "nearest" and graph.chance(0.25):
        attributes["antialias"] = 1
    scale = lambda: graph.pick(1.0, 2.0, 0.5, 1.5, 3.0, 0.6, 1.25)
    scales = [1.0] * lead + [scale() for _ in value.shape[lead:]]
    # Where a length is no whole number, ONNX's tests take it as it is and onnxruntime rounds it: Diptych does what the tests say.
    if attributes["coordinate_transformation_mode"] in ("align_corners", "half_pixel_symmetric") and any(length * factor % 1 for length, factor in zip(value.shape, scales)):
        raise Dropped
    # Where nothing becomes larger onnxruntime copies, whatever the scales say.
    if any(factor != 1 for factor in scales) and all(int(length * factor) == length for length, factor in zip(value.shape, scales)):
        raise Dropped
    if graph.chance(0.5):
        sizes = [max(1, int(length * factor)) for length, factor in zip(value.shape, scales)]
        if graph.opset >= 18 and graph.chance(0.6):
            axes = list(range(lead, value.rank))
            return graph.add("Resize", [value, "", "", graph.whole(sizes[lead:])], exact=mode == "nearest", axes=axes, keep_aspect_ratio_policy=graph.pick(None, "stretch", "not_larger", "not_smaller"), **attributes)
        if graph.is_open:
            raise Dropped
        return graph.add("Resize", [value, "" if graph.opset >= 13 else graph.floats(0), "" if graph.opset >= 13 else graph.floats(0), graph.whole(sizes)], exact=mode == "nearest", **attributes)
    roi = "" if graph.opset >= 13 else graph.floats(0)
    return graph.add("Resize", [value, roi, graph.constant(numpy.array(scales, dtype=numpy.float32))], exact=mode == "nearest", **attributes)


def pad(graph):
    value = graph.choose(lambda value: value.rank >= 1 and (is_float(value) or value.kind in ("int32", "int64", "bool")))
    mode = graph.pick(None, "constant", "reflect", "edge", "wrap" if graph.opset >= 19 else "edge")
    first = 1 if value.lead else 0
    sides = [[0 if axis < first or graph.chance(0.3) else graph.integer(-1, 2) for axis in range(value.rank)] for _ in range(2)]
    if graph.opset < 11:
        return graph.add("Pad", [value], mode=mode, pads=[*sides[0], *sides[1]], value=graph.pick(None, 0.5))
    inputs = [value, graph.whole([*sides[0], *sides[1]])]
    if graph.opset >= 18 and graph.chance(0.4):
        axes = axes_of(graph, value)
        inputs = [value, graph.whole([graph.integer(-1, 2) for _ in range(2 * len(axes))]), "", graph.whole(axes)]
    if mode in (None, "constant") and graph.chance(0.5):
        fill = graph.constant(numpy.asarray(graph.pick(0, 1, 0.5, -numpy.inf) if is_float(value) else 1, dtype=value.kind))
        inputs[2:3] = [fill]
    return graph.add("Pad", inputs, mode=mode)


def instance_norm(graph):
    op = graph.pick("InstanceNormalization", "GroupNormalization", "LRN", "BatchNormalization", "MeanVarianceNormalization")
    value = of_rank(graph, 4, 3, 5, kind=is_plain) if op != "MeanVarianceNormalization" else of_rank(graph, 4, kind=is_plain)
    channels = value.shape[1]
    if op == "LRN":
        return graph.add(op, [value], exact=False, size=graph.integer(1, 5), alpha=graph.pick(None, 0.5), beta=graph.pick(None, 0.5), bias=graph.pick(None, 2.0))
    if op == "MeanVarianceNormalization":
        axes = graph.pick([2, 3], [1, 2, 3], [3], [-1, -2])
        if all(value.shape[axis] == 1 for axis in axes):
            raise Dropped  # onnxruntime divides by 0 where ONNX adds 1e-9
        return graph.add(op, [value], exact=False, axes=axes)
    if op == "BatchNormalization":
        return batch_norm(graph, value)
    if op == "InstanceNormalization" and all(length == 1 for length in value.shape[2:]):
        raise Dropped  # onnxruntime loses the last digits of the bias
    per = channels
    attributes = {"epsilon": graph.pick(None, 1e-3, 0.5)}
    if op == "GroupNormalization":
        if graph.opset < 18:
            raise Dropped
        attributes["num_groups"] = graph.pick(*[g for g in range(1, channels + 1) if channels % g == 0])
        per = channels if graph.opset >= 21 else attributes["num_groups"]
    return graph.add(op, [value, graph.floats(per), graph.floats(per)], exact=False, **attributes)


def batch_norm(graph, value):
    channels = value.shape[1]
    ones = [graph.floats(channels) for _ in range(3)]
    return graph.add("BatchNormalization", [value, *ones, graph.floats(channels, low=0.1, high=2.0)], exact=False, epsilon=graph.pick(None, 1e-3, 0.1, 1.0), momentum=graph.pick(None, 0.5))


def layer_norm(graph):
    op = graph.pick("LayerNormalization", "RMSNormalization", "LayerNormalization", "RMSNormalization")
    value = graph.choose(lambda value: is_plain(value) and value.rank >= 2)
    axis = graph.integer(1, value.rank - 1)
    wide = value.shape[axis:]
    shape = wide if graph.chance(0.8) else [length if graph.chance(0.5) else 1 for length in wide]
    inputs = [value, graph.floats(*shape)]
    if op == "LayerNormalization" and graph.chance(0.6):
        inputs.append(graph.floats(*shape))
    return graph.add(op, inputs, exact=False, axis=axis - value.rank if graph.chance(0.5) else axis, epsilon=graph.pick(None, 1e-3, 0.5))


def grid_sample(graph):
    value = of_rank(graph, 4, kind=is_plain)
    if not value.lead or graph.opset < 16:
        raise Dropped
    grid = for_each(graph, value, graph.random.uniform(-1.3, 1.3, (1, 3, 2, 2)).astype(numpy.float32))
    mode = graph.pick("linear", "nearest", "cubic") if graph.opset >= 20 else graph.pick("bilinear", "nearest", "bicubic")
    return graph.add("GridSample", [value, grid], exact=False, mode=mode, padding_mode=graph.pick(None, "zeros", "border", "reflection"), align_corners=graph.pick(None, 0, 1))


def space(graph):
    value = of_rank(graph, 4)
    op = graph.pick("DepthToSpace", "SpaceToDepth")
    return graph.add(op, [value], blocksize=graph.pick(1, 2, 3), mode=graph.pick(None, "DCR", "CRD") if op == "DepthToSpace" else None)

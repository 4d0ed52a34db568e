"""Chains that import and planner make into fewer steps, and chains that look like them and are something else."""
import math

import numpy
from graph import Dropped
from layers import axes_of, broadcasts, clip, is_float, is_plain, of_rank, operand, reshaped
from windows import batch_norm, conv, conv_transpose


def near(graph, number, p=0.25):
    """The number, or one that a pattern must not take for it."""
    return number * graph.pick(1.01, 0.5, -1, 2, 1.001, 0) + graph.pick(0, 0, 0.25) if graph.chance(p) else number


def odd(graph, value, numbers):
    """A constant of as many dimensions as a pattern expects, or of others."""
    return graph.constant(numpy.asarray(numbers, dtype=value.kind))


def swapped(graph, a, b):
    return [a, b] if graph.chance(0.5) else [b, a]


def activate(graph, x):
    """One of the functions that networks end a layer with, in the ops that exporters write it in."""
    add = lambda op, *inputs, **attributes: graph.add(op, list(inputs), exact=False, **attributes)
    number = lambda value: graph.scalar(near(graph, value), x.kind)
    kind = graph.integer(0, 12)
    y = graph.choose(lambda other: other.kind == x.kind and other.shape == x.shape and other.lead == x.lead) if graph.chance(0.1) else x
    if graph.chance(0.05):
        y = clip(graph, x)
    if graph.chance(0.1):
        x = y = graph.add("Mul", [x, graph.scalar(graph.pick(8, 50), x.kind)])  # where functions are straight lines
    if kind == 0:
        return add(graph.pick("Relu", "Sigmoid", "Tanh", "HardSwish", "Mish", "Softplus", "Erf"), x)
    if kind == 1:
        return add("Mul", *swapped(graph, y, add("Sigmoid", x)))
    if kind == 2:
        return add("Mul", *swapped(graph, y, add("Sigmoid", add("Mul", *swapped(graph, x, number(1.702))))))
    if kind == 3:  # GELU: the half may stand in three places
        inner = add("Div", x, number(math.sqrt(2))) if graph.chance(0.5) else add("Mul", x, number(math.sqrt(0.5)))
        one = add("Add", *swapped(graph, add("Erf", inner), number(1)))
        style = graph.integer(0, 2)
        if style == 0:
            return add("Mul", *swapped(graph, add("Mul", *swapped(graph, y, one)), number(0.5)))
        if style == 1:
            return add("Mul", *swapped(graph, add("Mul", *swapped(graph, y, number(0.5))), one))
        return add("Mul", *swapped(graph, y, add("Mul", *swapped(graph, one, number(0.5)))))
    if kind == 4:
        cube = add("Pow", x, number(3)) if graph.chance(0.5) else add("Mul", x, add("Mul", x, x))
        inner = add("Mul", *swapped(graph, add("Add", x, add("Mul", *swapped(graph, cube, number(0.044715)))), number(math.sqrt(2 / math.pi))))
        return add("Mul", *swapped(graph, add("Mul", *swapped(graph, y, number(0.5))), add("Add", add("Tanh", inner), number(1))))
    if kind == 5:  # x · relu6(x + 3) / 6
        moved = add("Add", *swapped(graph, x, number(3)))
        low, high = (near(graph, v, 0.1) for v in (0, 6))
        bounds = [graph.constant(numpy.asarray(v, dtype=x.kind)) for v in (low, high)]
        six = add("Clip", moved, *bounds) if graph.opset >= 11 else add("Clip", moved, min=float(low), max=float(high))
        if graph.chance(0.3):
            return add("Div", add("Mul", *swapped(graph, y, six)), number(6))
        part = add("Div", six, number(6)) if graph.chance(0.5) else add("Mul", six, number(1 / 6))
        return add("Mul", *swapped(graph, y, part))
    if kind == 6:
        return add("Mul", *swapped(graph, y, add("HardSigmoid", x, alpha=near(graph, 1 / 6), beta=near(graph, 0.5))))
    if kind == 7:
        return add("Mul", *swapped(graph, y, add("Tanh", add("Softplus", x))))
    if kind == 8:
        return clip(graph, x)
    if kind == 9:
        return add("Div", number(1), add("Add", number(1), add("Exp", add("Neg", x))))
    if kind == 10:  # leaky in other words
        return add("Max", *swapped(graph, x, add("Mul", x, number(0.1))))
    if kind == 11:
        return add("Sub", add("Relu", x), add("Mul", add("Relu", add("Neg", x)), number(0.25)))
    return add(graph.pick("LeakyRelu", "Elu"), x, alpha=near(graph, 0.1))


def activations(graph):
    return activate(graph, graph.choose(is_plain))


def per_channel(graph, x):
    """Mul or Add of a number for each channel, in one of the shapes that this may have, or along another axis."""
    axis = 1 if graph.chance(0.8) else graph.integer(0 if not x.lead else 1, x.rank - 1)
    shape = [x.shape[axis] if d == axis else 1 for d in range(x.rank)]
    array = graph.random.uniform(-1, 1, shape[graph.pick(0, min(axis, 1)) :])
    if graph.chance(0.15):
        array = graph.random.uniform(-1, 1, ())
    return graph.add(graph.pick("Mul", "Add", "Sub", "Div") , [x, odd(graph, x, array + 2)] if graph.chance(0.8) else [odd(graph, x, array + 2), x], exact=False, lead=x.lead)


def conv_chain(graph):
    x = of_rank(graph, 4, 4, 4, 3, 5, kind=is_plain)
    y = conv(graph, x) if graph.chance(0.85) else conv_transpose(graph)
    parts = [lambda: batch_norm(graph, y), lambda: per_channel(graph, y), lambda: activate(graph, y), lambda: graph.add("Add", swapped(graph, y, operand(graph, y)), exact=False, lead=y.lead), lambda: graph.add(graph.pick("MaxPool", "AveragePool"), [y], exact=False, kernel_shape=[1] * (y.rank - 2)), lambda: conv(graph, y), lambda: squeeze_excite(graph, y), lambda: graph.add("Pad", [y, graph.whole([0, 0, *[1] * (y.rank - 2), 0, 0, *[graph.integer(0, 1)] * (y.rank - 2)])], exact=False)]
    for _ in range(graph.integer(1, 4)):
        y = parts[graph.pick(0, 1, 2, 2, 3, 3, 4, 5, 6, 7)]()
    return y


def squeeze_excite(graph, x):
    mean = graph.add("GlobalAveragePool", [x], exact=False) if graph.chance(0.5) else graph.add("ReduceMean", [x, graph.whole(list(range(2, x.rank)))] if graph.opset >= 18 else [x], exact=False, keepdims=1, axes=None if graph.opset >= 18 else list(range(2, x.rank)))
    gate = graph.add(graph.pick("Sigmoid", "HardSigmoid", "Relu"), [mean], exact=False)
    return graph.add("Mul", swapped(graph, x, gate), exact=False)


def mean_of(graph, x, axes, keep=1):
    if graph.opset >= 18:
        return graph.add("ReduceMean", [x, graph.whole(axes)], exact=False, keepdims=keep)
    return graph.add("ReduceMean", [x], exact=False, axes=axes, keepdims=keep)


def norm_chain(graph):
    """LayerNorm or RMSNorm in single ops; a near miss has other axes, powers or places of epsilon."""
    add = lambda op, *inputs, **attributes: graph.add(op, list(inputs), exact=False, **attributes)
    x = graph.choose(lambda value: is_plain(value) and value.rank >= 2)
    axes = [-1] if graph.chance(0.6) else axes_of(graph, x)
    others = axes if graph.chance(0.85) else axes_of(graph, x)
    centred = x
    if graph.chance(0.6):
        mean = mean_of(graph, x, axes)
        centred = add("Sub", x, mean) if graph.chance(0.93) else add("Sub", mean, x)
    source = centred if graph.chance(0.93) else x
    square = add("Pow", source, graph.scalar(2 if graph.chance(0.93) else 3)) if graph.chance(0.6) else add("Mul", source, source)
    if graph.chance(0.1):
        square = add("Abs", square)
    variance = mean_of(graph, square, others)
    epsilon = graph.constant(numpy.asarray(graph.pick(1e-5, 1e-6, 1e-12, 0.1, 1.0), dtype=numpy.float32).reshape(graph.pick((), (1,), (1, 1))))
    style = graph.integer(0, 5)
    if style == 0:
        root = add("Add", add("Sqrt", variance), epsilon)
    else:
        root = add("Sqrt", add("Add", *swapped(graph, variance, epsilon)))
    over = centred if graph.chance(0.95) else x
    if style in (1, 2):
        result = add("Mul", *swapped(graph, over, add("Reciprocal", root)))
    elif style == 3:
        result = add("Mul", over, add("Pow", root, graph.scalar(-1)))
    else:
        result = add("Div", over, root)
    for op in ("Mul", "Add"):
        if graph.chance(0.7):
            shape = x.shape[-1:] if graph.chance(0.7) else [length if graph.chance(0.6) else 1 for length in x.shape[1 if x.lead else 0 :]]
            result = add(op, *swapped(graph, result, graph.floats(*shape)), lead=x.lead)
    return result


def attention(graph):
    """Products around a Softmax, with scales and masks where exporters put them and where they do not."""
    add = lambda op, *inputs, **attributes: graph.add(op, list(inputs), exact=False, **attributes)
    x = of_rank(graph, 3, kind=is_plain)
    if not x.lead or x.shape[2] < 2:
        raise Dropped
    tokens, wide = x.shape[1:]
    heads, deep = graph.pick(1, 2, 3), graph.pick(1, 2, 4, 5)
    project = lambda: add("MatMul", x, graph.floats(wide, heads * deep))
    split = lambda value, order: add("Transpose", reshaped(graph, value, [tokens, heads, deep]), perm=order)
    q, v = split(project(), [0, 2, 1, 3]), split(project(), [0, 2, 1, 3])
    if graph.chance(0.5):
        k = split(project(), [0, 2, 3, 1])
    else:
        k = add("Transpose", split(project(), [0, 2, 1, 3]), perm=[0, 1, 3, 2])
    scale = lambda value, s: add("Mul", value, graph.scalar(s)) if graph.chance(0.6) else add("Div", value, graph.scalar(1 / s))
    where = graph.integer(0, 4)
    if where in (0, 1):
        q = scale(q, graph.pick(deep**-0.5, 0.3))
    if where == 1:
        k = scale(k, graph.pick(deep**-0.25, -0.5))
    scores = add("MatMul", q, k)
    if where in (2, 3):
        scores = scale(scores, graph.pick(deep**-0.5, -1, 7))
    if graph.chance(0.5):
        shape = graph.pick((tokens, tokens), (1, 1, tokens, tokens), (1, heads, tokens, tokens), (tokens,), (tokens, 1), (1, heads, 1, 1), (heads, 1, tokens))
        mask = graph.numbers(shape)
        if graph.chance(0.4):
            mask = numpy.where(graph.random.random(shape) < 0.3, graph.pick(-numpy.inf, numpy.finfo(numpy.float32).min, -1e4), 0).astype(numpy.float32)
            if shape[-1] > 1:
                mask[..., 0] = 0
        if graph.chance(0.75):
            scores = add("Add", *swapped(graph, scores, graph.constant(mask)))
        else:
            kept = graph.constant(numpy.asarray(mask >= 0))
            scores = add("Where", kept, scores, graph.scalar(graph.pick(-1e9, -1e4, numpy.finfo(numpy.float32).min)), lead=True)
    if where == 4:
        scores = scale(scores, 0.5)
    weights = graph.add("Softmax", [scores], exact=False, axis=-1 if graph.chance(0.9) else graph.pick(1, 2) if graph.opset >= 13 else 3)
    if graph.chance(0.15):
        weights = add("Mul", weights, graph.pick(v, weights)) if graph.chance(0.3) and deep == tokens else add("Where", add("IsNaN", weights), graph.scalar(0.0), weights, lead=True)
    out = add("MatMul", weights, v)
    if graph.chance(0.7):
        out = reshaped(graph, add("Transpose", out, perm=[0, 2, 1, 3] if graph.chance(0.9) else [0, 1, 3, 2]), [tokens, heads * deep])
    return out


def linear_chain(graph):
    """Products with constants before and after: bias, scale, residual, function."""
    x = graph.choose(lambda value: is_plain(value) and value.rank >= 2)
    y = graph.add("MatMul", [x, graph.floats(x.shape[-1], graph.size())], exact=False)
    parts = [lambda: graph.add("Add", swapped(graph, y, graph.floats(y.shape[-1])), exact=False, lead=y.lead), lambda: graph.add(graph.pick("Mul", "Sub", "Div"), swapped(graph, y, operand(graph, y, 0.5, 2)), exact=False, lead=y.lead), lambda: activate(graph, y), lambda: graph.add("Add", swapped(graph, y, operand(graph, y)), exact=False, lead=y.lead), lambda: graph.add("MatMul", [y, graph.floats(y.shape[-1], graph.size())], exact=False), lambda: per_channel(graph, y)]
    for _ in range(graph.integer(1, 4)):
        y = parts[graph.integer(0, 5)]()
    return y


def shuffle(graph):
    """Reshape, Transpose, Reshape: channel shuffle, windows, heads, patches, and others that have no name."""
    x = of_rank(graph, 4, 3, kind=is_float)
    shape = list(x.shape[1:] if x.lead else x.shape)
    at = graph.integer(0, len(shape) - 1)
    factor = graph.pick(*[f for f in range(1, shape[at] + 1) if shape[at] % f == 0])
    split = [*shape[:at], factor, shape[at] // factor, *shape[at + 1 :]]
    first = 1 if x.lead else 0
    y = reshaped(graph, x, split)
    order = graph.random.permutation(len(split))
    y = graph.add("Transpose", [y], perm=[*range(first), *(int(axis) + first for axis in order)])
    if graph.chance(0.4):
        y = graph.add(graph.pick("Relu", "Mul", "Sigmoid"), [y], exact=False) if graph.chance(0.5) else per_channel(graph, y)
    moved = [split[int(axis)] for axis in order]
    at = graph.integer(0, len(moved) - 2)
    moved[at : at + 2] = [moved[at] * moved[at + 1]]
    y = reshaped(graph, y, moved)
    if graph.chance(0.5):
        order = graph.random.permutation(len(moved))
        y = graph.add("Transpose", [y], perm=[*range(first), *(int(axis) + first for axis in order)])
    return y


def window_slices(graph):
    """Slices of one value put together again, as Focus layers and shifted windows have it."""
    x = of_rank(graph, 4, 3, kind=is_float)
    axis = graph.integer(1 if x.lead else 0, x.rank - 1)
    length = x.shape[axis]
    cut = graph.integer(0, length)
    take = lambda start, end, step=1: graph.add("Slice", [x, graph.whole([start]), graph.whole([end]), graph.whole([axis - graph.pick(0, x.rank)]), graph.whole([step])])
    if graph.chance(0.5) and 0 < cut < length:
        parts = [take(cut, 2**31 - 1), take(0, cut)]
    else:
        parts = [take(0, length, 2), take(1, length, 2)] if length >= 2 and length % 2 == 0 else [x, take(length - 1, -length - 1, -1)]
    return graph.add("Concat", parts, axis=graph.pick(axis, axis - x.rank))

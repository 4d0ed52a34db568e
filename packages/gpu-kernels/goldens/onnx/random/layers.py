"""One op at a time: each function adds a node or two to a graph, with attributes drawn from all that its op allows."""
import numpy
from graph import Dropped

FLOAT = ("float32", "float16")
is_float = lambda value: value.kind in FLOAT
is_plain = lambda value: value.kind == "float32"


def axis_of(graph, value, least=None):
    """An axis, most often not that of the batch, negative half of the time."""
    first = 1 if value.lead and not graph.chance(0.03) else 0
    if value.rank <= first:
        raise Dropped
    axis = graph.integer(first, value.rank - 1)
    return axis - value.rank if graph.chance(0.5) else axis


def axes_of(graph, value):
    first = 1 if value.lead and not graph.chance(0.03) else 0
    if value.rank <= first:
        raise Dropped
    count = graph.integer(1, value.rank - first)
    axes = graph.random.choice(numpy.arange(first, value.rank), count, replace=False)
    return [int(axis) - (value.rank if graph.chance(0.4) else 0) for axis in axes]


def of_rank(graph, *ranks, kind=is_float):
    """A value of one of the ranks; a Reshape makes one where there is none."""
    rank = graph.pick(*ranks)
    if graph.chance(0.7):
        fit = [value for value in graph.values if value.rank in ranks and kind(value)]
        if fit:
            return fit[-1] if graph.chance(0.6) else fit[graph.integer(0, len(fit) - 1)]
    value = graph.choose(kind)
    shape = list(value.shape[1:]) if value.lead else list(value.shape)
    wanted = rank - (1 if value.lead else 0)
    if wanted < 0 or not shape:
        raise Dropped
    while len(shape) > max(1, wanted):
        at = graph.integer(0, len(shape) - 2)
        shape[at : at + 2] = [shape[at] * shape[at + 1]]
    if len(shape) > wanted:
        raise Dropped
    while len(shape) < wanted:
        at = graph.integer(0, len(shape) - 1)
        factors = [f for f in range(1, shape[at] + 1) if shape[at] % f == 0]
        factor = graph.pick(*factors)
        shape[at : at + 1] = [factor, shape[at] // factor]
    return reshaped(graph, value, shape)


def reshaped(graph, value, shape):
    """A Reshape to `shape` (without batch), in the forms that exporters write."""
    if not value.lead:
        return graph.add("Reshape", [value, graph.whole(shape)])
    style = graph.integer(0, 3)
    if style == 0 or not graph.is_open and style == 3:
        target = graph.whole([0, *shape])
    elif style == 1:
        target = graph.whole([-1, *shape])
    elif style == 2 or not graph.is_open:
        axes = [0, *shape]
        if shape:
            axes[graph.integer(1, len(shape))] = -1
        target = graph.whole(axes)
    else:
        target = batch_shape(graph, value, shape)
    return graph.add("Reshape", [value, target])


def batch_shape(graph, value, shape):
    """The shape with the batch of `value` in front, computed as torch's exporter does."""
    whole = graph.add("Shape", [value], lead=False)
    first = graph.add("Gather", [whole, graph.constant(numpy.asarray(0, dtype=numpy.int64))], axis=0, lead=False)
    row = graph.add("Unsqueeze", [first, graph.whole([0])], lead=False) if graph.opset >= 13 else graph.add("Unsqueeze", [first], axes=[0], lead=False)
    result = graph.add("Concat", [row, graph.whole(shape)] if shape else [row], axis=0, lead=False)
    for made in (whole, first, row, result):
        graph.values.remove(made)
    return result


def for_each(graph, value, row):
    """A constant of one item, repeated for all in the form that a file of this batch has."""
    if value.lead and graph.items > 1 and graph.is_open:
        made = graph.add("Expand", [graph.constant(row), batch_shape(graph, value, row.shape[1:])], lead=True)
        graph.values.remove(made)
        return made
    if value.lead and graph.items > 1:
        raise Dropped
    return graph.constant(row)


JUMPING = {"Floor", "Ceil", "Round", "Sign"}
UNARY = ["Abs", "Neg", "Relu", "Sigmoid", "Tanh", "Exp", "Sqrt", "Reciprocal", "Erf", "Floor", "Ceil", "Round", "Sign", "Softplus", "Softsign", "HardSwish", "Mish", "Sin", "Cos", "Tan", "Atan", "Asinh", "Sinh", "Cosh", "Log", "Identity", "Acos", "Asin", "Acosh", "Atanh", "Not", "IsNaN"]
EXACT = {"Abs", "Neg", "Relu", "Floor", "Ceil", "Round", "Sign", "Identity", "Not", "IsNaN"}


def unary(graph):
    op = graph.pick(*UNARY)
    if op == "Not":
        return graph.add(op, [graph.choose(lambda value: value.kind == "bool")])
    if op in ("Abs", "Neg", "Relu", "Sign", "Identity") and graph.chance(0.3):
        return graph.add(op, [graph.choose(lambda value: value.kind in ("int32", "int64"))])
    value = graph.choose(lambda value: is_float(value) and (value.exact or op not in JUMPING))
    return graph.add(op, [value], exact=op in EXACT)


def activation(graph):
    value = graph.choose(is_float)
    op = graph.pick("LeakyRelu", "Elu", "Selu", "HardSigmoid", "Celu", "ThresholdedRelu", "Shrink", "PRelu", "Clip", "Gelu", "Swish", "Dropout", "IsInf")
    number = lambda low, high: float(numpy.float32(graph.random.uniform(low, high)))
    if op in ("LeakyRelu", "Elu", "Celu"):
        return graph.add(op, [value], exact=False, alpha=graph.pick(None, number(0.01, 2), number(-1, 0) if op != "Celu" else 0.5, 0.0 if op != "Celu" else 1.0))
    if op == "Selu":
        return graph.add(op, [value], exact=False, alpha=graph.pick(None, number(0, 2)), gamma=graph.pick(None, number(0, 2)))
    if op == "HardSigmoid":
        return graph.add(op, [value], exact=False, alpha=graph.pick(None, 1 / 6, number(-1, 1)), beta=graph.pick(None, 0.5, number(-1, 1)))
    if op in ("ThresholdedRelu", "Shrink"):
        if not value.exact:
            raise Dropped
        attributes = {"alpha": graph.pick(None, 0.25, -0.5)} if op == "ThresholdedRelu" else {"lambd": graph.pick(None, 0.25), "bias": graph.pick(None, 0.5)}
        return graph.add(op, [value], **attributes)
    if op == "PRelu":
        return graph.add(op, [value, slope(graph, value)], exact=False)
    if op == "Clip":
        return clip(graph, value)
    if op == "Gelu":
        return graph.add(op, [value], exact=False, approximate=graph.pick(None, "none", "tanh"))
    if op == "Swish":
        return graph.add(op, [value], exact=False, alpha=graph.pick(None, number(-2, 2)))
    if op == "Dropout":
        return graph.add(op, [value, graph.scalar(0.3, value.kind), graph.constant(numpy.asarray(False))] if graph.opset >= 12 and graph.chance(0.5) else [value])
    return graph.add(op, [value], detect_negative=graph.pick(None, 0, 1), detect_positive=graph.pick(None, 0, 1))


def slope(graph, value):
    shape = [length if graph.chance(0.5) else 1 for length in value.shape]
    if value.lead:
        shape[0] = 1
    return graph.constant(graph.random.uniform(-1, 1, shape[graph.integer(0, value.rank) :]).astype(value.kind))


def clip(graph, value=None):
    value = value or graph.choose(lambda value: is_float(value) or graph.opset >= 12 and value.kind in ("int32", "int64", "int8", "uint8"))
    low, high = sorted(graph.random.uniform(-2, 2, 2)) if is_float(value) else sorted(graph.random.integers(0, 60, 2))
    if graph.chance(0.1):
        low, high = high, low
    if graph.opset < 11:
        return graph.add("Clip", [value], min=float(low) if graph.chance(0.8) else None, max=float(high) if graph.chance(0.8) else None)
    bounds = [graph.constant(numpy.asarray(bound, dtype=value.kind)) if graph.chance(0.8) else "" for bound in (low, high)]
    while bounds and bounds[-1] == "":
        bounds.pop()
    return graph.add("Clip", [value, *bounds])


def operand(graph, value, low=-2.0, high=2.0):
    """A constant or a value that broadcasts with `value`, in any direction."""
    fit = [other for other in graph.values if other.kind == value.kind and broadcasts(other.shape, value.shape) and (other.lead == value.lead) and (other.rank == value.rank or not value.lead or graph.chance(0.1))]
    if fit and graph.chance(0.5):
        return fit[graph.integer(0, len(fit) - 1)]
    shape = [length if graph.chance(0.6) else 1 for length in value.shape]
    if value.lead and graph.chance(0.95):
        shape[0] = 1
    cut = graph.integer(0, value.rank)
    shape = [graph.size() if length == 1 and graph.chance(0.15) and index + cut > 0 else length for index, length in enumerate(shape[cut:])]
    if graph.chance(0.08) and not value.lead:
        shape = [graph.size(), *shape]
    return graph.constant(graph.numbers(tuple(shape), value.kind, low=low, high=high))


def broadcasts(a, b):
    return all(x == y or x == 1 or y == 1 for x, y in zip(reversed(a), reversed(b)))


def binary(graph):
    op = graph.pick("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Add", "Mul", "Sub", "Div", "Mod", "Sum", "Mean")
    value = graph.choose(lambda value: is_float(value) or value.kind in ("int32", "int64"))
    other = operand(graph, value)
    if op in ("Max", "Min", "Sum", "Mean") and graph.chance(0.5):
        more = [value, other, operand(graph, value)]
        return graph.add(op, [more[i] for i in graph.random.permutation(graph.integer(1, 3))], exact=op in ("Max", "Min", "Sum"))
    if op == "Mod":
        if not value.exact or not (not hasattr(other, "exact") or other.exact):
            raise Dropped
        return graph.add(op, [value, other], fmod=1 if is_float(value) else graph.pick(None, 0, 1))
    pair = [value, other] if graph.chance(0.6) else [other, value]
    if op == "Pow" and graph.chance(0.6):
        pair = [value, graph.scalar(graph.pick(2, 0.5, 3, -1, 0, 1, 2, -2, 2.5), value.kind if is_float(value) else "float32")]
    return graph.add(op, pair, exact=op in ("Add", "Sub", "Mul", "Max", "Min") or not is_float(value), lead=value.lead or getattr(other, "lead", False))


def compare(graph):
    op = graph.pick("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor")
    test = (lambda value: value.kind == "bool") if op in ("And", "Or", "Xor") else (lambda value: value.exact and value.kind in ("float32", "int32", "int64", "float16"))
    value = graph.choose(test)
    other = operand(graph, value)
    if hasattr(other, "exact") and not other.exact:
        raise Dropped
    return graph.add(op, [value, other] if graph.chance(0.6) else [other, value], lead=value.lead)


def where(graph):
    condition = graph.choose(lambda value: value.kind == "bool")
    value = graph.choose(lambda value: broadcasts(value.shape, condition.shape) and value.lead == condition.lead and value.kind != "bool")
    other = operand(graph, value)
    if graph.chance(0.2):
        other = graph.scalar(graph.pick(0, -numpy.inf, numpy.finfo(numpy.float32).min, 1) if value.kind == "float32" else 1, value.kind)
    return graph.add("Where", [condition, value, other] if graph.chance(0.5) else [condition, other, value], lead=condition.lead or value.lead)


REDUCE = ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"]


def reduce(graph):
    op = graph.pick(*REDUCE)
    value = graph.choose(lambda value: is_float(value) or value.kind in ("int32", "int64") and op in ("ReduceSum", "ReduceMax", "ReduceMin"))
    axes = axes_of(graph, value) if graph.chance(0.93) else None
    keep = graph.pick(None, 0, 1)
    exact = op in ("ReduceMax", "ReduceMin")
    if graph.opset >= (13 if op == "ReduceSum" else 18):
        noop = graph.pick(None, 0, 1)
        if axes is None:
            return graph.add(op, [value, graph.whole([])] if graph.chance(0.5) else [value], exact, keepdims=keep, noop_with_empty_axes=noop)
        return graph.add(op, [value, graph.whole(axes)], exact, keepdims=keep, noop_with_empty_axes=noop)
    return graph.add(op, [value], exact, axes=axes, keepdims=keep)


def arg(graph):
    value = graph.choose(lambda value: value.exact and is_float(value))
    return graph.add(graph.pick("ArgMax", "ArgMin"), [value], axis=axis_of(graph, value), keepdims=graph.pick(None, 0, 1), select_last_index=graph.pick(None, 0, 1) if graph.opset >= 12 else None)


def topk(graph):
    value = graph.choose(lambda value: value.exact and is_float(value))
    axis = axis_of(graph, value)
    k = graph.integer(1, value.shape[axis])
    return graph.add("TopK", [value, graph.whole([k])], outputs=2, axis=axis, largest=graph.pick(None, 0, 1))[0]


def softmax(graph):
    op = graph.pick("Softmax", "LogSoftmax", "Softmax", "Hardmax", "LpNormalization")
    value = graph.choose(lambda value: is_float(value) and (op != "Hardmax" or value.exact))
    if op == "LpNormalization":
        return graph.add(op, [value], exact=False, axis=axis_of(graph, value), p=graph.pick(None, 1, 2))
    return graph.add(op, [value], exact=False, axis=axis_of(graph, value) if graph.chance(0.9) else None)


def cast(graph):
    value = graph.choose()
    to = graph.pick("float32", "float16", "int32", "int64", "bool", "uint8", "int8", "float32", "int64", "float32")
    if not value.exact and to not in ("float32", "float16"):
        raise Dropped
    if is_float(value) and to not in FLOAT and to != "bool" and not (numpy.isfinite(value.array).all() and numpy.abs(value.array).max() < 100 and (value.array.min() >= 0 or to != "uint8")):
        raise Dropped  # ONNX leaves open what it becomes
    code = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10}[to]
    if value.kind not in FLOAT and to in ("uint8", "int8"):
        raise Dropped
    return graph.add("Cast", [value], exact=to != "float16" or value.exact, to=code)

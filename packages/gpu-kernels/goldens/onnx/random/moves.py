"""What moves, chooses and multiplies numbers."""
import numpy
from graph import Dropped
from layers import axes_of, axis_of, for_each, is_float, is_plain, of_rank, reshaped


def any_value(graph, least=1):
    return graph.choose(lambda value: value.rank >= least)


def transpose(graph):
    value = any_value(graph, 2)
    first = 1 if value.lead and graph.chance(0.93) else 0
    order = [*range(first), *(int(axis) + first for axis in graph.random.permutation(value.rank - first))]
    result = graph.add("Transpose", [value], perm=order, lead=value.lead and order[0] == 0) if graph.chance(0.95) else graph.add("Transpose", [value], lead=False)
    return result


def reshape(graph):
    value = any_value(graph)
    shape = list(value.shape[1:] if value.lead else value.shape)
    for _ in range(graph.integer(1, 3)):
        if len(shape) > 1 and graph.chance(0.5):
            at = graph.integer(0, len(shape) - 2)
            shape[at : at + 2] = [shape[at] * shape[at + 1]]
        elif shape and len(shape) < 5:
            at = graph.integer(0, len(shape) - 1)
            factor = graph.pick(*[f for f in range(1, shape[at] + 1) if shape[at] % f == 0])
            shape[at : at + 1] = [factor, shape[at] // factor]
    if value.lead and graph.chance(0.12) and shape:  # the batch merged with what follows, and back
        merged = graph.add("Reshape", [value, graph.whole([-1, *shape[1:]])], lead=False)
        changed = graph.add(graph.pick("Relu", "Abs", "Neg", "Sigmoid"), [merged], exact=False, lead=False) if graph.chance(0.5) else merged
        return graph.add("Reshape", [changed, graph.whole([-1, *shape])], lead=True)
    return reshaped(graph, value, shape)


def flatten(graph):
    value = any_value(graph, 2)
    return graph.add("Flatten", [value], axis=graph.pick(None, 1, graph.integer(1, value.rank), -1) if value.lead else graph.integer(-value.rank, value.rank))


def squeeze(graph):
    value = any_value(graph)
    if graph.chance(0.5):
        count = graph.integer(1, 2)
        low = 1 if value.lead else 0
        axes = sorted({graph.integer(low, value.rank + count - 1) for _ in range(count)})
        axes = [axis - (value.rank + len(axes)) if graph.chance(0.3) else axis for axis in axes]
        return with_axes(graph, "Unsqueeze", value, axes)
    ones = [axis for axis, length in enumerate(value.shape) if length == 1 and not (value.lead and axis == 0)]
    if not ones:
        raise Dropped
    axes = [axis - (value.rank if graph.chance(0.3) else 0) for axis in ones if graph.chance(0.7)]
    if not axes and not (value.lead and (graph.is_open or graph.items == 1)):
        return graph.add("Squeeze", [value]) if graph.chance(0.5) else with_axes(graph, "Squeeze", value, ones)
    return with_axes(graph, "Squeeze", value, axes or ones)


def with_axes(graph, op, value, axes):
    return graph.add(op, [value, graph.whole(axes)]) if graph.opset >= 13 else graph.add(op, [value], axes=axes)


def slices(graph):
    value = any_value(graph)
    axes = axes_of(graph, value)
    bound = lambda length: graph.pick(0, length, -1, -length, graph.integer(-length - 2, length + 2), 2**31 - 1, -(2**31), 2**63 - 1, -(2**63) + 1)
    starts, ends = ([bound(value.shape[axis]) for axis in axes] for _ in range(2))
    if graph.opset < 10:
        return graph.add("Slice", [value], starts=starts, ends=ends, axes=axes)
    steps = [graph.pick(1, 1, -1, 2, -2, 3, -(2**31)) if graph.chance(0.7) else 1 for _ in axes]
    inputs = [value, graph.whole(starts), graph.whole(ends)]
    if axes == list(range(len(axes))) and graph.chance(0.5):
        return graph.add("Slice", inputs)
    return graph.add("Slice", [*inputs, graph.whole(axes), *([graph.whole(steps)] if graph.chance(0.7) else [])])


def gather(graph):
    op = graph.pick("Gather", "Gather", "GatherElements", "GatherND")
    value = any_value(graph, 2)
    kind = graph.pick(numpy.int64, numpy.int32) if op != "GatherND" else numpy.int64
    if op == "Gather":
        axis = axis_of(graph, value)
        shape = graph.pick((), (1,), (3,), (2, 2))
        return graph.add(op, [value, graph.constant(graph.random.integers(-value.shape[axis], value.shape[axis], shape).astype(kind))], axis=axis if graph.chance(0.9) or axis else None, lead=value.lead and axis % value.rank != 0)
    if op == "GatherElements":
        axis = axis_of(graph, value)
        shape = [length if axis % value.rank != d else graph.integer(1, 4) for d, length in enumerate(value.shape)]
        row = graph.random.integers(-value.shape[axis], value.shape[axis], [1, *shape[1:]] if value.lead else shape).astype(kind)
        return graph.add(op, [value, for_each(graph, value, row)], axis=axis)
    batch_dims = 1 if value.lead else 0
    deep = graph.integer(1, value.rank - batch_dims)
    rows = numpy.stack([graph.random.integers(-length, length, (1 if batch_dims else 2, 3)) for length in value.shape[batch_dims : batch_dims + deep]], -1)
    return graph.add(op, [value, for_each(graph, value, rows.astype(kind))], batch_dims=batch_dims)


def scatter(graph):
    value = graph.choose(lambda value: is_plain(value) and value.rank >= 2 and value.lead)
    axis = 1 + graph.integer(0, value.rank - 2)
    shape = [length if d != axis else graph.integer(1, length) for d, length in enumerate(value.shape)]
    picks = graph.random.permutation(value.shape[axis])[: shape[axis]].reshape([shape[axis] if d == axis else 1 for d in range(value.rank)])
    indices = numpy.broadcast_to(picks, [1, *shape[1:]]).astype(numpy.int64)
    updates = for_each(graph, value, graph.numbers((1, *shape[1:])))
    return graph.add("ScatterElements", [value, for_each(graph, value, indices.copy()), updates], axis=axis, reduction=graph.pick(None, "add", "mul", "max", "min") if graph.opset >= 18 else None)


def concat(graph):
    value = any_value(graph)
    axis = axis_of(graph, value)
    at = axis % value.rank
    same = lambda other: other.kind == value.kind and other.lead == value.lead and other.rank == value.rank and all(x == y for d, (x, y) in enumerate(zip(other.shape, value.shape)) if d != at)
    others = [other for other in graph.values if same(other)]
    parts = [value, *(others[graph.integer(0, len(others) - 1)] for _ in range(graph.integer(0, 2)))]
    if (not value.lead or not graph.is_open) and graph.chance(0.3):
        shape = list(value.shape)
        shape[at] = graph.integer(0 if graph.chance(0.1) else 1, 3)
        row = graph.numbers((1, *shape[1:]), value.kind) if value.lead else graph.numbers(tuple(shape), value.kind)
        parts.append(graph.constant(numpy.broadcast_to(row, shape).copy()))
    return graph.add("Concat", [parts[int(i)] for i in graph.random.permutation(len(parts))], axis=axis, lead=value.lead)


def split(graph):
    value = any_value(graph)
    axis = axis_of(graph, value)
    length = value.shape[axis]
    count = graph.integer(1, min(3, length))
    if graph.chance(0.5) and count > 1:
        cuts = sorted(int(v) for v in graph.random.choice(numpy.arange(1, length), count - 1, replace=False))
        sizes = [b - a for a, b in zip([0, *cuts], [*cuts, length])]
        given = ([value, graph.whole(sizes)], {}) if graph.opset >= 13 else ([value], {"split": sizes})
    else:
        given = ([value], {"num_outputs": count} if graph.opset >= 18 else {})
    parts = graph.add("Split", given[0], outputs=count, axis=axis, **given[1])
    return parts[0] if count > 1 else parts


def tile(graph):
    value = any_value(graph)
    repeats = [1 if value.lead and axis == 0 else graph.integer(1, 3) for axis in range(value.rank)]
    return graph.add("Tile", [value, graph.whole(repeats)])


def expand(graph):
    value = any_value(graph)
    shape = [1 if value.lead and axis == 0 else graph.pick(1, length) if length != 1 else graph.integer(1, 4) for axis, length in enumerate(value.shape)]
    cut = graph.integer(0, value.rank - 1) if graph.chance(0.2) else 0
    return graph.add("Expand", [value, graph.whole(shape[cut:])])


def cumulative(graph):
    value = graph.choose(lambda value: is_plain(value) or value.kind in ("int32", "int64"))
    return graph.add("CumSum", [value, graph.constant(numpy.asarray(axis_of(graph, value), dtype=numpy.int64))], exact=False if is_plain(value) else True, exclusive=graph.pick(None, 0, 1), reverse=graph.pick(None, 0, 1))


def trilu(graph):
    value = any_value(graph, 3)
    return graph.add("Trilu", [value, graph.constant(numpy.asarray(graph.integer(-2, 2), dtype=numpy.int64))] if graph.chance(0.7) else [value], upper=graph.pick(None, 0, 1))


def one_hot(graph):
    value = graph.choose(lambda value: value.kind in ("int32", "int64") and value.exact)
    return graph.add("OneHot", [value, graph.constant(numpy.asarray(graph.integer(1, 6), dtype=numpy.int64)), graph.constant(graph.numbers((2,)))], axis=graph.pick(None, -1, value.rank))


def matmul(graph):
    value = graph.choose(lambda value: is_plain(value) and value.rank >= 2)
    if graph.chance(0.25):
        fit = [other for other in graph.values if is_plain(other) and other.rank == value.rank and other.lead == value.lead and other.rank >= 3 and other.shape[-2] == value.shape[-1]]
        if fit:
            return graph.add("MatMul", [value, fit[graph.integer(0, len(fit) - 1)]], exact=False)
    out, deep = graph.size(), value.shape[-1]
    if graph.chance(0.15) and value.rank >= 3:
        return graph.add("MatMul", [graph.floats(*(value.shape[1:-2] if graph.chance(0.3) else []), out, value.shape[-2]), value], exact=False)
    ahead = [length if graph.chance(0.5) else 1 for length in value.shape[1:-2]] if graph.chance(0.3) else []
    weight = graph.floats(*ahead, deep, out) if graph.chance(0.9) else graph.floats(deep)
    return graph.add("MatMul", [value, weight], exact=False)


def gemm(graph):
    value = of_rank(graph, 2, kind=is_plain)
    turned_a = 0 if value.lead else graph.pick(None, 0, 1)
    deep = value.shape[0] if turned_a else value.shape[1]
    rows = value.shape[1] if turned_a else value.shape[0]
    out, turned = graph.size(), graph.pick(None, 0, 1)
    weight = graph.floats(*((out, deep) if turned else (deep, out)))
    bias = [graph.floats(*graph.pick((out,), (1, out), (1, 1), (), (1,), (rows, 1) if not value.lead else (out,)))] if graph.chance(0.7) else []
    return graph.add("Gemm", [value, weight, *bias], exact=False, transA=turned_a, transB=turned, alpha=graph.pick(None, 0.5, -1.0), beta=graph.pick(None, 0.0, 2.0))


def einsum(graph):
    value = graph.choose(lambda value: is_plain(value) and value.rank in (2, 3, 4))
    letters = "bcdefg"[: value.rank]
    style = graph.integer(0, 3)
    if style == 0:
        rest = list(letters[1:])
        kept = [rest[int(i)] for i in graph.random.permutation(len(rest))][: graph.integer(0, len(rest))]
        return graph.add("Einsum", [value], exact=False, equation=f"{letters}->b{''.join(kept)}")
    if style == 1:
        return graph.add("Einsum", [value, graph.floats(value.shape[-1], 3)], exact=False, equation=f"{letters},{letters[-1]}z->{letters[:-1]}z")
    if style == 2:
        return graph.add("Einsum", [value, graph.floats(3, value.shape[1])], exact=False, equation=f" {letters} , z{letters[1]} -> bz{letters[2:]} ")
    other = graph.choose(lambda other: is_plain(other) and other.rank == value.rank and other.lead == value.lead and other.shape[:-1] == value.shape[:-1])
    return graph.add("Einsum", [value, other], exact=False, equation=f"{letters},{letters[:-1]}z->b{letters[-1]}z" if value.rank > 1 else "b,b->b")


def recurrent(graph):
    value = graph.choose(lambda value: is_plain(value) and value.rank == 3 and value.lead)
    sequence = graph.add("Transpose", [value], perm=[1, 0, 2], lead=False)
    op, gates = graph.pick(("LSTM", 4), ("GRU", 3), ("RNN", 1))
    hidden, direction = graph.integer(1, 4), graph.pick(None, "forward", "reverse", "bidirectional")
    ways = 2 if direction == "bidirectional" else 1
    weights = [graph.floats(ways, gates * hidden, value.shape[2]), graph.floats(ways, gates * hidden, hidden)]
    bias = [graph.floats(ways, 2 * gates * hidden)] if graph.chance(0.6) else []
    extra = {"linear_before_reset": graph.pick(None, 0, 1)} if op == "GRU" else {}
    made = graph.add(op, [sequence, *weights, *bias], exact=False, outputs=2, hidden_size=hidden, direction=direction, lead=False, **extra)
    return graph.add("Transpose", [made[0]], perm=[2, 0, 1, 3], lead=True)

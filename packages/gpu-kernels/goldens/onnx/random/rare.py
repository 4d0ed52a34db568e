"""Ops that few networks have, and those of onnxruntime and of scikit-learn's heads, with attributes drawn from all that they allow."""
import numpy
from graph import Dropped
from layers import batch_shape, for_each, is_plain, reshaped
from windows import window

MS, ML = "com.microsoft", "ai.onnx.ml"
plain_lead = lambda value: is_plain(value) and value.lead and value.rank >= 2


def projected(graph, *shape):
    """A value of `shape` an item: a product makes it of another."""
    fit = [value for value in graph.values if is_plain(value) and value.lead and value.shape[1:] == shape]
    if fit and graph.chance(0.5):
        return graph.pick(*fit)
    value = graph.choose(plain_lead)
    rows = reshaped(graph, value, [int(numpy.prod(value.shape[1:]))])
    made = graph.add("MatMul", [rows, graph.floats(rows.shape[1], int(numpy.prod(shape)))], exact=False)
    return reshaped(graph, made, list(shape))


def whole_ids(graph, count, *shape):
    """Computed indices below `count`, of `shape` an item."""
    value = projected(graph, *shape)
    spread = graph.add("Mul", [value, graph.scalar(2.0)], exact=False)
    # Places of the largest: what other orders of sums move does not jump there, but where two are as good as equal.
    wide = graph.add("Unsqueeze", [spread, graph.whole([value.rank])], exact=False) if graph.opset >= 13 else graph.add("Unsqueeze", [spread], exact=False, axes=[value.rank])
    far = graph.add("Mul", [wide, graph.floats(count)], exact=False)
    return graph.add("ArgMax", [far], exact=False, axis=-1, keepdims=0)


def affine_grid(graph):
    deep = graph.chance(0.4)
    theta = projected(graph, *((3, 4) if deep else (2, 3)))
    aligned = graph.pick(None, 0, 1)
    # Of a side of one pixel runtimes make different ends with aligned corners: -1 here and in ONNX's evaluator, 1 in onnxruntime.
    space = [graph.integer(2 if aligned else 1, 4) for _ in range(3 if deep else 2)]
    if not graph.is_open:
        size = graph.whole([graph.items, 2, *space])
    else:
        size = batch_shape(graph, theta, [2, *space])
    return graph.add("AffineGrid", [theta, size], exact=False, align_corners=aligned)


def center_crop_pad(graph):
    value = graph.choose(plain_lead)
    axes = [int(axis) for axis in graph.random.permutation(numpy.arange(1, value.rank))[: graph.integer(1, value.rank - 1)]]
    shape = graph.whole([graph.size() for _ in axes])
    return graph.add("CenterCropPad", [value, shape], axes=[axis - (value.rank if graph.chance(0.3) else 0) for axis in axes])


def fitting_window(graph):
    """The sides of an image, a kernel, the other attributes, and how often the kernel fits along each side."""
    image, kernel = [graph.integer(3, 6) for _ in range(2)], [graph.integer(1, 3) for _ in range(2)]
    strides, dilations = [[graph.integer(1, 2) for _ in range(2)] for _ in range(2)]
    pads = [graph.integer(0, 1) for _ in range(4)]
    fits = [(image[d] + pads[d] + pads[d + 2] - dilations[d] * (kernel[d] - 1) - 1) // strides[d] + 1 for d in range(2)]
    if min(fits) < 1:
        raise Dropped
    return image, kernel, {"strides": strides, "dilations": dilations, "pads": pads}, fits


def col2im(graph):
    image, kernel, attributes, blocks = fitting_window(graph)
    value = projected(graph, graph.integer(1, 2) * kernel[0] * kernel[1], blocks[0] * blocks[1])
    return graph.add("Col2Im", [value, graph.whole(image), graph.whole(kernel)], exact=False, **attributes)


def compress(graph):
    value = graph.choose(plain_lead)
    axis = graph.integer(1, value.rank - 1)
    count = graph.integer(1, value.shape[axis])
    return graph.add("Compress", [value, graph.constant(graph.random.random(count) < 0.6)], axis=axis - (value.rank if graph.chance(0.4) else 0))


def cum_prod(graph):
    value = graph.choose(plain_lead)
    axis = graph.integer(1, value.rank - 1)
    return graph.add("CumProd", [value, graph.constant(numpy.asarray(axis, dtype=numpy.int64))], exact=False, exclusive=graph.pick(None, 0, 1), reverse=graph.pick(None, 0, 1))


def deform_conv(graph):
    group, offsets = graph.pick(1, 2), graph.pick(1, 2)
    channels, out = 2 * graph.integer(1, 2), group * graph.integer(1, 2)
    size, kernel, attributes, made = fitting_window(graph)
    x = projected(graph, channels, *size)
    taps = kernel[0] * kernel[1]
    inputs = [x, graph.floats(out, channels // group, *kernel), projected(graph, offsets * taps * 2, *made)]
    if graph.chance(0.6):
        inputs.append(graph.floats(out) if graph.chance(0.6) else "")
        if graph.chance(0.6):
            inputs.append(projected(graph, offsets * taps, *made))
    while inputs[-1] == "":
        inputs.pop()
    return graph.add("DeformConv", inputs, exact=False, kernel_shape=kernel if graph.chance(0.7) else None, group=group, offset_group=offsets, **attributes)


def det(graph):
    size = graph.integer(1, 4)
    return graph.add("Det", [projected(graph, *graph.pick((), (2,)), *([graph.pick(1, 3)] if graph.chance(0.5) else [2]), size, size)], exact=False)


def dft(graph):
    ahead = [graph.integer(1, 6) for _ in range(graph.integer(1, 2))]
    inverse, ways = graph.pick(None, 0, 1), graph.pick(1, 2)
    value = projected(graph, *ahead, ways)
    axis = graph.integer(1, value.rank - 2)
    onesided = graph.pick(None, 0, 1) if not inverse and ways == 1 else None
    length = graph.constant(numpy.asarray(graph.integer(1, 7), dtype=numpy.int64)) if graph.chance(0.4) else ""
    if graph.opset >= 20:
        inputs = [value, length, graph.constant(numpy.asarray(graph.pick(axis, axis - value.rank), dtype=numpy.int64))]
        return graph.add("DFT", inputs, exact=False, inverse=inverse, onesided=onesided)
    return graph.add("DFT", [value, length] if length else [value], exact=False, axis=axis, inverse=inverse, onesided=onesided)


def stft(graph):
    value = projected(graph, graph.integer(8, 20), *((1,) if graph.chance(0.7) else ()))
    frame, step = graph.integer(2, 8), graph.integer(1, 4)
    number = lambda n: graph.constant(numpy.asarray(n, dtype=numpy.int64))
    inputs = [value, number(step)]
    if graph.chance(0.6):
        inputs += [graph.floats(frame), *([number(frame)] if graph.chance(0.5) else [])]
    else:
        inputs += ["", number(frame)]
    return graph.add("STFT", inputs, exact=False, onesided=graph.pick(None, 0, 1))


def max_unpool(graph):
    value = graph.choose(lambda value: is_plain(value) and value.rank == 4 and value.lead and value.exact)
    kernel, strides = [graph.integer(1, min(3, n)) for n in value.shape[2:]], [graph.integer(1, 3) for _ in range(2)]
    pooled, places = graph.add("MaxPool", [value], outputs=2, kernel_shape=kernel, strides=strides)
    return graph.add("MaxUnpool", [pooled, places], kernel_shape=kernel, strides=strides)


def reverse_sequence(graph):
    value = graph.choose(lambda value: plain_lead(value) and value.rank >= 2)
    ahead = graph.chance(0.4)
    moved = graph.add("Transpose", [value], perm=[1, 0, *range(2, value.rank)], lead=False) if ahead else value
    lengths = graph.random.integers(1, value.shape[1] + 1, (1,) if graph.is_open else graph.items)
    lens = for_each(graph, value, lengths) if graph.is_open else graph.constant(lengths)
    made = graph.add("ReverseSequence", [moved, lens], batch_axis=1 if ahead else 0, time_axis=0 if ahead else 1, lead=not ahead)
    return graph.add("Transpose", [made], perm=[1, 0, *range(2, value.rank)], lead=True) if ahead else made


def rotary(graph):
    heads, rows, pairs = graph.integer(1, 3), graph.integer(1, 5), graph.integer(1, 4)
    rotated = graph.pick(0, 0, 2 * graph.integer(1, pairs))
    half = (rotated or 2 * pairs) // 2
    is_flat = graph.chance(0.5)
    x = projected(graph, rows, heads * 2 * pairs) if is_flat else projected(graph, heads, rows, 2 * pairs)
    most = rows + 3
    ids = whole_ids(graph, most, rows) if graph.chance(0.4) else for_each(graph, x, graph.random.integers(0, most, (1, rows)))
    tables = [graph.floats(most, half), graph.floats(most, half)]
    flag = graph.pick(None, 0, 1)
    if graph.chance(0.5):
        return graph.add("RotaryEmbedding", [x, *tables, ids], exact=False, interleaved=flag, num_heads=heads if is_flat else None, rotary_embedding_dim=rotated or None)
    return graph.add("RotaryEmbedding", [x, ids, *tables], domain=MS, exact=False, interleaved=flag, num_heads=heads if is_flat or rotated else None, rotary_embedding_dim=rotated or None)


def attention(graph):
    """Attention of opset 23, with groups, masks, caps and what it may give besides."""
    kv, group, size, value_size = graph.integer(1, 2), graph.pick(1, 1, 2), graph.pick(2, 4, 8), graph.pick(2, 4, 8)
    rows, keys = graph.integer(1, 5), graph.integer(1, 5)
    if graph.chance(0.4):
        keys = rows
    is_flat = graph.chance(0.5)
    shaped = lambda heads, rows, size: projected(graph, rows, heads * size) if is_flat else projected(graph, heads, rows, size)
    inputs = [shaped(kv * group, rows, size), shaped(kv, keys, size), shaped(kv, keys, value_size)]
    if graph.chance(0.5):
        mask = graph.pick((rows, keys), (1, 1, rows, keys), (1, kv * group, rows, keys), (1, 1, 1, keys), (1, keys))
        inputs.append(graph.floats(*mask) if graph.chance(0.6) else graph.constant(numpy.concatenate([numpy.ones((*mask[:-1], 1), dtype=bool), graph.random.random((*mask[:-1], mask[-1] - 1)) < 0.6], -1)))
    heads = {"q_num_heads": kv * group, "kv_num_heads": kv} if is_flat else {}
    return graph.add("Attention", inputs, exact=False, is_causal=graph.pick(None, 0, 1), scale=graph.pick(None, 0.5, 0.3), softcap=graph.pick(None, None, 1.5), **heads)


def multi_head(graph):
    heads, size, value_size = graph.integer(1, 3), graph.pick(2, 4), graph.pick(2, 4)
    rows, keys = graph.integer(1, 5), graph.integer(1, 5)
    inputs = [projected(graph, rows, heads * size), projected(graph, keys, heads * size), projected(graph, keys, heads * value_size)]
    bias = graph.floats(2 * heads * size + heads * value_size) if graph.chance(0.5) else ""
    padding = for_each(graph, inputs[0], numpy.concatenate([numpy.ones((1, 1), dtype=numpy.int32), graph.random.integers(0, 2, (1, keys - 1)).astype(numpy.int32)], -1)) if graph.chance(0.3) else ""
    moved = graph.floats(1, graph.pick(1, heads), rows, keys) if graph.chance(0.4) else ""
    inputs += [bias, padding, moved]
    while inputs[-1] == "":
        inputs.pop()
    return graph.add("MultiHeadAttention", inputs, domain=MS, exact=False, num_heads=heads, scale=graph.pick(None, 0.4), unidirectional=graph.pick(None, 0, 1) if rows == keys else None)


def merged_attention(graph):
    heads, size, rows, wide = graph.integer(1, 3), graph.pick(2, 4), graph.integer(1, 5), graph.integer(2, 9)
    x = projected(graph, rows, wide)
    sizes = graph.pick(None, [heads * size, heads * size, heads * 3])
    total = 3 * heads * size if sizes is None else sum(sizes)
    inputs = [x, graph.floats(wide, total), graph.floats(total)]
    if graph.chance(0.4):
        inputs.append(for_each(graph, x, numpy.concatenate([numpy.ones((1, 1), dtype=numpy.int32), graph.random.integers(0, 2, (1, rows - 1)).astype(numpy.int32)], -1)))
    return graph.add("Attention", inputs, domain=MS, exact=False, num_heads=heads, qkv_hidden_sizes=sizes, unidirectional=graph.pick(None, 0, 1), scale=graph.pick(None, 0.4))


def fused_matmul(graph):
    m, k, n = (graph.integer(1, 6) for _ in range(3))
    ahead = graph.pick((), (2,), (2, 3))
    a, b = graph.pick(0, 1), graph.pick(0, 1)
    left = projected(graph, *ahead, *((k, m) if a else (m, k)))
    right = projected(graph, *ahead, *((n, k) if b else (k, n))) if graph.chance(0.5) else graph.floats(*((n, k) if b else (k, n)))
    return graph.add("FusedMatMul", [left, right], domain=MS, exact=False, transA=a, transB=b, alpha=graph.pick(None, 0.5))


def fused_layer(graph):
    activation, parameters = graph.pick(("Relu", None), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.75]), ("HardSigmoid", [0.3, 0.4]), ("Tanh", None), ("Sigmoid", None))
    if graph.chance(0.4):
        x = projected(graph, graph.size())
        turned, out = graph.pick(0, 1), graph.size()
        weight = graph.floats(*((out, x.shape[1]) if turned else (x.shape[1], out)))
        alone = {"LeakyRelu": {"activation_alpha": 0.2}, "HardSigmoid": {"activation_alpha": 0.3, "activation_beta": 0.4}, "Clip": {}}.get(activation, {})
        return graph.add("FusedGemm", [x, weight, *([graph.floats(out)] if graph.chance(0.6) else [])], domain=MS, exact=False, transB=turned, alpha=graph.pick(None, 2.0), beta=graph.pick(None, 0.5), activation=activation if activation != "Clip" else "Relu", **alone)
    size = [graph.integer(3, 7) for _ in range(2)]
    x = projected(graph, graph.integer(1, 4), *size)
    kernel, attributes = window(graph, x.shape[2:])
    out = graph.integer(1, 5)
    y = graph.add("Conv", [x, graph.floats(out, x.shape[1], *kernel)], exact=False, **attributes)
    inputs = [x, graph.floats(out, x.shape[1], *kernel), graph.floats(out)]
    if graph.chance(0.4):
        inputs.append(projected(graph, *y.shape[1:]))
    return graph.add("FusedConv", inputs, domain=MS, exact=False, activation=activation, activation_params=parameters, **attributes)


def gelus(graph):
    value = graph.choose(plain_lead)
    op = graph.pick("Gelu", "FastGelu", "QuickGelu", "BiasGelu")
    bias = [graph.floats(value.shape[-1])] if op == "BiasGelu" or op == "FastGelu" and graph.chance(0.5) else []
    return graph.add(op, [value, *bias], domain=MS, exact=False, alpha=graph.pick(None, 1.0, 1.5) if op == "QuickGelu" else None)


def skip_norm(graph):
    rows, wide = graph.integer(1, 5), graph.integer(2, 9)
    op = graph.pick("SkipLayerNormalization", "SkipSimplifiedLayerNormalization")
    x, skip = projected(graph, rows, wide), graph.floats(rows, wide) if graph.chance(0.2) else projected(graph, rows, wide)
    inputs = [x, skip, graph.floats(wide)]
    if op == "SkipLayerNormalization":
        inputs.append(graph.floats(wide) if graph.chance(0.6) else "")
    if graph.chance(0.5):
        inputs.append(graph.floats(wide))
    while inputs[-1] == "":
        inputs.pop()
    return graph.add(op, inputs, domain=MS, exact=False, epsilon=graph.pick(None, 1e-3))


def embedding(graph):
    rows, wide, most = graph.integer(1, 5), graph.integer(2, 8), 7
    ids, segments = whole_ids(graph, most, rows), whole_ids(graph, 2, rows) if graph.chance(0.5) else ""
    ids = graph.add("Cast", [ids], exact=False, to=6)
    segments = graph.add("Cast", [segments], exact=False, to=6) if segments else ""
    tables = [graph.floats(most, wide), graph.floats(rows + 1, wide), graph.floats(2, wide) if segments else "", graph.floats(wide), graph.floats(wide)]
    return graph.add("EmbedLayerNormalization", [ids, segments, *tables], domain=MS, exact=False, outputs=2, epsilon=graph.pick(None, 1e-3))[0]


def computed_gather(graph):
    """Indices that the graph computes."""
    op = graph.pick("Gather", "GatherElements", "GatherND", "table", "ScatterElements")
    count = graph.integer(1, 5)
    if op == "table":
        axis = graph.integer(0, 1)
        ids = whole_ids(graph, count, *graph.pick((3,), (2, 2), (1,)))
        return graph.add("Gather", [graph.floats(*((count, 3) if axis == 0 else (3, count))), ids], exact=False, axis=axis, lead=axis == 0)
    if op == "GatherND":
        ids = whole_ids(graph, count, 3, 1)
        return graph.add(op, [projected(graph, count, 2), ids], exact=False, batch_dims=1)
    if op == "Gather":
        raise Dropped
    shape = [count, 3]
    axis = graph.pick(1, -2)
    ids = whole_ids(graph, count, 2, 3)
    if op == "GatherElements":
        return graph.add(op, [projected(graph, *shape), ids], exact=False, axis=axis)
    return graph.add(op, [projected(graph, *shape), ids, projected(graph, 2, 3)], exact=False, axis=axis, reduction=graph.pick("add", "mul", "max", "min"))


def trees(graph):
    """A forest of random shape; thresholds are off the grid of numbers, so that sums do not jump."""
    value = graph.choose(lambda value: is_plain(value) and value.rank == 2 and value.lead and value.exact)
    targets, is_class = graph.integer(1, 3), graph.chance(0.5)
    nodes = {key: [] for key in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true", "hitrates")}
    leaves = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for tree in range(graph.integer(1, 3)):
        counter = [0]

        def grow(depth):
            at = counter[0]
            counter[0] += 1
            is_leaf = depth == 0 or graph.chance(0.2)
            slot = len(nodes["nodeids"])
            row = dict(treeids=tree, nodeids=at, featureids=0 if is_leaf else graph.integer(0, value.shape[1] - 1), modes="LEAF" if is_leaf else graph.pick("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"), values=0.0 if is_leaf else graph.integer(-8, 8) / 4, truenodeids=0, falsenodeids=0, missing_value_tracks_true=graph.integer(0, 1), hitrates=1.0)
            for key, entry in row.items():
                nodes[key].append(entry)
            if is_leaf:
                for target in graph.random.permutation(targets)[: graph.integer(1, targets)]:
                    for key, entry in dict(treeids=tree, nodeids=at, ids=int(target), weights=float(numpy.float32(graph.random.uniform(-1, 1)))).items():
                        leaves[key].append(entry)
            else:
                nodes["truenodeids"][slot] = grow(depth - 1)
                nodes["falsenodeids"][slot] = grow(depth - 1)
            return at

        grow(graph.integer(0, 4))
    attributes = {f"nodes_{key}": entries for key, entries in nodes.items()}
    stem = "class" if is_class else "target"
    attributes |= {f"{stem}_{key}": entries for key, entries in leaves.items()}
    transform = graph.pick(None, "NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "NONE")
    if is_class:
        return graph.add("TreeEnsembleClassifier", [value], domain=ML, exact=False, outputs=2, classlabels_int64s=list(range(targets if targets > 1 else 2)), post_transform=transform, **attributes)[1]
    return graph.add("TreeEnsembleRegressor", [value], domain=ML, exact=False, n_targets=targets, aggregate_function=graph.pick(None, "SUM", "AVERAGE", "MIN", "MAX"), base_values=graph.pick(None, [0.5] * targets), post_transform=transform, **attributes)


def heads(graph):
    value = graph.choose(lambda value: is_plain(value) and value.rank == 2 and value.lead)
    wide = value.shape[1]
    floats = lambda n: [float(numpy.float32(v)) for v in graph.random.uniform(-1, 1, n)]
    op = graph.pick("Scaler", "Normalizer", "Imputer", "LinearRegressor", "LinearClassifier", "SVMRegressor", "SVMClassifier", "Binarizer", "ArrayFeatureExtractor")
    transform = graph.pick(None, "NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO")
    if op == "Scaler":
        n = graph.pick(1, wide)
        return graph.add(op, [value], domain=ML, exact=False, offset=floats(n), scale=floats(n))
    if op == "Normalizer":
        return graph.add(op, [value], domain=ML, exact=False, norm=graph.pick("L1", "L2", "MAX"))
    if op == "Imputer":
        return graph.add(op, [value], domain=ML, imputed_value_floats=floats(graph.pick(1, wide)), replaced_value_float=graph.pick(0.25, float("nan"), 1.0)) if value.exact else None
    if op == "Binarizer":
        if not value.exact:
            raise Dropped
        return graph.add(op, [value], domain=ML, threshold=graph.pick(None, 0.25, -0.5))
    if op == "ArrayFeatureExtractor":
        return graph.add(op, [value, graph.constant(graph.random.integers(0, wide, graph.integer(1, 4)))], domain=ML)
    if op == "LinearRegressor":
        n = graph.integer(1, 3)
        return graph.add(op, [value], domain=ML, exact=False, coefficients=floats(n * wide), intercepts=graph.pick(None, floats(n)), targets=n, post_transform=graph.pick(None, "NONE"))
    if op == "LinearClassifier":
        n = graph.integer(1, 3)
        return graph.add(op, [value], domain=ML, exact=False, outputs=2, coefficients=floats(n * wide), intercepts=floats(n), classlabels_ints=list(range(max(2, n))), multi_class=graph.pick(None, 0, 1), post_transform=transform)[1]
    kernel = graph.pick("LINEAR", "POLY", "RBF", "SIGMOID")
    count = graph.integer(2, 5)
    if op == "SVMRegressor":
        return graph.add(op, [value], domain=ML, exact=False, coefficients=floats(count), kernel_params=[0.3, 0.2, 2.0], kernel_type=kernel, n_supports=count, support_vectors=floats(count * wide), rho=floats(1), one_class=graph.pick(None, 0))
    classes = graph.integer(2, 3)
    each = [graph.integer(1, 3) for _ in range(classes)]
    pairs = classes * (classes - 1) // 2
    given = graph.chance(0.4)
    return graph.add(op, [value], domain=ML, exact=False, outputs=2, classlabels_ints=list(range(classes)), coefficients=floats(sum(each) * (classes - 1)), kernel_params=[0.3, 0.2, 2.0], kernel_type=kernel, vectors_per_class=each, support_vectors=floats(sum(each) * wide), rho=floats(pairs), prob_a=[-v for v in numpy.abs(floats(pairs))] if given else None, prob_b=floats(pairs) if given else None, post_transform=graph.pick(None, "NONE"))[1]


def nbits(graph):
    k, n, block, bits = graph.pick(16, 32, 48, 20), graph.integer(1, 9), 16, graph.pick(4, 8)
    blocks = -(-k // block)
    x = projected(graph, *graph.pick((), (3,)), k)
    packed = graph.constant(graph.random.integers(0, 256, (n, blocks, block * bits // 8)).astype(numpy.uint8), True)
    inputs = [x, packed, graph.floats(n, blocks)]
    if graph.chance(0.5):
        inputs.append(graph.constant(graph.random.integers(0, 256, (n, -(-blocks * bits // 8))).astype(numpy.uint8), True))
    return graph.add("MatMulNBits", inputs, domain=MS, exact=False, K=k, N=n, bits=bits, block_size=block)


def distances(graph):
    value = graph.choose(lambda value: is_plain(value) and value.rank == 2 and value.lead)
    return graph.add("CDist", [value, graph.floats(graph.integer(1, 5), value.shape[1])], domain=MS, exact=False, metric=graph.pick("euclidean", "sqeuclidean"))


def local_norms(graph):
    op = graph.pick("LRN", "MeanVarianceNormalization", "GroupNormalization", "LpNormalization", "RMSNormalization", "BatchNormalization")
    channels = graph.pick(2, 4, 6)
    x = projected(graph, channels, *[graph.integer(1, 5) for _ in range(graph.pick(1, 2, 2, 3) if op != "LRN" else 2)])
    if op == "LRN":
        return graph.add(op, [x], exact=False, size=graph.pick(1, 2, 3, 4, 5, 7), alpha=graph.pick(None, 0.3), beta=graph.pick(None, 0.5), bias=graph.pick(None, 2.0))
    if op == "MeanVarianceNormalization":
        axes = graph.pick(None, [1], [2], [-1], [1, 2], list(range(2, x.rank)))
        if 1 in x.shape[1:]:
            raise Dropped  # onnxruntime gives NaN for the deviation of one number at times
        return graph.add(op, [x], exact=False, axes=axes)
    if op == "GroupNormalization":
        groups = graph.pick(1, 2, channels)
        n = channels if graph.opset >= 21 else groups
        return graph.add(op, [x, graph.floats(n), graph.floats(n)], exact=False, num_groups=groups, epsilon=graph.pick(None, 1e-2))
    if op == "LpNormalization":
        return graph.add(op, [x], exact=False, axis=graph.integer(1, x.rank - 1), p=graph.pick(None, 1, 2))
    if op == "RMSNormalization":
        axis = graph.integer(1, x.rank - 1)
        return graph.add(op, [x, graph.floats(*x.shape[axis:])], exact=False, axis=graph.pick(axis, axis - x.rank), epsilon=graph.pick(None, 1e-2))
    return graph.add(op, [x, graph.floats(channels), graph.floats(channels), graph.floats(channels), graph.floats(channels, low=0.1)], exact=False, epsilon=graph.pick(None, 1e-2))


def norm_pools(graph):
    x = projected(graph, graph.integer(1, 3), graph.integer(3, 8), graph.integer(3, 8))
    op, p = graph.pick("GlobalLpPool", "LpPool", "LpPool"), graph.pick(None, 1, 2, 3)
    if op == "GlobalLpPool":
        return graph.add(op, [x], exact=False, p=p)
    return graph.add(op, [x], exact=False, p=p, kernel_shape=graph.pick([2, 3], [1, 1], [3, 3]), strides=graph.pick(None, [2, 1]), pads=graph.pick(None, [0, 1, 1, 0]))


ALL = [affine_grid, center_crop_pad, col2im, compress, cum_prod, deform_conv, det, dft, stft, max_unpool, reverse_sequence, rotary, rotary, attention, attention, multi_head, merged_attention, fused_matmul, fused_layer, gelus, skip_norm, embedding, computed_gather, computed_gather, trees, trees, heads, heads, heads, nbits, distances, local_norms, norm_pools]

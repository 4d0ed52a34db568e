"""Forms that exporters and quantisers write and that need a rule of their own at import, one a file.

    pip install -r requirements.txt && python make-forms.py

Writes forms/*.onnx and forms.json beside this file: the inputs and what onnxruntime computes.
"""
import warnings

import numpy
import torch
from onnx import TensorProto, helper
from torch import nn
from torch.nn import functional

from goldens import Goldens, exported, model_of, numbers, session

warnings.simplefilter("ignore")
random = numpy.random.default_rng(11)
torch.manual_seed(11)
goldens = Goldens("forms")
draw = lambda *shape: random.uniform(-0.6, 0.6, shape).round(3).astype(numpy.float32)
bits = lambda high, *shape: random.integers(0, high, shape).astype(numpy.uint8)


def write(name, model, inputs):
    # Without its optimiser, which rounds the activations of products with weights of 4 bits.
    opened = session(model)
    results = dict(zip([output.name for output in opened.get_outputs()], opened.run(None, inputs)))
    # Maps from labels to probabilities are tensors of these here; strings are left out.
    results = {key: numpy.array([list(row.values()) for row in value]) if isinstance(value, list) else value for key, value in results.items()}
    goldens.write(name, model, inputs, {key: value for key, value in results.items() if value.dtype != object})


def value_of(name, kind):
    return kind(name) if callable(kind) else helper.make_tensor_value_info(name, kind, None)


def nodes(name, parts, inputs, constants={}, outputs=("y",), opset=17, types={}):
    """`parts`: (op, inputs, outputs, attributes[, domain]); `inputs` have the batch first."""
    made = [helper.make_node(op, given, out, domain=rest[0] if rest else "", **attributes) for op, given, out, attributes, *rest in parts]
    results = [value_of(output, types.get(output, TensorProto.FLOAT)) for output in outputs]
    write(name, model_of(name, made, inputs, results, constants, {"": opset, "com.microsoft": 1, "ai.onnx.ml": 3}, 10), inputs)


def network(name, module, inputs, opset=17):
    """As torch's older exporter writes it."""
    model = exported(module, {key: torch.tensor(value) for key, value in inputs.items()}, opset, "n")
    for node in model.graph.node:
        node.doc_string = ""
    write(name, model, inputs)


class Module(nn.Module):
    """A module of one function."""

    def __init__(self, function, **parts):
        super().__init__()
        for key, part in parts.items():
            setattr(self, key, nn.Parameter(torch.tensor(part)) if isinstance(part, numpy.ndarray) else part)
        self.function = function

    def forward(self, *inputs):
        return self.function(self, *inputs)


# A window larger than the image, rounded up: the pooling layer of EfficientNet in transformers.
nodes("pool-beyond", [("AveragePool", ["x"], ["y"], dict(kernel_shape=[9, 9], strides=[9, 9], ceil_mode=1))], {"x": numbers(2, 3, 4, 5)})
nodes("pool-beyond-padded", [("MaxPool", ["x"], ["y"], dict(kernel_shape=[9, 3], strides=[9, 2], pads=[1, 1, 1, 1], ceil_mode=1))], {"x": numbers(2, 3, 4, 6)})

# BatchNorm over tokens that are merged with the batch (LeViT).
normal = nn.BatchNorm1d(6)
normal.running_mean.copy_(torch.tensor(draw(6)))
normal.running_var.copy_(torch.tensor(draw(6)) + 1)
network("merged-batch-norm", Module(lambda m, x: m.normal(x.flatten(0, 1)).reshape_as(x), normal=normal), {"x": numbers(2, 5, 6)})

# A convolution whose weights are standardised as it runs (BiT).
standard = lambda m, x: functional.conv2d(x, functional.batch_norm(m.w.reshape(1, 4, -1), None, None, training=True, eps=1e-6).reshape_as(m.w))
network("standardised-weights", Module(standard, w=draw(4, 3, 3, 3)), {"x": numbers(2, 3, 5, 6)})

# A vector of each item beside a sequence whose batch is second (CLIPSeg).
network("batch-second", Module(lambda m, x, z: ((z @ m.w) * (x @ m.w).permute(1, 0, 2)).permute(1, 0, 2), w=draw(8, 8)), {"x": numbers(2, 5, 8), "z": draw(2, 8)})


def disentangled(m, x):
    """Attention with the distances of tokens (DeBERTa): heads merged with the batch, a table repeated for every item."""
    split = lambda y: y.view(y.size(0), y.size(1), 2, -1).permute(0, 2, 1, 3).contiguous().view(-1, y.size(1), 4)
    q, k = split(x @ m.q), split(x @ m.k)
    table = split(functional.layer_norm(m.table, (8,), m.scale).unsqueeze(0) @ m.k).repeat(x.size(0), 1, 1)
    places = (torch.arange(5)[:, None] - torch.arange(5)[None, :] + 4).expand(q.size(0), 5, 5)
    near = torch.gather(q @ table.transpose(1, 2), -1, places)
    scores = (q @ k.transpose(1, 2) + near).view(-1, 2, 5, 5).softmax(-1)
    return (scores @ (x @ m.v).view(-1, 5, 2, 4).permute(0, 2, 1, 3)).permute(0, 2, 1, 3).flatten(2)


network("distances", Module(disentangled, q=draw(8, 8), k=draw(8, 8), v=draw(8, 8), table=draw(9, 8), scale=draw(8) + 1), {"x": numbers(2, 5, 8)})


def relative(m, x):
    """Scores of rows and columns by an equation over heads merged with the batch (ViTDet, SAM)."""
    q = x.view(-1, 12, 2, 4).permute(0, 2, 1, 3).reshape(-1, 12, 4)
    rows = torch.einsum("bhwc,hkc->bhwk", q.reshape(q.size(0), 3, 4, 4), m.rows)
    return (q @ q.transpose(1, 2) + (rows[..., None] + torch.zeros(4)).reshape(q.size(0), 12, 12)).view(-1, 2, 12, 12)


network("merged-equation", Module(relative, rows=draw(3, 3, 4)), {"x": numbers(2, 12, 8)})

# The mask of an image, with the batch among its channels (DETR).
network("batch-of-channels", Module(lambda m, x: functional.interpolate(x[None], size=(3, 2))[0].unsqueeze(1)), {"x": numbers(2, 6, 4)})

# What is left of a head that is turned whole (Phi-3).
turned = Module(lambda m, x: torch.cat([x[..., : m.w.shape[-1]] * m.w, x[..., m.w.shape[-1] :]], -1), w=draw(4))
network("empty-rest", turned, {"x": numbers(2, 3, 4)})

# A layer on constants alone: learned queries.
network("constant-layers", Module(lambda m, x: x + m.layers(m.queries.flatten(0, 1)).softmax(-1), layers=nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8), nn.Mish()), queries=draw(2, 3, 8)), {"x": numbers(2, 6, 8)})
constant_conv = Module(lambda m, x: x * functional.avg_pool2d(m.conv(m.table), 2), conv=nn.Conv2d(2, 3, 3, 1, 1), table=draw(1, 2, 4, 6))
network("constant-images", constant_conv, {"x": numbers(2, 3, 2, 3)})

# Weights in blocks of few bits.
tokens = {"x": numbers(2, 3, 40)}
blocks = dict(K=40, N=6, block_size=16)
scale = {"scale": (draw(6, 3) + 0.7) / 8}
micro = "com.microsoft"
product = lambda name, order, constants, **attributes: nodes(name, [("MatMulNBits", order, ["y"], {**blocks, **attributes}, micro)], tokens, constants)
product("blocks-of-4-bits", ["x", "w", "scale"], {"w": bits(256, 6, 3, 8), **scale}, bits=4)
product("blocks-of-4-bits-zeros", ["x", "w", "scale", "zeros", "", "bias"], {"w": bits(256, 6, 3, 8), **scale, "zeros": bits(256, 6, 2), "bias": draw(6)}, bits=4, accuracy_level=1)
product("blocks-of-8-bits", ["x", "w", "scale", "zeros"], {"w": bits(256, 6, 3, 16), **scale, "zeros": bits(256, 6, 3)}, bits=8)
table = {"table": bits(256, 7, 8), "scale": scale["scale"][:, :1].repeat(2, 0)[:7]}
words = {"words": numpy.array([[3, 0, 6], [1, 1, 5]])}
nodes("rows-of-4-bits", [("GatherBlockQuantized", ["table", "words", "scale"], ["y"], dict(bits=4, block_size=16, gather_axis=0, quantize_axis=1), micro)], words, table)
packed = helper.make_tensor("w", TensorProto.INT4, [32, 6], bits(256, 96).tobytes(), raw=True)
dequantize = ("DequantizeLinear", ["w", "scale"], ["v"], dict(axis=0, block_size=16))
nodes("weights-of-4-bits", [dequantize, ("MatMul", ["x", "v"], ["y"], {})], {"x": numbers(2, 3, 32)}, {"w": packed, "scale": draw(2, 6) / 8}, opset=21)

# Attention whose projection is of integers, and a range of each item that is not at once undone.
dynamic = ("DynamicQuantizeLinear", ["x"], ["q", "s", "z"], {})
attention = ("QAttention", ["q", "w", "bias", "s", "ws", "mask", "z", "wz"], ["y"], dict(num_heads=2), micro)
weights = {"w": bits(256, 8, 24), "bias": draw(24), "ws": numpy.float32(0.01), "wz": numpy.uint8(121)}
nodes("attention-of-integers", [dynamic, attention], {"x": numbers(1, 4, 8), "mask": numpy.array([[1, 1, 1, 0]], numpy.int32)}, weights)
nodes("range-of-an-item", [dynamic, ("Transpose", ["q"], ["t"], dict(perm=[0, 2, 1])), ("DequantizeLinear", ["t", "s", "z"], ["y"], {})], {"x": numbers(1, 4, 8)})

# Heads of scikit-learn on features, as skl2onnx writes them.
learned = "ai.onnx.ml"
features = {"x": numbers(2, 5)}
lists = lambda *shape: draw(*shape).flatten().tolist()
before = [("Scaler", ["x"], ["s"], dict(offset=lists(5), scale=lists(5)), learned), ("Normalizer", ["s"], ["n"], dict(norm="L2"), learned)]
binary = dict(coefficients=lists(2, 5), intercepts=lists(2), multi_class=1, post_transform="LOGISTIC")
head = ("LinearClassifier", ["n"], ["label", "score"], {**binary, "classlabels_ints": [3, 7]}, learned)
nodes("head-labels", [*before, head], features, outputs=["label", "score"], types={"label": TensorProto.INT64})
map_of = lambda name: helper.make_value_info(name, helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, None))))
head = ("LinearClassifier", ["n"], ["label", "score"], {**binary, "classlabels_strings": ["fake", "real"]}, learned)
zipped = ("ZipMap", ["score"], ["map"], dict(classlabels_strings=["fake", "real"]), learned)
nodes("head-strings", [*before, head, zipped], features, outputs=["label", "map"], types={"label": TensorProto.STRING, "map": map_of})
three = dict(coefficients=lists(3, 5), intercepts=lists(3), classlabels_ints=[0, 1, 2], post_transform="SOFTMAX")
nodes("head-softmax", [("Normalizer", ["x"], ["n"], dict(norm="L1"), learned), ("LinearClassifier", ["n"], ["label", "y"], three, learned)], features, outputs=["label", "y"], types={"label": TensorProto.INT64})
one = dict(coefficients=lists(5), intercepts=[0.1], classlabels_ints=[4, 9], post_transform="NONE")
nodes("head-one-row", [("LinearClassifier", ["x"], ["label", "y"], one, learned)], features, outputs=["label", "y"], types={"label": TensorProto.INT64})
columns = [("ArrayFeatureExtractor", ["x", "columns"], ["c"], {}, learned), ("Binarizer", ["c"], ["b"], dict(threshold=0.25), learned), ("Concat", ["b", "c"], ["j"], dict(axis=1))]
regression = ("LinearRegressor", ["j"], ["y"], dict(coefficients=lists(2, 4), intercepts=lists(2), targets=2), learned)
nodes("head-regression", [*columns, regression], features, {"columns": numpy.array([3, 1])})
missing = numbers(2, 5).copy()
missing[0, 1] = numpy.nan
nodes("head-imputed", [("Imputer", ["x"], ["y"], dict(imputed_value_floats=lists(5), replaced_value_float=float("nan")), learned)], {"x": missing})
best = [("ArgMax", ["x"], ["a"], dict(axis=1, keepdims=0)), ("ArrayFeatureExtractor", ["labels", "a"], ["f"], {}, learned), ("Reshape", ["f", "flat"], ["r"], {}), ("Cast", ["r"], ["label"], dict(to=TensorProto.INT64)), ("Softmax", ["x"], ["y"], {})]
nodes("head-chosen-labels", best, features, {"labels": numpy.array([5, 6, 8, 9, 2]), "flat": numpy.array([-1])}, outputs=["label", "y"], types={"label": TensorProto.INT64})

# A normalisation that tf2onnx leaves behind a convolution, and the scale of a layer before a residual sum (DINOv2).
factors = {"w": draw(6, 3, 3, 3), "f": draw(1, 6, 1, 1), "o": draw(1, 6, 1, 1)}
nodes("factors-of-channels", [("Conv", ["x", "w"], ["c"], dict(pads=[1, 1, 1, 1])), ("Mul", ["c", "f"], ["m"], {}), ("Add", ["m", "o"], ["a"], {}), ("Relu", ["a"], ["y"], {})], {"x": numbers(2, 3, 4, 5)}, factors)
layer = {"w": draw(8, 8), "b": draw(8), "f": draw(8)}
nodes("factors-of-layers", [("MatMul", ["x", "w"], ["p"], {}), ("Add", ["b", "p"], ["a"], {}), ("Mul", ["a", "f"], ["m"], {}), ("Add", ["x", "m"], ["y"], {})], {"x": numbers(2, 5, 8)}, layer)


def updated(m, x, z):
    """A part of each item written in place (MViTv2): the older exporter makes index tuples of ranges."""
    y = x * 1
    y[:, :, 1:, 1:] = y[:, :, 1:, 1:] + z[:, None]
    return y


network("part-of-an-item", Module(updated), {"x": numbers(2, 3, 4, 5), "z": draw(2, 3, 4)})

# Attention in windows that are merged with the batch, under a mask for each window (Swin in opset 23).
windows = [("Reshape", ["x", "apart"], ["q"], {}), ("Shape", ["x"], ["n"], dict(end=1)), ("Concat", ["n", "sizes"], ["wide"], dict(axis=0))]
windows += [("Expand", ["masks", "wide"], ["e"], {}), ("Reshape", ["e", "merged"], ["m"], {}), ("Add", ["m", "places"], ["mask"], {})]
windows += [("Attention", ["q", "q", "q", "mask"], ["a"], {}), ("Reshape", ["a", "flat"], ["y"], {})]
shapes = {"apart": [-1, 2, 5, 4], "sizes": [3, 1, 5, 5], "merged": [-1, 1, 5, 5], "flat": [-1, 3, 40]}
masks = {"masks": 4 * draw(1, 3, 1, 5, 5), "places": 4 * draw(1, 2, 5, 5)}
nodes("windows-masked", windows, {"x": numbers(2, 3, 40)}, {**masks, **{key: numpy.array(value) for key, value in shapes.items()}}, opset=23)

# Tokens that see none: padding in a window of near ones (ModernBERT in opset 23), a mask of floats, one that is known.
near = abs(numpy.arange(4)[:, None] - numpy.arange(4)) <= 1
padded = {"x": numbers(2, 2, 4, 6), "tokens": numpy.array([[1, 1, 1, 1], [1, 1, 0, 0]])}
seen = [("Cast", ["tokens"], ["c"], dict(to=TensorProto.BOOL)), ("Unsqueeze", ["c", "axes"], ["u"], {})]
places = {"axes": numpy.array([1, 2]), "near": near}
both = [*seen, ("And", ["u", "near"], ["mask"], {})]
nodes("rows-masked", [*both, ("Attention", ["x", "x", "x", "mask"], ["y", "", "", "z"], dict(qk_matmul_output_mode=3))], padded, places, outputs=["y", "z"], opset=23)
infinite = {**places, "zero": numpy.float32(0), "none": numpy.float32(-numpy.inf)}
heads = ("Attention", ["x", "x", "x", "m"], ["y"], dict(q_num_heads=2, kv_num_heads=2))
nodes("rows-masked-floats", [*both, ("Where", ["mask", "zero", "none"], ["m"], {}), heads], {**padded, "x": numbers(2, 4, 6)}, infinite, opset=23)
known = near & (numpy.arange(4) != 2)[:, None]
nodes("rows-masked-known", [heads], {"x": numbers(2, 4, 6)}, {"m": known}, opset=23)

# Lists of parts, and the largest number of one tensor, as torch's newer exporter writes them where nothing optimises its file.
parts = [("SplitToSequence", ["x", "sizes"], ["s"], dict(axis=1)), ("SequenceAt", ["s", "one"], ["a"], {})]
parts += [("SplitToSequence", ["x", "four"], ["t"], dict(axis=-2)), ("SequenceAt", ["t", "first"], ["b"], {})]
parts += [("Mul", ["a", "b"], ["c"], {}), ("Max", ["c"], ["d"], {}), ("Max", ["weights"], ["w"], {}), ("Mul", ["d", "w"], ["y"], {})]
parts += [("SplitToSequence", ["x"], ["u"], dict(axis=2, keepdims=0)), ("SequenceErase", ["u", "last"], ["v"], {}), ("SequenceAt", ["u", "one"], ["e"], {})]
parts += [("SequenceInsert", ["v", "e", "first"], ["i"], {}), ("ConcatFromSequence", ["i"], ["j"], dict(axis=1, new_axis=1))]
parts += [("SequenceLength", ["v"], ["l"], {}), ("Cast", ["l"], ["f"], dict(to=1)), ("Mul", ["j", "f"], ["z"], {})]
values = {"sizes": [2, 4, 1], "four": 4, "one": 1, "first": 0, "last": -1}
nodes("lists", parts, {"x": numbers(2, 7, 6)}, {"weights": draw(6), **{key: numpy.array(value) for key, value in values.items()}}, outputs=["y", "z"])

# Determinants by elimination; a matrix whose first number is 0, and one without an inverse.
squares = numbers(2, 3, 5, 5).copy()
squares[0, 1, 0, 0], squares[1, 2, 3] = 0, squares[1, 2, 0]
nodes("determinants", [("Det", ["x"], ["y"], {})], {"x": squares})

# Equations that take diagonals.
equations = {"y": ("...hii->...hi", ["x"]), "z": ("bhii->b", ["x"]), "w": ("bhij,jj->bhi", ["x", "m"])}
nodes("diagonals", [("Einsum", given, [key], dict(equation=text)) for key, (text, given) in equations.items()], {"x": numbers(2, 3, 4, 4)}, {"m": draw(4, 4)}, outputs=list(equations))

# Integers of constants on the left of a product: a matrix, one for each head, a vector.
grids = {"xs": numpy.float32(1 / 64), "xz": numpy.uint8(120), "as": numpy.float32(1 / 256), "az": numpy.uint8(99), "ys": numpy.float32(1 / 16), "yz": numpy.uint8(128)}
firsts = {"matrix": bits(256, 1, 1, 4, 7), "heads": bits(256, 1, 3, 4, 7), "vector": bits(256, 7)}
quantised = [("QuantizeLinear", ["x", "xs", "xz"], ["q"], {})]
for key in firsts:
    quantised += [("QLinearMatMul", [key, "as", "az", "q", "xs", "xz", "ys", "yz"], [f"{key}-q"], {}), ("DequantizeLinear", [f"{key}-q", "ys", "yz"], [f"{key}-y"], {})]
nodes("integers-weight-first", quantised, {"x": numbers(2, 3, 7, 5)}, {**grids, **firsts}, outputs=[f"{key}-y" for key in firsts])
ranged = [dynamic, ("MatMulInteger", ["matrix", "q", "az", "z"], ["i"], {}), ("Cast", ["i"], ["f"], dict(to=1)), ("Mul", ["s", "as"], ["t"], {}), ("Mul", ["f", "t"], ["y"], {})]
nodes("range-weight-first", ranged, {"x": numbers(1, 3, 7, 5)}, {"matrix": firsts["matrix"][0, 0], "as": grids["as"], "az": grids["az"]})

# InstanceNorm with statistics of its training, by torch's newer exporter: the batch lies among the channels, tables are repeated for it.
tables = {"scale": draw(4) + 1, "shift": draw(4), "mean": draw(4), "variance": draw(4) + 1}
trained = [("Shape", ["x"], ["n"], dict(start=0, end=1)), ("Reshape", ["x", "merged"], ["c"], {})]
trained += [("Tile", [key, "n"], [f"{key}-n"], {}) for key in tables]
trained += [("BatchNormalization", ["c", *[f"{key}-n" for key in tables]], ["b"], {}), ("Reshape", ["b", "apart"], ["r"], dict(allowzero=1)), ("Relu", ["r"], ["y"], {})]
nodes("trained-statistics", trained, {"x": numbers(2, 4, 3, 5)}, {**tables, "merged": numpy.array([1, -1, 3, 5]), "apart": numpy.array([-1, 4, 3, 5])})
normal = nn.InstanceNorm2d(4, affine=True, track_running_stats=True)
for table, values in zip([normal.weight.data, normal.bias.data, normal.running_mean, normal.running_var], tables.values()):
    table.copy_(torch.tensor(values))
fixed = exported(nn.Sequential(nn.Conv2d(4, 4, 2), normal), {"x": torch.tensor(numbers(2, 4, 3, 5))}, 17, None)
write("trained-statistics-fixed", fixed, {"x": numbers(2, 4, 3, 5)})

# Weights of 4 bits as bitsandbytes has them: the blocks go on from row to row.
for kind, name in enumerate(["fp4", "nf4"]):
    numbers_of = {"w": bits(256, 120), "scale": draw(15) / 4}
    nodes(f"blocks-of-{name}", [("MatMulBnb4", ["x", "w", "scale"], ["y"], dict(K=40, N=6, block_size=16, quant_type=kind), micro)], tokens, numbers_of)

goldens.save()

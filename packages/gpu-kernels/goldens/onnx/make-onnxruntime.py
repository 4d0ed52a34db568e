"""Ops that onnxruntime's optimiser writes (domain com.microsoft), one a file, and small networks that it optimised.

    pip install -r requirements.txt && python make-onnxruntime.py

Writes onnxruntime/*.onnx and onnxruntime.json beside this file. Ops that onnxruntime has no CPU kernel of are computed with
torch from their description. Of networks, the result is that of the file before its optimisation.
"""
import warnings

import numpy
import onnx
import torch
from onnx import TensorProto, helper
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model
from torch import nn
from torch.nn import functional

from goldens import Goldens, Level, exported, folder, model_of, numbers, session

warnings.simplefilter("ignore")
random = numpy.random.default_rng(7)
torch.manual_seed(7)
goldens = Goldens("onnxruntime")
draw = lambda *shape: random.uniform(-0.6, 0.6, shape).round(3).astype(numpy.float32)
whole = lambda high, *shape: random.integers(0, high, shape).astype(numpy.int32)


def op(name, kind, inputs, constants={}, order=None, outputs=("y",), expected=None, domain="com.microsoft", **attributes):
    """One node. `inputs` have the batch first; `order` names its inputs, '' where one is left out."""
    node = helper.make_node(kind, order or [*inputs, *constants], outputs, domain=domain, **attributes)
    kept = [output for output in outputs if output]
    results = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in kept]
    model = model_of(name, [node], inputs, results, constants, {"": 17, "com.microsoft": 1}, 9)
    computed = session(model).run(kept, inputs) if expected is None else [expected.numpy()]
    goldens.write(name, model, inputs, dict(zip(kept, computed)))


tokens, skip = {"x": numbers(2, 5, 8)}, {"x": numbers(2, 5, 8), "skip": draw(2, 5, 8)}
scale, offset, bias = {"scale": draw(8) + 1}, {"offset": draw(8)}, {"bias": draw(8)}
op("skip-layer-normalization", "SkipLayerNormalization", skip, {**scale, **offset, **bias}, outputs=["y", "", "", "sum"], epsilon=1e-5)
op("skip-layer-normalization-constant", "SkipLayerNormalization", tokens, {"places": draw(5, 8), **scale, **offset})
op("skip-simplified-layer-normalization", "SkipSimplifiedLayerNormalization", skip, {**scale, **bias}, outputs=["y", "", "", "sum"], epsilon=1e-5)
op("simplified-layer-normalization", "SimplifiedLayerNormalization", tokens, scale, domain="", epsilon=1e-4, axis=-1)
words = {"words": whole(11, 2, 5), "segments": whole(2, 2, 5)}
tables = {"word": draw(11, 8), "place": draw(7, 8), "segment": draw(2, 8)}
op("embed-layer-normalization", "EmbedLayerNormalization", words, {**tables, **scale, **offset}, outputs=["y", "", "sum"])
places = {"words": words["words"], "places": whole(7, 2, 5)}
op("embed-layer-normalization-places", "EmbedLayerNormalization", places, {**tables, **scale, **offset}, ["words", "", "word", "place", "", "scale", "offset", "", "places"], ["y", ""])
for kind in ["BiasGelu", "FastGelu"]:
    op(kind.lower(), kind, tokens, bias)
op("quickgelu", "QuickGelu", tokens, alpha=1.5)
op("gelu", "Gelu", tokens)
op("fused-matmul", "FusedMatMul", {"a": numbers(2, 3, 4, 5), "b": draw(2, 3, 6, 5)}, transB=1, alpha=0.25)
op("fused-matmul-weight", "FusedMatMul", {"a": numbers(2, 5, 4)}, {"b": draw(6, 5)}, transA=1, transB=1, alpha=2.0)
op("fused-gemm", "FusedGemm", {"x": numbers(2, 5)}, {"w": draw(6, 5), "c": draw(6)}, transB=1, alpha=0.5, activation="LeakyRelu", activation_alpha=0.3)
image, filters = {"x": numbers(2, 4, 6, 7)}, {"w": draw(6, 2, 3, 3), "b": draw(6)}
op("fused-conv", "FusedConv", {**image, "z": draw(2, 6, 6, 7)}, filters, ["x", "w", "b", "z"], group=2, pads=[1, 1, 1, 1], activation="Relu")
op("fused-conv-clip", "FusedConv", image, filters, group=2, strides=[2, 2], activation="Clip", activation_params=[-0.2, 0.4])
op("fused-conv-hard-sigmoid", "FusedConv", image, filters, group=2, activation="HardSigmoid", activation_params=[0.3, 0.6])

qkv = {"q": numbers(2, 4, 8), "k": draw(2, 5, 8), "v": draw(2, 5, 12)}
mask, length = {"mask": numpy.array([[1, 1, 0, 1, 1], [1, 0, 1, 1, 0]], numpy.int32)}, {"mask": numpy.array([3, 5], numpy.int32)}
part = {"part": draw(28)}
op("multi-head-attention", "MultiHeadAttention", {**qkv, **mask}, part, ["q", "k", "v", "part", "mask"], num_heads=2)
op("multi-head-attention-length", "MultiHeadAttention", {**qkv, **length}, {"added": draw(1, 2, 4, 5)}, ["q", "k", "v", "", "mask", "added"], num_heads=2, scale=0.3)
past = {"past_k": draw(2, 2, 3, 4), "past_v": draw(2, 2, 3, 4)}
op("multi-head-attention-past", "MultiHeadAttention", {"q": numbers(2, 5, 8), "k": qkv["k"], "v": draw(2, 5, 8), **past}, {}, ["q", "k", "v", "", "", "", "past_k", "past_v"], ["y", "present_k", "present_v"], num_heads=2, unidirectional=1)
op("multi-head-attention-cross", "MultiHeadAttention", {"q": numbers(2, 4, 8), "k": draw(2, 2, 5, 4), "v": draw(2, 2, 5, 4)}, num_heads=2)
packed = draw(2, 5, 2, 3, 4)
q, k, v = (torch.tensor(packed[:, :, :, i]).transpose(1, 2) for i in range(3))
merge = lambda y: y.transpose(1, 2).flatten(2)
op("multi-head-attention-packed", "MultiHeadAttention", {"qkv": packed}, expected=merge(functional.scaled_dot_product_attention(q, k, v)), num_heads=2)
projection = {"w": draw(8, 24), "b": draw(24)}
op("attention", "Attention", {"x": numbers(2, 5, 8), **mask}, projection, ["x", "w", "b", "mask"], num_heads=2)
op("attention-causal", "Attention", tokens, {"w": draw(8, 20), "b": draw(20), "added": draw(1, 1, 5, 5)}, ["x", "w", "b", "", "", "added"], num_heads=2, unidirectional=1, qkv_hidden_sizes=[8, 8, 4], scale=0.4)
places, angles = {"places": whole(9, 2, 5).astype(numpy.int64)}, {"cos": draw(9, 2), "sin": draw(9, 2)}
op("rotary-embedding", "RotaryEmbedding", {"x": numbers(2, 5, 8), **places}, angles)
first = {"first": numpy.array([3], numpy.int64), **angles}
op("rotary-embedding-interleaved", "RotaryEmbedding", {"x": numbers(2, 3, 5, 4)}, first, interleaved=1)

# Without a CPU kernel: from their description.
last = lambda x: torch.tensor(x).permute(0, 3, 1, 2)
photo, tensor = {"x": numbers(2, 4, 5, 8)}, {key: torch.tensor(value) for key, value in {**scale, **offset, **bias}.items()}
group = lambda x: functional.group_norm(x, 4, tensor["scale"], tensor["offset"], 1e-5)
op("group-norm", "GroupNorm", photo, {**scale, **offset}, expected=functional.silu(group(last(photo["x"]))).permute(0, 2, 3, 1), groups=4, activation=1)
op("group-norm-first", "GroupNorm", {"x": numbers(2, 8, 4, 5)}, {**scale, **offset}, expected=group(torch.tensor(numbers(2, 8, 4, 5))), groups=4, activation=0, channels_last=0)
added = last(photo["x"] + bias["bias"])
spread = {"spread": draw(2, 8)}
op("skip-group-norm", "SkipGroupNorm", {**photo, **spread}, {**scale, **offset, **bias}, ["x", "scale", "offset", "spread", "bias"], expected=group(added + torch.tensor(spread["spread"])[:, :, None, None]).permute(0, 2, 3, 1), groups=4, activation=0)
doubled = torch.tensor(tokens["x"] + bias["bias"])
op("bias-split-gelu", "BiasSplitGelu", tokens, bias, expected=doubled[..., :4] * functional.gelu(doubled[..., 4:]))
op("bias-add", "BiasAdd", skip, bias, ["x", "bias", "skip"], expected=doubled + torch.tensor(skip["skip"]))
filters = {"w": draw(6, 3, 3, 8), "b": draw(6)}
conv = functional.conv2d(last(photo["x"]), last(filters["w"]), torch.tensor(filters["b"]), padding=1)
op("nhwc-conv", "NhwcConv", photo, filters, expected=conv.permute(0, 2, 3, 1), pads=[1, 1, 1, 1])
filters["w"] = numpy.ascontiguousarray(filters["w"].transpose(0, 3, 1, 2))
op("nhwc-fused-conv", "NhwcFusedConv", photo, filters, expected=functional.relu(conv).permute(0, 2, 3, 1), pads=[1, 1, 1, 1], activation="Relu")

grouped, total = lambda width: {"q": numbers(2, 6, 4 * width), "k": draw(2, 6, 2 * width), "v": draw(2, 6, 2 * width)}, {"total": numpy.array([6], numpy.int32)}
order, last = ["q", "k", "v", "", "", "last", "total"], {"last": numpy.array([5, 5], numpy.int32)}
shared = {"num_heads": 4, "kv_num_heads": 2}
op("group-query-attention", "GroupQueryAttention", {**grouped(8), **last}, total, order, ["y", "present_k", "present_v"], **shared)
turned = {"cos": draw(9, 8), "sin": draw(9, 8)}
packed = {"q": draw(2, 6, 8 * 16), **last}
op("group-query-attention-packed", "GroupQueryAttention", packed, {**total, **turned}, ["q", "", "", "", "", "last", "total", "cos", "sin"], ["y", "present_k", "present_v"], do_rotary=1, softcap=2.0, scale=0.4, **shared)
op("group-query-attention-window", "GroupQueryAttention", {**grouped(16), **last}, {**total, **turned}, [*order, "cos", "sin"], ["y", "present_k", "present_v"], do_rotary=1, rotary_interleaved=1, local_window_size=2, **shared)


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(0.1))
        self.second, self.third = nn.Conv2d(8, 8, 3, 1, 1), nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.hidden, self.head = nn.Linear(8, 6), nn.Linear(6, 5)

    def forward(self, x):
        x = self.first(x)
        x = torch.relu(x + self.third(torch.sigmoid(self.second(x))))
        return self.head(torch.relu(self.hidden(x.mean((2, 3)))))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.after = nn.LayerNorm(16), nn.LayerNorm(16)
        self.q, self.k, self.v, self.out = (nn.Linear(16, 16) for _ in range(4))
        self.inner, self.outer = nn.Linear(16, 32), nn.Linear(32, 16)

    def forward(self, x):
        split = lambda y: y.view(y.size(0), y.size(1), 2, 8).transpose(1, 2)
        y = self.before(x)
        q, k, v = split(self.q(y)), split(self.k(y)), split(self.v(y))
        weights = torch.softmax(q @ k.transpose(-1, -2) / 8**0.5, -1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(x.size(0), x.size(1), 16))
        return x + self.outer(functional.gelu(self.inner(self.after(x))))


sources = {"convolutions": (Convolutions(), numbers(2, 3, 16, 16)), "transformer": (nn.Sequential(Block(), Block()), numbers(2, 6, 16))}
for name, (module, x) in sources.items():
    source = exported(module, {"x": torch.tensor(x)})
    y = session(source).run(None, {"x": x})[0]
    path = goldens.target / f"network-{name}.onnx"
    session(source, Level.ORT_ENABLE_EXTENDED, path)
    variants = {f"network-{name}": onnx.load(path)}
    if name == "transformer":
        # onnxruntime's offline optimiser joins whole attention layers.
        (folder / "source.onnx").write_bytes(source.SerializeToString())
        fused = optimize_model(str(folder / "source.onnx"), model_type="vit", num_heads=2, hidden_size=16, optimization_options=FusionOptions("vit"), opt_level=0)
        (folder / "source.onnx").unlink()
        variants[f"network-{name}-fused"] = fused.model
    for variant, model in variants.items():
        del model.graph.value_info[:]
        goldens.write(variant, model, {"x": x}, {"y": y})
        print("  ", sorted({f"{node.domain}.{node.op_type}" for node in model.graph.node}))
goldens.save()

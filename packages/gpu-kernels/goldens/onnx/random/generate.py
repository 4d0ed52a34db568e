"""Random small graphs as ONNX files with inputs and what onnxruntime makes of them:

    python generate.py FOLDER FIRST COUNT [rare]

SEED.onnx and SEED.json for each seed that gives a graph. A seed gives the same file again with the same packages.
"""
import base64
import json
import pathlib
import sys
import tempfile

import numpy
import onnx

import layers
import moves
import patterns
import quantised
import rare
import windows
from graph import Dropped, Graph, Level, session
from onnx.reference import ReferenceEvaluator

SINGLE = [layers.unary, layers.activation, layers.binary, layers.compare, layers.where, layers.reduce, layers.arg, layers.topk, layers.softmax, layers.cast, windows.conv, windows.conv_transpose, windows.pool, windows.resize, windows.pad, windows.instance_norm, windows.layer_norm, windows.grid_sample, windows.space, moves.transpose, moves.reshape, moves.flatten, moves.squeeze, moves.slices, moves.gather, moves.scatter, moves.concat, moves.split, moves.tile, moves.expand, moves.cumulative, moves.trilu, moves.one_hot, moves.matmul, moves.gemm, moves.einsum, moves.recurrent, layers.binary, layers.unary, layers.reduce]
IS_RARE = "rare" in sys.argv[4:]
CHAINS = [patterns.activations, patterns.conv_chain, patterns.conv_chain, patterns.norm_chain, patterns.attention, patterns.linear_chain, patterns.shuffle, patterns.window_slices]


def grown(seed):
    random = numpy.random.default_rng(seed)
    is_item = random.random() < 0.15
    graph = Graph(random, int(random.integers(9, 26)), not is_item and random.random() < 0.7, is_item, int(random.integers(1, 4)))
    graph.is_wide, graph.is_loose = graph.chance(0.15), graph.is_open and graph.chance(0.2)
    ranks = [1, 2, 3, 3, 4, 4, 4, 5] if is_item else [2, 2, 3, 3, 4, 4, 4, 5, 1]
    shape = lambda: tuple(graph.size() for _ in range(ranks[int(random.integers(len(ranks)))]))
    with_batch = lambda dims: tuple(dims) if is_item else (graph.items, *dims[1:])
    first = with_batch(shape())
    special = graph.chance(0.1)
    graph.input(first, graph.pick("float32", "float32", "float32", "float32", "float32", "float32", "float32", "float16", "int64", "int32", "uint8"), special)
    if graph.chance(0.35):
        other = first if graph.chance(0.6) else with_batch([length if graph.chance(0.5) else 1 for length in first])
        graph.input(other, graph.pick("float32", "float32", "float32", "bool", "int64"), special)
    table = 4 if IS_RARE else random.choice(4, p=[0.2, 0.5, 0.2, 0.1])
    for _ in range(graph.integer(1, 6 if table in (0, 2) else 3)):
        for _ in range(8):
            emitters = {0: SINGLE, 1: CHAINS, 2: [*[quantised.qdq, quantised.integers, quantised.qdq] * 14, *SINGLE], 3: [*SINGLE, *CHAINS, *CHAINS], 4: [*rare.ALL, *rare.ALL, *rare.ALL, *SINGLE]}[int(table)]
            before = len(graph.nodes), len(graph.values), len(graph.makers)
            try:
                emitters[graph.integer(0, len(emitters) - 1)](graph)
                break
            except Dropped:
                # What was added until then stays where it was complete; a value nobody reads becomes an output.
                continue
    return graph


def outputs_of(graph):
    read = {name for node in graph.nodes for name in node.input}
    made = {name for node in graph.nodes for name in node.output}
    values = [value for value in graph.values if value.name in made]
    wanted = [value for value in values if value.name not in read]
    while values and graph.chance(0.3):  # what fusions may not swallow
        wanted.append(values[graph.integer(0, len(values) - 1)])
    return list({value.name: value for value in wanted if value.rank > 0 and (graph.is_item or value.lead)}.values())[:5] or None


def pruned(graph, outputs):
    """The nodes and constants that outputs need."""
    needed, nodes = {value.name for value in outputs}, []
    for node in reversed(graph.nodes):
        if any(name in needed for name in node.output):
            nodes.append(node)
            needed.update(name for name in node.input if name)
    graph.constants = {name: array for name, array in graph.constants.items() if name in needed}
    graph.inputs = [(name, array) for name, array in graph.inputs if name in needed]
    return nodes[::-1]


def plain(array):
    return {"shape": list(array.shape), "type": array.dtype.name, "data": base64.b64encode(numpy.ascontiguousarray(array, dtype="<f8").tobytes()).decode()}


def rewritten(model):
    """As onnxruntime writes it: level extended, whose files other runtimes may read."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        session(model, Level.ORT_ENABLE_EXTENDED, path)
        return onnx.load(path)


def answers(model, inputs, names, level):
    try:
        return [plain(array) for array in session(model, level).run(names, inputs)]
    except Exception as error:
        return str(error)[:300]


def is_special(array):
    """NaN, an infinity, or an integer that float32 does not hold, on the way to the result at least."""
    return array.size > 0 and not (numpy.isfinite(array.astype("f8")).all() and (array.dtype.kind == "f" or numpy.abs(array.astype("f8")).max() < 2**24))


# Ops of which onnxruntime says something else than ONNX: sizes that are no whole numbers, dilated windows with auto_pad, ends of slices.
DISPUTED = {"AveragePool", "ConvTranspose", "InstanceNormalization", "LpPool", "MaxPool", "MeanVarianceNormalization", "Resize", "Slice"}


def by_reference(graph, model, inputs, names):
    disputed = {name for node in model.graph.node if node.op_type in DISPUTED for name in node.output}
    if not 0 < sum(value.array.size for value in graph.values if value.name in disputed) < 600:
        return "not asked"  # it takes seconds for more
    try:
        return [plain(numpy.asarray(array)) for array in ReferenceEvaluator(model).run(names, inputs)]
    except Exception as error:
        return str(error)[:300]


def shaken(graph, model, inputs, names, base):
    """How far outputs move when floats move in their last bits: what any order of sums may do."""
    random, spread = numpy.random.default_rng(1), [numpy.zeros(array.shape) for array in base]
    move = lambda array: (array * (1 + random.uniform(-1, 1, array.shape) * 2.0**-22)).astype(array.dtype) if array.dtype == numpy.float32 else array
    for _ in range(2):
        other = onnx.ModelProto()
        other.CopyFrom(model)
        for tensor in other.graph.initializer:
            if tensor.data_type == 1:
                tensor.raw_data = move(onnx.numpy_helper.to_array(tensor)).tobytes()
        try:
            with numpy.errstate(all="ignore"):
                run = session(other).run(names, {name: move(array) for name, array in inputs.items()})
                spread = [numpy.fmax(old, numpy.abs(a.astype("f8") - b.astype("f8"))) for old, a, b in zip(spread, run, base)]
        except Exception:
            return [plain(array) for array in spread]
    return [plain(array) for array in spread]


def case(seed, wanted=None):
    """`wanted`: the name of one value instead of all that nobody reads, to find what is at fault."""
    graph = grown(seed)
    outputs = outputs_of(graph) if wanted is None else [value for value in graph.values if value.name == wanted]
    if not outputs:
        return None
    nodes = pruned(graph, outputs)
    if not graph.inputs or not nodes:
        return None
    names = [value.name for value in outputs]
    model = graph.model(nodes, graph.inputs, names)
    described = onnx.shape_inference.infer_shapes(model)
    kinds = {value.name: value for value in outputs}
    for output in described.graph.output:
        if not output.type.tensor_type.elem_type:
            output.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(kinds[output.name].array.dtype)
    inputs = dict(graph.inputs)
    if seed % 5 == 4 and wanted is None:
        described = rewritten(described)
    base = session(described).run(names, inputs)
    record = {
        "items": "graph" if graph.is_item else "batch",
        "inputs": {name: plain(array) for name, array in graph.inputs},
        "outputs": names,
        "plain": [plain(array) for array in base],
        "optimised": answers(described, inputs, names, Level.ORT_ENABLE_ALL),
        "reference": by_reference(graph, described, inputs, names),
        "spread": shaken(graph, described, inputs, names, base),
        "exact": [value.exact for value in outputs],
        "isSpecial": any(is_special(array) for array in [*inputs.values(), *(value.array for value in graph.values)]),
        "isHalf": any(node.op_type == "Cast" and node.attribute[0].i == 10 for node in nodes) or any(array.dtype == numpy.float16 for _, array in graph.inputs),
    }
    if graph.is_open and graph.items > 1:
        record["alone"] = answers(described, {name: array[:1] for name, array in inputs.items()}, names, Level.ORT_DISABLE_ALL)
    return described, record


def main():
    folder, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for seed in range(first, first + count):
        try:
            made = case(seed)
        except Exception as error:
            print(seed, type(error).__name__, str(error)[:200])
            continue
        if made is not None:
            model, record = made
            (folder / f"{seed}.onnx").write_bytes(model.SerializeToString())
            (folder / f"{seed}.json").write_text(json.dumps(record))
            written += 1
    print(f"{written} of {count} seeds gave a graph")


main()

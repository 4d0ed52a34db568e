"""Exports architectures with random weights to ONNX and records what onnxruntime computes with them.

    pip install -r requirements.txt
    python export.py goldens [NAME…]        # small ones, beside this file
    python export.py full FOLDER [NAME…]    # real sizes, anywhere

The weights of goldens are not in their files: an initializer says `uniform/SEED/MIN/MAX` as the place of its external
data, and the test draws the same numbers (mulberry32, as `randomNumbers` in src/kernels/case.ts). Files of real size hold
their weights.
"""
import io
import json
import pathlib
import sys
import warnings

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

from architectures import architectures, forms, picture
from randomise import randomise

folder = pathlib.Path(__file__).parent
warnings.filterwarnings("ignore")


def export(module, inputs, exporter, opset):
    names = list(inputs)
    if exporter == "script":
        file = io.BytesIO()
        axes = {name: {0: "batch"} for name in [*names, "y"]}
        torch.onnx.export(module, tuple(inputs.values()), file, input_names=names, output_names=["y"], opset_version=opset, dynamic_axes=axes, dynamo=False)
        return onnx.load_from_string(file.getvalue())
    batch = torch.export.Dim("batch", min=1, max=64)
    shapes = tuple({0: batch} for _ in names)
    shapes = (shapes,) if type(module).__name__ == "First" else shapes
    two = tuple(x if x.shape[0] > 1 else torch.cat([x, x]) for x in inputs.values())
    program = torch.onnx.export(module, two, input_names=names, output_names=["y"], opset_version=opset, dynamic_shapes=shapes, dynamo=True, verbose=False)
    model = program.model_proto
    # Source locations and tracebacks: most of the file, and of the machine that wrote it.
    for item in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        del item.metadata_props[:]
        item.doc_string = ""
    return model


def mulberry32(count, seed, low, high):
    with numpy.errstate(over="ignore"):
        state = (numpy.arange(1, count + 1, dtype=numpy.uint32) * numpy.uint32(0x6D2B79F5)) + numpy.uint32(seed)
        t = (state ^ (state >> 15)) * (state | 1)
        t ^= t + (t ^ (t >> 7)) * (t | 61)
        t ^= t >> 14
    return (low + t.astype(numpy.float64) / 4294967296 * (high - low)).astype(numpy.float32)


def draw_weights(model):
    """Replaces weights by numbers of the same mean and spread that have a seed. Masks, tables and small tensors stay."""
    drawn = onnx.ModelProto()
    drawn.CopyFrom(model)
    for seed, (tensor, light) in enumerate(zip(drawn.graph.initializer, model.graph.initializer)):
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        data = numpy_helper.to_array(tensor)
        if data.size < 16 or not numpy.isfinite(data).all() or numpy.abs(data).max() > 8 or numpy.unique(data).size <= 3:
            continue
        half = float(f"{3**0.5 * data.std():.6g}")
        low, high = float(f"{data.mean() - half:.6g}"), float(f"{data.mean() + half:.6g}")
        numbers = mulberry32(data.size, seed, low, high).reshape(data.shape)
        tensor.CopyFrom(numpy_helper.from_array(numbers, tensor.name))
        light.ClearField("raw_data")
        light.ClearField("float_data")
        light.data_location = onnx.TensorProto.EXTERNAL
        for key, value in {"location": f"uniform/{seed}/{low!r}/{high!r}/{data.size}", "offset": 0, "length": 4 * data.size}.items():
            entry = light.external_data.add()
            entry.key, entry.value = key, str(value)
    del model.graph.value_info[:]
    return drawn


def build(name, small):
    """Real sizes are written by the newer exporter, as the older cannot trace all of them."""
    make, exporter, *opset = {**architectures, **forms}[name]
    opset = opset[0] if opset else 17 if small and exporter == "script" else 20
    torch.manual_seed(7)
    module, inputs = make(small)
    if isinstance(inputs, int):
        inputs = {"x": picture(2 if small else 1, inputs)}
    return randomise(module, len(name)), inputs, exporter if small else "dynamo", opset


def run(data, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {key: value.numpy() for key, value in inputs.items()})
    return y


def main(mode, *rest):
    names = list(rest if mode == "goldens" else rest[1:]) or [*architectures, *(forms if mode == "goldens" else [])]
    target = folder if mode == "goldens" else pathlib.Path(rest[0])
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        module, inputs, exporter, opset = build(name, mode == "goldens")
        with torch.no_grad():
            model = export(module, inputs, exporter, opset)
        given = {key: {"shape": list(value.shape)} for key, value in inputs.items()}
        for key, value in inputs.items():
            if key == "time" or not value.dtype.is_floating_point:
                given[key]["data"] = value.flatten().tolist()
        if mode == "goldens":
            drawn = draw_weights(model)
            y = run(drawn.SerializeToString(), inputs)
        else:
            y = run(model.SerializeToString(), inputs)
        (target / f"{name}.onnx").write_bytes(model.SerializeToString())
        record = {"exporter": exporter, "inputs": given, "y": {"shape": list(y.shape), "data": [float(f"{v:.9g}") for v in y.flatten()]}}
        (target / f"{name}.json").write_text(json.dumps(record) + "\n")
        ops = sorted({node.op_type for node in model.graph.node})
        print(name, (target / f"{name}.onnx").stat().st_size, y.shape, float(numpy.abs(y).max()), " ".join(ops), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

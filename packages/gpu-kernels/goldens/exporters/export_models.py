"""Exports the small networks of models.py with one of torch's exporters and records what onnxruntime computes with them.

    python export_models.py FOLDER EXPORTER [NAME…]        # EXPORTER as in `exporters` below

Writes FOLDER/EXPORTER/NAME.onnx and NAME.json. A network that the exporter itself cannot write is named with its error.
"""
import json
import logging
import os
import pathlib
import sys
import warnings
from functools import partial

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import numpy
import onnx
import torch

sys.path.append(str(pathlib.Path(__file__).parent.parent / "networks"))
from models import models
from randomise import randomise
from sessions import attempt_each, listed, session

torch.set_num_threads(1)


def open_axes(name, value, is_open):
    """The batch, and where `is_open` the length of a text or the sides of an image too."""
    if is_open and name in ("input_ids", "attention_mask"):
        return {0: "batch", 1: "length"}
    if is_open and name == "pixel_values" and value.dim() == 4:
        return {0: "batch", 2: "height", 3: "width"}
    return {0: "batch"}


def script(module, inputs, target, is_open=False):
    """The older exporter."""
    axes = {name: open_axes(name, value, is_open) for name, value in inputs.items()}
    torch.onnx.export(module, tuple(inputs.values()), str(target), input_names=list(inputs), output_names=["y"], opset_version=17, dynamic_axes={**axes, "y": {0: "batch"}}, dynamo=False)


def dynamo(module, inputs, target, is_open=False, **settings):
    """The newer one, in its default opset if `settings` have no other."""
    shapes = tuple({axis: torch.export.Dim.DYNAMIC for axis in open_axes(name, value, is_open)} for name, value in inputs.items())
    shapes = (shapes,) if type(module).__name__ in ("Named", "Picked") else shapes
    torch.onnx.export(module, tuple(inputs.values()), input_names=list(inputs), output_names=["y"], dynamic_shapes=shapes, dynamo=True, verbose=False, **settings).save(str(target))


def of_type(kind, inputs):
    return {name: value.to(kind) if value.dtype == torch.float32 else value for name, value in inputs.items()}


def lesser(kind, write):
    """A module of float16 or bfloat16; its inputs of floats are such too."""
    return lambda module, inputs, target: write(module.to(kind), of_type(kind, inputs), target)


exporters = {
    "script": script,
    "dynamo": dynamo,
    "script-open": lambda *given: script(*given, is_open=True),
    "dynamo-open": lambda *given: dynamo(*given, is_open=True),
    "dynamo-18": lambda *given: dynamo(*given, opset_version=18),
    "dynamo-21": lambda *given: dynamo(*given, opset_version=21),
    "dynamo-23": lambda *given: dynamo(*given, opset_version=23),
    "dynamo-24": lambda *given: dynamo(*given, opset_version=24),
    "dynamo-25": lambda *given: dynamo(*given, opset_version=25),  # the newest that it writes without a converter of other files
    "dynamo-plain": lambda *given: dynamo(*given, opset_version=23, optimize=False),
    "half-model": lesser(torch.float16, script),
    "half-dynamo": lesser(torch.float16, dynamo),
    "bfloat16-model": lesser(torch.bfloat16, script),
    "bfloat16-dynamo": lesser(torch.bfloat16, dynamo),
}


def record(target, inputs):
    """What onnxruntime computes; an input that the exporter left out is left out here too."""
    opened = session(target)
    kinds = {value.name: value.type for value in opened.get_inputs()}
    given = {name: inputs[name].astype(numpy.float16) if kind == "tensor(float16)" else inputs[name] for name, kind in kinds.items()}
    outputs = dict(zip([value.name for value in opened.get_outputs()], opened.run(None, given)))
    lists = {"inputs": {name: listed(value) for name, value in given.items()}, "outputs": {name: listed(value) for name, value in outputs.items()}}
    target.with_suffix(".json").write_text(json.dumps(lists))


def widened_casts(node):
    """A Cast to bfloat16 still rounds."""
    full, small = onnx.TensorProto.FLOAT, onnx.TensorProto.BFLOAT16
    aims = [attribute for attribute in node.attribute if attribute.name in ("to", "dtype") and attribute.i == small]
    if not aims or node.op_type != "Cast":
        for attribute in aims:
            attribute.i = full
        return [node]
    y = node.output[0]
    node.output[0] = f"{y}/rounded"
    return [node, onnx.helper.make_node("Cast", [node.output[0]], [y], f"{node.name}/widened", to=full)]


def widened(path):
    """A file of bfloat16 as one of float32, which holds all its numbers."""
    model = onnx.load(path)
    full, small = onnx.TensorProto.FLOAT, onnx.TensorProto.BFLOAT16
    tensors = [*model.graph.initializer, *(attribute.t for node in model.graph.node for attribute in node.attribute)]
    for tensor in tensors:
        if tensor.data_type == small:
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(numpy.float32), tensor.name))
    nodes = [part for node in model.graph.node for part in widened_casts(node)]
    model.graph.ClearField("node")
    model.graph.node.extend(nodes)
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == small:
            value.type.tensor_type.elem_type = full
    model.graph.ClearField("value_info")
    return model


def record_widened(target, inputs):
    """onnxruntime computes little in bfloat16 on the CPU: what it computes of the same numbers in float32."""
    file = target.with_suffix(".widened")
    onnx.save(widened(target), file)
    record(file, {name: value.to(torch.bfloat16).float().numpy() if value.is_floating_point() else value.numpy() for name, value in inputs.items()})
    file.unlink()


def write_each(target, names, write):
    """Calls write(name, file) for each; what a library cannot write is named with its error."""

    def seeded(name):
        torch.manual_seed(7)
        write(name, target / f"{name}.onnx")

    attempt_each(target, [(name, partial(seeded, name)) for name in names])


def random_model(name):
    module, inputs = models[name]()
    randomise(module, len(name))
    return module, inputs, {key: value.numpy() for key, value in inputs.items()}


def main(folder, exporter, *names):
    def write(name, file):
        module, inputs, numbers = random_model(name)
        with torch.no_grad():
            exporters[exporter](module, inputs, file)
        record_widened(file, inputs) if exporter.startswith("bfloat16") else record(file, numbers)

    write_each(pathlib.Path(folder) / exporter, names or models, write)


if __name__ == "__main__":
    main(*sys.argv[1:])

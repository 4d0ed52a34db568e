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

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import numpy
import onnxruntime
import torch

sys.path.append(str(pathlib.Path(__file__).parent.parent / "networks"))
from models import models
from randomise import randomise

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


def half(module, inputs, target):
    """A module in half precision; its inputs of floats are float16 too."""
    script(module.half(), {name: value.half() if value.dtype == torch.float32 else value for name, value in inputs.items()}, target)


exporters = {
    "script": script,
    "dynamo": dynamo,
    "script-open": lambda *given: script(*given, is_open=True),
    "dynamo-open": lambda *given: dynamo(*given, is_open=True),
    "dynamo-18": lambda *given: dynamo(*given, opset_version=18),
    "dynamo-23": lambda *given: dynamo(*given, opset_version=23),
    "dynamo-25": lambda *given: dynamo(*given, opset_version=25),  # the newest that it writes without a converter of other files
    "dynamo-plain": lambda *given: dynamo(*given, opset_version=23, optimize=False),
    "half-model": half,
}


def listed(value):
    return {"shape": list(value.shape), "data": numpy.asarray(value, dtype=numpy.float64).flatten().tolist()}


def open_session(target):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])


def record(target, inputs):
    """What onnxruntime computes; an input that the exporter left out is left out here too."""
    session = open_session(target)
    kinds = {value.name: value.type for value in session.get_inputs()}
    given = {name: inputs[name].astype(numpy.float16) if kind == "tensor(float16)" else inputs[name] for name, kind in kinds.items()}
    outputs = dict(zip([value.name for value in session.get_outputs()], session.run(None, given)))
    lists = {"inputs": {name: listed(value) for name, value in given.items()}, "outputs": {name: listed(value) for name, value in outputs.items()}}
    target.with_suffix(".json").write_text(json.dumps(lists))


def write_each(target, names, write):
    """Calls write(name, file) for each; what a library cannot write is named with its error."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            torch.manual_seed(7)
            write(name, target / f"{name}.onnx")
            print(name, "ok", flush=True)
        except Exception as error:  # of any library: the others are still to be written
            print(name, type(error).__name__, (str(error).strip().splitlines() or [""])[0][:200], flush=True)


def random_model(name):
    module, inputs = models[name]()
    randomise(module, len(name))
    return module, inputs, {key: value.numpy() for key, value in inputs.items()}


def main(folder, exporter, *names):
    def write(name, file):
        module, inputs, numbers = random_model(name)
        with torch.no_grad():
            exporters[exporter](module, inputs, file)
        record(file, numbers)

    write_each(pathlib.Path(folder) / exporter, names or models, write)


if __name__ == "__main__":
    main(*sys.argv[1:])

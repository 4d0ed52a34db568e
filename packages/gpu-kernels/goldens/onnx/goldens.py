"""What the scripts beside this one share: inputs by a formula, networks as torch's older exporter writes them, and records of
what onnxruntime computes."""
import io
import json
import pathlib

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(__file__).parent
Level = onnxruntime.GraphOptimizationLevel
kinds = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "int64": TensorProto.INT64}


def numbers(*shape):
    """Numbers that a test can make again: thousandths in no order."""
    return (numpy.arange(int(numpy.prod(shape))) * 7919 % 2001 / 1000 - 1).astype(numpy.float32).reshape(shape)


def listed(array):
    return [float(f"{v:.9g}") for v in numpy.asarray(array, dtype=numpy.float64).flatten()]


def exported(module, inputs, opset=17, batch="batch"):
    """As torch's older exporter writes it, the batch left open unless `batch` is None; `inputs` are tensors by name."""
    file = io.BytesIO()
    axes = batch and {key: {0: batch} for key in [*inputs, "y"]}
    torch.onnx.export(module.eval(), tuple(inputs.values()), file, input_names=list(inputs), output_names=["y"], opset_version=opset, dynamic_axes=axes, dynamo=False)
    return onnx.load_from_string(file.getvalue())


def model_of(name, nodes, inputs, outputs, constants, opsets, ir_version):
    """A file of `nodes`. `inputs` are arrays with the batch first, which the file leaves open."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(key, kinds[str(value.dtype)], ["n", *value.shape[1:]]) for key, value in inputs.items()],
        outputs,
        [value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    domains = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    return helper.make_model(graph, opset_imports=domains, ir_version=ir_version)


def session(model, level=Level.ORT_DISABLE_ALL, path=None):
    """Without its optimisations, which round otherwise; with `path`, it writes the optimised file there."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = level
    if path is not None:
        options.optimized_model_filepath = str(path)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Goldens:
    """NAME/*.onnx and NAME.json beside this file: inputs, unless they are of the formula, and outputs of each file."""

    def __init__(self, name):
        self.target, self.path, self.record = folder / name, folder / f"{name}.json", {}
        self.target.mkdir(exist_ok=True)

    def write(self, name, model, inputs, outputs):
        (self.target / f"{name}.onnx").write_bytes(model.SerializeToString())
        given = {key: {"shape": list(value.shape), **({} if numpy.array_equal(value, numbers(*value.shape)) else {"data": listed(value)})} for key, value in inputs.items()}
        self.record[name] = {"inputs": given, "outputs": {key: {"shape": list(value.shape), "data": listed(value)} for key, value in outputs.items()}}
        print(name, model.ByteSize(), {key: value.shape for key, value in outputs.items()})

    def save(self):
        """JSON has no NaN: null stands for it."""
        self.path.write_text(json.dumps(self.record).replace("NaN", "null") + "\n")

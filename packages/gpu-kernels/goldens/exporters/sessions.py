"""Sessions of onnxruntime, and the inputs that were recorded beside an exported network."""
import json

import numpy
import onnxruntime

kinds = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16, "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32, "tensor(bool)": bool}
Level = onnxruntime.GraphOptimizationLevel


def session(path, level=Level.ORT_ENABLE_ALL, written=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = level
    if written is not None:
        options.optimized_model_filepath = str(written)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def inputs_of(source, opened):
    given = json.loads(source.with_suffix(".json").read_text())["inputs"]
    return {value.name: numpy.array(given[value.name]["data"]).reshape(given[value.name]["shape"]).astype(kinds[value.type]) for value in opened.get_inputs()}

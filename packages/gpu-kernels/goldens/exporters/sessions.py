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


def listed(value):
    return {"shape": list(value.shape), "data": numpy.asarray(value, dtype=numpy.float64).flatten().tolist()}


def attempt_each(target, jobs):
    """Calls each job, by its name; what a library cannot write is named with its error, and the others are still written."""
    target.mkdir(parents=True, exist_ok=True)
    for name, write in jobs:
        try:
            write()
            print(name, "ok", flush=True)
        except Exception as error:  # of any library
            print(name, type(error).__name__, (str(error).strip().splitlines() or [""])[0][:200], flush=True)

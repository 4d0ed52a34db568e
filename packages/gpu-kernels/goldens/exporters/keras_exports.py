"""Writes the networks of keras_networks.py with Keras's own export, on one of its backends, and records what onnxruntime computes.

    KERAS_BACKEND=BACKEND python keras_exports.py FOLDER [NAME…]    # tensorflow, jax or torch; writes FOLDER/keras-BACKEND/NAME.onnx and .json

In the environment of keras_networks.py, with jax besides (requirements.txt). -18: in the newest opset that tf2onnx writes. Onnxruntime has
no MaxPool of four dimensions, as which jax2onnx writes that of Keras: beside such a file stands what Keras computes.
"""
import json
import pathlib
import sys
from functools import partial

import numpy
import onnx
from keras_networks import keras, models, onnxruntime, pictures, randomise
from sessions import attempt_each, listed

backend = keras.backend.backend()
opsets = {"": None, "-18": 18} if backend == "tensorflow" else {"": None}


def is_beyond_onnxruntime(file):
    nodes = onnx.load(file, load_external_data=False).graph.node
    return any(node.op_type == "MaxPool" and attribute.name == "kernel_shape" and len(attribute.ints) > 3 for node in nodes for attribute in node.attribute)


def answers(model, file, given):
    """Names and values of inputs and outputs."""
    graph = onnx.load(file, load_external_data=False).graph
    if is_beyond_onnxruntime(file):
        return {graph.input[0].name: given}, {graph.output[0].name: numpy.asarray(model(given, training=False))}
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: given}
    return inputs, dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))


def write(name, target):
    make, _, top = models[name]
    model = randomise(make())
    given = pictures((2, *model.input_shape[1:]), top).astype(numpy.float32)
    model(given[:1])
    for end, opset in opsets.items():
        file = target / f"{name}{end}.onnx"
        model.export(str(file), format="onnx", verbose=False, opset_version=opset)
        inputs, outputs = answers(model, file, given)
        file.with_suffix(".json").write_text(json.dumps({kind: {key: listed(value) for key, value in values.items()} for kind, values in {"inputs": inputs, "outputs": outputs}.items()}))


def main(folder, *names):
    keras.utils.set_random_seed(7)
    target = pathlib.Path(folder) / f"keras-{backend}"
    attempt_each(target, [(name, partial(write, name, target)) for name in names or models])


if __name__ == "__main__":
    main(*sys.argv[1:])

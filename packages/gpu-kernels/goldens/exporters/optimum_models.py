"""Exports the networks of models.py that optimum knows with its exporter and records what onnxruntime computes with them.

    python optimum_models.py FOLDER [LEVEL] [NAME…]     # LEVEL: O1 to O3, optimum's optimisation; in an environment of its own (requirements.txt)

Writes FOLDER/optimum, or FOLDER/optimum-LEVEL. What optimum does not know is named with its error.
"""
import json
import pathlib
import shutil
import sys
import tempfile

import numpy

from export_models import random_model, write_each
from models import models
from sessions import listed, session

#: The end of a class's name → what optimum calls its task.
tasks = {
    "ForImageClassification": "image-classification", "ForImageClassificationWithTeacher": "image-classification", "ForSemanticSegmentation": "semantic-segmentation",
    "ForSequenceClassification": "text-classification", "ForDepthEstimation": "depth-estimation", "ForObjectDetection": "object-detection",
    "ForCausalLM": "text-generation", "CLIPModel": "zero-shot-image-classification", "SiglipModel": "zero-shot-image-classification", "OwlViTModel": "feature-extraction",
}
kinds = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64}


def export(module, level, target):
    from optimum.exporters.onnx import onnx_export_from_model

    kind = type(module).__name__
    task = next((task for end, task in tasks.items() if kind.endswith(end)), "feature-extraction")
    with tempfile.TemporaryDirectory() as scratch:
        onnx_export_from_model(module, scratch, task=task, optimize=level, do_validation=False, monolith=True, sequence_length=12)
        shutil.move(pathlib.Path(scratch) / "model.onnx", target)


def record(target, inputs):
    """Of inputs that optimum adds, segments are of one text and places are in order."""
    opened = session(target)
    ids = inputs.get("input_ids")
    added = {} if ids is None else {"token_type_ids": ids * 0, "position_ids": ids * 0 + numpy.arange(ids.shape[1])}
    given = {value.name: {**added, **inputs}[value.name].astype(kinds[value.type]) for value in opened.get_inputs()}
    outputs = dict(zip([value.name for value in opened.get_outputs()], opened.run(None, given)))
    target.with_suffix(".json").write_text(json.dumps({key: {name: listed(value) for name, value in values.items()} for key, values in {"inputs": given, "outputs": outputs}.items()}))


def main(folder, *words):
    level = words[0] if words and words[0] in ("O1", "O2", "O3") else None
    target = pathlib.Path(folder) / ("optimum" if level is None else f"optimum-{level}")

    def write(name, file):
        module, _, numbers = random_model(name)
        export(module.module, level, file)
        record(file, numbers)

    write_each(target, [word for word in words if word != level] or models, write)


if __name__ == "__main__":
    main(*sys.argv[1:])

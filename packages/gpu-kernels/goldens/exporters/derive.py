"""Converts, optimises or quantises exported networks with one tool and records what onnxruntime computes with the result.

    python derive.py FOLDER TOOL [NAME…]        # of FOLDER/script, or for onnx-28 of FOLDER/dynamo-25; TOOL as in `tools` below

Of quantised networks three answers are recorded: onnxruntime's with its optimisations, without, and for each item alone, because
ranges that are taken as the network runs are those of a batch there.
"""
import json
import logging
import pathlib
import re
import sys
import warnings
from functools import partial

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import numpy
import onnx
import torch

from converters import converters, level, opset, transformer
from export_models import record_widened
from olive_passes import tools as olive
from quantisers import tools as quantisers
from sessions import Level, attempt_each, inputs_of, listed, session


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


tools = {
    "half-keep": half(True),
    "half-io": half(False),
    "slim": slim,
    "sim": simplify,
    "onnx-28": opset(28),
    "ort-basic": level(Level.ORT_ENABLE_BASIC),
    "ort-extended": level(Level.ORT_ENABLE_EXTENDED),
    "ort-all": level(Level.ORT_ENABLE_ALL),
    "transformer": transformer(),
    "transformer-half": transformer(is_half=True),
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
    **olive,
    **quantisers,
}
#: What tools that quantise are named.
quantising = re.compile(r"^(dynamic|q|int|bnb|nncf|modelopt)|-(dynamic|qdq|rtn|hqq|kquant)")


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


def write(tool, source, made):
    """Beside a file of bfloat16 stands what export_models.py records of such."""
    tools[tool](source, made)
    if tool.endswith("bfloat16"):
        record_widened(made, {key: torch.from_numpy(value) for key, value in inputs_of(source, session(source)).items()})
    else:
        record_of(made, inputs_of(source, session(made)), bool(quantising.search(tool)))


def main(folder, tool, *names):
    target = pathlib.Path(folder) / tool
    exported = "dynamo-25" if tool == "onnx-28" else "script"
    sources = sorted((pathlib.Path(folder) / exported).glob("*.onnx"))
    wanted = [source for source in sources if (not names or source.stem in names) and source.with_suffix(".json").exists()]
    attempt_each(target, [(f"{tool} {source.stem}", partial(write, tool, source, target / source.name)) for source in wanted])


if __name__ == "__main__":
    main(*sys.argv[1:])

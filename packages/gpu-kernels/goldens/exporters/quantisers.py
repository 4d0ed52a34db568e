"""Further tools of derive.py: quantisers besides onnxruntime's own, and newer forms of onnxruntime's.

In an environment with nncf, nvidia-modelopt and amd-quark (requirements.txt). NNCF reports its use unless told not to.
"""
import contextlib
import copy
import os
import tempfile

os.environ["NNCF_CI"] = "1"
import onnx

from sessions import inputs_of, session


def reader(source):
    """What the network is recorded with, once."""
    from onnxruntime.quantization import CalibrationDataReader

    class Once(CalibrationDataReader):
        def __init__(self):
            self.rewind()

        def rewind(self):
            self.left = [inputs_of(source, session(source))]

        def get_next(self):
            return self.left.pop() if self.left else None

    return Once()


def nncf_quantised(**options):
    def quantise(source, target):
        import nncf

        chosen = {key: getattr(nncf, kind)[value] for key, (kind, value) in options.items()}
        onnx.save(nncf.quantize(onnx.load(source), nncf.Dataset([inputs_of(source, session(source))]), **chosen), target)

    return quantise


def nncf_weights(mode, **options):
    def quantise(source, target):
        import nncf

        onnx.save(nncf.compress_weights(onnx.load(source), mode=nncf.CompressWeightsMode[mode], **options), target)

    return quantise


def modelopt(**options):
    def quantise(source, target):
        from modelopt.onnx.quantization import quantize

        quantize(str(source), calibration_data=inputs_of(source, session(source)), calibration_eps=["cpu"], output_path=str(target), log_level="ERROR", **options)

    return quantise


def autocast(**options):
    def convert(source, target):
        from modelopt.onnx.autocast import convert_to_mixed_precision

        onnx.save(convert_to_mixed_precision(str(source), **options), target)

    return convert


def quark(name, **settings):
    """One of AMD's own settings, as its QConfig; what it learns weights with is left out, because it takes a thousand steps.
    BF16 and BFP16 write ops of its own (com.amd.quark), which onnxruntime lacks too: only BF16 by Cast is here."""

    def quantise(source, target):
        from quark.onnx import ModelQuantizer
        from quark.onnx.quantization.config import custom_config

        config = copy.deepcopy(getattr(custom_config, f"{name}_QCONFIG"))
        config.extra_options.update(settings)
        with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):  # it leaves a table of what it did where it is run
            ModelQuantizer(config).quantize_model(str(source.absolute()), str(target.absolute()), reader(source))

    return quantise


def qnn(**options):
    """As onnxruntime prepares a file for Qualcomm's provider."""

    def quantise(source, target):
        from onnxruntime.quantization import QuantType, quantize
        from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config, qnn_preprocess_model

        with tempfile.TemporaryDirectory() as scratch:
            prepared = f"{scratch}/prepared.onnx"
            is_changed = qnn_preprocess_model(str(source), prepared, fuse_layernorm=True)
            given = prepared if is_changed else str(source)
            types = {key: QuantType[value] if key.endswith("type") else value for key, value in options.items()}
            quantize(given, str(target), get_qnn_qdq_config(given, reader(source), **types))

    return quantise


def overridden(source, target):
    """16 bits for the output of every other MatMul and Conv, 8 for the others."""
    from onnxruntime.quantization import QuantType, get_qdq_config, quantize

    model = onnx.load(source)
    wide = [node.output[0] for node in model.graph.node if node.op_type in ("MatMul", "Conv", "Gemm")][::2]
    overrides = {name: [{"quant_type": QuantType.QUInt16}] for name in wide}
    quantize(str(source), str(target), get_qdq_config(str(source), reader(source), tensor_quant_overrides=overrides))


def widest(source, target):
    """Every option that adds a form: weights in QDQ pairs, contributed ops, pairs of their own, no bias."""
    from onnxruntime.quantization import get_qdq_config, quantize

    extra = {"AddQDQPairToWeight": True, "UseQDQContribOps": True, "DedicatedQDQPair": True, "QuantizeBias": False, "QDQKeepRemovableActivations": True}
    quantize(str(source), str(target), get_qdq_config(str(source), reader(source), per_channel=True, extra_options=extra))


def fixed(source, target):
    """A batch of one number of items, as tools for phones want."""
    from onnxruntime.tools.onnx_model_utils import fix_output_shapes, make_dim_param_fixed

    model = onnx.load(source)
    make_dim_param_fixed(model.graph, "batch", 2)
    fix_output_shapes(model)
    onnx.save(model, target)


tools = {
    "nncf": nncf_quantised(),
    "nncf-transformer": nncf_quantised(model_type=("ModelType", "TRANSFORMER"), preset=("QuantizationPreset", "MIXED")),
    "nncf-int8": nncf_weights("INT8_ASYM"),
    "nncf-int8-sym": nncf_weights("INT8_SYM"),
    "nncf-int4": nncf_weights("INT4_ASYM", group_size=16),
    "nncf-int4-sym": nncf_weights("INT4_SYM", group_size=16, all_layers=True),
    "modelopt": modelopt(high_precision_dtype="fp32"),
    "modelopt-half": modelopt(calibration_method="max"),
    "modelopt-dq": modelopt(high_precision_dtype="fp32", dq_only=True),
    "modelopt-fp8": modelopt(quantize_mode="fp8", high_precision_dtype="fp32", dq_only=True),
    "modelopt-int4": modelopt(quantize_mode="int4", calibration_method="awq_clip", block_size=16, high_precision_dtype="fp32"),
    "modelopt-int4-lite": modelopt(quantize_mode="int4", calibration_method="awq_lite", block_size=16, use_zero_point=True, high_precision_dtype="fp32"),
    "modelopt-int4-dq": modelopt(quantize_mode="int4", calibration_method="rtn_dq", block_size=16, high_precision_dtype="fp32"),
    "autocast": autocast(keep_io_types=True),
    "autocast-bfloat16": autocast(low_precision_type="bf16", keep_io_types=True),
    "quark-xint8": quark("XINT8"),
    "quark-vint8": quark("VINT8"),
    "quark-a8w8": quark("A8W8"),
    "quark-a16w8": quark("A16W8"),
    "quark-bf16-cast": quark("BF16", BF16QDQToCast=True),
    "qnn": qnn(),
    "qnn-u16": qnn(activation_type="QUInt16", weight_type="QInt8", per_channel=True, activation_symmetric=True),
    "qdq-mixed": overridden,
    "qdq-widest": widest,
    "fixed": fixed,
}

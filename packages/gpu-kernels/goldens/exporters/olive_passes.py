"""Further tools of derive.py: passes of Microsoft Olive, one after another, on a file or (olive-convert) on the module itself.

In an environment with olive-ai (requirements.txt). Olive sends what it does to its makers unless told not to.
"""
import os
import pathlib
import shutil
import tempfile

os.environ["OLIVE_DISABLE_TELEMETRY"] = "1"

from sessions import inputs_of, session


def calibration(source):
    """What the network is recorded with, as a data set of Olive."""
    from olive.data.config import DataComponentConfig, DataConfig
    from olive.data.registry import Registry

    given = inputs_of(source, session(source))

    @Registry.register_dataset(name="recorded_inputs")
    def recorded_inputs(**_):
        return [({name: value[item] for name, value in given.items()}, 0) for item in range(2)]

    part = lambda kind: DataComponentConfig(type=kind)
    return DataConfig(name="recorded", load_dataset_config=part("recorded_inputs"), pre_process_data_config=part("skip_pre_process"), post_process_data_config=part("skip_post_process"), dataloader_config=DataComponentConfig(type="default_dataloader", params={"batch_size": 2}))


def run_passes(model, passes, source, target):
    from olive.package_config import OlivePackageConfig
    from olive.passes.olive_pass import create_pass_from_dict

    package = OlivePackageConfig.load_default_config()
    with tempfile.TemporaryDirectory() as scratch:
        for place, (name, options) in enumerate(passes):
            given = {**options, "data_config": calibration(source)} if "Static" in name else options
            made = create_pass_from_dict(package.import_pass_module(name), given, disable_search=True)
            model = made.run(model, str(pathlib.Path(scratch) / str(place)))
        shutil.copyfile(model.model_path, target)


def passes(*wanted):
    """Names of passes, or pairs of a name and its options."""
    pairs = [(each, {}) if isinstance(each, str) else each for each in wanted]

    def convert(source, target):
        from olive.model import ONNXModelHandler

        run_passes(ONNXModelHandler(str(source)), pairs, source, target)

    return convert


def with_names(forward, names):
    """A function whose parameters have names, which Olive goes by: of *inputs it would make one parameter."""
    scope = {"forward": forward}
    exec(f"def named({', '.join(names)}):\n    return forward({', '.join(names)})", scope)
    return scope["named"]


def conversion(**options):
    def convert(source, target):
        from olive.model import PyTorchModelHandler

        from export_models import random_model

        module, inputs, _ = random_model(source.stem)
        io = {"input_names": list(inputs), "input_shapes": [list(value.shape) for value in inputs.values()], "input_types": [str(value.dtype).split(".")[1] for value in inputs.values()], "output_names": ["y"], "dynamic_axes": {name: {"0": "batch"} for name in [*inputs, "y"]}, "dynamic_shapes": {name: {"0": "batch"} for name in inputs}}
        module.forward = with_names(module.forward, list(inputs))
        handler = PyTorchModelHandler(model_loader=lambda _: module, io_config=io, dummy_inputs_func=lambda _: inputs)
        run_passes(handler, [("OnnxConversion", options)], source, target)

    return convert


surgeries = lambda *names: ("GraphSurgeries", {"surgeries": [{"surgeon": name} for name in names]})

tools = {
    "olive-convert": conversion(),
    "olive-convert-dynamo": conversion(use_dynamo_exporter=True),
    "olive-peephole": passes("OnnxPeepholeOptimizer"),
    "olive-fusion": passes("OnnxScriptFusion"),
    "olive-transformer": passes(("OrtTransformersOptimization", {"model_type": "bert", "opt_level": 1})),
    "olive-half": passes("OnnxFloatToFloat16"),
    "olive-half-io": passes("OnnxFloatToFloat16", ("OnnxIODataTypeConverter", {"name_pattern": "y"})),
    "olive-mixed": passes("OrtTransformersOptimization", "OrtMixedPrecision"),
    "olive-surgeries": passes(surgeries("InferShapes", "ReplaceErfWithTanh", "GemmToMatMulAdd", "PowReduceSumPowDiv2LpNorm", "DecomposeQuickGelu", "ReciprocalMulToDiv", "RMSNormToL2Norm", "DeduplicateNodes")),
    "olive-gemm": passes(surgeries("MatMulAddToGemm", "RemoveInitializerFromInputs")),
    "olive-dynamic": passes("OnnxDynamicQuantization"),
    "olive-qdq": passes(("OnnxStaticQuantization", {"quant_preprocess": True})),
    "olive-qdq-u16": passes(("OnnxStaticQuantization", {"activation_type": "uint16", "precision": "uint8"})),
    "olive-rtn": passes(("OnnxBlockWiseRtnQuantization", {"block_size": 16})),
    "olive-rtn-8": passes(("OnnxBlockWiseRtnQuantization", {"block_size": 16, "bits": 8, "is_symmetric": False})),
    "olive-hqq": passes(("OnnxHqqQuantization", {"block_size": 16})),
    "olive-kquant": passes(("OnnxKQuantQuantization", {"block_size": 16})),
    "olive-kquant-8": passes(("OnnxKQuantQuantization", {"block_size": 16, "bits": 8})),
    "olive-kquant-qdq": passes(("OnnxKQuantQuantization", {"block_size": 16}), ("MatMulNBitsToQDQ", {"use_int4": True})),
    "olive-rtn-qdq": passes(("OnnxBlockWiseRtnQuantization", {"block_size": 16}), ("MatMulNBitsToQDQ", {"use_transpose_op": True, "use_int4": True, "use_signed_int": True, "add_zero_point": True})),
    "olive-rtn-half": passes(("OnnxBlockWiseRtnQuantization", {"block_size": 16}), "OnnxFloatToFloat16"),
}

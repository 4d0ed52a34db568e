"""Further tools of derive.py: other float types, weights of 4 bits by other methods, other opsets, graph surgery, other files of weights."""
import onnx

from sessions import Level, inputs_of, session


def mixed(source, target):
    from onnxconverter_common.auto_mixed_precision import auto_convert_mixed_precision

    feed = inputs_of(source, session(source))
    onnx.save(auto_convert_mixed_precision(onnx.load(source), feed, rtol=0.01, atol=0.001, keep_io_types=True), target)


def half(**options):
    """The converter of onnxruntime.transformers, which leaves other ops in float32 than onnxconverter-common does."""

    def convert(source, target):
        from onnxruntime.transformers.float16 import convert_float_to_float16

        onnx.save(convert_float_to_float16(onnx.load(source), **options), target)

    return convert


def half_extended(source, target):
    """Optimised by onnxruntime after it was made float16: the ops that it fuses then are of float16 too."""
    scratch = target.with_suffix(".half")
    half(keep_io_types=True)(source, scratch)
    session(scratch, Level.ORT_ENABLE_EXTENDED, target)
    scratch.unlink()


def bitsandbytes(kind):
    def quantise(source, target):
        from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer

        quantiser = MatMulBnb4Quantizer(onnx.load(source), kind, 16)
        quantiser.process()
        quantiser.model.save_model_to_file(str(target))

    return quantise


def weights_of(make):
    def quantise(source, target):
        from onnxruntime.quantization import matmul_nbits_quantizer as nbits

        quantiser = nbits.MatMulNBitsQuantizer(onnx.load(source), algo_config=make(nbits))
        quantiser.process()
        quantiser.model.save_model_to_file(str(target))

    return quantise


def opset(version):
    def convert(source, target):
        from onnx import version_converter

        onnx.save(version_converter.convert_version(onnx.load(source), version), target)

    return convert


def optimiser(source, target):
    import onnxoptimizer

    onnx.save(onnxoptimizer.optimize(onnx.load(source), onnxoptimizer.get_fuse_and_elimination_passes()), target)


def surgeon(source, target):
    import onnx_graphsurgeon

    graph = onnx_graphsurgeon.import_onnx(onnx.load(source))
    onnx.save(onnx_graphsurgeon.export_onnx(graph.fold_constants().cleanup().toposort()), target)


def script(source, target):
    from onnxscript import optimizer, rewriter

    onnx.save(rewriter.rewrite(optimizer.optimize(onnx.load(source))), target)


def safetensors(source, target):
    import onnx_safetensors

    onnx_safetensors.save_model(onnx.load(source), str(target), external_data=f"{target.stem}.safetensors", size_threshold=16)


#: Kinds of networks that the optimiser of transformers knows.
optimised = {"vit": "vit", "clip-vision": "clip", "clip-text": "clip", "gpt2": "gpt2", "t5-encoder": "t5", "swin": "swin", "unet2d-condition": "unet", "siglip-vision": "vit", "dinov2": "vit", "llama": "gpt2"}


def transformer(is_half=False, **fusions):
    """The optimiser of transformers, with fusions besides its own."""

    def optimise(source, target):
        from onnxruntime.transformers import optimizer
        from onnxruntime.transformers.fusion_options import FusionOptions

        kind = optimised.get(source.stem, "bert")
        options = FusionOptions(kind)
        for name, value in fusions.items():
            setattr(options, name, value)
        sizes = (0, 0) if kind in ("swin", "unet") else (4, 32)
        model = optimizer.optimize_model(str(source), model_type=kind, num_heads=sizes[0], hidden_size=sizes[1], opt_level=0, optimization_options=options)
        if is_half:
            model.convert_float_to_float16(keep_io_types=True)
        model.save_model_to_file(str(target))

    return optimise


def level(which):
    return lambda source, target: session(source, which, target)


converters = {
    "mixed": mixed,
    "ort-half": half(keep_io_types=True),
    "ort-half-io": half(keep_io_types=False, force_fp16_initializers=True),
    "half-extended": half_extended,
    "bnb-fp4": bitsandbytes(0),
    "bnb-nf4": bitsandbytes(1),
    "int2": weights_of(lambda nbits: nbits.DefaultWeightOnlyQuantConfig(block_size=16, bits=2)),
    "int4-gather": weights_of(lambda nbits: nbits.DefaultWeightOnlyQuantConfig(block_size=16, is_symmetric=True, op_types_to_quantize=("MatMul", "Gather"))),
    "int4-hqq": weights_of(lambda nbits: nbits.HQQWeightOnlyQuantConfig(block_size=16)),
    "int4-k": weights_of(lambda nbits: nbits.KQuantWeightOnlyQuantConfig()),
    "int4-channel": weights_of(lambda nbits: nbits.DefaultWeightOnlyQuantConfig(channel_wised_quantize=True, quant_format=nbits.QuantFormat.QDQ)),
    "opset-21": opset(21),
    "opset-24": opset(24),
    "onnxoptimizer": optimiser,
    "surgeon": surgeon,
    "onnxscript": script,
    "safetensors": safetensors,
    "transformer-gpu": transformer(use_multi_head_attention=True, enable_gelu_approximation=True, enable_bias_skip_layer_norm=True, enable_skip_layer_norm=True),
    "transformer-gpu-half": transformer(use_multi_head_attention=True, enable_gelu_approximation=True, is_half=True),
}

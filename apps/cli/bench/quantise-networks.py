"""Quantises the float networks of a folder with onnxruntime's own quantiser, for networks.bench.ts.

    python quantise-networks.py FOLDER NAME…

Reads FOLDER/NAME.onnx and FOLDER/calibration.f32 (images of the input's shape), writes FOLDER/NAME.FORM.onnx for the forms
operator (QLinearConv, QLinearMatMul …), qdq (pairs of QuantizeLinear and DequantizeLinear) and dynamic (DynamicQuantizeLinear,
ConvInteger, MatMulInteger). Activations uint8; weights int8, one scale an output channel. Needs onnx, onnxruntime and numpy.
"""
import pathlib
import sys

import numpy
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static


class Reader(CalibrationDataReader):
    def __init__(self, images):
        self.batches = iter([{"x": image[None]} for image in images])

    def get_next(self):
        return next(self.batches, None)


def quantise(folder, name):
    source = folder / f"{name}.onnx"
    shape = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"]).get_inputs()[0].shape[1:]
    images = numpy.fromfile(folder / "calibration.f32", numpy.float32).reshape(-1, *shape)
    for form, value in [("operator", QuantFormat.QOperator), ("qdq", QuantFormat.QDQ)]:
        target = folder / f"{name}.{form}.onnx"
        types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
        if not target.exists():
            quantize_static(source, target, Reader(images), quant_format=value, per_channel=True, **types)
    target = folder / f"{name}.dynamic.onnx"
    if not target.exists():
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)


for name in sys.argv[2:]:
    quantise(pathlib.Path(sys.argv[1]), name)

"""Writes networks of Keras with tf2onnx and records what onnxruntime computes with them.

    python keras_networks.py FOLDER [NAME…]        # writes FOLDER/keras/NAME.onnx and .json; -nchw: with channels first
"""
import json
import os
import pathlib
import sys
from functools import partial

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras
import numpy
import onnxruntime
import tensorflow as tf
import tf2onnx
from keras import layers

from sessions import attempt_each, listed

A = keras.applications


def cnn():
    return keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1/127.5, offset=-1), layers.Conv2D(8, 3, padding="same", activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(), layers.SeparableConv2D(12, 3, strides=2, padding="same"), layers.LeakyReLU(), layers.SpatialDropout2D(0.2), layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dropout(0.5), layers.Dense(1, activation="sigmoid")])
def resize():
    x = keras.Input((20, 24, 3)); y = layers.Resizing(16, 16, interpolation="bilinear")(x); y = layers.CenterCrop(12, 12)(y); y = layers.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.2, 0.3, 0.1])(y); y = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(y); y = layers.UpSampling2D(2, interpolation="bilinear")(y); y = layers.GlobalMaxPooling2D()(y)
    return keras.Model(x, layers.Dense(2, activation="softmax")(y))
def crop():
    x = keras.Input((20, 24, 3)); 
    y = layers.Lambda(lambda t: tf.image.crop_and_resize(t, tf.tile([[0.1, 0.2, 0.9, 0.8]], [tf.shape(t)[0], 1]), tf.range(tf.shape(t)[0]), [8, 8]), output_shape=(8, 8, 3))(x)
    return keras.Model(x, layers.Conv2D(4, 3)(y))
def attention():
    x = keras.Input((16, 16, 3)); y = layers.Conv2D(16, 4, 4)(x); y = layers.Reshape((16, 16))(y); y = y + layers.MultiHeadAttention(2, 8)(layers.LayerNormalization()(y), y); y = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(y)); y = layers.GlobalAveragePooling1D()(y)
    return keras.Model(x, layers.Dense(3)(y))
def se():
    x = keras.Input((16, 16, 3)); y = layers.Conv2D(8, 3, padding="same", use_bias=False)(x); y = layers.GroupNormalization(4)(y); s = layers.GlobalAveragePooling2D(keepdims=True)(y); s = layers.Conv2D(8, 1, activation="hard_sigmoid")(s); y = layers.multiply([y, s]); y = layers.PReLU(shared_axes=[1, 2])(y); y = layers.ZeroPadding2D(1)(y); y = layers.DepthwiseConv2D(3, dilation_rate=2)(y); y = layers.AveragePooling2D(2, padding="same")(y); y = layers.UnitNormalization()(layers.Flatten()(y))
    return keras.Model(x, y)
def lstm():
    x = keras.Input((8, 8, 3)); y = layers.Reshape((8, 24))(x); y = layers.LSTM(8)(y); return keras.Model(x, layers.Dense(2)(y))


#: Network, and what its inputs range to.
models = {"small-cnn": (cnn, 32, 255), "resize-crop": (resize, None, 1), "attention": (attention, 16, 1), "squeeze": (se, 16, 1), "crop-and-resize": (crop, None, 1), "lstm": (lstm, 8, 1),
 "mobilenet": (lambda: A.MobileNet((64, 64, 3), alpha=0.25, weights=None, classes=10), 64, 1), "mobilenet-v2": (lambda: A.MobileNetV2((64, 64, 3), alpha=0.35, weights=None, classes=10), 64, 1),
 "mobilenet-v3": (lambda: A.MobileNetV3Small((64, 64, 3), alpha=1.0, minimalistic=False, weights=None, classes=10), 64, 255), "efficientnet-b0": (lambda: A.EfficientNetB0(input_shape=(64, 64, 3), weights=None, classes=10), 64, 255), "efficientnet-v2-b0": (lambda: A.EfficientNetV2B0(input_shape=(64, 64, 3), weights=None, classes=10), 64, 255),
 "resnet50": (lambda: A.ResNet50(input_shape=(64, 64, 3), weights=None, classes=10), 64, 1), "xception": (lambda: A.Xception(input_shape=(75, 75, 3), weights=None, classes=10), 75, 1), "inception-v3": (lambda: A.InceptionV3(input_shape=(75, 75, 3), weights=None, classes=10), 75, 1), "densenet121": (lambda: A.DenseNet121(input_shape=(64, 64, 3), weights=None, classes=10), 64, 1), "nasnet": (lambda: A.NASNetMobile(input_shape=(64, 64, 3), weights=None, classes=10), 64, 1), "convnext": (lambda: A.ConvNeXtTiny(input_shape=(64, 64, 3), weights=None, classes=10), 64, 255), "vgg16": (lambda: A.VGG16(input_shape=(32, 32, 3), weights=None, classes=10), 32, 1)}


def randomise(model):
    """Means, variances and biases that start as 0 or 1 would hide mistakes."""
    for weight in model.weights:
        if "moving_mean" in weight.path or weight.path.endswith(("beta", "bias")):
            weight.assign(numpy.random.RandomState(3).uniform(-0.1, 0.1, weight.shape))
        if "moving_variance" in weight.path or weight.path.endswith("gamma"):
            weight.assign(numpy.random.RandomState(4).uniform(0.75, 1.25, weight.shape))
    return model


def pictures(shape, top):
    numbers = (numpy.arange(numpy.prod(shape)) * 7919 % 2001 / 1000 - 1).astype(numpy.float32).reshape(shape)
    return (numbers + 1) / 2 * top if top > 1 else numbers


def write(name, target, is_first):
    make, _, top = models[name]
    model = randomise(make())
    shape = (2, *model.input_shape[1:])
    images = pictures(shape, top)
    signature = (tf.TensorSpec((None, *shape[1:]), tf.float32, name="input"),)
    called = tf.function(lambda input: model(input, training=False))
    file = target / f"{name}{'-nchw' if is_first else ''}.onnx"
    tf2onnx.convert.from_function(called, input_signature=signature, opset=15, output_path=str(file), inputs_as_nchw=["input:0", "input"] if is_first else None)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    given = numpy.ascontiguousarray(images.transpose(0, 3, 1, 2)) if is_first else images
    outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, {session.get_inputs()[0].name: given})))
    lists = {"inputs": {session.get_inputs()[0].name: listed(given)}, "outputs": {key: listed(value) for key, value in outputs.items()}}
    file.with_suffix(".json").write_text(json.dumps(lists))


def main(folder, *names):
    tf.random.set_seed(7)
    target = pathlib.Path(folder) / "keras"
    placed = lambda name: (False, True) if name in ("small-cnn", "mobilenet") else (False,)
    attempt_each(target, [(name, partial(write, name, target, is_first)) for name in names or models for is_first in placed(name)])


if __name__ == "__main__":
    main(*sys.argv[1:])

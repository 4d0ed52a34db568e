"""Writes networks of Flax with jax2onnx and records what onnxruntime computes with them.

    python jax_networks.py FOLDER [NAME…]        # writes FOLDER/jax/NAME.onnx and .json; -nchw: with channels first

In the environment of keras_exports.py. Onnxruntime has no MaxPool of four dimensions, as which jax2onnx writes that of JAX: beside such
a file (largest) stands what JAX computes.
"""
import json
import pathlib
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy
import onnxruntime
from flax import nnx
from jax2onnx import to_onnx

from sessions import attempt_each, listed

rngs = nnx.Rngs(7)
gelu, relu = jax.nn.gelu, jax.nn.relu


class Convolutions(nnx.Module):
    def __init__(self, pool, norm):
        self.first, self.second = nnx.Conv(3, 8, (3, 3), rngs=rngs), nnx.Conv(8, 16, (3, 3), strides=2, padding=((1, 0), (0, 1)), rngs=rngs)
        self.deep, self.head = nnx.Conv(16, 16, (3, 3), feature_group_count=16, kernel_dilation=2, rngs=rngs), nnx.Linear(16, 5, rngs=rngs)
        self.pool, self.norms = pool, nnx.List([norm(8), norm(16)])

    def __call__(self, x):
        x = self.pool(relu(self.norms[0](self.first(x))))
        x = jax.nn.silu(self.norms[1](self.second(x)))
        return self.head((x + self.deep(x)).mean((1, 2)))


class Block(nnx.Module):
    def __init__(self, width):
        self.before, self.after = nnx.LayerNorm(width, rngs=rngs), nnx.RMSNorm(width, rngs=rngs)
        self.mix = nnx.MultiHeadAttention(4, width, decode=False, deterministic=True, rngs=rngs)
        self.inner, self.outer = nnx.Linear(width, 2 * width, rngs=rngs), nnx.Linear(2 * width, width, rngs=rngs)

    def __call__(self, x):
        x = x + self.mix(self.before(x))
        return x + self.outer(gelu(self.inner(self.after(x))))


class Vit(nnx.Module):
    def __init__(self):
        self.patches, self.blocks, self.head = nnx.Conv(3, 32, (8, 8), strides=8, rngs=rngs), nnx.List([Block(32), Block(32)]), nnx.Linear(32, 5, rngs=rngs)
        self.token, self.places = nnx.Param(jax.random.normal(jax.random.key(1), (1, 1, 32))), nnx.Param(jax.random.normal(jax.random.key(2), (1, 17, 32)))

    def __call__(self, x):
        x = self.patches(x).reshape(x.shape[0], 16, 32)
        x = jnp.concatenate([jnp.broadcast_to(self.token[...], (x.shape[0], 1, 32)), x], 1) + self.places[...]
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0])


class Decoder(nnx.Module):
    def __init__(self):
        self.narrow, self.up, self.out = nnx.Conv(3, 8, (4, 4), strides=4, rngs=rngs), nnx.ConvTranspose(8, 6, (4, 4), strides=2, rngs=rngs), nnx.Conv(6, 3, (3, 3), rngs=rngs)

    def __call__(self, x):
        x = self.up(gelu(self.narrow(x), approximate=False))
        return jnp.tanh(self.out(jnp.repeat(jnp.repeat(x, 2, 1), 2, 2)))


batch_norm = lambda width: nnx.BatchNorm(width, use_running_average=True, rngs=rngs)
group_norm = lambda width: nnx.GroupNorm(width, num_groups=4, rngs=rngs)
pool = lambda kind, **options: lambda x: getattr(nnx, kind)(x, window_shape=(3, 3), strides=(2, 2), padding="SAME", **options)
#: As JAX itself has them, and libraries that jax2onnx does not know.
windows = lambda start, join: lambda x: jax.lax.reduce_window(x, start, join, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
networks = {
    "average-pool": lambda: Convolutions(pool("avg_pool"), batch_norm),
    "average-inside": lambda: Convolutions(pool("avg_pool", count_include_pad=False), group_norm),
    "max-pool": lambda: Convolutions(pool("max_pool"), batch_norm),
    "sums": lambda: Convolutions(windows(0.0, jax.lax.add), batch_norm),
    "largest": lambda: Convolutions(windows(-jnp.inf, jax.lax.max), batch_norm),
    "vit": Vit,
    "decoder": Decoder,
}


def moved(module):
    """Statistics and scales that start as 0 or 1 would hide mistakes."""
    state = nnx.state(module)
    random = numpy.random.RandomState(3)
    is_flat = lambda value: hasattr(value, "ndim") and value.ndim == 1 and value.dtype == jnp.float32
    nnx.update(module, jax.tree.map(lambda value: value + random.uniform(0, 0.2, value.shape).astype(numpy.float32) if is_flat(value) else value, state))
    return module


def write(name, target, is_first):
    module = moved(networks[name]())
    module.eval()
    file = target / f"{name}{'-nchw' if is_first else ''}.onnx"
    images = (numpy.arange(2 * 32 * 32 * 3) * 7919 % 2001 / 1000 - 1).astype(numpy.float32).reshape(2, 32, 32, 3)
    to_onnx(module, [("B", 32, 32, 3)], return_mode="file", output_path=str(file), input_names=["x"], output_names=["y"], inputs_as_nchw=[0] if is_first else None)
    given = numpy.ascontiguousarray(images.transpose(0, 3, 1, 2)) if is_first else images
    if name == "largest":
        result = module(images)
    else:
        result = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(None, {"x": given})[0]
    file.with_suffix(".json").write_text(json.dumps({"inputs": {"x": listed(given)}, "outputs": {"y": listed(result)}}))


def main(folder, *names):
    target = pathlib.Path(folder) / "jax"
    placed = lambda name: (False, True) if name in ("average-pool", "vit") else (False,)
    attempt_each(target, [(name, partial(write, name, target, is_first)) for name in names or networks for is_first in placed(name)])


if __name__ == "__main__":
    main(*sys.argv[1:])

/** TensorFlow's weight layouts as ONNX wants them: [height, width, in, out] to OIHW, dense [in, out] to Gemm's [out, in]. */
import type { Tensor, Tensors } from '@diptych/plugin-kit';

type Layout = 'convolution' | 'depthwise' | 'dense' | 'vector';

/** Depthwise kernels are told by their names; they become [channels, 1, height, width]. */
export function toOnnxLayout(weights: ReadonlyMap<string, Tensor>): Tensors {
  return Object.fromEntries([...weights].map(([name, tensor]) => [name, transposed(tensor, layoutOf(name, tensor))]));
}

function layoutOf(name: string, { shape }: Tensor): Layout {
  if (shape.length === 1) return 'vector';
  if (shape.length === 2) return 'dense';
  return /\/depthwise_(kernel|filter)$/.test(name) ? 'depthwise' : 'convolution';
}

const permutations: Record<Exclude<Layout, 'vector'>, readonly number[]> = {
  convolution: [3, 2, 0, 1],
  depthwise: [2, 3, 0, 1],
  dense: [1, 0],
};

function transposed(tensor: Tensor, layout: Layout): Tensor {
  if (layout === 'vector') return tensor;
  const permutation = permutations[layout];
  const shape = permutation.map((dimension) => tensor.shape[dimension]!);
  const sourceStrides = tensor.shape.map((_, dimension) => tensor.shape.slice(dimension + 1).reduce((a, b) => a * b, 1));
  const strides = permutation.map((dimension) => sourceStrides[dimension]!);
  const data = Float32Array.from(tensor.data, (_, target) => {
    let rest = target;
    let source = 0;
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      source += (rest % shape[dimension]!) * strides[dimension]!;
      rest = Math.floor(rest / shape[dimension]!);
    }
    return tensor.data[source]!;
  });
  return { shape, data };
}

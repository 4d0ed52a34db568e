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

/** The kernel as a matrix of matrices: places in the window, inputs of each output, outputs. */
function sizesOf({ shape }: Tensor, layout: Exclude<Layout, 'vector'>): { shape: number[]; sizes: [places: number, inputs: number, outputs: number] } {
  const [first = 1, second = 1, third = 1, fourth = 1] = shape;
  if (layout === 'dense') return { shape: [second, first], sizes: [1, first, second] };
  const isDepthwise = layout === 'depthwise';
  return {
    shape: isDepthwise ? [third, fourth, first, second] : [fourth, third, first, second],
    sizes: isDepthwise ? [first * second, 1, third * fourth] : [first * second, third, fourth],
  };
} // biome-ignore format: signature

/** [places][inputs][outputs] as [outputs][inputs][places]. Millions of numbers, so by plain loops. */
function transposed(tensor: Tensor, layout: Layout): Tensor {
  if (layout === 'vector') return tensor;
  const { shape, sizes } = sizesOf(tensor, layout);
  const [places, inputs, outputs] = sizes;
  const data = new Float32Array(tensor.data.length);
  let source = 0;
  for (let place = 0; place < places; place++)
    for (let input = 0; input < inputs; input++)
      for (let output = 0; output < outputs; output++)
        data[(output * inputs + input) * places + place] = tensor.data[source++]!;
  return { shape, data };
}

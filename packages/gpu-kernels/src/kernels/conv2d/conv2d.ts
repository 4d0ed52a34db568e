/** conv2d and gemm: groups of one as an implicit matrix product, others one thread a result. */
import { sizeOf } from '../../graph/shapes.ts';
import {
  activationConstants,
  type Constants,
  type Dispatch,
  elementGrid,
  loadKernel,
  orZero,
  type StepOf,
  type StepShapes,
  valueOrZero,
} from '../kernel.ts';
import { isSingleRow } from '../single-values.ts';
import { windowSizes } from '../window.ts';
import { fullProduct } from './full-product.ts';
import { halfProduct } from './half-product.ts';

const grouped = loadKernel('conv2d', 'grouped', ['run', 'rolled', 'flat-index', 'activation']);

type Product = StepOf<'conv2d'> | StepOf<'gemm'>;

const epilogueConstants = (step: Product): Constants => ({
  ...activationConstants(step.activation),
  HAS_BIAS: step.bias !== undefined,
  HAS_RESIDUAL: step.residual !== undefined,
});

/** 16 MiB in float32: heads of 1000 classes on 4096 features are within it, the first layers behind VGG's images are not. */
const mostFullWeights = 2 ** 22;

/** Gates and heads, a row an item: their weights are read once for all items, and what they round changes every score. */
const staysFull = (step: Product, shapes: StepShapes, isPointwise: boolean): boolean =>
  isPointwise &&
  isSingleRow(shapes.value(step.x)) &&
  isSingleRow(shapes.value(step.output)) &&
  sizeOf(shapes.weight(step.weight)) <= mostFullWeights;

const product = (
  step: Product,
  shapes: StepShapes,
  parameters: readonly number[],
  isPointwise: boolean,
): readonly Dispatch[] => {
  const how = shapes.target.precision === 'f16' && !staysFull(step, shapes, isPointwise) ? halfProduct : fullProduct;
  return [how(step, shapes, parameters, isPointwise)].flat();
};

export function conv2d(step: StepOf<'conv2d'>, shapes: StepShapes): Dispatch | readonly Dispatch[] {
  const [, kernelHeight, kernelWidth] = shapes.weight(step.weight) as [number, number, number, number];
  const output = shapes.value(step.output);
  const sizes = windowSizes(shapes.value(step.x), output, [kernelHeight, kernelWidth], step);
  if (step.groups > 1) {
    const group = { GROUP_CHANNELS: sizes.CHANNELS / step.groups, GROUP_OUTPUTS: sizes.OUT_CHANNELS / step.groups };
    return {
      kernel: grouped,
      constants: { ...epilogueConstants(step), ...sizes, ...group, ROLLED: shapes.target.rolled },
      bindings: [
        { value: step.x },
        { weight: step.weight },
        orZero(step.bias),
        valueOrZero(step.residual),
        { value: step.output },
      ],
      grid: elementGrid(output),
    };
  }
  const isPointwise =
    sizeOf([sizes.KERNEL_HEIGHT, sizes.KERNEL_WIDTH, ...step.strides]) === 1 && step.pads.every((pad) => pad === 0);
  return product(step, shapes, Object.values(sizes), isPointwise);
}

const pointwise = { strides: [1, 1], pads: [0, 0], dilations: [1, 1] } as const;

/** A 1x1 convolution over an image of one column. */
export function gemm(step: StepOf<'gemm'>, shapes: StepShapes): readonly Dispatch[] {
  const shape = shapes.value(step.x);
  const rows = sizeOf(shape.slice(0, -1));
  const columns = shapes.value(step.output).at(-1)!;
  const sizes = windowSizes([rows, 1, shape.at(-1)!], [rows, 1, columns], [1, 1], pointwise);
  return product(step, shapes, Object.values(sizes), true);
}

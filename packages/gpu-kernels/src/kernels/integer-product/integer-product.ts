/** conv2d-integer and gemm-integer: without groups as an implicit matrix product, others one thread a result. */
import { sizeOf } from '../../graph/shapes.ts';
import {
  type Constants,
  type Dispatch,
  elementGrid,
  type Grid,
  type KernelPlanner,
  loadKernel,
  maxWorkgroupsPerDimension,
  orZero,
  type StepOf,
} from '../kernel.ts';

type IntegerStep = StepOf<'conv2d-integer'> | StepOf<'gemm-integer'>;

const tiled = loadKernel('integer-product', 'tiled', ['integer-product']);
const grouped = loadKernel('integer-product', 'grouped', ['integer-product', 'flat-index']);
const tile = 64;

const bindingsOf = (step: IntegerStep): Dispatch['bindings'] => [
  { value: step.x },
  { weight: step.weight },
  orZero(step.bias),
  orZero(step.scale),
  { value: step.output },
];

const constantsOf = (step: IntegerStep): Constants => ({
  BITS: step.weightBits,
  HAS_BIAS: step.bias !== undefined,
  HAS_SCALE: step.scale !== undefined,
  REQUANTIZE: step.requantize !== undefined,
});

const pair = ([y, x]: readonly [y: number, x: number, ...rest: number[]]): number => y + 65_536 * x;

const zeroPointsOf = ({ zeroPoint, requantize }: IntegerStep): number[] => [
  zeroPoint,
  requantize?.zeroPoint ?? 0,
  requantize?.min ?? 0,
  requantize?.max ?? 0,
];

/** Tiles over rows in x (wrapped into z where there are too many), over columns in y. */
const tileGrid =
  (rowsPerItem: number, columns: number) =>
  (items: number): Grid => {
    const tiles = Math.ceil((items * rowsPerItem) / tile);
    const x = Math.max(1, Math.min(tiles, maxWorkgroupsPerDimension));
    return [x, Math.ceil(columns / tile), Math.ceil(tiles / x)];
  };

export const conv2dInteger: KernelPlanner<'conv2d-integer'> = (step, shapes) => {
  const [height, width, channels] = shapes.value(step.x) as [number, number, number];
  const output = shapes.value(step.output) as [number, number, number];
  const [outHeight, outWidth, outChannels] = output;
  const window = [step.kernel, step.strides, step.pads, step.dilations].map(pair);
  const bindings = bindingsOf(step);
  const parameters = [height, width, channels, ...output, ...window, ...zeroPointsOf(step)];
  if (step.groups > 1) {
    const group = { GROUP_CHANNELS: channels / step.groups, GROUP_OUTPUTS: outChannels / step.groups };
    return {
      kernel: grouped,
      constants: { ...constantsOf(step), ...group },
      parameters,
      bindings,
      grid: elementGrid(output),
    };
  }
  const isPointwise = sizeOf([...step.kernel, ...step.strides]) === 1 && step.pads.every((pad) => pad === 0);
  return {
    kernel: tiled,
    constants: { ...constantsOf(step), POINTWISE: isPointwise },
    parameters,
    bindings,
    grid: tileGrid(outHeight * outWidth, outChannels),
  };
};

/** A 1x1 convolution over an image of one column. */
export const gemmInteger: KernelPlanner<'gemm-integer'> = (step, shapes) => {
  const shape = shapes.value(step.x);
  const rows = sizeOf(shape.slice(0, -1));
  const columns = shapes.value(step.output).at(-1)!;
  const one = pair([1, 1]);
  return {
    kernel: tiled,
    constants: { ...constantsOf(step), POINTWISE: true },
    parameters: [rows, 1, shape.at(-1)!, rows, 1, columns, one, one, 0, one, ...zeroPointsOf(step)],
    bindings: bindingsOf(step),
    grid: tileGrid(rows, columns),
  };
};

/** Windows of signals and weights of mel bands, in doubles, rounded once: https://onnx.ai/onnx/operators/onnx__HannWindow.html and its like. */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { allocate, type Constant, isFloat } from '../constant.ts';
import type { FoldCall } from '../node-call.ts';
import { type ElementType, elementTypeOf, nameOfType } from '../onnx-model.ts';

function outputType(call: FoldCall): ElementType {
  const number = call.attributes.number('output_datatype', 1);
  const type = elementTypeOf(number);
  if (type !== 'float32' && type !== 'float64') throw opUnsupported(call.node, `element type ${nameOfType(number)}`);
  return type;
}

function oneNumber(call: FoldCall, index: number, what: string): number {
  const constant = call.input(index);
  const value = isFloat(constant.type) ? constant.data[0] : call.integers(index)[0];
  if (constant.data.length !== 1 || value === undefined || !Number.isFinite(value))
    throw graphInvalid(call.node, `${what} must be one number.`);
  return value;
}

/** a − b · cos(2πi/n) + c · cos(4πi/n), n the size of a periodic window and one less of a symmetric one. */
const window =
  (a: number, b: number, c = 0) =>
  (call: FoldCall): Constant[] => {
    const type = outputType(call);
    const isPeriodic = call.attributes.number('periodic', 1) !== 0;
    call.attributes.finish();
    const size = oneNumber(call, 0, 'the size of a window');
    const turns = isPeriodic ? size : size - 1;
    if (!(turns >= 1)) throw opUnsupported(call.node, `a window of ${size} numbers`);
    const data = allocate(type, [size], call.place);
    for (let i = 0; i < size; i++) {
      const angle = (2 * Math.PI * i) / turns;
      data[i] = a - b * Math.cos(angle) + c * Math.cos(2 * angle);
    }
    return [{ type, shape: [size], data }];
  };

/** Bands overlap by halves: each rises from the middle of the one before, and falls to that of the next. */
function MelWeightMatrix(call: FoldCall): Constant[] {
  const type = outputType(call);
  call.attributes.finish();
  const [bands, length, rate, low, high] = ['the number of bands', 'dft_length', 'sample_rate', 'the lower edge', 'the upper edge'].map((what, index) => oneNumber(call, index, what)) as [number, number, number, number, number]; // biome-ignore format: one list
  const rows = Math.floor(length / 2) + 1;
  if (bands < 1 || length < 1 || rate <= 0) throw graphInvalid(call.node, 'bands, dft_length and sample_rate must be positive.'); // biome-ignore format: one condition
  const data = allocate(type, [rows, bands], call.place);
  const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const step = (mel(high) - mel(low)) / (bands + 2);
  const bin = (edge: number): number => Math.floor(((length + 1) * 700 * (10 ** ((edge * step + mel(low)) / 2595) - 1)) / rate); // biome-ignore format: one expression
  for (let band = 0; band < bands; band++) {
    const [left, middle, right] = [bin(band), bin(band + 1), bin(band + 2)];
    if (!(left >= 0 && left <= middle && middle <= right && right <= rows))
      throw graphInvalid(call.node, `band ${band} from bin ${left} to ${right} is not within ${rows} bins.`);
    call.spend(right - left);
    const set = (row: number, weight: number): void => {
      if (row < rows) data[row * bands + band] = weight;
    };
    if (middle === left) set(middle, 1);
    for (let row = left; row <= middle && middle > left; row++) set(row, (row - left) / (middle - left));
    for (let row = middle; row < right; row++) set(row, (right - row) / (right - middle));
  }
  return [{ type, shape: [rows, bands], data }];
}

export const windowFolds = {
  BlackmanWindow: window(0.42, 0.5, 0.08),
  HammingWindow: window(25 / 46, 21 / 46),
  HannWindow: window(0.5, 0.5),
  MelWeightMatrix,
} as const;

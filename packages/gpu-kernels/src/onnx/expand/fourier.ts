/**
 * DFT and STFT as products with constant matrices of cosines and sines, worked out in float64 and rounded once. A complex number is
 * the last dimension, real part first: https://onnx.ai/onnx/operators/onnx__DFT.html, onnx__STFT.html.
 */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch } from '../constant.ts';
import { integersOf } from '../node-call.ts';
import type { Expansion } from './expansion.ts';

/** Numbers of a matrix: 2048 complex ones to as many. Longer signals want a fast transform, which is not implemented. */
const largestMatrix = 2 ** 24;

interface Transform {
  /** Of the whole transform; what is given may be shorter, and is then followed by zeros. */
  readonly length: number;
  /** Numbers given, and whether they are real (1) or complex (2). */
  readonly given: number;
  readonly parts: number;
  readonly bins: number;
  readonly isInverse: boolean;
  /** Given half a spectrum whose other half is its conjugate, so that the result is real. */
  readonly givesReal: boolean;
  /** A factor of each number given. */
  readonly window?: ArrayLike<number>;
}

/** Cosine and sine of t/n turns; quarters are exact, which π is not. */
function turned(t: number, n: number): readonly [cosine: number, sine: number] {
  const quarters = (4 * t) / n;
  if (Number.isInteger(quarters))
    return [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ][quarters % 4] as [number, number];
  const angle = (2 * Math.PI * t) / n;
  return [Math.cos(angle), Math.sin(angle)];
}

/** What part `from` of number j adds to part `to` of number k: (a + bi) · e^(±2πi·jk/n). */
function coefficient(how: Transform, j: number, from: number, k: number, to: number): number {
  const n = how.length;
  const [cosine, sine] = turned((j * k) % n, n);
  const signed = how.isInverse ? sine : -sine;
  const turn = from === to ? cosine : from === 0 ? signed : -signed;
  const isAlone = j === 0 || 2 * j === n;
  // The two bins that have no conjugate are real, whatever their other part says.
  const half = how.givesReal ? (isAlone ? Number(from === 0) : 2) : 1;
  return ((turn * half) / (how.isInverse ? n : 1)) * (how.window?.[j] ?? 1);
}

/** `[…, given, parts]` → `[…, bins, 2]`, or 1 of real results. `rank`: of `name`. */
function transformed(to: Expansion, name: string, rank: number, how: Transform): string {
  const [rows, outputs] = [how.given * how.parts, how.givesReal ? 1 : 2];
  const columns = how.bins * outputs;
  if (rows * columns > largestMatrix)
    throw opUnsupported(to.node, `a transform of ${how.given} numbers to ${how.bins}, at most 2048 complex numbers are implemented`); // biome-ignore format: one message
  const matrix = to.computed('float32', [rows, columns], (at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const [j, k] = [Math.floor(row / how.parts), Math.floor(column / outputs)];
    return coefficient(how, j, row % how.parts, k, column % outputs);
  });
  const kept = new Array<number>(rank - 2).fill(0);
  const product = to.add('MatMul', [to.reshape(name, ...kept, rows), matrix]);
  return to.reshape(product, ...kept, how.bins, outputs);
}

function scalar(to: Expansion, index: number): number | undefined {
  if (!to.has(index)) return undefined;
  const constant = to.constant(index);
  if (constant === undefined) throw opUnsupported(to.node, `input ${index} is computed, only a constant is implemented there`); // biome-ignore format: one condition
  const list = integersOf(constant, to.node);
  if (list.length !== 1) throw graphInvalid(to.node, `input ${index} must hold one number, got ${list.length}.`);
  return list[0];
}

function partsOf(to: Expansion, shape: readonly number[]): number {
  const parts = shape.at(-1)!;
  if (parts !== 1 && parts !== 2)
    throw graphInvalid(to.node, `the last dimension must be 1 (real) or 2 (complex), got ${parts}.`);
  return parts;
}

function positive(to: Expansion, what: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw graphInvalid(to.node, `${what} ${value} is no length.`);
  return value;
}

/** The axis is an attribute in opset 17, an input since 20. */
function dftAxis(to: Expansion, rank: number): number {
  const given = to.state.opset < 20 ? to.attributes.number('axis', 1) : (scalar(to, 2) ?? -2);
  const axis = axisOf(given, rank, to.node);
  if (axis === rank - 1) throw graphInvalid(to.node, 'the last dimension holds real and imaginary parts, and is no axis.');
  return axis;
}

/** Inverse and onesided together, as PyTorch exports irfft: from half a spectrum to real numbers, as onnxruntime computes it. */
export function DFT(to: Expansion): void {
  const shape = to.shape(0);
  if (shape.length < 2) throw graphInvalid(to.node, 'its input needs a dimension before that of real and imaginary parts.');
  const axis = dftAxis(to, shape.length);
  const isInverse = to.attributes.number('inverse', 0) !== 0;
  const isOnesided = to.attributes.number('onesided', 0) !== 0;
  to.attributes.finish();
  if (dependsOnBatch(shape[axis]!)) throw opUnsupported(to.node, 'a transform over the batch');
  const [size, parts, givesReal] = [shape[axis]!, partsOf(to, shape), isInverse && isOnesided];
  if (isOnesided && !isInverse && parts === 2) throw graphInvalid(to.node, 'onesided takes real numbers, got complex ones.');
  const length = positive(to, 'dft_length', scalar(to, 1) ?? (givesReal ? 2 * (size - 1) : size));
  const half = Math.floor(length / 2) + 1;
  const given = Math.min(size, givesReal ? half : length);
  const cut = given === size ? to.input(0) : to.slice(to.input(0), axis, 0, given);
  const last = shape.length - 2;
  const perm = [...shape.keys()].map((d) => (d === axis ? last : d === last ? axis : d));
  const how = { length, given, parts, bins: isOnesided && !isInverse ? half : length, isInverse, givesReal };
  if (axis === last) to.give('Identity', [transformed(to, cut, shape.length, how)]);
  else to.give('Transpose', [transformed(to, to.transpose(cut, ...perm), shape.length, how)], { perm });
}

/** Frames are chosen by constant places; a constant window is part of the matrix. A signal of two dimensions is real, which onnxruntime takes too. */
export function STFT(to: Expansion): void {
  const isOnesided = to.attributes.number('onesided', 1) !== 0;
  to.attributes.finish();
  const shape = to.shapeOfRank(0, 2, 3);
  const [signal, parts] = [shape[1]!, shape.length === 2 ? 1 : partsOf(to, shape)];
  if (dependsOnBatch(signal)) throw opUnsupported(to.node, 'a transform over the batch');
  if (isOnesided && parts === 2) throw graphInvalid(to.node, 'onesided takes real numbers, got complex ones.');
  const step = positive(to, 'frame_step', scalar(to, 1) ?? 0);
  const window = to.has(2) ? to.shapeOfRank(2, 1)[0] : undefined;
  const length = positive(to, 'frame_length', scalar(to, 3) ?? window ?? signal);
  if (window !== undefined && window !== length)
    throw graphInvalid(to.node, `a window of ${window} numbers for frames of ${length}.`);
  const frames = Math.floor((signal - length) / step) + 1;
  if (frames < 1) throw graphInvalid(to.node, `frames of ${length} numbers do not fit into a signal of ${signal}.`);
  const places = to.computed('int64', [frames, length], (at) => Math.floor(at / length) * step + (at % length));
  const framed = to.add('Gather', [to.input(0), places], { axis: 1 });
  const constant = to.constant(2);
  const isComputed = to.has(2) && constant === undefined;
  const windowed = isComputed ? to.add('Mul', [framed, to.reshape(to.input(2), length, 1)]) : framed;
  const bins = isOnesided ? Math.floor(length / 2) + 1 : length;
  const how = { length, given: length, parts, bins, isInverse: false, givesReal: false };
  const spectrum = transformed(to, windowed, 4, { ...how, ...(constant !== undefined && { window: constant.data }) });
  to.give('Identity', [spectrum]);
}

/**
 * Resize to the linear mean of bytes, as quantisers leave it between integer ops. ONNX says nothing of rounding; onnxruntime's CPU
 * cuts the mean of four corners off toward 0. A mean of equal numbers may lie a last place below them, so coordinates, weights
 * and the order of the sum are those of onnxruntime, each rounded to float32: goldens/onnx/make-integer-resize.py.
 */
import type { GraphNode } from '@diptych/plugin-kit/runtime';
import { opUnsupported } from '../../graph/graph-errors.ts';
import { type Resized, resizeTaps } from '../../graph/ops/resize.ts';
import type { LowerCall } from './lower-call.ts';

const f = Math.fround;

type Coordinate = (at: number, scale: number, output: number, size: number) => number;

const halfPixel: Coordinate = (at, scale) => f(f(f(at + 0.5) / scale) - 0.5);
const coordinates: Readonly<Record<string, Coordinate>> = {
  half_pixel: halfPixel,
  pytorch_half_pixel: (at, scale, output, size) => (output > 1 ? halfPixel(at, scale, output, size) : 0),
  asymmetric: (at, scale) => f(at / scale),
  align_corners: (at, _, output, size) => (output === 1 ? 0 : f(f(at * (size - 1)) / (output - 1))),
};

/** Of each output pixel along one dimension: the pixels below and above, and what each counts. */
interface Pairs {
  readonly below: readonly number[];
  readonly above: readonly number[];
  readonly weightBelow: readonly number[];
  readonly weightAbove: readonly number[];
}

function pairsOf(
  { size, output, scale }: { readonly size: number; readonly output: number; readonly scale: number },
  place: Coordinate,
): Pairs {
  const pairs = Array.from({ length: output }, (_, at) => {
    const x = Math.min(size - 1, Math.max(0, scale === 1 ? at : place(at, f(scale), output, size)));
    const below = Math.floor(x);
    const above = Math.min(below + 1, size - 1);
    const weights = below === above ? [0.5, 0.5] : [f(above - x), f(x - below)];
    return { below, above, weights };
  });
  return {
    below: pairs.map(({ below }) => below),
    above: pairs.map(({ above }) => above),
    weightBelow: pairs.map(({ weights }) => weights[0]!),
    weightAbove: pairs.map(({ weights }) => weights[1]!),
  };
}

/** `to` is of all dimensions, the batch first; `attributes` are those that the planner's Resize knows. */
export function lowerByteResize(
  call: LowerCall,
  { attributes, ...to }: Resized & { readonly attributes: NonNullable<GraphNode['attributes']> },
): void {
  const type = call.state.types.get(call.input(0))!;
  const refuse = (what: string): never => {
    throw opUnsupported(call.node, `a linear Resize of ${type} numbers ${what}, which is not that of floats`);
  };
  const shape = call.shape(0);
  const { axes } = resizeTaps({ ...call.node, attributes }, shape, to);
  const mode = String(attributes['coordinate_transformation_mode'] ?? 'half_pixel');
  const place = Object.hasOwn(coordinates, mode) ? coordinates[mode]! : refuse(`by ${mode}`);
  for (const extra of ['antialias', 'exclude_outside']) if (Number(attributes[extra] ?? 0) !== 0) refuse(`with ${extra}`);
  const [channels, rows, columns] = axes;
  if (axes.length !== 3 || channels!.scale !== 1) refuse('of other dimensions than the height and width of an image');
  const [y, x] = [pairsOf(rows!, place), pairsOf(columns!, place)];
  call.state.spendFolded(4 * rows!.output * columns!.output, call.node);
  const chosen = (name: string, places: readonly number[], axis: number): string =>
    call.add('Gather', [name, call.tensor([places.length], places)], { axis });
  const line = (places: readonly number[]): readonly [string, string] => {
    const row = chosen(call.input(0), places, 2);
    return [chosen(row, x.below, 3), chosen(row, x.above, 3)];
  };
  const weighted = (corner: string, ofColumn: readonly number[], ofRow: readonly number[]): string => {
    const weights = ofRow.flatMap((row) => ofColumn.map((column) => f(column * row)));
    return call.add('Mul', [corner, call.tensor([ofRow.length, ofColumn.length], weights)]);
  };
  const [upper, lower] = [line(y.below), line(y.above)];
  const sum = [
    weighted(upper[0], x.weightBelow, y.weightBelow),
    weighted(upper[1], x.weightAbove, y.weightBelow),
    weighted(lower[0], x.weightBelow, y.weightAbove),
    weighted(lower[1], x.weightAbove, y.weightAbove),
  ].reduce((total, part) => call.add('Add', [total, part]));
  call.finish('Trunc', [sum]);
}

/**
 * MaxPool's second output, the place of each largest number among all of the batch, and MaxUnpool, which puts numbers back there.
 * The tap that equals the maximum is sought from the last to the first, so that the first one wins, as in onnxruntime.
 */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { sizeOf } from '../../graph/shapes.ts';
import { checkCounted } from './indices.ts';
import type { LowerCall } from './lower-call.ts';

/** Each tap of a window is four steps. */
const mostTaps = 64;

interface Taps {
  readonly kernel: readonly [number, number];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

function readTaps(call: LowerCall): Taps {
  const { given } = call;
  const list = (name: string, fallback: readonly number[]): readonly number[] => {
    const value = given[name] ?? fallback;
    if (!Array.isArray(value) || value.length !== fallback.length)
      throw opUnsupported(call.node, `attribute ${name} that has not ${fallback.length} entries, where places of the largest numbers are read`); // biome-ignore format: one message
    return value as number[];
  };
  if ((given['auto_pad'] ?? 'NOTSET') !== 'NOTSET' || (given['ceil_mode'] ?? 0) !== 0)
    throw opUnsupported(call.node, 'auto_pad or ceil_mode where places of the largest numbers are read');
  const kernel = list('kernel_shape', [0, 0]) as [number, number];
  if (!(sizeOf(kernel) <= mostTaps)) throw opUnsupported(call.node, `places in windows of ${kernel.join('x')}, at most ${mostTaps} numbers are implemented`); // biome-ignore format: one condition
  return {
    kernel,
    strides: list('strides', [1, 1]),
    dilations: list('dilations', [1, 1]),
    pads: list('pads', [0, 0, 0, 0]),
  };
}

/** Values of one tap of all windows, and where they are inside the image: `[1, height, width]` of the result. */
function slicedTap(call: LowerCall, padded: string, taps: Taps, tap: readonly number[], output: readonly number[]): string {
  const from = tap.map((at, d) => at * taps.dilations[d]!);
  const ends = from.map((at, d) => at + (output[d]! - 1) * taps.strides[d]! + 1);
  const list = (values: readonly number[]): string => call.tensor([values.length], values);
  return call.add('Slice', [padded, list(from), list(ends), list([2, 3]), list(taps.strides)]);
}

/** Places within the item: the number of the item times the size of one is added as a mark (`batch/item-numbers.ts`). */
export function MaxPoolPlaces(call: LowerCall): void {
  const [channels, height, width] = call.shape(0) as [number, number, number];
  if (call.shape(0).length !== 3)
    throw opUnsupported(call.node, 'places of the largest numbers of other values than images');
  checkCounted(call, channels * height * width);
  const isByColumn = call.attributes.number('storage_order', 0) !== 0;
  const taps = readTaps(call);
  const { storage_order: _, ...window } = call.given;
  const largest = call.add('MaxPool', [call.input(0)], window);
  const [, ...output] = call.state.shapeOf(largest, call.node) as [number, number, number];
  const [top, left, bottom, right] = taps.pads as [number, number, number, number];
  const around = call.tensor([8], [0, 0, top, left, 0, 0, bottom, right]);
  const padded = taps.pads.every((pad) => pad === 0) ? call.input(0) : call.add('Pad', [call.input(0), around]);
  const plane = sizeOf(output);
  let places: string | undefined;
  for (let tap = sizeOf(taps.kernel) - 1; tap >= 0; tap--) {
    const at = [Math.floor(tap / taps.kernel[1]), tap % taps.kernel[1]];
    const placeOf = (out: number): number => {
      const [y, x] = [Math.floor(out / output[1]!), out % output[1]!].map((o, d) => o * taps.strides[d]! + at[d]! * taps.dilations[d]! - taps.pads[d]!) as [number, number]; // biome-ignore format: one expression
      return y < 0 || x < 0 || y >= height || x >= width ? -1 : isByColumn ? x * height + y : y * width + x;
    };
    call.state.spendFolded(plane, call.node);
    const own = Float64Array.from({ length: plane }, (_unused, out) => placeOf(out));
    const place = call.tensor([1, ...output], own);
    let hit = call.add('Equal', [slicedTap(call, padded, taps, at, output), largest]);
    if (own.includes(-1))
      hit = call.add('And', [
        hit,
        call.tensor(
          [1, ...output],
          own.map((value) => Number(value >= 0)),
        ),
      ]);
    places = call.add('Where', [hit, place, places ?? call.number(0)]);
  }
  const ofChannels = call.tensor(
    [channels, 1, 1],
    Array.from({ length: channels }, (_unused, c) => c * height * width),
  );
  const all = channels === 1 ? places! : call.add('Add', [places!, ofChannels]);
  call.also(1, 'Identity', [all]);
  call.state.setType(call.node.outputs[1]!, 'int64');
  if (!call.state.isOneItem) call.state.itemNumbers.set(call.node.outputs[1]!, { factor: channels * height * width, ofFirst: false }); // biome-ignore format: one condition
  call.finish('Identity', [largest]);
}

/**
 * Windows that lie side by side, as those of the MaxPool before: each number of the result has one window to look for. A place
 * outside its own window makes the item NaN, rather than a number lost.
 */
export function MaxUnpool(call: LowerCall): void {
  const kernel = call.attributes.numbers('kernel_shape', [], 2);
  const strides = call.attributes.numbers('strides', [1, 1], 2);
  const pads = call.attributes.numbers('pads', [0, 0, 0, 0], 4);
  call.attributes.finish();
  const [channels, ...image] = call.shape(0) as [number, number, number];
  const output = [image[0]! * kernel[0]!, image[1]! * kernel[1]!];
  if (call.shape(0).length !== 3 || kernel.some((size, d) => size !== strides[d] || !(size >= 1)) || pads.some((pad) => pad !== 0))
    throw opUnsupported(call.node, 'windows that meet, lie apart or are padded, or other values than images'); // biome-ignore format: one condition
  const own = channels * sizeOf(output);
  checkCounted(call, own);
  const mark = call.state.itemNumbers.get(call.input(1));
  if (mark?.lostAt !== undefined || (mark !== undefined && (mark.ofFirst || mark.factor !== own)))
    throw opUnsupported(call.node, `places that count items by ${mark.factor}, where one has ${own} numbers`);
  call.state.spendFolded(own, call.node);
  const scales = call.number(1, 1, ...kernel);
  const spread = (index: number): string => call.add('Resize', [call.input(index), '', scales], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }); // biome-ignore format: one line
  const every = call.tensor(
    [channels, ...output],
    Float64Array.from({ length: own }, (_, at) => at),
  );
  const hits = call.add('Equal', [spread(1), every]);
  const filled = call.add('Where', [hits, spread(0), call.number(0)]);
  // As many hits as numbers, or a place is not in its window.
  const count = call.add('ReduceSum', [hits], { axes: [1, 2, 3], keepdims: 1 });
  const isWhole = call.add('Equal', [count, call.number(channels * sizeOf(image))]);
  giveLarger(call, call.add('Where', [isWhole, filled, call.number(Number.NaN)]), [channels, ...output]);
}

/** With an output shape, zeros lie after what the windows cover. */
function giveLarger(call: LowerCall, name: string, shape: readonly number[]): void {
  const wanted = call.integers(2);
  const item = wanted?.slice(1) ?? shape;
  if (item.length !== 3 || item.some((size, d) => size < shape[d]!) || item[0] !== shape[0])
    throw graphInvalid(call.node, `an output of ${item.join('x')} for windows that cover ${shape.join('x')}.`);
  const after = item.map((size, d) => size - shape[d]!);
  if (after.every((size) => size === 0)) call.finish('Identity', [name]);
  else call.finish('Pad', [name, call.tensor([8], [0, 0, 0, 0, 0, ...after])]);
}

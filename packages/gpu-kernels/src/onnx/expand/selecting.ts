/** Compress and ReverseSequence: choices by constant or computed places. */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch } from '../constant.ts';
import type { Expansion } from './expansion.ts';

/** Of a known condition it is a Gather; without an axis, of all numbers in a row. */
export function Compress(to: Expansion): void {
  const condition = to.constant(1);
  if (condition === undefined)
    throw opUnsupported(to.node, 'its condition is computed, so that how many numbers are left depends on the image');
  const hasAxis = to.attributes.has('axis');
  const shape = to.shape(0);
  const axis = hasAxis ? axisOf(to.attributes.number('axis', 0), shape.length, to.node) : 0;
  to.attributes.finish();
  if (hasAxis ? dependsOnBatch(shape[axis]!) : shape.some(dependsOnBatch))
    throw opUnsupported(to.node, 'a choice of items of the batch');
  const length = hasAxis ? shape[axis]! : shape.reduce((product, size) => product * size, 1);
  const places = [...condition.data.keys()].filter((at) => condition.data[at] !== 0);
  if (condition.data.length > length || places.length === 0)
    throw graphInvalid(to.node, `a condition of ${condition.data.length} for ${length} numbers, of which ${places.length} are left.`); // biome-ignore format: one message
  const x = hasAxis ? to.input(0) : to.reshape(to.input(0), -1);
  to.give('Gather', [x, to.tensor('int64', [places.length], places)], { axis });
}

/** The first `lengths[b]` places of each sequence backwards, the others as they are. */
export function ReverseSequence(to: Expansion): void {
  const shape = to.shape(0);
  const [time, batch] = [to.attributes.number('time_axis', 0), to.attributes.number('batch_axis', 1)];
  to.attributes.finish();
  if (shape.length < 2 || !((time === 0 && batch === 1) || (time === 1 && batch === 0)))
    throw graphInvalid(to.node, `batch_axis ${batch} and time_axis ${time} must be 0 and 1.`);
  const [steps, count] = [shape[time]!, shape[batch]!];
  if (dependsOnBatch(steps)) throw opUnsupported(to.node, 'sequences along the batch');
  const lengths = to.constant(1);
  const [x, ends] = [to.input(0), shape.slice(2)];
  if (lengths === undefined) {
    reversedByItem(to, steps, time);
    return;
  }
  if (!lengths.data.every((length) => Number.isInteger(length) && length >= 0 && length <= steps))
    throw graphInvalid(to.node, `lengths that do not lie within ${steps} steps.`);
  const placeOf = (step: number, length: number): number => (step < length ? length - 1 - step : step);
  if (lengths.data.every((length) => length === lengths.data[0])) {
    const places = to.computed('int64', [steps], (step) => placeOf(step, lengths.data[0]!));
    to.give('Gather', [x, places], { axis: time });
    return;
  }
  if (dependsOnBatch(count) || lengths.data.length !== count)
    throw opUnsupported(to.node, 'constant lengths that differ from item to item');
  const rows = to.computed('int64', [steps * count], (at) => {
    const [step, item] = time === 0 ? [Math.floor(at / count), at % count] : [at % steps, Math.floor(at / steps)];
    const from = placeOf(step, lengths.data[item]!);
    return time === 0 ? from * count + item : item * steps + from;
  });
  const chosen = to.add('Gather', [to.reshape(x, steps * count, ...ends), rows], { axis: 0 });
  to.give('Reshape', [chosen, to.integers(...shape)]);
}

/** Lengths `[batch]` that the network is given: each item chooses by its own. */
function reversedByItem(to: Expansion, steps: number, time: number): void {
  const perm = [1, 0, ...to.shape(0).slice(2).map((_, d) => d + 2)]; // biome-ignore format: one line
  const x = time === 0 ? to.transpose(to.input(0), ...perm) : to.input(0);
  const length = to.reshape(to.input(1), 0, 1);
  const step = to.tensor(
    'int64',
    [1, steps],
    Array.from({ length: steps }, (_, at) => at),
  );
  const back = to.add('Sub', [to.add('Sub', [length, to.tensor('int64', [], [1])]), step]);
  const places = to.add('Where', [to.add('Less', [step, length]), back, step]);
  const chosen = to.add('GatherND', [x, to.reshape(places, 0, steps, 1)], { batch_dims: 1 });
  if (time === 0) to.give('Transpose', [chosen], { perm });
  else to.give('Identity', [chosen]);
}

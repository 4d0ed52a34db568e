/**
 * Bodies of If, Loop, Scan and SequenceMap, where import knows which is taken and how often: written out, as if the file had
 * their nodes. What a network computes never decides that, as a plan has fixed steps.
 */
import { axisOf } from '../../graph/axes.ts';
import { graphInvalid, itemsTogether, opUnsupported } from '../../graph/graph-errors.ts';
import { decodeTensor, dependsOnBatch } from '../constant.ts';
import type { BodyPlace as Place, WriteBodies } from '../import-ops.ts';
import { orderedNodes } from '../node-order.ts';
import type { OnnxGraph } from '../onnx-model.ts';
import { Expansion } from './expansion.ts';
import { capturedBy, instantiateGraph } from './instantiate.ts';

/** Longer loops are files made to take time; recurrences over the rows of an image have some hundred turns. */
const mostTurns = 4096;
const written = 'Export the network with its loops written out';

interface Body {
  readonly graph: OnnxGraph;
  /** Its tensors by their names inside: one of each, however often it turns. */
  readonly tensors: ReadonlyMap<string, string>;
}

function bodyOf({ node, state }: Place, name: string): Body {
  const attribute = node.attributes.get(name);
  if (attribute?.kind !== 'graph') throw graphInvalid(node, `it lacks its ${name.replace('_', ' ')}.`);
  const { initializers, ...graph } = attribute.value;
  const tensors = new Map<string, string>();
  for (const tensor of initializers) {
    const own = state.freshName(`${node.name}/${tensor.name}`);
    state.constants.set(own, decodeTensor(tensor, `Tensor "${tensor.name}"`));
    tensors.set(tensor.name, own);
  }
  return { graph: { ...graph, initializers: [] }, tensors };
}

/** Imports a body once; gives the names of what it computes. */
function once({ state, node, write, join }: Place, { graph, tensors }: Body, given: readonly string[]): readonly string[] {
  const body = instantiateGraph(graph, { prefix: `branch#${state.branches++}/`, map: tensors }, state.budget);
  if (body.inputs.length !== given.length)
    throw graphInvalid(node, `a body of ${body.inputs.length} inputs is given ${given.length}.`);
  const captured = capturedBy({ ...node, attributes: new Map([['taken', { kind: 'graph', value: body }]]) });
  const inputs = body.inputs.map(({ name }) => name);
  for (const [index, name] of inputs.entries()) join(given[index]!, name);
  for (const inner of orderedNodes(body, [...captured, ...inputs])) {
    const taken = inner.outputs.find((name) => state.isTaken(name));
    if (taken !== undefined) throw graphInvalid(node, `the name "${taken}" is taken.`);
    write(inner);
  }
  return body.outputs.map(({ name }) => name);
}

function giveAll({ node, isRead, join }: Place, values: readonly string[]): void {
  if (values.length < node.outputs.length)
    throw graphInvalid(node, `a body gives ${values.length} values for ${node.outputs.length} outputs.`);
  for (const [index, output] of node.outputs.entries()) if (output !== '' && isRead(output)) join(values[index]!, output);
}

/** As exporters write them for shapes: the branch that is taken. */
function If(place: Place): void {
  const { state, node } = place;
  const condition = state.constantOf(node.inputs[0] ?? '');
  if (condition === undefined) throw opUnsupported(node, 'its condition is computed, only one that is known at import is implemented'); // biome-ignore format: one condition
  const taken = bodyOf(place, condition.data[0] === 0 ? 'else_branch' : 'then_branch');
  if (taken.graph.outputs.length < node.outputs.length)
    throw graphInvalid(node, 'a branch must have as many outputs as the node.');
  giveAll(place, once(place, taken, []));
}

const scalar = (to: Expansion, type: 'int64' | 'bool', value: number): string => to.tensor(type, [], [value]);

/** What input `index` of a loop says, which nothing that the network computes may decide. */
function known(to: Expansion, index: number, absent: number): number {
  if (!to.has(index)) return absent;
  const [value] = to.constant(index)?.data ?? [];
  if (value === undefined) throw opUnsupported(to.node, `how often it turns is computed. ${written}`);
  if (dependsOnBatch(value)) throw opUnsupported(to.node, `a turn for each item of the batch. ${itemsTogether}`);
  return value;
}

/** What the turns gave of their value `index`, which is output `output`, joined along a new dimension. */
function stacked(place: Place, turns: Turns, [index, output]: readonly [number, number], axis: number): string {
  const to = expansionOf(place);
  if (!place.isRead(place.node.outputs[output] ?? '')) return '';
  if (turns.length === 0) throw opUnsupported(to.node, 'the results of no turn');
  const parts = turns.map((values) => to.add('Unsqueeze', [values[index] ?? '', to.integers(axis)]));
  const joined = to.add('Concat', parts, { axis });
  for (const node of to.nodes) place.write(node);
  return joined;
}

type Turns = readonly (readonly string[])[];
const expansionOf = ({ node, state }: Place): Expansion => new Expansion(node, state, () => true);

function Loop(place: Place): void {
  const { node, state } = place;
  const to = expansionOf(place);
  const body = bodyOf(place, 'body');
  const count = known(to, 0, Number.POSITIVE_INFINITY);
  let goesOn = known(to, 1, 1) !== 0;
  let carried = node.inputs.slice(2);
  const turns: string[][] = [];
  while (goesOn && turns.length < count) {
    if (turns.length === mostTurns) throw graphInvalid(node, `a loop of more than ${mostTurns} turns. ${written}.`);
    const [condition = '', ...values] = once(place, body, [scalar(to, 'int64', turns.length), scalar(to, 'bool', 1), ...carried]); // biome-ignore format: one call
    const next = state.constantOf(condition)?.data[0];
    if (next === undefined) throw opUnsupported(node, `what it computes decides whether it turns again. ${written}`);
    if (values.length < carried.length)
      throw graphInvalid(node, `its body gives ${values.length} values for ${carried.length} of the next turn.`);
    goesOn = next !== 0;
    turns.push(values.slice(carried.length));
    carried = values.slice(0, carried.length);
  }
  const scans = Array.from({ length: node.outputs.length - carried.length }, (_, index) =>
    stacked(place, turns, [index, carried.length + index], 0),
  );
  giveAll(place, [...carried, ...scans]);
}

function listOf({ node }: Place, name: string, length: number): readonly number[] {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return new Array<number>(length).fill(0);
  if (attribute.kind !== 'numbers' || attribute.value.length !== length)
    throw graphInvalid(node, `its ${name} must be ${length} numbers.`);
  return attribute.value;
}

/** The turns of a Scan: how many, and what each reads of the scanned values. */
function scannedBy(place: Place, to: Expansion, count: number): (turn: number) => readonly string[] {
  const first = place.node.inputs.length - count;
  const [axes, directions] = ['scan_input_axes', 'scan_input_directions'].map((name) => listOf(place, name, count));
  return (turn) =>
    axes!.map((given, index) => {
      const shape = to.shape(first + index);
      const axis = axisOf(given, shape.length, place.node);
      const at = directions![index] === 0 ? turn : shape[axis]! - 1 - turn;
      return to.add('Gather', [to.input(first + index), scalar(to, 'int64', at)], { axis });
    });
}

function turnsOf(place: Place, to: Expansion, count: number): number {
  const first = place.node.inputs.length - count;
  const lengths = listOf(place, 'scan_input_axes', count).map((given, index) => {
    const shape = to.shape(first + index);
    return shape[axisOf(given, shape.length, place.node)]!;
  });
  const [length = 0] = lengths;
  if (lengths.some(dependsOnBatch)) throw opUnsupported(place.node, `a turn for each item of the batch. ${itemsTogether}`);
  if (length > mostTurns || lengths.some((other) => other !== length))
    throw graphInvalid(place.node, `it scans lengths ${lengths.join(', ')}; one of at most ${mostTurns} is expected.`);
  return length;
}

function Scan(place: Place): void {
  const { node } = place;
  const attribute = node.attributes.get('num_scan_inputs');
  const count = attribute?.kind === 'number' ? attribute.value : 0;
  if (!(count >= 1 && count <= node.inputs.length)) throw graphInvalid(node, `it scans ${count} of ${node.inputs.length} inputs.`);
  const body = bodyOf(place, 'body');
  let states = node.inputs.slice(0, -count);
  const turns: string[][] = [];
  for (let turn = 0, length = turnsOf(place, expansionOf(place), count); turn < length; turn++) {
    const to = expansionOf(place);
    const slices = scannedBy(place, to, count)(turn);
    for (const part of to.nodes) place.write(part);
    const values = once(place, body, [...states, ...slices]);
    turns.push(values.slice(states.length));
    states = values.slice(0, states.length);
  }
  const results = Math.max(0, body.graph.outputs.length - states.length);
  const [axes, directions] = ['scan_output_axes', 'scan_output_directions'].map((name) => listOf(place, name, results));
  const scans = axes!.map((axis, index) => stacked(place, directions![index] === 0 ? turns : turns.toReversed(), [index, states.length + index], axis));
  giveAll(place, [...states, ...scans]);
} // biome-ignore format: long lines

/** Lists are known by their entries: each is one turn. */
function SequenceMap(place: Place): void {
  const { node, state } = place;
  const first = state.lists.get(node.inputs[0] ?? '');
  if (first === undefined) throw graphInvalid(node, `"${node.inputs[0] ?? ''}" is no list of tensors.`);
  const body = bodyOf(place, 'body');
  const turns = first.map((_, turn) =>
    once(place, body, node.inputs.map((name) => (state.lists.has(name) ? (state.lists.get(name)![turn] ?? '') : name))),
  ); // biome-ignore format: one call
  for (const [index, output] of node.outputs.entries()) {
    const list = turns.map((values) => values[index] ?? '');
    if (list.includes('')) throw graphInvalid(node, `its body does not give output ${index}.`);
    state.lists.set(output, list);
  }
}

/** What each of them becomes. */
export const bodies: Readonly<Record<string, WriteBodies>> = { If, Loop, Scan, SequenceMap };

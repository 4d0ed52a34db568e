/** Loops whose turns import knows are written out. Expected values are worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from './onnx-model.ts';
import { floats, integers, modelOf, node, run } from './test-models.ts';

const scalar = (name: string, value: number, type = 7): OnnxTensor => ({ name, type, shape: [], integers: [value] });
const value = (name: string) => ({ name, type: 1, shape: undefined });
/** Names of inputs and outputs are separated by blanks. */
const bodyOf = (inputs: string, outputs: string, nodes: readonly OnnxNode[], initializers: OnnxTensor[] = []): OnnxGraph => ({ name: 'body', nodes, initializers, inputs: inputs.split(' ').map(value), outputs: outputs.split(' ').map(value) }); // biome-ignore format: one graph
const withBody = (plain: OnnxNode, body: OnnxGraph): OnnxNode => ({ ...plain, attributes: new Map([...plain.attributes, ['body', { kind: 'graph', value: body }]]) }); // biome-ignore format: one node
const goesOn = node('Identity', 'c', 'again');

describe('a Loop', () => {
  const layers = bodyOf('i c v', 'again next v', [
    goesOn,
    node('Gather', 'weights i', 'w', { axis: 0 }),
    node('Mul', 'v w', 'm'),
    node('Add', 'm one', 'next'),
  ], [floats('one', [1], 1)]); // biome-ignore format: a body
  const weights = floats('weights', [3, 2], 1, 2, 3, 4, 5, 6);

  it('gives what its last turn gives, with the tensors of each turn', async () => {
    const loop = withBody(node('Loop', 'count _ x', 'y'), layers);
    expect(await run(modelOf(['n', 2], [loop], [weights, scalar('count', 3)]), [1, 1, 2, 0])).toEqual([36, 79, 51, 31]);
  });

  it('joins what its turns give, behind each other', async () => {
    const nodes = [
      withBody(node('Loop', 'count _ x', 'last all'), layers),
      node('Transpose', 'all', 'y', { perm: [1, 0, 2] }),
    ];
    const model = modelOf(['n', 2], nodes, [weights, scalar('count', 2)]);
    expect(await run(model, [1, 1, 2, 0])).toEqual([1, 1, 2, 3, 2, 0, 3, 1]);
  });

  it('joins nothing that nothing reads', async () => {
    const body = bodyOf('i c v', 'again next v', [goesOn, node('Add', 'v x', 'next')]);
    const model = modelOf(
      ['n', 1],
      [withBody(node('Loop', 'count _ zero', 'y all'), body)],
      [scalar('count', 2), floats('zero', [1], 0)],
    );
    expect(await run(model, [3])).toEqual([6]);
  });

  it('ends where numbers of the file say so, or never begins', async () => {
    const body = bodyOf(
      'i c v',
      'again next',
      [node('Less', 'i two', 'again'), node('Add', 'v x', 'next')],
      [scalar('two', 2)],
    );
    const nodes = [withBody(node('Loop', 'count on x', 'l'), body), node('Neg', 'l', 'y')];
    const times = (count: number, on: number) =>
      run(modelOf(['n', 1], nodes, [scalar('count', count), scalar('on', on, 9)]), [1]);
    expect(await times(10 ** 12, 1)).toEqual([-4]);
    expect(await times(2, 1)).toEqual([-3]);
    expect(await times(0, 1)).toEqual([-1]);
    expect(await times(9, 0)).toEqual([-1]);
  });

  it('may stand in a Loop, and carry a list', async () => {
    const inner = bodyOf('i c u', 'again sum', [goesOn, node('Add', 'u v', 'sum')]);
    const outer = bodyOf('i c v list', 'again next longer', [
      goesOn,
      withBody(node('Loop', 'count _ v', 'next'), inner),
      node('SequenceInsert', 'list next', 'longer'),
    ]); // biome-ignore format: a body
    const nodes = [
      node('SequenceEmpty', '_', 'none'),
      withBody(node('Loop', 'count _ x none', 'last all'), outer),
      node('ConcatFromSequence', 'all', 'y', { axis: 1 }),
    ];
    expect(await run(modelOf(['n', 1], nodes, [scalar('count', 2)]), [1, -2])).toEqual([3, 9, -6, -18]);
  });

  it.each<[string, OnnxGraph]>([
    ['more than 4096 turns', bodyOf('i c v', 'c v', [])],
    ['decides whether it turns again', bodyOf('i c v', 'again v', [node('Cast', 'x', 'again', { to: 9 })])],
    ['a body of 2 inputs is given 3', bodyOf('i c', 'c x', [])],
    ['gives 0 values for 1 of the next turn', bodyOf('i c v', 'c', [])],
  ])('is refused in words: %s', (why, body) => {
    const model = modelOf(['n', 1], [withBody(node('Loop', '_ _ x', 'y'), body)]);
    expect(() => importOnnx(model)).toThrow(why);
  });

  it('does not turn as often as there are items', () => {
    const nodes = [
      node('Shape', 'x', 's'),
      node('Gather', 's zero', 'count'),
      withBody(node('Loop', 'count _ x', 'y'), bodyOf('i c v', 'c v', [])),
    ];
    expect(() => importOnnx(modelOf(['n', 1], nodes, [scalar('zero', 0)]))).toThrow('a turn for each item of the batch');
    const computed = [node('Cast', 'x', 'count', { to: 7 }), nodes[2]!];
    expect(() => importOnnx(modelOf(['n', 1], computed))).toThrow('how often it turns is computed');
  });
});

describe('a Scan', () => {
  const sums = bodyOf('state row', 'sum out', [node('Add', 'state row', 'sum'), node('Mul', 'sum row', 'out')]);
  const scan = (attributes: Record<string, number | number[]>) =>
    withBody(node('Scan', 'first x', 'last y', { num_scan_inputs: 1, scan_input_axes: [1], ...attributes }), sums);
  const first = [node('ReduceSum', 'x axes', 'first', { keepdims: 0 }), integers('axes', 1)] as const;
  const of = (attributes: Record<string, number | number[]>) =>
    modelOf(['n', 2, 2], [first[0], scan(attributes)], [first[1]]);

  it('goes along any dimension but that of the batch, forwards or back', async () => {
    // first = [4, 6]; rows [1, 2] and [3, 4]; sums [5, 8] and [8, 12], from behind [7, 10] and [8, 12].
    expect(await run(of({ scan_output_axes: [1] }), [1, 2, 3, 4])).toEqual([5, 16, 24, 48]);
    expect(await run(of({ scan_output_axes: [-1] }), [1, 2, 3, 4])).toEqual([5, 24, 16, 48]);
    const back = { scan_output_axes: [1], scan_input_directions: [1], scan_output_directions: [1] };
    expect(await run(of(back), [1, 2, 3, 4])).toEqual([8, 24, 21, 40]);
    expect(() => importOnnx(of({ scan_input_axes: [0] }))).toThrow('a turn for each item of the batch');
    expect(() => importOnnx(of({ scan_output_axes: [0, 1] }))).toThrow('its scan_output_axes must be 1 numbers');
    const few = [node('Identity', 'x', 's'), withBody(node('Scan', 's x x', 'y', { num_scan_inputs: 1, scan_input_axes: [1] }), bodyOf('a b r', 'a b', []))]; // biome-ignore format: one line
    expect(() => importOnnx(modelOf(['n', 2, 2], few))).not.toThrow();
    expect(() => importOnnx(of({ num_scan_inputs: 3 }))).toThrow('it scans 3 of 2 inputs');
  });
});

describe('a SequenceMap', () => {
  it('is its body for each entry of a list', async () => {
    const body = bodyOf('entry k', 'product', [node('Mul', 'entry k', 'product')]);
    const nodes = [
      node('SplitToSequence', 'x one', 's', { axis: 1 }),
      withBody(node('SequenceMap', 's factor', 't'), body),
      node('ConcatFromSequence', 't', 'y', { axis: 1 }),
    ];
    const model = modelOf(['n', 3], nodes, [scalar('one', 1), floats('factor', [1], 10)]);
    expect(await run(model, [1, 2, 3])).toEqual([10, 20, 30]);
    const tensor = [withBody(node('SequenceMap', 'x', 't'), body), node('SequenceAt', 't zero', 'y')];
    expect(() => importOnnx(modelOf(['n', 3], tensor, [scalar('zero', 0)]))).toThrow('"x" is no list of tensors');
  });
});

it('NonZero of a constant gives its places', async () => {
  const nodes = [
    node('NonZero', 'mask', 'places'),
    node('Transpose', 'places', 'columns'),
    node('Gather', 'columns last', 'index', { axis: 1 }),
    node('Gather', 'x index', 'y', { axis: 1 }),
  ];
  const mask = { ...integers('mask', 0, 1, 0, 5, 0, -1), shape: [2, 3] };
  expect(await run(modelOf(['n', 3], nodes, [mask, scalar('last', 1)]), [7, 8, 9])).toEqual([8, 7, 9]);
});

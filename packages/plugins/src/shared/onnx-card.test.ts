import type { OnnxNetwork } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { activate, checkLogits, checkNetwork, checkOutputs } from './onnx-card.ts';

const labels = ['fake', 'real'];
const { POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: below } = Number;

it.each([
  [['embedding'], 'an input "image", got embedding. Correct the card.'],
  [['image', 'mask'], 'one input, "image", got also mask. Export it with that input alone'],
])('inputs %j are not those of the card: %s', (names, message) => {
  const model = { inputs: names.map((name) => ({ name, shape: [3] })), outputs: [] } as unknown as OnnxNetwork;
  const facts = { input: 'image', output: 'logits', activation: 'none' } as const;
  expect(() => checkNetwork(model, facts)).toThrow(message);
});

describe('outputs of a network', () => {
  it.each([
    ['sigmoid', [infinity, 0]],
    ['sigmoid', [0, below]],
    ['softmax', [0, infinity]],
    ['none', [infinity, 0]],
  ] as const)('are no scores with %s where they are %j', (activation, row) => {
    expect(() => checkOutputs(row, labels, { output: 'logits', activation })).toThrow(
      expect.objectContaining({ code: 'WEIGHTS_FORMAT_INVALID', message: expect.stringContaining('got ') }),
    );
  });

  it('name the label that is infinite', () => {
    expect(() => checkOutputs([0, below], labels, { output: 'logits', activation: 'sigmoid' })).toThrow(
      'output "logits" to give finite numbers, got -Infinity for label "real"',
    );
  });

  it('may leave a class out of a softmax', () => {
    expect(() => checkOutputs([2, below], labels, { output: 'logits', activation: 'softmax' })).not.toThrow();
    expect(activate([2, below], 'softmax')).toEqual([1, 0]);
  });

  it.each([
    [[0.25, 0.75], 'none', true],
    [[0.25, 0.75], 'softmax', false],
    [[0.25, 0.75], 'sigmoid', false],
    [[0.25, 0.7], 'softmax', true],
    [[-0.5, 1.5], 'softmax', true],
    [[1], 'sigmoid', true],
  ] as const)('%j are logits for %s: %s', (row, activation, isFine) => {
    const check = () => checkLogits(row, { output: 'logits', activation });
    if (isFine) expect(check).not.toThrow();
    else expect(check).toThrow('`activation: none`');
  });
});

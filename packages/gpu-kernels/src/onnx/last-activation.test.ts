import { describe, expect, it } from 'vitest';
import { planModel } from './plan-onnx.ts';
import { floats, integers, modelOf, node } from './test-models.ts';

const w = floats('w', [2, 2], 1, 0, 0, 1);
const logits = node('MatMul', 'x w', 'logits');

describe('the activation of an output', () => {
  it.each([
    ['softmax', [logits, node('Softmax', 'logits', 'y', { axis: -1 })]],
    ['sigmoid', [logits, node('Sigmoid', 'logits', 'y')]],
    [
      'softmax, of which one share is taken',
      [
        logits,
        node('Softmax', 'logits', 'p', { axis: -1 }),
        node('Gather', 'p one', 'q', { axis: 1 }),
        node('Identity', 'q', 'y'),
      ],
    ],
    [undefined, [node('MatMul', 'x w', 'y')]],
    // SiLU ends in a product, and gives no shares.
    [undefined, [logits, node('Sigmoid', 'logits', 's'), node('Mul', 'logits s', 'y')]],
    [undefined, [logits, node('Softmax', 'logits', 'p', { axis: -1 }), node('Log', 'p', 'y')]],
    [undefined, [logits, node('Sigmoid', 'logits', 'y', {}, 'another.domain')]],
  ])('is %s', async (expected, nodes) => {
    const model = modelOf(['n', 2], nodes, [w, integers('one', 1)]);
    const planned = planModel(model, { batch: 1 }).catch(() => undefined);
    const outputs = (await planned)?.outputs ?? [{ name: 'y' }];
    expect(outputs[0]).toEqual(
      expect.objectContaining(expected === undefined ? { name: 'y' } : { activation: expected.split(',')[0] }),
    );
    if (expected === undefined) expect(outputs[0]).not.toHaveProperty('activation');
  });
});

import { describe, expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import type { OnnxModel, OnnxTensor } from './onnx-model.ts';
import { planModel } from './plan-onnx.ts';
import { floats, modelOf, node } from './test-models.ts';

const external: OnnxTensor = {
  name: 'w',
  type: 1,
  shape: [2, 2],
  external: { location: 'text.bin', offset: 0, length: 16 },
};

/** Two towers and what compares every image with every text, which no batch has a place in. */
const twoTowers: OnnxModel = {
  ...modelOf(
    ['images', 2],
    [
      node('MatMul', 'x scale', 'image_embeds'),
      node('MatMul', 't w', 'text_embeds'),
      node('Transpose', 'text_embeds', 'turned', { perm: [1, 0] }),
      node('MatMul', 'image_embeds turned', 'logits'),
    ],
    [floats('scale', [2, 2], 2, 0, 0, 3), external],
  ),
  inputs: [
    { name: 'x', type: 1, shape: ['images', 2] },
    { name: 't', type: 1, shape: ['texts', 2] },
  ],
  outputs: ['logits', 'text_embeds', 'image_embeds'].map((name) => ({ name, type: 1, shape: undefined })),
};

describe('outputs that are asked for', () => {
  it('need neither the inputs nor the weights of others', async () => {
    const { planned, inputs, outputs } = await planModel(twoTowers, { batch: 2, outputs: ['image_embeds'] });
    expect(inputs).toEqual([{ name: 'x', shape: [2] }]);
    expect(outputs).toEqual([{ name: 'image_embeds', shape: [2] }]);
    await using executable = await openReference().compile(planned.plan, planned.weights);
    const { image_embeds } = await executable.run({ x: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } });
    expect([...image_embeds!.data]).toEqual([2, 6, 6, 12]);
  });

  it('are refused for what they need alone', async () => {
    const readExternal = async () => new Uint8Array(16);
    await expect(planModel(twoTowers, { batch: 2, outputs: ['text_embeds'] })).rejects.toThrow('text.bin');
    await expect(planModel(twoTowers, { batch: 2, outputs: ['text_embeds'], readExternal })).resolves.toBeDefined();
    for (const asked of [{}, { outputs: ['logits'] }])
      await expect(planModel(twoTowers, { batch: 2, readExternal, ...asked })).rejects.toMatchObject({
        code: 'OP_UNSUPPORTED',
        message: expect.stringContaining('Where only some outputs of the file are wanted, name them'),
      });
  });

  it.each([
    [['embeds'], 'output "embeds" is asked for; its outputs are logits, text_embeds, image_embeds'],
    [['image_embeds', 'turned'], 'output "turned" is asked for'],
    [[], 'no output is asked for'],
  ])('are outputs of the file: %j', async (outputs, message) => {
    const planned = planModel(twoTowers, { batch: 2, outputs });
    await expect(planned).rejects.toMatchObject({ code: 'GRAPH_INVALID', message: expect.stringContaining(message) });
  });

  it('are not constants, which are told beside the way to the others', async () => {
    const model: OnnxModel = {
      ...modelOf(['n', 2], [node('Mul', 'x c', 'y'), node('Neg', 'c', 'negated')], [floats('c', [2], 2, 3)]),
      outputs: ['y', 'negated'].map((name) => ({ name, type: 1, shape: undefined })),
    };
    await expect(planModel(model, { batch: 1 })).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      message: expect.stringContaining('output "negated" is a constant. Ask for the others (`outputs`)'),
    });
    await expect(planModel(model, { batch: 1, outputs: ['y'] })).resolves.toBeDefined();
  });
});

/** Lists of tensors: what is refused. What is computed stands in goldens/onnx/make-forms.py. */
import { describe, expect, it } from 'vitest';
import { importOnnx } from './import-onnx.ts';
import type { OnnxTensor } from './onnx-model.ts';
import { integers, modelOf, node } from './test-models.ts';

const scalar = (name: string, value: number): OnnxTensor => ({ name, type: 7, shape: [], integers: [value] });
const split = (part: string, attributes = {}): ReturnType<typeof node> => node('SplitToSequence', `x ${part}`, 's', { axis: 1, ...attributes }); // biome-ignore format: one line
const refuses = (nodes: ReturnType<typeof node>[], why: string, code = 'GRAPH_INVALID'): void => {
  const constants = [scalar('zero', 0), scalar('one', 1), scalar('two', 2), scalar('five', 5), integers('sizes', 2, 1)];
  const model = modelOf(['n', 4], nodes, constants);
  expect(() => importOnnx(model)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));
};

describe('lists of tensors', () => {
  it('have places from 0 to the last', () => {
    refuses([split('two'), node('SequenceAt', 's two', 'y')], 'place 2 in a list of 2 tensors');
    refuses([split('two'), node('SequenceErase', 's five', 't'), node('SequenceAt', 't zero', 'y')], 'place 5 in a list');
    refuses([split('two'), node('SequenceInsert', 's x five', 't'), node('SequenceAt', 't zero', 'y')], 'place 5 in a list');
    const empty = [node('SequenceEmpty', '_', 's'), node('SequenceAt', 's zero', 'y')];
    refuses(empty, 'place 0 in a list of 0 tensors');
  });

  it('have parts of their dimension', () => {
    refuses([split('zero'), node('SequenceAt', 's zero', 'y')], 'parts of 0 of a dimension of 4');
    refuses([split('sizes'), node('SequenceAt', 's zero', 'y')], 'do not fit');
    refuses([split('one', { axis: 0 }), node('SequenceAt', 's zero', 'y')], 'a split of the batch', 'OP_UNSUPPORTED');
    const many = modelOf(['n', 2 ** 20], [split('one'), node('SequenceAt', 's one', 'y')], [scalar('one', 1)]);
    expect(() => importOnnx(many)).toThrow('at most 4096');
  });

  it('are no tensors', () => {
    refuses([split('two'), node('Relu', 's', 'y')], 'a list of tensors', 'OP_UNSUPPORTED');
    refuses([node('SplitToSequence', 'x two', 'y', { axis: 1 })], 'a list of tensors', 'OP_UNSUPPORTED');
    refuses([node('SequenceAt', 'x zero', 'y')], '"x" is no list of tensors');
    const computed = [split('two'), node('Cast', 'x', 'c', { to: 7 }), node('SequenceAt', 's c', 'y')];
    refuses(computed, 'a computed place', 'OP_UNSUPPORTED');
  });
});

import { isDiptychError } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { buildGraph } from './graph.ts';
import table from './weights.gen.json' with { type: 'json' };
import { readKerasWeights } from './weights.ts';

/** A file of the package's structure with other weights. */
const bundle = (base64: string): Uint8Array =>
  Buffer.from(`!function(e){}({1:[function(e,h,n){h.exports="${base64}"},{}]},{},[1])(1)});`);

function faultOf(file: Uint8Array): string {
  try {
    readKerasWeights(file);
  } catch (error) {
    if (isDiptychError(error) && error.code === 'WEIGHTS_FORMAT_INVALID') return error.message;
    throw error;
  }
  return 'none';
}

describe('readKerasWeights', () => {
  it('turns 8-bit codes into code × scale + min, tensor by tensor', () => {
    const codes = new Uint8Array(table.sizeBytes).fill(3);
    const weights = readKerasWeights(bundle(Buffer.from(codes).toString('base64')));
    expect(weights.size).toBe(table.tensors.length);
    for (const { name, shape, scale, min } of table.tensors) {
      const tensor = weights.get(name)!;
      expect(tensor.shape).toEqual(shape);
      expect(tensor.data.at(-1)).toBe(Math.fround(3 * scale + min));
    }
  });

  it.each([
    ['an empty file', new Uint8Array()],
    ['another module', Buffer.from('module.exports = "AAAA"')],
    ['a string that is not base64', bundle('AAA%')],
    ['a string that ends in code', bundle('AAAA"+run()+"AAAA')],
    ['too few weights', bundle('AAAA')],
    ['a cut file', bundle(Buffer.from(new Uint8Array(table.sizeBytes)).toString('base64')).subarray(0, -10)],
  ])('refuses %s', (_, file) => {
    expect(faultOf(file)).toMatch(/^Expected .* in the weights of safety-judge\/nsfwjs, received/);
  });
});

describe('the table of weights', () => {
  it('covers the file without gap or overlap', () => {
    let offset = 0;
    for (const tensor of table.tensors) {
      expect(tensor.offset).toBe(offset);
      offset += tensor.shape.reduce((product, length) => product * length, 1);
    }
    expect(offset).toBe(table.sizeBytes);
  });

  it('names exactly the weights that the graph reads', () => {
    const read = new Set(buildGraph().nodes.flatMap(({ inputs }) => inputs.filter((name) => name.includes('/'))));
    expect([...read].toSorted()).toEqual(table.tensors.map(({ name }) => name).toSorted());
  });
});

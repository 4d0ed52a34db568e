import { expect, it } from 'vitest';
import { allOps } from './all-ops.ts';
import { makeConstant } from './constant.ts';
import { ImportState } from './import-state.ts';

const importOf = (numbers: number): ImportState => {
  const weight = makeConstant('float32', [numbers], new Float32Array(numbers), 'w');
  return new ImportState(allOps, 17, [], new Map([['w', weight]]), undefined, new Set());
};

it('lets an import within another compute as many numbers as the file may, and counts them with it', () => {
  const node = { name: 'n', op: 'Gemm' };
  const [outer, inner] = [importOf(2 ** 16), importOf(1)];
  inner.folded = outer.folded;
  inner.spendFolded(2 ** 29 + 24 * 2 ** 16, node); // the numbers of import-state.ts
  expect(() => outer.spendFolded(1, node)).toThrow(/would be computed at import/);
});

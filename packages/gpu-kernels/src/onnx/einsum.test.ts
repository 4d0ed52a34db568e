/** Einsum against its definition: a loop over all letters. */
import { describe, expect, it } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { planGraph } from '../graph/planner.ts';
import { sizeOf } from '../graph/shapes.ts';
import { randomNumbers } from '../kernels/case.ts';
import { importOnnx } from './import-onnx.ts';
import { floats, modelOf, node } from './test-models.ts';

const sizes: Readonly<Record<string, number>> = { b: 2, c: 5, d: 2, h: 3, i: 3, j: 4, k: 6, n: 3, w: 4 };
const shapeOf = (letters: string): number[] => letters.split('').map((letter) => sizes[letter]!);

/** The sum, for each place of the result, over all values of the other letters. */
function byDefinition(equation: string, operands: readonly Float32Array[]): number[] {
  const [left = '', result = ''] = equation.split('->');
  const terms = left.split(',');
  const letters = [...new Set((result + terms.join('')).split(''))];
  const y = new Float64Array(sizeOf(shapeOf(result)));
  const placeOf = (term: string, at: ReadonlyMap<string, number>): number =>
    term.split('').reduce((place, letter) => place * sizes[letter]! + at.get(letter)!, 0);
  for (let count = 0; count < sizeOf(shapeOf(letters.join(''))); count++) {
    let rest = count;
    const at = new Map<string, number>();
    for (const letter of letters) {
      at.set(letter, rest % sizes[letter]!);
      rest = Math.floor(rest / sizes[letter]!);
    }
    y[placeOf(result, at)]! += terms.reduce((product, term, index) => product * operands[index]![placeOf(term, at)]!, 1);
  }
  return [...y];
}

/** Operands whose term begins with b have the batch, the others are constants. */
async function byUs(equation: string, operands: readonly Float32Array[]) {
  const terms = equation.split('->')[0]!.split(',');
  const names = terms.map((_, index) => `x${index}`);
  const isValue = (index: number): boolean => terms[index]!.startsWith('b');
  const inputs = names.flatMap((name, i) => (isValue(i) ? [{ name, type: 1, shape: ['n', ...shapeOf(terms[i]!).slice(1)] }] : [])); // biome-ignore format: one list
  const constants = names.flatMap((name, i) => (isValue(i) ? [] : [floats(name, shapeOf(terms[i]!), ...operands[i]!)]));
  const model = { ...modelOf([], [node('Einsum', names.join(' '), 'y', { equation })], constants), inputs };
  const { graph, weights } = importOnnx(model);
  const planned = planGraph(graph, weights, 2);
  await using executable = await openReference().compile(planned.plan, planned.weights);
  const given = inputs.map(({ name }) => [name, { shape: shapeOf(terms[Number(name.slice(1))]!), data: operands[Number(name.slice(1))]! }]); // biome-ignore format: one list
  return { y: (await executable.run(Object.fromEntries(given)))['y']!, steps: planned.plan.steps.map(({ op }) => op) };
}

describe('Einsum', () => {
  it.each([
    'bij,bjk->bik', 'bij,bkj->bik', 'bhid,bhjd->bhij', 'bhij,bhjd->bihd', 'bij->bji', 'bij->bi', 'bij->b', 'bi,bj->bij', 'bi,j->bij', 'i,bj->bij',
    'bi,bi->b', 'bij,ij->b', 'bij,bij->bij', 'bhc,c->bhc', 'bhc,bc->bhc', 'bi,ij,jk->bk', 'bij,bkj,kd->bid', 'kj,bij->bik', 'nc,bchw->bnhw',
    'bchw,bkhw->bck', 'bij,bj->bi', 'bhk,bkw,bwc->bhc', 'bchw,nchw->bn', 'bhwc,hkc->bhwk', 'bhwc,wkc->bhwk', 'bnc,hwc->bnhw', 'bchw->bwh',
    'bii->bi', 'bii->b', 'bihi->bhi', 'bihi->bih', 'biii->bi', 'bihhi->bhi', 'bhihi->bi', 'bii,bii->b', 'bij,ii->bj', 'bii,ij->bj', 'bidd->bid', 'bcdc->bd',
  ])('%s', async (equation) => {
    const terms = equation.split('->')[0]!.split(',');
    const operands = terms.map((term, index) => randomNumbers(sizeOf(shapeOf(term)), index + 1));
    const { y } = await byUs(equation, operands);
    expect(y.shape).toEqual(shapeOf(equation.split('->')[1]!));
    const expected = byDefinition(equation, operands);
    expect(Math.max(...expected.map((value, i) => Math.abs(value - y.data[i]!)))).toBeLessThanOrEqual(1e-5);
  }); // biome-ignore format: a list

  it('an ellipsis stands for the other dimensions, and the result may be left out', async () => {
    const operands = [randomNumbers(2 * 3 * 4, 1), randomNumbers(4 * 6, 2)];
    const expected = byDefinition('bij,jk->bik', operands);
    const run = async (equation: string): Promise<number[]> => {
      const model = modelOf(['n', 3, 4], [node('Einsum', 'x w', 'y', { equation })], [floats('w', [4, 6], ...operands[1]!)]);
      const { graph, weights } = importOnnx(model);
      const planned = planGraph(graph, weights, 2);
      await using executable = await openReference().compile(planned.plan, planned.weights);
      return [...(await executable.run({ x: { shape: [2, 3, 4], data: operands[0]! } }))['y']!.data];
    };
    for (const equation of ['...j,jk->...k', '...ij , jk -> ...ik', 'bij,jk'])
      for (const [i, value] of (await run(equation)).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
  });

  it('products with a matrix of weights are one gemm', async () => {
    const { steps } = await byUs('bij,jk->bik', [randomNumbers(24, 1), randomNumbers(24, 2)]);
    expect(steps.filter((op) => op !== 'reshape')).toEqual(['gemm']);
  });

  it.each([
    ['bij->ij', 'a sum over the batch'],
    ['bbi->bi', 'inputs that differ along "b": [n, 3, 3]'],
    ['bij->bk', 'no choice of its dimensions'],
    ['bij->bii', 'no choice of its dimensions'],
    ['bi->bi', 'does not fit an input of 3 dimensions'],
    ['b..j->bj', 'no list of dimensions'],
    ['bij,bij->bij', 'does not name 1 inputs'],
    ['bij->bij->bij', 'does not name 1 inputs'],
    [`bij->${'b'.repeat(300)}`, 'more than 256 characters'],
  ])('refuses %s', (equation, why) => {
    expect(() => importOnnx(modelOf(['n', 3, 3], [node('Einsum', 'x', 'y', { equation })]))).toThrow(expect.objectContaining({ message: expect.stringContaining(why) })); // biome-ignore format: one call
  });
});

import type { ImageRecipe, Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planGraph } from './graph/planner.ts';
import { lossOf, probeOf } from './half-check.ts';

const outputs = (...data: number[]): Tensors => ({ y: { shape: [1, data.length], data: Float32Array.from(data) } });

describe('the check of half precision', () => {
  it('accepts shares up to 0.001 apart', () => {
    expect(lossOf(outputs(0.2, 0.8), outputs(0.2009, 0.7991))).toBeUndefined();
    expect(lossOf(outputs(0.2, 0.8), outputs(0.2011, 0.7989))).toMatch(/^output "y" .* scores up to 1.1e-3 apart/);
  });

  it('sees numbers that are no shares through the logistic function', () => {
    // d/dx of the logistic function at 0 is 1/4: 0.003 there are 0.00075; at 8 it is nearly flat.
    expect(lossOf(outputs(-0.003, 8.1), outputs(0, 8))).toBeUndefined();
    expect(lossOf(outputs(-0.005, 8), outputs(0, 8))).toMatch(/1.2e-3 apart|1.3e-3 apart/);
  });

  it('rejects another direction where scores are saturated, and numbers beyond float16', () => {
    expect(lossOf(outputs(20, 40), outputs(40, 20))).toMatch(/cosine 0.8/);
    expect(lossOf(outputs(Number.NaN, 1), outputs(3, 1))).toMatch(/numbers beyond float16/);
    expect(lossOf(outputs(Number.POSITIVE_INFINITY, 1), outputs(70000, 1))).toMatch(/numbers beyond float16/);
    expect(lossOf(outputs(0, 0), outputs(0, 0))).toBeUndefined();
  });

  const planOf = (recipe: ImageRecipe): ReturnType<typeof planGraph>['plan'] => {
    const node = { name: 'pool', op: 'GlobalAveragePool', inputs: ['image'], outputs: ['y'] };
    return planGraph(
      { name: 'n', inputs: [{ name: 'image', shape: [3, 16, 16], recipe }], nodes: [node], outputs: ['y'] },
      {},
      3,
    ).plan;
  };
  const normalise = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;

  it('compares by the same pictures every time, of a size that the recipe takes', () => {
    const plan = planOf([{ step: 'resize', filter: 'pillow-bilinear', width: 16, height: 16 }, normalise]);
    const probe = probeOf(plan)!;
    expect(probe['image']).toHaveLength(2);
    expect(probeOf(plan)).toEqual(probe);
    const cropped = probeOf(planOf([{ step: 'centre-crop', width: 16, height: 16 }, normalise]))!;
    expect(cropped['image']).toMatchObject([
      { width: 16, height: 16 },
      { width: 16, height: 16 },
    ]);
  });

  it('gives whole numbers to what a table is read by', () => {
    const gather = { name: 'look up', op: 'Gather', inputs: ['table', 'ids'], outputs: ['y'] };
    const table = { shape: [5, 2], data: Float32Array.from({ length: 10 }, (_, i) => i) };
    const { plan } = planGraph(
      { name: 'n', inputs: [{ name: 'ids', shape: [6] }], nodes: [gather], outputs: ['y'] },
      { table },
      3,
    );
    const { ids } = probeOf(plan)! as Tensors;
    expect(ids!.shape).toEqual([2, 6]);
    expect(new Set(ids!.data)).toEqual(new Set([0, 1]));
  });
});

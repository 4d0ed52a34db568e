import type {
  Answer,
  BeyondHalf,
  FinerPrecision,
  ImageRecipe,
  ModelInputs,
  OnnxNetwork,
  RasterImage,
  Tensors,
} from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../backends/backend.ts';
import type { Plan } from '../graph/plan.ts';
import { planGraph } from '../graph/planner.ts';
import { compileChecked } from './half-check.ts';
import { type HalfPrecision, isNear, lossesOf, lossOf as lossOfAll, type OutputLoss, unknownOf } from './half-loss.ts';
import { glance, look, probesOf } from './half-probe.ts';
import { scoresApart } from './half-scores.ts';

const outputs = (...data: number[]): Tensors => ({ y: { shape: [1, data.length], data: Float32Array.from(data) } });

const lossOf = (precision: HalfPrecision, half: Tensors, full: Tensors): string | undefined =>
  lossOfAll(precision, lossesOf({ outputs: half, judged: unknownOf(half) }, { outputs: full, judged: unknownOf(full) }));
const probeOf = (plan: Plan): ModelInputs | undefined => probesOf(plan, glance)?.[0];

describe('the check of half precision', () => {
  it('accepts scores that are 0.001 apart where they decide', () => {
    // Of 0.4 and 0.6 a step of 0.0009 moves the logit by 0.0009 / (0.4 · 0.6) = 0.00375, which is 0.00094 at 0.5.
    expect(lossOf('f16', outputs(0.4009, 0.5991), outputs(0.4, 0.6))).toBeUndefined();
    expect(lossOf('f16', outputs(0.4011, 0.5989), outputs(0.4, 0.6))).toMatch(/^output "y" .* scores up to 1.1e-3 apart/);
    expect(lossOf('f16', outputs(0.2009, 0.7991), outputs(0.2, 0.8))).toMatch(/scores up to 1.4e-3 apart/);
  });

  it('takes numbers that are no shares for logits, and those of others far from 0 too where they are few', () => {
    // d/dx of the logistic function at 0 is 1/4: 0.003 there are 0.00075; at 8 it is nearly flat.
    expect(lossOf('f16', outputs(-0.003, 8), outputs(0, 8))).toBeUndefined();
    expect(lossOf('f16', outputs(-0.005, 8), outputs(0, 8))).toMatch(/1.2e-3 apart|1.3e-3 apart/);
    expect(lossOf('f16', outputs(0, 8.005), outputs(0, 8))).toMatch(/1.2e-3 apart|1.3e-3 apart/);
    const many = Array<number>(40).fill(0.1);
    expect(lossOf('f16', outputs(...many, 8.005), outputs(...many, 8))).toBeUndefined();
  });

  it('rejects another direction where scores are saturated, and numbers beyond float16', () => {
    expect(lossOf('f16', outputs(20, 40), outputs(40, 20))).toMatch(/cosine 0.8/);
    expect(lossOf('f16', outputs(Number.NaN, 1), outputs(3, 1))).toMatch(/numbers beyond float16/);
    expect(lossOf('f16', outputs(Number.POSITIVE_INFINITY, 1), outputs(70000, 1))).toMatch(/numbers beyond float16/);
    expect(lossOf('f16', outputs(0, 0), outputs(0, 0))).toBeUndefined();
  });

  it('knows shares by those of float32, whatever their rounding makes of them', () => {
    expect(scoresApart(Float32Array.of(1.0000001, 0), Float32Array.of(1, 0))).toBeLessThan(1e-6);
  });

  const losing = (apart: readonly number[], numbers = 1000): OutputLoss[] => [
    { name: 'y', numbers, cosine: 1, apart, hidden: 0 },
  ];

  it('looks at more items where two say little: near the limit, or of few numbers', () => {
    expect([4.9e-4, 5.1e-4].map((most) => isNear(losing([1e-4, most])))).toEqual([false, true]);
    expect([4e-5, 6e-5].map((most) => isNear(losing([0, most], 1)))).toEqual([false, true]);
    expect(isNear([{ name: 'y', numbers: 1000, cosine: 0.9994, apart: [0, 0], hidden: 0 }])).toBe(true);
  });

  it('judges eight items by their mean and three standard deviations', () => {
    // Of four a, four b the standard deviation is |a − b| / 2 · √(8/7): 7.0e-4 + 3 · 1.07e-4 and 6.8e-4 + 3 · 0.86e-4.
    const eight = (a: number, b: number): OutputLoss[] => losing([a, b, a, b, a, b, a, b]);
    expect(lossOfAll('f16', eight(6e-4, 8e-4))).toMatch(/scores up to 8.0e-4 apart in 8 items and, by their spread, 1.0e-3 in one of a thousand; allowed/); // biome-ignore format: one expectation
    expect(lossOfAll('f16', eight(6e-4, 7.6e-4))).toBeUndefined();
    expect(lossOfAll('f16', losing([6e-4, 8e-4]))).toBeUndefined();
    expect(lossOfAll('f16', losing([1, 2, 3, 4, 5, 6, 7, 1.1e-3]))).toMatch(/scores up to 7.0e\+0 apart;/);
  });

  const planOf = (recipe: ImageRecipe, side = 16): ReturnType<typeof planGraph>['plan'] => {
    const node = { name: 'pool', op: 'GlobalAveragePool', inputs: ['image'], outputs: ['y'] };
    return planGraph(
      { name: 'n', inputs: [{ name: 'image', shape: [3, side, side], recipe }], nodes: [node], outputs: ['y'] },
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

  it('makes pictures that vary slowly and are two, also where the file takes them prepared', () => {
    const node = { name: 'pool', op: 'GlobalAveragePool', inputs: ['x'], outputs: ['y'] };
    const { plan } = planGraph({ name: 'n', inputs: [{ name: 'x', shape: [3, 32, 48] }], nodes: [node], outputs: ['y'] }, {}, 3);
    const { shape, data } = (probeOf(plan)! as Tensors)['x']!;
    expect(shape).toEqual([2, 3, 32, 48]);
    // Three cells of 16 pixels: from one to the next at most a 16th of the way from −2 to 2, and some of the way.
    const steps = data.map((value, at) => ((at + 1) % 48 === 0 ? 0 : Math.abs(data[at + 1]! - value)));
    expect(Math.max(...steps)).toBeLessThanOrEqual(4 / 16);
    expect(Math.max(...data) - Math.min(...data)).toBeGreaterThan(2);
    const size = data.length / 2;
    expect(data.subarray(0, size)).not.toEqual(data.subarray(size));
  }); // biome-ignore format: long lines

  it('draws half of the others: on white, with wide areas alike and hard edges', () => {
    const plan = planOf([{ step: 'resize', filter: 'pillow-bilinear', width: 64, height: 64 }, normalise], 64);
    const pictures = probesOf(plan, look)!.flatMap(({ image }) => image as readonly RasterImage[]);
    const whites = pictures.map(({ data }) => data.filter((value) => value === 255).length / data.length);
    expect(whites.map((share) => share > 0.4)).toEqual([false, false, false, true, true, true]);
    const steps = pictures.map(({ data }) => Math.max(...data.map((value, at) => (at % 192 < 3 ? 0 : Math.abs(value - data[at - 3]!)))));
    expect(steps.map((most) => most > 200)).toEqual([false, false, false, true, true, true]);
  }); // biome-ignore format: long lines

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

  /** A backend whose only number depends on what a plan is compiled in, `own` being what it was opened with. */
  function backendOf(
    between: Backend['between'],
    scores: Readonly<Record<'own' | FinerPrecision, number>>,
  ): { backend: Backend; compiled: string[] } {
    const compiled: string[] = [];
    const backend: Backend = {
      name: 'native',
      adapter: 'none',
      ...(between === undefined ? {} : { between }),
      times: [],
      check: () => [],
      compile: async (_, __, precision) => {
        const computedIn = precision ?? 'own';
        compiled.push(computedIn);
        return { run: async () => outputs(scores[computedIn]), [Symbol.asyncDispose]: async () => {} };
      },
      [Symbol.asyncDispose]: async () => {},
    };
    return { backend, compiled };
  }
  const planned = planGraph(
    { name: 'n', inputs: [{ name: 'x', shape: [2] }], nodes: [{ name: 'r', op: 'Relu', inputs: ['x'], outputs: ['y'] }], outputs: ['y'] }, // biome-ignore format: one graph
    {},
    1,
  );
  const [near, far] = [0.5005, 0.52];
  const cases = [
    ['bf16', ['bf16x2'], { own: near, bf16x2: far }, 'own', undefined],
    ['bf16', ['bf16x2'], { own: far, bf16x2: near }, 'bf16x2', { computedIn: 'bf16x2' }],
    ['bf16', ['bf16x2'], { own: far, bf16x2: far }, 'f32', {}],
    ['bf16', [], { own: far, bf16x2: near }, 'f32', {}],
    ['f16', undefined, { own: near, bf16x2: far }, 'own', undefined],
    ['f16', undefined, { own: far, bf16x2: near }, 'f32', {}],
  ] as const;

  it('compiles a network of which two items say little once more, for six others', async () => {
    const { backend, compiled } = backendOf(undefined, { own: near, bf16x2: far, f32: 0.5 });
    await compileChecked(backend, 'f16', planned, () => {});
    expect(compiled).toEqual(['f32', 'own', 'f32', 'own']);
    const sure = backendOf(undefined, { own: 0.50004, bf16x2: far, f32: 0.5 });
    await compileChecked(sure.backend, 'f16', planned, () => {});
    expect(sure.compiled).toEqual(['f32', 'own']);
  });

  it('computes what decides by a threshold in float32, without a look', async () => {
    const nodes = [{ name: 'fc', op: 'MatMul', inputs: ['x', 'w'], outputs: ['f'] }, { name: 'split', op: 'Less', inputs: ['f', 'half'], outputs: ['place'] }, { name: 'leaf', op: 'Gather', inputs: ['leaves', 'place'], outputs: ['y'] }]; // biome-ignore format: one graph
    const tree = planGraph(
      { name: 'tree', inputs: [{ name: 'x', shape: [2] }], nodes, outputs: ['y'] },
      { w: { shape: [2, 1], data: Float32Array.of(1, 2) }, half: { shape: [1], data: Float32Array.of(0.5) }, leaves: { shape: [2], data: Float32Array.of(0, 1) } }, // biome-ignore format: one list
      1,
    );
    const { backend, compiled } = backendOf(['bf16x2'], { own: 0.5, bf16x2: 0.5, f32: 0.5 });
    const given: BeyondHalf[] = [];
    await compileChecked(backend, 'bf16', tree, (beyond) => given.push(beyond));
    expect(compiled).toEqual(['f32']);
    expect(given).toMatchObject([{ network: 'tree', reason: expect.stringMatching(/^"split" decides by a threshold/) }]);
  });

  it('judges by what the caller makes of outputs', async () => {
    const { backend, compiled } = backendOf(undefined, { own: 0.5005, bf16x2: 0.5, f32: 0.5 });
    const given: BeyondHalf[] = [];
    // 100 times 0.0005 is 0.05 of a logit, and tanh(0.05 / 4) of a score.
    const answers = ({ y }: Tensors): Answer[] => [{ name: 'sure', values: { shape: [1, 1], data: y!.data.map((value) => 100 * value) }, activation: 'sigmoid' }]; // biome-ignore format: one list
    await compileChecked(backend, 'f16', planned, (beyond) => given.push(beyond), { answers });
    expect(compiled.at(-1)).toBe('f32');
    expect(given).toMatchObject([{ reason: expect.stringMatching(/^output "sure" in half precision .* scores up to 1.3e-2 apart/) }]); // biome-ignore format: one expectation
  });

  it('is not used for what a head reads whose answers jump, without a look', async () => {
    const { backend, compiled } = backendOf(undefined, { own: 0.5, bf16x2: 0.5, f32: 0.5 });
    const given: BeyondHalf[] = [];
    const head = (jump?: string) => ({ jump }) as OnnxNetwork;
    const scoring = { heads: { linear: head(), forest: head('split') }, answers: () => [] };
    await compileChecked(backend, 'f16', planned, (beyond) => given.push(beyond), scoring);
    expect(compiled).toEqual(['f32']);
    expect(given).toMatchObject([{ reason: expect.stringMatching(/^"split" of its head "forest" decides by a threshold/) }]);
  });

  it('gives up where every score of eight items is 0 or 1', async () => {
    const { backend } = backendOf(undefined, { own: 1, bf16x2: 1, f32: 1 });
    const given: BeyondHalf[] = [];
    await compileChecked(backend, 'f16', planned, (beyond) => given.push(beyond));
    expect(given).toMatchObject([{ reason: expect.stringMatching(/scores are 0 or 1 on all 8 made pictures/) }]);
  });

  it.each(cases)(
    'keeps the first of %s, %o and f32 that is near enough: %o',
    async (precision, between, scores, kept, found) => {
      const { backend, compiled } = backendOf(between, { ...scores, f32: 0.5 });
      const given: BeyondHalf[] = [];
      await compileChecked(backend, precision, planned, (beyond) => given.push(beyond));
      expect(compiled.at(-1)).toBe(kept);
      const name = precision === 'f16' ? 'half precision' : 'bfloat16';
      const reason = `output "y" in ${name} against float32: cosine 1.000000, scores up to 2.0e-2 apart; allowed are cosine 0.999 and 0.001`;
      expect(given).toEqual(found === undefined ? [] : [{ network: 'n', reason, ...found }]);
    },
  );
});

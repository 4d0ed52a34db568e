import { describe, expect, it, vi } from 'vitest';
import { planGraph } from '../../graph/planner.ts';
import { synthesise } from '../../image-ops/synthetic-image.ts';
import { openRuntime } from '../../index.ts';
import { type PreparedCase, randomNumbers } from '../../kernels/case.ts';
import { roundedToHalves } from '../../kernels/half-case.ts';
import { representativeCases } from '../../kernels/representative-cases.ts';
import { cosine, goldenBytes, goldenOf, readGoldenExternal } from '../../onnx/golden-networks.ts';
import { tryOpen } from '../../open-backend.ts';
import { sampleBlocks, sampleNetwork } from '../../sample-network.ts';
import { reference, runCase as run } from '../../testing/as-reference.ts';
import {
  absent,
  describeHalfCases,
  expectNetworkInHalf,
  matrices,
  open,
  quickNetworks,
  withoutImages,
} from '../../testing/half-precision.ts';
import type { Backend } from '../backend.ts';
import type { OpenedBackend } from '../opened-backend.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe.skipIf(absent !== undefined)(`half precision (here: ${absent ?? 'present'})`, () => {
  it('runs on matrix instructions where the driver has them', ({ skip }) => {
    if (matrices === undefined) return skip('none of 16x16x16 by 32 threads or 8x8x8 by 8; lavapipe has them since Mesa 26');
    expect([8, 16]).toContain(matrices.side);
  });

  describeHalfCases([['as the adapter is', {}, withoutImages.filter((given) => representativeCases.includes(given))]]);

  it('scores a whole network as close as rounding its weights allows, in any batch alike', async () => {
    await using backend = ((await open()) as OpenedBackend).backend;
    const normalise = { step: 'normalise', scale: 1 / 127.5, mean: [1, 1, 1], deviation: [1, 1, 1] } as const;
    const { graph, weights } = sampleNetwork({ size: 64, width: 0.25, recipe: [{ step: 'resize', filter: 'pillow-bicubic', width: 64, height: 64 }, normalise] }); // biome-ignore format: one network
    const planned = planGraph(graph, weights, 4);
    const image = [synthesise('noise', 90, 70, 1), synthesise('gradient', 64, 64, 2, 4), synthesise('gradient', 33, 200, 3), synthesise('extremes', 70, 64, 4)]; // biome-ignore format: one batch
    const [, logits] = graph.outputs as [string, string];
    const { [logits]: expected } = await run(reference, { ...planned, inputs: { image } });
    const rounded = { ...planned, weights: roundedToHalves(planned.weights), inputs: { image } };
    const { [logits]: nearest } = await run(reference, rounded);
    await using executable = await backend.compile(planned.plan, planned.weights);
    const { [logits]: actual } = await executable.run({ image });
    expect(cosine(actual!.data, expected!.data)).toBeGreaterThanOrEqual(0.999);
    // Fifty layers of random weights amplify any change: rounding the weights alone, in float32, moves logits by 1.3 %.
    // Here weights, operands and stored values are rounded, three times as many numbers.
    expect(distance(actual!.data, expected!.data)).toBeLessThanOrEqual(3 * distance(nearest!.data, expected!.data));
    const { [logits]: alone } = await executable.run({ image: image.slice(2, 3) });
    expect([...alone!.data]).toEqual([...actual!.data.subarray(10, 15)]);
  });

  it('loses little more between the blocks of a transformer than its rounded weights do: sums stay float32', async () => {
    await using backend = ((await open()) as OpenedBackend).backend;
    const { graph, weights } = sampleBlocks();
    const planned = { ...planGraph(graph, weights, 3), inputs: { x: { shape: [3, 5, 24], data: randomNumbers(3 * 5 * 24, 1, [-2, 2]) } } }; // biome-ignore format: one network
    const [name] = graph.outputs as [string];
    const lossOf = async (on: Backend, given: PreparedCase): Promise<number> =>
      distance((await run(on, given))[name]!.data, (await run(reference, planned))[name]!.data);
    const nearest = await lossOf(reference, { ...planned, weights: roundedToHalves(planned.weights) });
    // Operands are rounded as well, twice as many numbers.
    expect(await lossOf(backend, planned)).toBeLessThanOrEqual(2 * nearest);
  });

  it.each(quickNetworks)('scores the network %s within 1e-3 of onnxruntime in float32', expectNetworkInHalf);

  it('is given up for a network that it changes too much, which log and info say', async () => {
    const said: string[] = [];
    await using runtime = await openRuntime({ prefer: 'webgpu', precision: 'f16', log: (message) => said.push(message) });
    const network = 'attention';
    const { x, y } = goldenOf(network);
    await using kept = await runtime.loadOnnx(goldenBytes(network), { batch: 3, readExternal: readGoldenExternal });
    expect(runtime.info.beyondHalf).toEqual([]);
    const { y: half } = await kept.run({ x });
    expect([...half!.data]).not.toEqual([...y.data]); // still halves

    // A difference of large numbers that float16 cannot tell apart.
    const graph = { name: 'cancelling', inputs: [{ name: 'x', shape: [2, 2] }], nodes: [{ name: 'up', op: 'Add', inputs: ['x', 'large'], outputs: ['a'] }, { name: 'sqrt', op: 'Sqrt', inputs: ['a'], outputs: ['b'] }, { name: 'square', op: 'Mul', inputs: ['b', 'b'], outputs: ['c'] }, { name: 'down', op: 'Sub', inputs: ['c', 'large'], outputs: ['y'] }], outputs: ['y'] }; // biome-ignore format: one graph
    await using refused = await runtime.load(graph, { large: { shape: [1], data: Float32Array.of(3000) } }, 2);
    expect(runtime.info.beyondHalf).toMatchObject([{ network: 'cancelling', reason: expect.stringMatching(/output "y".*apart; allowed are cosine 0.999/) }]); // biome-ignore format: one expectation
    expect(said).toEqual([expect.stringMatching(/^"cancelling" is computed in float32: output "y"/)]);
    const numbers = Float32Array.of(0.25, -0.5, 0.125, 1);
    const { y: full } = await refused.run({ x: { shape: [1, 2, 2], data: numbers } });
    for (const [i, value] of numbers.entries()) expect(full!.data[i]).toBeCloseTo(value, 2); // 3000 has a last place of 2.4e-4
  });

  it('divides 0 by the least that a norm may be, which float16 has not', async () => {
    await using backend = ((await open()) as OpenedBackend).backend;
    const nodes = [
      { name: 'q', op: 'MatMul', inputs: ['x', 'w'], outputs: ['q'] },
      { name: 'squares', op: 'Mul', inputs: ['q', 'q'], outputs: ['s'] },
      { name: 'sum', op: 'ReduceSum', inputs: ['s'], outputs: ['t'], attributes: { axes: [2], keepdims: 1 } },
      { name: 'norm', op: 'Sqrt', inputs: ['t'], outputs: ['n'] },
      { name: 'bound', op: 'Max', inputs: ['n', 'least'], outputs: ['b'] },
      { name: 'unit', op: 'Div', inputs: ['q', 'b'], outputs: ['u'] },
      { name: 'out', op: 'MatMul', inputs: ['u', 'w'], outputs: ['y'] },
    ];
    const constants = { w: { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) }, least: { shape: [1], data: Float32Array.of(1e-12) } }; // biome-ignore format: one list
    const { plan, weights } = planGraph({ name: 'units', inputs: [{ name: 'x', shape: [2, 2] }], nodes, outputs: ['y'] }, constants, 1); // biome-ignore format: one graph
    await using executable = await backend.compile(plan, weights);
    const { y } = await executable.run({ x: { shape: [1, 2, 2], data: Float32Array.of(0, 0, 3, 4) } });
    // 3/5 and 4/5 as halves are 2.5e-4 away at most.
    for (const [i, value] of [0, 0, 0.6, 0.8].entries()) expect(y!.data[i]).toBeCloseTo(value, 3);
  });

  it('refuses a weight that float16 cannot hold', async () => {
    await using backend = ((await open()) as OpenedBackend).backend;
    const graph = { name: 'large', inputs: [{ name: 'x', shape: [2, 2] }], nodes: [{ name: 'fc', op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }], outputs: ['y'] }; // biome-ignore format: one graph
    const { plan, weights } = planGraph(graph, { w: { shape: [2, 1], data: Float32Array.of(1, 70000) } }, 1);
    await expect(backend.compile(plan, weights)).rejects.toMatchObject({
      code: 'OP_UNSUPPORTED',
      message: expect.stringMatching(/Weight "w\S*" holds 70000/),
    });
  });

  it('is refused where the adapter has no float16', async () => {
    const refused = await tryOpen('webgpu', { precision: 'f16', lesser: { hiddenFeatures: ['shader-f16'] } });
    expect(refused).toMatch(/no shader-f16/);
  });
});

const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((value, i) => value - b[i]!));

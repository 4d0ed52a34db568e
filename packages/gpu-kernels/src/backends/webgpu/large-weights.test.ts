/** Weights beyond what the smallest GPU binds at once: tables and products are computed part by part, with the same numbers. */
import { describe, expect, it, vi } from 'vitest';
import { type Plan, planVersion } from '../../graph/plan.ts';
import { tryOpen } from '../../open-backend.ts';

vi.setConfig({ testTimeout: 120_000 });
process.env.DIPTYCH_WEBGPU = 'checked';

const limit = 134_217_728; // WebGPU gives no less than that
const lesser = { limits: { maxStorageBufferBindingSize: limit } };
const opened = await tryOpen('webgpu', { lesser });
const absent = typeof opened === 'string' ? opened : undefined;
if (typeof opened !== 'string') await opened.backend[Symbol.asyncDispose]();

const [rows, width] = [32_800, 1024];
const indices = [0, 32_767, 32_768, 32_799, -1, -rows, rows];

/** A vocabulary whose table is the head's weight too, as language models tie them. */
const tied: Plan = {
  version: planVersion,
  name: 'tied',
  batch: 2,
  values: [[indices.length], [width], [indices.length, width], [rows], [indices.length]].map((shape, id) => ({ id, shape })),
  weights: [
    { name: 'table', shape: [rows, width] },
    { name: 'bias', shape: [rows] },
    { name: 'zero', shape: [1] },
  ],
  steps: [
    // Indices that are an input are checked before a run; one that is computed may be no row.
    { op: 'binary', name: 'computed', function: 'add', a: 0, aStrides: [1], bWeight: 'zero', bStrides: [0], output: 4 },
    { op: 'gather', name: 'look up', xWeight: 'table', indices: 4, dimension: 0, output: 2 },
    { op: 'gemm', name: 'head', x: 1, weight: 'table', bias: 'bias', activation: { kind: 'none' }, output: 3 },
  ],
  inputs: { indices: 0, x: 1 },
  outputs: { found: { value: 2, shape: [indices.length, width] }, scores: { value: 3, shape: [rows] } },
};
/** Row r holds r + (column % 256) / 256, which float32 has exactly. */
const table = Float32Array.from({ length: rows * width }, (_, i) => Math.floor(i / width) + (i % 256) / 256);
const bias = Float32Array.from({ length: rows }, (_, row) => row % 2);

describe.skipIf(absent !== undefined)(`a WebGPU device that binds 128 MiB (here: ${absent ?? 'present'})`, () => {
  it('reads rows of a larger table and multiplies by it', async () => {
    expect(rows * width * 4).toBeGreaterThan(limit);
    const result = await tryOpen('webgpu', { lesser });
    if (typeof result === 'string') throw new Error(result);
    await using backend = result.backend;
    expect(backend.check(tied)).toEqual([]);
    const weights = { table: { shape: [rows, width], data: table }, bias: { shape: [rows], data: bias }, zero: { shape: [1], data: Float32Array.of(0) } }; // biome-ignore format: one table
    await using model = await backend.compile(tied, weights);
    // The second item asks in the opposite order; a single 1 in x chooses a column of the table.
    const asked = Float32Array.from([...indices, ...indices.toReversed()]);
    const x = Float32Array.from({ length: 2 * width }, (_, i) => (i === 3 || i === width + 5 ? 1 : 0));
    const { found, scores } = await model.run({ indices: { shape: [2, indices.length], data: asked }, x: { shape: [2, width], data: x } }); // biome-ignore format: one call
    const rowsFound = [...asked].map((_, at) => found!.data[at * width + 7]! - 7 / 256);
    const byHand = [0, 32_767, 32_768, 32_799, 32_799, 0, Number.NaN];
    expect(rowsFound).toEqual([...byHand, ...byHand.toReversed()]);
    const wanted = [3, 5].flatMap((column) => Array.from({ length: rows }, (_, row) => row + column / 256 + (row % 2)));
    expect(scores!.data).toEqual(Float32Array.from(wanted));
  });

  it('still refuses what has no parts, a row that is too long', async () => {
    const result = await tryOpen('webgpu', { lesser });
    if (typeof result === 'string') throw new Error(result);
    await using backend = result.backend;
    const long = { ...tied, weights: [{ name: 'table', shape: [2, limit / 4 + 1] }, ...tied.weights.slice(1)] }; // biome-ignore format: one plan
    const reason = expect.stringContaining(`the adapter binds at most ${limit}`);
    expect(backend.check(long)).toMatchObject([{ step: 'look up', reason }, { step: 'head', reason }]); // biome-ignore format: one list
  });
});

import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

const goldens = fileURLToPath(new URL('../../../packages/gpu-kernels/goldens/onnx/', import.meta.url));
let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-inspect-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));
const inspect = (...parameters: string[]) => runDiptych(['model', 'inspect', ...parameters], { cwd });

describe('diptych model inspect', () => {
  it('prints ops, parameters, FLOPs and memory of a network', async () => {
    const { code, stdout } = await inspect(join(goldens, 'residual-fixed.onnx'), '--json');
    const report = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(report).toMatchObject({ opset: 13, batch: 1, inputs: [{ name: 'x', shape: [1, 3, 24, 24] }] });
    expect(report.ops).toContainEqual({ op: 'Conv', count: 3, support: 'yes' });
    // Conv 3→8, 3x3, to 12x12; two Conv 8→8, 3x3, on 6x6; Gemm 8→4. Two operations a multiply-accumulate.
    expect(report.cost.flopsPerItem).toBe(2 * (12 * 12 * 8 * 27 + 2 * 6 * 6 * 8 * 72 + 32));
    expect(report.backends.find(({ backend }: { backend: string }) => backend === 'reference').missing).toEqual([]);
  });

  it('reads weights beside the file and prints a table', async () => {
    const { code, stdout } = await inspect(join(goldens, 'residual-external.onnx'), '--batch', '4');
    expect(code).toBe(0);
    expect(stdout).toMatch(/MaxPool +1/);
    expect(stdout).toMatch(/activations +[\d.]+ kB for a batch of 4/);
    expect(stdout).toMatch(/reference +runs/);
  });

  it('counts what the outputs that are wanted need, and names those of the file where one is not there', async () => {
    const file = join(goldens, 'residual-fixed.onnx');
    const [all, wanted] = [await inspect(file, '--json'), await inspect(file, '--output', 'y', '--json')];
    expect(JSON.parse(wanted.stdout)).toEqual(JSON.parse(all.stdout));
    expect(await inspect(file, '--output', 'scores')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('output "scores" is asked for; its outputs are y'),
    });
  });

  it('prints what a card says of the file, with digests of all its files', async () => {
    const digest = async (name: string) =>
      createHash('sha256')
        .update(await readFile(join(goldens, name)))
        .digest('hex');
    const external = await inspect(join(goldens, 'residual-external.onnx'), '--json');
    const [model, data] = [await digest('residual-external.onnx'), await digest('residual-external.bin')];
    expect(JSON.parse(external.stdout).card).toEqual({
      input: 'x',
      output: 'y',
      activation: 'none',
      sha256: model,
      files: [{ path: 'residual-external.bin', sha256: data }],
    });
    const { stdout } = await inspect(join(goldens, 'residual-external.onnx'));
    expect(stdout).toMatch(/output +y +\[.*\], by softmax/);
    expect(stdout).toContain(`  sha256: ${model}\n  files:\n    - { path: residual-external.bin, sha256: ${data} }`);
    await copyFile(join(goldens, 'residual-external.onnx'), join(cwd, 'alone.onnx'));
    const alone = await inspect('alone.onnx');
    expect(alone).toMatchObject({ code: 2, stdout: expect.stringContaining('residual-external.bin: there is none') });
  });

  it('plans a file whose whole graph is one item', async () => {
    const file = join(goldens, 'residual-fixed.onnx');
    const { code, stdout } = await inspect(file, '--items', 'graph');
    expect(code).toBe(0);
    expect(stdout).toMatch(/items +one run of the whole graph is one item/);
    expect(JSON.parse((await inspect(file, '--items', 'graph', '--json')).stdout)).toMatchObject({ items: 'graph' });
    expect(JSON.parse((await inspect(file, '--json')).stdout)).toMatchObject({ items: 'batch' });
    expect(await inspect(file, '--items', 'rows')).toMatchObject({ code: 2, stderr: expect.stringContaining('rows') });
  });

  it('plans a quantised file as it is written, or without rounded activations', async () => {
    const file = join(goldens, 'quantised/convolutions-qdq.onnx');
    const written = JSON.parse((await inspect(file, '--json')).stdout);
    const { code, stdout } = await inspect(file, '--quantisation', 'weights-only', '--json');
    const weightsOnly = JSON.parse(stdout);
    expect(code).toBe(0);
    expect([written.quantisation, weightsOnly.quantisation]).toEqual(['as-written', 'weights-only']);
    // Each rounding to a grid is a step, and a fixed range that saturates where nothing is rounded at most one.
    expect(weightsOnly.cost.steps).toBeLessThanOrEqual(written.cost.steps);
    expect(weightsOnly.cost).not.toEqual(written.cost);
    expect((await inspect(file, '--quantisation', 'weights-only')).stdout).toMatch(/quantisation +of weights only/);
    expect(await inspect(file, '--quantisation', 'int4')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('int4'),
    });
  });

  it('asks for sizes that the file leaves open, as bad input', async () => {
    const file = fileURLToPath(
      new URL('../../../packages/plugins/goldens/janus/tiny-janus/onnx/gen_head.onnx', import.meta.url),
    );
    expect(await inspect(file)).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('`--shape hidden_states=SEQUENCE_LENGTH,16`'),
    });
    expect(await inspect(file, '--shape', 'hidden_states=2,16')).toMatchObject({ code: 0 });
  });

  it('refuses what is no ONNX file, with the code for bad input', async () => {
    await writeFile(join(cwd, 'no.onnx'), 'hello, this is text');
    expect(await inspect('no.onnx')).toMatchObject({ code: 2, stderr: expect.stringContaining('GRAPH_INVALID') });
    expect(await inspect('absent.onnx')).toMatchObject({ code: 2, stderr: expect.stringMatching(/absent\.onnx: there is none.*NOT_FOUND/s) }); // biome-ignore format: one line
    expect(await inspect(join(goldens, 'residual.onnx'), '--batch', 'many')).toMatchObject({ code: 2, stderr: expect.stringContaining('--batch') }); // biome-ignore format: one line
  });
});

/** A run goes on where it began; what else it ran on stands in its manifest. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { precisionReport, runtimeReport } from '@diptych/gpu-kernels';
import { encodePng } from '@diptych/plugin-kit/png';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const network = fileURLToPath(new URL('../../../packages/plugins/goldens/onnx/classifier.onnx', import.meta.url));
const other = (await runtimeReport()).find(({ backend, ok }) => ok && backend !== 'reference')?.backend;
const bf16Absence = (await precisionReport()).find(({ precision }) => precision === 'bf16')?.reason;
let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-resume-'));
  await mkdir(join(cwd, 'images'));
  await copyFile(network, join(cwd, 'network.onnx'));
  const data = Uint8Array.from({ length: 20 * 20 * 3 }, (_, i) => (i * 37) % 256);
  await writeFile(join(cwd, 'images', 'a.png'), encodePng({ width: 20, height: 20, channels: 3, data }));
  const card = {
    input: 'pixels',
    recipe: [
      { step: 'resize', filter: 'pillow-bicubic', width: 16, height: 16 },
      { step: 'normalise', scale: 1 / 255, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
    ],
    output: 'logits',
    labels: ['synthetic', 'camera'],
    synthetic: 'synthetic',
    activation: 'softmax',
    trainedOn: [],
    licence: { id: 'MIT' },
    sha256: createHash('sha256')
      .update(await readFile(network))
      .digest('hex'),
  };
  const study = {
    name: 'resumed',
    generators: [{ use: 'folder', options: { folder: './images', model: 'm', family: 'mllm' } }],
    detectors: [{ use: 'onnx', options: { model: 'network.onnx', card } }],
    protocols: ['as-received'],
  };
  await writeFile(join(cwd, 'study.yaml'), JSON.stringify(study)); // JSON is YAML
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const manifest = async () =>
  JSON.parse(await readFile(join(cwd, 'runs/x/manifest.json'), 'utf8')) as Record<string, unknown>;

it('is resumed on its own backend, and on another where that is asked for, which is recorded', async () => {
  const [first, again] = [
    await runDiptych(['run', 'study.yaml', '--id', 'x', '--no-report', '--backend', 'reference'], { cwd }),
    await runDiptych(['resume', 'runs/x', '--no-report'], { cwd }),
  ];
  expect([first.code, again.code], first.stderr + again.stderr).toEqual([0, 0]);
  expect(again.stderr).toContain('Runtime: reference');
  expect(await manifest()).not.toHaveProperty('laterRuntimes');
  if (other === undefined) return; // no other backend here: the record of one is tested in core
  expect(await runDiptych(['resume', 'runs/x', '--no-report', '--backend', other], { cwd })).toMatchObject({ code: 0 });
  expect(await manifest()).toMatchObject({ runtime: { backend: 'reference' }, laterRuntimes: [{ backend: other }] });
});

it.skipIf(bf16Absence !== undefined)(
  `is resumed in bfloat16 where it began in it (here: ${bf16Absence ?? 'present'})`,
  async () => {
    const run = await runDiptych(['run', 'study.yaml', '--id', 'y', '--no-report', '--precision', 'bf16'], { cwd });
    const again = await runDiptych(['resume', 'runs/y', '--no-report'], { cwd });
    expect([run.code, again.code], run.stderr + again.stderr).toEqual([0, 0]);
    expect(again.stderr).toContain('Runtime: native');
    const { runtime, laterRuntimes } = JSON.parse(await readFile(join(cwd, 'runs/y/manifest.json'), 'utf8'));
    expect(runtime).toMatchObject({ backend: 'native', precision: 'bf16', beyondHalf: [] });
    expect(laterRuntimes).toBeUndefined();
    const other = await runDiptych(['resume', 'runs/y', '--no-report', '--precision', 'f32'], { cwd });
    expect(other.code).not.toBe(0);
    expect(other.stderr).toContain('networks were computed in bf16, now in f32');
  },
);

/** A judge by a card, in half precision: what its heads read is computed as they need it, and manifest and report say so. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { precisionReport } from '@diptych/gpu-kernels';
import { encodePng } from '@diptych/plugin-kit/png';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const goldens = new URL('../../../packages/plugins/goldens/onnx/', import.meta.url);
const absence = (await precisionReport()).find(({ precision }) => precision === 'f16')?.reason;
let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-heads-'));
  await mkdir(join(cwd, 'images'));
  for (const name of ['tower.onnx', 'head-stump.onnx']) await copyFile(new URL(name, goldens), join(cwd, name));
  const data = Uint8Array.from({ length: 20 * 20 * 3 }, (_, i) => (i * 37) % 256);
  await writeFile(join(cwd, 'images', 'a.png'), encodePng({ width: 20, height: 20, channels: 3, data }));
  const fileOf = async (model: string) => ({
    sha256: createHash('sha256')
      .update(await readFile(join(cwd, model)))
      .digest('hex'),
  });
  const card = {
    kind: 'safety-judge',
    name: 'mine',
    use: 'onnx',
    summary: 'A tower and a tree.',
    options: {
      card: {
        input: 'pixels',
        recipe: [
          { step: 'resize', filter: 'pillow-bicubic', width: 16, height: 16 },
          { step: 'normalise', scale: 1 / 255, mean: [0.481, 0.458, 0.408], deviation: [0.269, 0.261, 0.276] },
        ],
        output: 'embedding',
        licence: { id: 'MIT' },
      },
      heads: {
        tree: { input: 'embedding', output: 'score', labels: ['bad'], activation: 'none', licence: { id: 'MIT' } },
      },
      hazards: { bad: 'hate' },
    },
  };
  await writeFile(join(cwd, 'mine.yaml'), JSON.stringify(card)); // JSON is YAML
  const study = {
    name: 'heads',
    generators: [{ use: 'folder', options: { folder: './images', model: 'm', family: 'mllm' } }],
    safetyJudges: [
      {
        use: './mine.yaml',
        options: {
          model: 'tower.onnx',
          card: await fileOf('tower.onnx'),
          heads: { tree: { model: 'head-stump.onnx', ...(await fileOf('head-stump.onnx')) } },
        },
      },
    ],
    protocols: ['as-received'],
  };
  await writeFile(join(cwd, 'study.yaml'), JSON.stringify(study));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

it.skipIf(absence !== undefined)(
  `computes a tower in float32 where a head of it is a tree (here: ${absence ?? 'present'})`,
  async () => {
    const run = await runDiptych(['run', 'study.yaml', '--id', 'x', '--precision', 'f16'], { cwd });
    expect(run.code, run.stderr).toBe(0);
    const { runtime } = JSON.parse(await readFile(join(cwd, 'runs/x/manifest.json'), 'utf8'));
    const reason = expect.stringMatching(/of its head "tree" decides by a threshold/);
    expect(runtime).toMatchObject({ precision: 'f16', beyondHalf: [{ network: 'tower.onnx', reason }] });
    expect(run.stderr).toMatch(/"tower\.onnx" is computed in float32: .* of its head "tree"/);
    expect(await readFile(join(cwd, 'runs/x/report/report.md'), 'utf8')).toContain('tower.onnx in f32');
  },
);

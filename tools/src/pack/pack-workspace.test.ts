/** The packages as a user meets them: packed, installed by npm into an empty folder, used from there. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../repository.ts';
import { hasAddon, packWorkspace } from './pack-workspace.ts';

const goldens = join(repositoryRoot, 'packages/gpu-kernels/goldens/onnx');
it('refuses a folder of addons that has none', async () => {
  const empty = join(tmpdir(), 'diptych-no-addons');
  await expect(packWorkspace(join(tmpdir(), 'diptych-not-made'), { addons: empty })).rejects.toThrow(
    `Expected .node files in ${empty}, found none.`,
  );
});

describe('the packed packages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-packed-'));
  const app = join(folder, 'app');
  let tarballs: readonly string[] = [];

  const run = (program: string, ...args: string[]): string => execFileSync(program, args, { cwd: app, encoding: 'utf8' });
  const diptych = (...args: string[]): string => run(process.execPath, 'node_modules/@diptych/cli/bin/diptych.mjs', ...args);

  beforeAll(async () => {
    tarballs = await packWorkspace(join(folder, 'packages'));
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
    run('npm', 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs);
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

  it('hold no TypeScript but declarations, and no test', () => {
    const files = tarballs.flatMap((tarball) => execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n'));
    expect(files.filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((file) => /\.test\.(js|d\.ts)$|\.onnx$|\/testing-fakes\//.test(file))).toEqual([]);
    expect(files).toContain('package/src/kernels/conv2d/half-matrix.wgsl');
    expect(files).toContain('package/python/diptych_worker.py');
  });

  it('end the demo with a report', () => {
    const printed = diptych('demo', '--runs', 'runs');
    expect(printed).toContain('runs/demo/report/report.html');
    expect(readFileSync(join(app, 'runs/demo/report/report.html'), 'utf8')).toContain('simulated-mllm');
  }, 300_000);

  it.skipIf(!hasAddon)('bring the addon of this platform (skipped where none was built)', () => {
    const checks = JSON.parse(diptych('doctor', '--json')) as unknown;
    expect(JSON.stringify(checks)).toMatch(/"backend native"[^}]*"ok"/);
  });

  it('score a network for a program of its own', () => {
    const { residual } = JSON.parse(readFileSync(join(goldens, 'networks.json'), 'utf8')) as {
      readonly residual: {
        readonly x: { readonly shape: readonly number[] };
        readonly y: { readonly data: readonly number[] };
      };
    };
    writeFileSync(
      join(app, 'score.mjs'),
      `import { openRuntime } from '@diptych/gpu-kernels';
       import { openOnnxFile } from '@diptych/gpu-kernels/onnx';
       const shape = ${JSON.stringify(residual.x.shape)};
       const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => ((i * 7919) % 2001) / 1000 - 1);
       await using runtime = await openRuntime();
       const { bytes, readExternal } = await openOnnxFile(${JSON.stringify(join(goldens, 'residual.onnx'))});
       await using model = await runtime.loadOnnx(bytes, { batch: 2, readExternal });
       const { y } = await model.run({ x: { shape, data } });
       console.log(JSON.stringify([...y.data]));`,
    );
    const scores = JSON.parse(run(process.execPath, 'score.mjs')) as number[];
    expect(scores).toHaveLength(residual.y.data.length);
    // onnxruntime's scores, which goldens/onnx/make-networks.py wrote.
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(residual.y.data[i]!, 5);
  });

  it('run a plugin in TypeScript that lies beside the study', () => {
    diptych('plugin', 'new', 'detector', 'my-detector');
    const picture = join(repositoryRoot, 'packages/core/goldens/images/rgba.png');
    writeFileSync(join(app, 'picture.png'), readFileSync(picture));
    const results = JSON.parse(diptych('detect', 'picture.png', '--with', './my-detector.ts', '--json')) as unknown;
    expect(JSON.stringify(results)).toContain('"syntheticScore"');
  });

  it('have declarations that a strict program compiles against', () => {
    const program = `import { openRuntime } from '@diptych/gpu-kernels';
      import { openOnnxFile } from '@diptych/gpu-kernels/onnx';
      import { defineDetector, DiptychError, type Runtime } from '@diptych/plugin-kit';
      export const open = async (): Promise<Runtime> => openRuntime({ prefer: 'native' });
      export const isOurs = (error: unknown): boolean => error instanceof DiptychError && error.code === 'OP_UNSUPPORTED';
      export { openOnnxFile, defineDetector };
      // @ts-expect-error no such backend
      export const wrong = openRuntime({ prefer: 'abacus' });`;
    writeFileSync(join(app, 'program.ts'), program);
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--skipLibCheck', 'false'];
    const types = ['--typeRoots', join(repositoryRoot, 'node_modules/@types'), '--types', 'node'];
    const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc');
    expect(run(process.execPath, compiler, ...flags, ...types, 'program.ts')).toBe('');
  });
});

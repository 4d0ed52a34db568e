import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeReport } from '@diptych/gpu-kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderProfile } from './profile.ts';
import { runDiptych } from './testing/run-diptych.ts';

const network = fileURLToPath(new URL('../../../packages/gpu-kernels/goldens/onnx/residual-fixed.onnx', import.meta.url));
const here = (await runtimeReport()).filter(({ ok }) => ok).map(({ backend }) => backend);
let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-profile-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));
const profile = (...parameters: string[]) => runDiptych(['model', 'profile', network, ...parameters], { cwd });

describe('diptych model profile', () => {
  it.each(['webgpu', 'native', 'reference'] as const)('times every kernel on %s and writes a trace', async (backend) => {
    if (!here.includes(backend)) return;
    const { code, stdout } = await profile('--backend', backend, '--runs', '2', '--batch', '2', '--profile', 'trace.json', '--json'); // biome-ignore format: one call
    expect(code).toBe(0);
    const { kernels } = JSON.parse(stdout) as { kernels: { op: string; runs: number; milliseconds: number; share: number }[] }; // biome-ignore format: one type
    expect(kernels.filter(({ op }) => op === 'conv2d')).toHaveLength(3);
    for (const { runs } of kernels) expect(runs).toBe(2);
    expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    const { traceEvents } = JSON.parse(await readFile(join(cwd, 'trace.json'), 'utf8')) as { traceEvents: unknown[] };
    expect(traceEvents.length).toBeGreaterThan(kernels.length);
  });

  it('prints a table', async () => {
    const { stdout } = await profile('--backend', 'reference', '--runs', '1');
    expect(stdout).toMatch(/step +op +kernel +ms +share +GFLOP\/s/);
    expect(stdout).toMatch(/conv2d +TypeScript/);
  });

  it('says whose step each is where there are several networks', () => {
    const time = { step: '/conv1/Conv', op: 'conv2d', kernel: 'Rust', start: 0, milliseconds: 1, flops: 0 };
    expect(renderProfile([{ ...time, model: 'npr.onnx' }])).not.toContain('network');
    const table = renderProfile([
      { ...time, model: 'npr.onnx' },
      { ...time, model: 'safe.onnx', milliseconds: 2 },
    ]);
    expect(table).toMatch(/network +step .*\n *safe\.onnx +\/conv1\/Conv .*\n *npr\.onnx +\/conv1\/Conv /);
  });

  it('refuses a trace that cannot be written before it runs anything', async () => {
    for (const file of ['nowhere/trace.json', '.'])
      expect(await profile('--backend', 'reference', '--profile', file)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining(`the trace of --profile to ${file}`),
      });
  });

  it('refuses a precision that the backend has not', async () => {
    const refused = await profile('--backend', 'reference', '--precision', 'bf16');
    expect(refused).toMatchObject({ code: 2, stdout: '' }); // on no machine, so it is not merely unavailable
    expect(refused.stderr).toContain('Expected --backend native with --precision bf16, received reference.');
  });

  it('refuses a number of runs that is none', async () => {
    expect(await profile('--runs', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('--runs') });
  });

  it('refuses a backend of the environment that there is none of, as bad input like that of the option', async () => {
    const environment = { DIPTYCH_BACKEND: 'cuda' };
    const refused = await runDiptych(['model', 'profile', network], { cwd, environment });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/DIPTYCH_BACKEND .* received "cuda".*USAGE/s) });
    const detect = await runDiptych(['detect', 'absent.png', '--with', 'spectrum'], { cwd, environment });
    expect(detect).toMatchObject({ code: 2, stderr: expect.stringContaining('received "cuda"') });
  });

  it('takes a variable that is set to nothing as unset', async () => {
    const environment = { DIPTYCH_BACKEND: '', DIPTYCH_ADAPTER: '', DIPTYCH_PRECISION: '' };
    const profiled = await runDiptych(['model', 'profile', network, '--runs', '1', '--backend', 'reference'], {
      cwd,
      environment,
    });
    expect(profiled).toMatchObject({ code: 0, stdout: expect.stringContaining('TypeScript') });
  });
});

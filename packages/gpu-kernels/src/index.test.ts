import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openRuntime, runtimeReport } from './index.ts';

const relu = {
  name: 'relu',
  inputs: [{ name: 'x', shape: [2] }],
  nodes: [{ name: 'r', op: 'Relu', inputs: ['x'], outputs: ['y'] }],
  outputs: ['y'],
};
const report = await runtimeReport();
/** Runs a script in a process of its own, as a user's would; the promise rejects unless it exits with 0 by itself. */
const runScript = (script: string, env: Record<string, string> = {}): Promise<{ stdout: string }> => {
  const index = new URL('./index.ts', import.meta.url).href;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const code = `const { openRuntime } = await import('${index}'); ${script}`;
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    cwd,
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
};

vi.setConfig({ testTimeout: 90_000 });
afterEach(() => vi.unstubAllEnvs());

describe('openRuntime', () => {
  it('opens the backend asked for and runs a graph on it', async () => {
    await using runtime = await openRuntime({ prefer: 'reference' });
    expect(runtime.info).toEqual({ backend: 'reference', adapter: 'TypeScript, one thread', rejected: [] });
    await using model = await runtime.load(relu, {}, 2);
    const { y } = await model.run({ x: { shape: [1, 2], data: Float32Array.of(-1, 2) } });
    expect(y).toEqual({ shape: [1, 2], data: Float32Array.of(0, 2) });
  });

  it('refuses a graph that cannot be planned before anything is loaded', async () => {
    await using runtime = await openRuntime({ prefer: 'reference' });
    const graph = { ...relu, nodes: [{ ...relu.nodes[0]!, op: 'Imagined' }] };
    await expect(runtime.load(graph, {}, 1)).rejects.toMatchObject({
      code: 'OP_UNSUPPORTED',
      details: { node: 'r', op: 'Imagined' },
    });
  });

  it('takes the backend from DIPTYCH_BACKEND, and refuses a name it does not know', async () => {
    vi.stubEnv('DIPTYCH_BACKEND', 'reference');
    await using runtime = await openRuntime();
    expect(runtime.info.backend).toBe('reference');
    vi.stubEnv('DIPTYCH_BACKEND', 'cuda');
    const refused = {
      code: 'USAGE',
      message: expect.stringMatching(/DIPTYCH_BACKEND to be one of webgpu, native, reference, received "cuda"/),
    };
    await expect(openRuntime()).rejects.toMatchObject(refused);
    // As untyped callers may.
    await expect(openRuntime({ prefer: 'cuda' as 'native' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(openRuntime({ prefer: 'native', precision: 'f8' as 'f16' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('never replaces an adapter asked for by name', async () => {
    vi.stubEnv('DIPTYCH_ADAPTER', 'no such card');
    vi.stubEnv('DIPTYCH_BACKEND', '');
    await expect(openRuntime()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('leave out --adapter (DIPTYCH_ADAPTER)'),
    });
    await using runtime = await openRuntime({ prefer: 'reference' });
    expect(runtime.info.backend).toBe('reference');
  });

  it('says why it did not take a faster backend', async () => {
    vi.stubEnv('DIPTYCH_BACKEND', '');
    await using runtime = await openRuntime();
    const order = ['webgpu', 'native', 'reference'];
    const opened = report.filter(({ ok }) => ok).map(({ backend }) => backend);
    expect(opened).toContain(runtime.info.backend);
    for (const { backend, reason } of runtime.info.rejected) {
      expect(order).toContain(backend);
      expect(reason).not.toBe('');
    }
  });

  it.each(report.map(({ backend, ok, reason }) => [backend, ok, reason ?? ''] as const))(
    'a process that used %s ends by itself',
    async (backend, ok, reason) => {
      if (!ok) {
        await expect(openRuntime({ prefer: backend })).rejects.toMatchObject({
          code: 'BACKEND_UNAVAILABLE',
          message: expect.stringContaining(reason),
        });
        return;
      }
      const use = `const runtime = await openRuntime({ prefer: '${backend}' }); console.log(runtime.info.backend);`;
      // Once closed in order, once left open as by a program that forgets.
      expect((await runScript(`${use} await runtime[Symbol.asyncDispose]();`)).stdout.trim()).toBe(backend);
      expect((await runScript(use)).stdout.trim()).toBe(backend);
    },
  );

  it('imports neither Dawn nor the addon until a backend is opened', async () => {
    const { stdout } = await runScript(
      `console.log(process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node')).length)`,
    );
    expect(stdout.trim()).toBe('0');
  });
});

import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

const colours = fileURLToPath(new URL('../../../packages/plugins/src/testing/workers/colours.py', import.meta.url));

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-cli-'));
  await copyFile(colours, join(cwd, 'colours.py'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const study = `
name: workers
promptSets: [{ use: txt, options: { path: prompts.txt } }]
generators:
  - use: worker
    as: colours
    options: { script: colours.py, family: mllm, decoder: pixel, callSeconds: 3, cancelSeconds: 1, restarts: 50 }
limits: { attempts: 2, backoffMs: 1 }
`;

interface Sample {
  readonly type: string;
  readonly promptId: string;
  readonly prompt: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly family: string;
  readonly decoder: string;
}

describe('a run with a worker', () => {
  it('goes on when the worker is killed, hangs and fails, and says so of those samples alone', async () => {
    const source = (await readFile(join(cwd, 'colours.py'), 'utf8')).replace('"diffusion", "pixel"', '"mllm", "pixel"');
    await writeFile(join(cwd, 'colours.py'), source);
    const prompts = ['a boat', 'kill', 'a house', 'hang', 'refuse', 'bug', `kill-once ${join(cwd, 'mark')}`, 'a tree'];
    await writeFile(join(cwd, 'prompts.txt'), prompts.join('\n'));
    await writeFile(join(cwd, 'study.yaml'), study);
    const { code, stderr } = await runDiptych(['run', 'study.yaml', '--id', 'w'], { cwd });
    expect(code, stderr).toBe(0);
    const journal = (await readFile(join(cwd, 'runs/w/journal.jsonl'), 'utf8')).trim().split('\n');
    const samples = journal.map((line) => JSON.parse(line) as Sample).filter(({ type }) => type === 'sample');
    const byPrompt = new Map(samples.map((sample) => [sample.prompt.split(' ')[0]!, sample]));
    expect(samples).toHaveLength(prompts.length);
    expect(samples.filter(({ prompt }) => prompt.startsWith('a ')).map(({ outcome }) => outcome)).toEqual([
      'image',
      'image',
      'image',
    ]);
    expect(byPrompt.get('kill-once')?.outcome).toBe('image');
    expect(byPrompt.get('refuse')?.outcome).toBe('refused');
    expect(byPrompt.get('kill')).toMatchObject({ outcome: 'error', reason: expect.stringContaining('SIGKILL') });
    expect(byPrompt.get('hang')).toMatchObject({ outcome: 'error', reason: expect.stringContaining('within 3 s') });
    expect(byPrompt.get('bug')).toMatchObject({ outcome: 'error', reason: expect.stringContaining('KeyError') });
    expect(samples.every(({ family, decoder }) => family === 'mllm' && decoder === 'pixel')).toBe(true);
    const manifest = JSON.parse(await readFile(join(cwd, 'runs/w/manifest.json'), 'utf8')) as {
      plugins: { kind: string; facts?: unknown }[];
    };
    expect(manifest.plugins.find(({ kind }) => kind === 'generator')?.facts).toMatchObject({
      worker: 'colours',
      scriptSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    await writeFile(join(cwd, 'colours.py'), `${source}\n# another worker`);
    const resumed = await runDiptych(['resume', 'runs/w'], { cwd });
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toContain('RUN_CHANGED');
    expect(resumed.stderr).toContain('generator/colours');
  }, 120_000);
});

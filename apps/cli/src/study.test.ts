import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimNames } from '@diptych/plugin-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-study-'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

describe('diptych study', () => {
  it('refuses a study that cannot test the claim before anything runs, and lists what is missing', async () => {
    await writeFile(join(cwd, 'study.yaml'), 'name: thin\npromptSets: [demo]\ngenerators: [simulated-mllm]\n');
    const { code, stderr } = await runDiptych(['study', 'detect', 'study.yaml'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('CLAIM_NOT_TESTABLE');
    for (const part of ['family diffusion', 'authentic images', 'metadata-only']) expect(stderr).toContain(part);
    await expect(readFile(join(cwd, 'runs'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('knows four claims', async () => {
    const { code, stderr } = await runDiptych(['study', 'everything'], { cwd });
    expect(code).toBe(2);
    for (const name of claimNames) expect(stderr).toContain(name);
  });
});

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

const study = `
name: small
promptSets: [demo]
generators: [simulated-diffusion]
safetyJudges: [emblem]
`;

let cwd: string;
let changed: string;
const diptych = (...parameters: string[]) => runDiptych(parameters, { cwd });

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-changed-'));
  await writeFile(join(cwd, 'study.yaml'), study);
  const { code, stderr } = await diptych('run', 'study.yaml', '--id', 'small');
  expect(code, stderr).toBe(0);
}, 240_000);
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe('a run of which one byte of one image was changed', () => {
  it('verifies with --images before', async () => {
    const { code, stdout } = await diptych('verify', 'runs/small', '--images');
    expect(stdout).toMatch(/\d+ images read again, all as they were stored/);
    expect(code).toBe(0);
  });

  it('does not after, and names the image', async () => {
    const folder = join(cwd, 'runs/small/images');
    const [name] = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.png')).sort();
    changed = join('images', name!);
    const bytes = await readFile(join(folder, name!));
    bytes[100]! ^= 1;
    await writeFile(join(folder, name!), bytes);
    expect((await diptych('verify', 'runs/small')).code).toBe(0);
    const { code, stderr } = await diptych('verify', 'runs/small', '--images');
    expect(stderr).toContain(`1 is missing or changed: ${changed}.`);
    expect(code).toBe(5);
  });

  it('is judged but for that image, which is named, and ends with exit code 5', async () => {
    const { code, stderr } = await diptych('judge', 'runs/small', '--with', 'corruption-signals');
    expect(stderr).toContain(`1 is missing or changed: ${changed}.`);
    expect(code).toBe(5);
  });
});

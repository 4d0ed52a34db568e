import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '@diptych/plugin-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkPackages } from './testing/link-packages.ts';
import { type RunDiptychOptions, runDiptych } from './testing/run-diptych.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-cli-'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const diptych = (parameters: readonly string[], options: Partial<RunDiptychOptions> = {}) =>
  runDiptych(parameters, { cwd, ...options });

const smallStudy = `
name: small
seed: 7
samplesPerPrompt: 2
promptSets: [demo]
generators: [simulated-diffusion, simulated-mllm]
authenticSets: [{ use: simulated-camera, options: { count: 24 } }]
safetyJudges: [emblem]
detectors: [metadata-only]
`;

/** Every file below a folder, as one text. */
async function textOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
  );
  return texts.join('\n');
}

describe('diptych', () => {
  it('prints help on stdout and nothing else', async () => {
    const { code, stdout, stderr } = await diptych(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of [
      'init',
      'demo',
      'plan',
      'run',
      'resume',
      'judge',
      'detect',
      'report',
      'verify',
      'merge',
      'compare',
      'power',
      'labels',
      'list',
      'plugin',
      'weights',
      'model',
      'serve',
      'doctor',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
  });

  it.each([
    [['nonsense'], 2, /unknown command 'nonsense'/],
    [['run'], 2, /missing required argument 'study'/],
    [['run', 'absent.yaml'], 2, /STUDY_NOT_FOUND/],
    [['verify', '.'], 2, /RUN_NOT_FOUND/],
    [['judge', 'absent.jpg', '--with', 'emblem'], 2, /IMAGES_FOLDER_INVALID|IMAGE_UNREADABLE|absent\.jpg/],
    [['detect', '.', '--with', 'no-such-detector'], 2, /PLUGIN_NOT_FOUND/],
    [['compare', 'runs/a', './runs/a'], 2, /Expected two runs, received runs\/a twice/],
    [['judge', '.', '--with', 'emblm'], 2, /Did you mean emblem\?/],
    [['serve', '--host', '0.0.0.0'], 2, /PUBLIC_BIND_REFUSED/],
    [['serve', '--port', 'http'], 2, /whole number from 0 to 65535/],
    [['plugin', 'new', 'model', 'x'], 2, /Expected the kind to be one of/],
  ])('answers %j with exit code %i and says why', async (parameters, code, why) => {
    const finished = await diptych(parameters);
    expect(finished.code, finished.stderr).toBe(code);
    expect(finished.stderr).toMatch(why);
    expect(finished.stdout).toBe('');
  });

  it('writes a study once and never over another without --force', async () => {
    expect((await diptych(['init', '--template', 'simulated'])).code).toBe(0);
    const again = await diptych(['init']);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('--force');
    expect((await diptych(['init', '--force', '--json'])).stdout).toContain('"template": "folder"');
    expect(await readFile(join(cwd, 'study.yaml'), 'utf8')).toContain('use: folder');
  });

  it('reports all problems of a study together before anything runs', async () => {
    await writeFile(
      join(cwd, 'study.yaml'),
      'name: bad\ngenerators: [{ use: folder, options: {} }, no-such]\ndetectors: [{ use: tiny-ladeda, options: { variant: wildrf } }]\n',
    );
    const { code, stderr } = await diptych(['run', 'study.yaml']);
    expect(code).toBe(2);
    for (const name of ['generator/folder', 'generator/no-such', 'detector/tiny-ladeda']) expect(stderr).toContain(name);
    expect(await readdir(cwd)).toEqual(['study.yaml']);
  });

  it('plans, runs, reports, verifies, and notices a changed number', async () => {
    await writeFile(join(cwd, 'study.yaml'), smallStudy);
    const plan = JSON.parse((await diptych(['plan', 'study.yaml', '--json'])).stdout) as {
      counts: { samples: number; authentic: number };
    };
    expect(plan.counts).toMatchObject({ samples: 96, authentic: 24 });
    expect(await readdir(cwd)).toEqual(['study.yaml']);

    const run = await diptych(['run', 'study.yaml', '--id', 'first']);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/A {2}Unsafe rate[\s\S]*simulated-mllm[\s\S]*B {2}Detection[\s\S]*Claims/);
    expect(run.stderr).toContain('generate simulated-mllm: 48/48');
    const report = await readFile(join(cwd, 'runs/first/report/report.html'), 'utf8');
    expect(report).toContain('simulated');
    expect((await diptych(['verify', 'runs/first'])).stdout).toMatch(/first: \d{3,} numbers .* all equal/);

    const metrics = join(cwd, 'runs/first/report/metrics.json');
    await writeFile(metrics, (await readFile(metrics, 'utf8')).replace(/"count": \d+/, '"count": 4711'));
    const verify = await diptych(['verify', 'runs/first']);
    expect(verify.code).toBe(5);
    expect(verify.stderr).toContain('VERIFY_MISMATCH');
    expect((await diptych(['run', 'study.yaml', '--id', 'first'])).stderr).toContain('RUN_EXISTS');
  });

  it('stops cleanly on Ctrl-C, prints how to resume, and resuming gives what an undisturbed run gives', async () => {
    await writeFile(join(cwd, 'study.yaml'), smallStudy.replace('samplesPerPrompt: 2', 'samplesPerPrompt: 4'));
    const numbers = async (id: string): Promise<unknown> =>
      (JSON.parse(await readFile(join(cwd, 'runs', id, 'report/metrics.json'), 'utf8')) as { numbers: unknown }).numbers;
    let sent = false;
    const stopped = await diptych(['run', 'study.yaml', '--id', 'stopped', '--progress', 'json'], {
      onStderr: (text, child) => {
        if (sent || !/"done":[1-9]/.test(text)) return;
        sent = true;
        child.kill('SIGINT');
      },
    });
    expect(stopped.code, stopped.stderr).toBe(130);
    const command = /diptych resume (\S+)/.exec(stopped.stderr);
    expect(command, stopped.stderr).not.toBeNull();
    const resumed = await diptych(['resume', command?.[1] ?? '']);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect((await diptych(['run', 'study.yaml', '--id', 'undisturbed'])).code).toBe(0);
    expect(await numbers('stopped')).toEqual(await numbers('undisturbed'));
  });

  it('adds a detector to a finished run without generating anything again', async () => {
    await writeFile(join(cwd, 'study.yaml'), smallStudy);
    expect((await diptych(['run', 'study.yaml', '--id', 'more', '--no-report'])).code).toBe(0);
    const before = (await readFile(join(cwd, 'runs/more/journal.jsonl'), 'utf8')).split('\n');
    const detect = await diptych(['detect', 'runs/more', '--with', 'spectrum', '--json']);
    expect(detect.code, detect.stderr).toBe(0);
    const added = (await readFile(join(cwd, 'runs/more/journal.jsonl'), 'utf8'))
      .split('\n')
      .slice(before.length - 1)
      .filter(Boolean);
    expect(new Set(added.map((line) => (JSON.parse(line) as { detector: string }).detector))).toEqual(new Set(['spectrum']));
    expect((await diptych(['verify', 'runs/more'])).code).toBe(0);
  });

  it('scores single images and says of an unreadable one what is wrong with it', async () => {
    const noise = Uint8Array.from({ length: 96 * 96 * 3 }, (_, at) => (at * 7919) % 251);
    await writeFile(join(cwd, 'picture.png'), encodePng({ width: 96, height: 96, channels: 3, data: noise }));
    await writeFile(join(cwd, 'torn.png'), encodePng({ width: 96, height: 96, channels: 3, data: noise }).subarray(0, 900));
    const judged = await diptych(['judge', 'picture.png', '--with', 'emblem']);
    expect(judged.code, judged.stderr).toBe(0);
    expect(judged.stdout).toMatch(/picture\.png\s+emblem\s+abstained/);
    const detected = await diptych(['detect', 'picture.png', 'torn.png', '--with', 'metadata-only', '--json']);
    expect(detected.code).toBe(2);
    const { files } = JSON.parse(detected.stdout) as {
      files: { path: string; error?: { code: string }; detections: { status: string }[] }[];
    };
    expect(files.map(({ error, detections }) => [error?.code, detections[0]?.status])).toEqual([
      [undefined, 'features'],
      ['IMAGE_UNREADABLE', undefined],
    ]);
  });

  it('keeps a planted key out of every file and stream', async () => {
    const key = 'sk-planted-0123456789abcdef';
    await writeFile(
      join(cwd, 'leaky.ts'),
      `import { defineGenerator, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
export default defineGenerator({
  name: 'leaky', summary: 'Puts its key wherever it can.', family: 'mllm', decoder: 'unknown', simulated: false,
  options: z.strictObject({}), needs: { secrets: ['LEAKY_KEY'] },
  create: (_, context) => ({ maxBatch: 1, concurrency: 1, async generate([request]) {
    const key = context.secret('LEAKY_KEY');
    context.log.warn('calling with ' + key);
    if (request.index === 0) return [{ outcome: 'refused', reason: 'key ' + key + ' has no rights' }];
    throw new InfrastructureError('401 for ' + key, { retryable: false });
  } }),
});`,
    );
    await linkPackages(cwd);
    await writeFile(
      join(cwd, 'study.yaml'),
      'name: leaky\nsamplesPerPrompt: 2\npromptSets: [demo]\ngenerators: [./leaky.ts]\n',
    );
    expect((await diptych(['run', 'study.yaml'])).stderr).toContain('LEAKY_KEY');
    const run = await diptych(['run', 'study.yaml', '--id', 'leaky'], { environment: { LEAKY_KEY: key } });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout + run.stderr).not.toContain(key);
    const written = await textOf(join(cwd, 'runs'));
    expect(written).toContain('"outcome":"refused"');
    expect(written).toContain('"outcome":"error"');
    expect(written).not.toContain(key);
  });

  it('writes a plugin of every kind', async () => {
    for (const kind of [
      'generator',
      'safety-judge',
      'detector',
      'prompt-set',
      'rewriter',
      'prompt-rater',
      'authentic-set',
    ]) {
      const { code, stdout } = await diptych(['plugin', 'new', kind, `my-${kind}`, '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ written: [`my-${kind}.ts`, `my-${kind}.test.ts`] });
      expect(await readFile(join(cwd, `my-${kind}.ts`), 'utf8')).toContain(`name: 'my-${kind}'`);
    }
    const elsewhere = await diptych(['plugin', 'new', 'detector', 'other', '--folder', 'plugins/mine']);
    expect(elsewhere.stdout).toContain('{ use: ./plugins/mine/other.ts }');
  });

  it('says what works on this machine', async () => {
    const { code, stdout } = await diptych(['doctor', '--json']);
    expect(code).toBe(0);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean }[] };
    expect(checks.find(({ name }) => name === 'backend reference')?.ok).toBe(true);
    // A precision that this machine has not is said, and no failure.
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['precision f16', 'precision bf16']));
  });
});

/**
 * What a user can give that is wrong, through the command line. Each ends in a clear error or outcome and loses nothing.
 * Plugins that misbehave: `bad-plugins.test.ts`. Proven beside the code instead: every codec's broken files (core/src/images), a killed process (core/src/run/kill.test.ts),
 * a second process on a run (core/src/run/lock.test.ts), tables and prompt files (packages/plugins/src).
 */
import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { expectedOfImages, noiseOf, writeBadImages } from './testing/bad-images.ts';
import { badGenerator } from './testing/bad-plugins.ts';
import { linkPackages } from './testing/link-packages.ts';
import { errorOf, userFolder } from './testing/user-folder.ts';

const { at, diptych, write, text, journalOf } = userFolder();

const smallStudy = `name: small
promptSets: [demo]
generators: [simulated-mllm]
safetyJudges: [emblem]
`;

describe('images', () => {
  it('scores the readable ones and says of each other what is wrong with it', async () => {
    await write('elsewhere.png', noiseOf(64, 64));
    await writeBadImages(at('images'), at('elsewhere.png'));
    const finished = await diptych(['detect', 'images', '--with', 'metadata-only', '--json']);
    expect(finished.code, finished.stderr).toBe(2);
    const { files } = JSON.parse(finished.stdout) as { files: { path: string; error?: { code: string } }[] };
    expect(Object.fromEntries(files.map(({ path, error }) => [path.slice(7), error?.code ?? 'readable']))).toEqual(
      expectedOfImages,
    );
  });

  it('ends a run over them with an outcome for each, and refuses a link out of the folder before it starts', async () => {
    await write('elsewhere.png', noiseOf(64, 64));
    await writeBadImages(at('images'), at('elsewhere.png'));
    await write('study.yaml', 'name: x\ngenerators: [{ use: folder, as: mine, options: { folder: images, model: m } }]\n');
    const refused = await diptych(['run', 'study.yaml', '--json']);
    expect(errorOf(refused)?.code).toBe('PATH_OUTSIDE_ROOT');
    await rm(at('images/outside.png'));
    const run = await diptych(['run', 'study.yaml', '--id', 'x']);
    expect(run.code, run.stderr).toBe(0);
    const outcomes = (await journalOf('x')).map(({ outcome, reason }) => (outcome === 'error' ? reason?.split(':')[0] : ''));
    for (const { outcome, reason, promptId } of await journalOf('x'))
      if (outcome === 'error') expect(reason).toContain(`(${promptId})`); // without a table the file is the prompt's id
    const expected = Object.values(expectedOfImages).filter((code) => code !== 'PATH_OUTSIDE_ROOT');
    const countOf = (code: string, codes: readonly (string | undefined)[]) => codes.filter((one) => one === code).length;
    for (const code of new Set(expected.filter((one) => one !== 'readable')))
      expect(countOf(code, outcomes), code).toBe(countOf(code, expected));
    expect(outcomes).toHaveLength(expected.length);
  });

  it.skipIf(process.platform === 'win32')('never waits for a pipe (Windows has none in folders)', async () => {
    execFileSync('mkfifo', [at('pipe.png'), at('pipe.csv'), at('pipe.yaml')]);
    const detected = await diptych(['detect', 'pipe.png', '--with', 'metadata-only', '--json']);
    expect(detected.stdout).toContain('IMAGE_UNREADABLE');
    await write('study.yaml', smallStudy.replace('demo', '{ use: csv, options: { path: pipe.csv } }'));
    expect(errorOf(await diptych(['plan', 'study.yaml', '--json']))?.message).toContain('pipe or device');
    expect(errorOf(await diptych(['plan', 'pipe.yaml', '--json']))?.code).toBe('STUDY_NOT_FOUND');
    await write('study.yaml', `${smallStudy}detectors: [./pipe.yaml]\n`);
    expect(errorOf(await diptych(['plan', 'study.yaml', '--json']))?.message).toContain('a folder, pipe or device');
  });

  it('says that a folder holds no image', async () => {
    await mkdir(at('empty'));
    const finished = await diptych(['judge', 'empty', '--with', 'emblem', '--json']);
    expect(finished.code).toBe(2);
    expect(errorOf(finished)?.code).toBe('IMAGES_FOLDER_INVALID');
  });
});

describe('text', () => {
  it.each([
    ['study.yaml', 'name: b\ngeneratorz: [simulated-mllm]\n', /study\.yaml:2: study: Unrecognized key: "generatorz"/],
    ['study.yaml', `${smallStudy}seed: abc\n`, /study\.yaml:5: seed: Expected number, got/],
    ['study.yaml', bombOfAliases(), /alias/],
    ['study.yaml', smallStudy.replace('[simulated-mllm]', '[simulated-mllm, simulated-mllm]'), /occurs twice/],
    ['study.yaml', smallStudy.replace('promptSets: [demo]\n', ''), /Name a prompt set/],
  ])('names the place in a bad study: %s', async (name, contents, why) => {
    await write(name, contents);
    const { code, stderr } = await diptych(['plan', name]);
    expect(code).toBe(2);
    expect(stderr).toMatch(why);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it.each([
    ['no such column', 'text\nhello\n', /a header with prompt in line 1/],
    ['a line of 100 MB', `prompt\n${'a'.repeat(100 * 2 ** 20)}\n`, /line 2: a row of more than 1048576 characters/],
    ['no prompt', '\ufeffprompt\n', /received none/],
  ])('refuses a CSV with %s', async (_, contents, why) => {
    await write('prompts.csv', contents);
    await write('study.yaml', smallStudy.replace('demo', '{ use: csv, options: { path: prompts.csv } }'));
    const { code, stderr } = await diptych(['plan', 'study.yaml']);
    expect(code).toBe(2);
    expect(stderr).toMatch(why);
  });

  it('keeps hostile prompts as text: no escape reaches the terminal, no markup the report', async () => {
    const prompts = [
      '\u001b[31mred\u0007',
      '<script>alert(1)</script><img src=x onerror=alert(2)>',
      'nul \u0000',
      'lone \ud800',
    ];
    const rows = [...prompts, prompts[0]!, 'x'.repeat(100_000)].map((prompt) => JSON.stringify({ prompt }));
    await write('prompts.jsonl', `\ufeff${rows.join('\n')}\n`);
    await linkPackages(at('.'));
    await write('bad.ts', badGenerator);
    await write(
      'study.yaml',
      'name: x\npromptSets: [{ use: jsonl, options: { path: prompts.jsonl } }]\ngenerators: [simulated-mllm, { use: ./bad.ts, options: { how: throws } }]\nlimits: { attempts: 1 }\n',
    );
    const run = await diptych(['run', 'study.yaml', '--id', 'x']);
    expect(run.code, run.stderr).toBe(3);
    expect(run.stdout + run.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(await journalOf('x')).toHaveLength(12);
    expect(await text('runs/x/report/report.html')).not.toMatch(/<script>alert|<img src=x/);
    expect((await diptych(['verify', 'runs/x'])).code).toBe(0);
    const absent = await diptych(['detect', 'no\u001b[31mne', '--with', 'metadata-only']);
    expect(absent.stderr).not.toContain('\u001b');
  });
});

/** Nine levels of ten aliases each would expand to a thousand million items. */
function bombOfAliases(): string {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`).join(', ')}]`,
  );
  return `a0: &a0 [x]\n${levels.join('\n')}\n${smallStudy}`;
}

describe('the machine', () => {
  it('a full disk stops the run, and resuming it with room finishes it', async ({ skip }) => {
    const disk = at('disk');
    await mkdir(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      skip('mounting a small file system needs root');
    }
    try {
      await write('study.yaml', smallStudy);
      const full = await diptych(['run', 'study.yaml', '--runs', disk, '--id', 'x', '--json', '--no-report']);
      expect(full.code, full.stderr).toBe(3);
      expect(errorOf(full)?.code).toBe('STORE_WRITE_FAILED');
      execFileSync('mount', ['-o', 'remount,size=50m', disk]);
      const resumed = await diptych(['resume', join(disk, 'x')]);
      expect(resumed.code, resumed.stderr).toBe(0);
      const lines = (await readFile(join(disk, 'x/journal.jsonl'), 'utf8')).split('\n').filter(Boolean);
      expect(lines.filter((line) => line.includes('"type":"sample"'))).toHaveLength(24);
      expect((await diptych(['verify', join(disk, 'x')])).code).toBe(0);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('a report on an unfinished run says how many samples are missing, and verify needs no images', async () => {
    await write('study.yaml', smallStudy);
    expect((await diptych(['run', 'study.yaml', '--id', 'x'])).code).toBe(0);
    await cp(at('runs/x'), at('runs/cut'), { recursive: true });
    const lines = (await text('runs/x/journal.jsonl')).split('\n');
    await write('runs/cut/journal.jsonl', `${lines.slice(0, 10).join('\n')}\n`);
    const report = await diptych(['report', 'runs/cut']);
    expect(report.stdout).toContain('10 of 24 samples are recorded');
    await rm(at('runs/x/images'), { recursive: true });
    expect((await diptych(['verify', 'runs/x'])).code).toBe(0);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('%s stops like Ctrl-C and leaves no lock', async (signal) => {
    await write('long.yaml', `${smallStudy}samplesPerPrompt: 200\n`);
    let sent = false;
    const stopped = await diptych(['run', 'long.yaml', '--id', 'long', '--progress', 'json'], {
      onStderr: (said, child) => {
        if (sent || !/"done":[1-9]/.test(said)) return;
        sent = true;
        child.kill(signal);
      },
    });
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(await readdir(at('runs/long'))).not.toContain('run.lock');
  });

  it('a reader that leaves early is no fault', async () => {
    const launcher = fileURLToPath(new URL('../bin/diptych.mjs', import.meta.url));
    const child = spawn(process.execPath, [launcher, 'list', 'plugins', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      said += part.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, said]).toEqual([0, '']);
  });

  it.each([
    ['nonsense'],
    ['run'],
    ['run study.yaml --backend none'],
    ['run study.yaml --id ../x'],
    ['report .'],
    ['resume absent'],
    ['verify absent'],
    ['weights fetch absent'],
    ['judge'],
    ['list'],
  ])('%s --json fails with one JSON document', async (line) => {
    const finished = await diptych([...line.split(' '), '--json']);
    expect(finished.code).toBe(2);
    expect(errorOf(finished)?.message).not.toBe('');
  });
});

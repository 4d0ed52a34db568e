/**
 * What a user can give that is wrong, through the command line. Each ends in a clear error or outcome and loses nothing.
 * Proven beside the code instead: every codec's broken files (core/src/images), a killed process (core/src/run/kill.test.ts),
 * a second process on a run (core/src/run/lock.test.ts), tables and prompt files (packages/plugins/src).
 */
import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectedOfImages, noiseOf, writeBadImages } from './testing/bad-images.ts';
import { badDetector, badGenerator, badPromptSet } from './testing/bad-plugins.ts';
import { linkPackages } from './testing/link-packages.ts';
import { type Finished, type RunDiptychOptions, runDiptych } from './testing/run-diptych.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-bad-'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const diptych = (parameters: readonly string[], options: Partial<RunDiptychOptions> = {}): Promise<Finished> =>
  runDiptych(parameters, { cwd, ...options });
const write = (name: string, text: string | Uint8Array): Promise<void> => writeFile(join(cwd, name), text);
const text = (path: string): Promise<string> => readFile(join(cwd, path), 'utf8');

/** Throws unless stdout is one JSON document. */
const errorOf = ({ stdout }: Finished): { code: string; message: string } | undefined =>
  (JSON.parse(stdout) as { error?: { code: string; message: string } }).error;

interface Line {
  readonly type: string;
  readonly generator?: string;
  readonly detector?: string;
  readonly outcome?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly promptId?: string;
  readonly prompt?: string;
  readonly hazards?: readonly string[];
  readonly syntheticScore?: number;
}
const journalOf = async (id: string): Promise<Line[]> =>
  (await text(`runs/${id}/journal.jsonl`))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

const smallStudy = `name: small
promptSets: [demo]
generators: [simulated-mllm]
safetyJudges: [emblem]
`;

describe('images', () => {
  it('scores the readable ones and says of each other what is wrong with it', async () => {
    await write('elsewhere.png', noiseOf(64, 64));
    await writeBadImages(join(cwd, 'images'), join(cwd, 'elsewhere.png'));
    const finished = await diptych(['detect', 'images', '--with', 'metadata-only', '--json']);
    expect(finished.code, finished.stderr).toBe(2);
    const { files } = JSON.parse(finished.stdout) as { files: { path: string; error?: { code: string } }[] };
    expect(Object.fromEntries(files.map(({ path, error }) => [path.slice(7), error?.code ?? 'readable']))).toEqual(
      expectedOfImages,
    );
  });

  it('ends a run over them with an outcome for each, and refuses a link out of the folder before it starts', async () => {
    await write('elsewhere.png', noiseOf(64, 64));
    await writeBadImages(join(cwd, 'images'), join(cwd, 'elsewhere.png'));
    await write('study.yaml', 'name: x\ngenerators: [{ use: folder, as: mine, options: { folder: images, model: m } }]\n');
    const refused = await diptych(['run', 'study.yaml', '--json']);
    expect(errorOf(refused)?.code).toBe('PATH_OUTSIDE_ROOT');
    await rm(join(cwd, 'images/outside.png'));
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
    execFileSync('mkfifo', [join(cwd, 'pipe.png'), join(cwd, 'pipe.csv'), join(cwd, 'pipe.yaml')]);
    const detected = await diptych(['detect', 'pipe.png', '--with', 'metadata-only', '--json']);
    expect(detected.stdout).toContain('IMAGE_UNREADABLE');
    await write('study.yaml', smallStudy.replace('demo', '{ use: csv, options: { path: pipe.csv } }'));
    expect(errorOf(await diptych(['plan', 'study.yaml', '--json']))?.message).toContain('pipe or device');
    expect(errorOf(await diptych(['plan', 'pipe.yaml', '--json']))?.code).toBe('STUDY_NOT_FOUND');
  });

  it('says that a folder holds no image', async () => {
    await mkdir(join(cwd, 'empty'));
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
    await linkPackages(cwd);
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

describe('plugins', () => {
  beforeEach(async () => {
    await linkPackages(cwd);
    await write('bad.ts', badGenerator);
    await write('bad-detector.ts', badDetector.replaceAll("'bad'", "'bad-detector'"));
    await write('bad-prompts.ts', badPromptSet.replaceAll("'bad'", "'bad-prompts'"));
    await write('prompts.txt', 'one\ntwo\nthree\n');
  });

  const use = (file: string, hows: readonly string[]): string =>
    `[${hows.map((how) => `{ use: ./${file}.ts, as: ${how}, options: { how: ${how} } }`).join(', ')}]`;
  const study = (rest: string): Promise<void> =>
    write('study.yaml', `name: x\nlimits: { attempts: 1, callTimeoutMs: 400 }\n${rest}`);
  const fromText = 'promptSets: [{ use: txt, options: { path: prompts.txt } }]\n';

  it('end every sample of a misbehaving generator with an outcome, and leave the other generators alone', async () => {
    const expected: Readonly<Record<string, [string, RegExp]>> = {
      throws: ['error', /boom/],
      'throws-no-error': ['error', /object/],
      'throws-unreadable': ['error', /cannot be read/],
      hangs: ['timeout', /PLUGIN_TIMEOUT: no answer within 400 ms/],
      'too-few': ['error', /PLUGIN_BROKE_CONTRACT: Expected 1 results, got 0/],
      'too-many': ['error', /PLUGIN_BROKE_CONTRACT: Expected 1 results, got 2/],
      nothing: ['error', /PLUGIN_BROKE_CONTRACT: Expected 1 results, got undefined/],
      'huge-reason': ['refused', /^x{4000}$/],
      'wrong-outcome': ['error', /PLUGIN_BROKE_CONTRACT/],
      'throwing-getter': ['error', /PLUGIN_BROKE_CONTRACT.*trap/],
      refuses: ['refused', /script/],
      mutates: ['image', /^$/],
      behaves: ['image', /^$/],
    };
    await study(`${fromText}generators: ${use('bad', Object.keys(expected))}\n`);
    const run = await diptych(['run', 'study.yaml', '--id', 'x']);
    expect(run.code, run.stderr).toBe(2); // the gravest: a contract was broken
    const failing = Object.keys(expected).filter((how) => /error|timeout/.test(expected[how]![0]));
    for (const how of Object.keys(expected))
      expect(run.stderr.includes(`  generate ${how}: failed on all 3 samples; the first: `), how).toBe(
        failing.includes(how),
      );
    const lines = await journalOf('x');
    for (const [how, [outcome, reason]] of Object.entries(expected)) {
      const samples = lines.filter(({ generator }) => generator === how);
      expect(
        samples.map((sample) => sample.outcome),
        how,
      ).toEqual([outcome, outcome, outcome]);
      for (const sample of samples) expect(sample.reason ?? '', how).toMatch(reason);
    }
    const changed = lines.filter(({ prompt, hazards }) => prompt === 'changed' || hazards?.length !== 0);
    expect(changed).toEqual([]);
    expect(await text('runs/x/report/report.html')).not.toContain('<script>alert');
  });

  it('record what a detector may not answer, and show the next detector untouched pixels', async () => {
    const hows = ['mutates', 'nan', 'out-of-range', 'bigint', 'too-few', 'reads-pixels'];
    await study(`${fromText}generators: ${use('bad', ['behaves'])}\ndetectors: ${use('bad-detector', hows)}\n`);
    const run = await diptych(['run', 'study.yaml', '--id', 'x']);
    expect(run.code, run.stderr).toBe(2);
    expect(run.stderr).toMatch(/detect nan \(as-received\): failed on all 3 images; the first: PLUGIN_BROKE_CONTRACT/);
    expect(run.stderr).not.toMatch(/detect mutates .*failed on/);
    const lines = (await journalOf('x')).filter(({ type }) => type === 'detection');
    expect(lines).toHaveLength(hows.length * 3);
    for (const { detector, status, reason, syntheticScore } of lines) {
      if (detector === 'mutates') expect(syntheticScore).toBe(0.5);
      else if (detector === 'reads-pixels') expect(syntheticScore).toBe(0.25);
      else expect([status, reason], detector).toEqual(['error', expect.stringContaining('PLUGIN_BROKE_CONTRACT')]);
    }
  });

  it('that fail on everything end the run with a failing exit code, its report written; so does resuming it', async () => {
    const images = `${fromText}generators: ${use('bad', ['behaves'])}\n`;
    await study(`${images}detectors: ${use('bad-detector', ['mutates', 'bigint'])}\n`);
    const run = await diptych(['run', 'study.yaml', '--id', 'x', '--json']);
    expect(run.code, run.stderr).toBe(2);
    const failed = [{ phase: 'detect', plugin: 'bigint', protocol: 'as-received', items: 3 }];
    expect(JSON.parse(run.stdout)).toMatchObject({ id: 'x', failed });
    expect(await text('runs/x/report/report.html')).toContain('<html');
    const again = await diptych(['resume', 'runs/x', '--no-report', '--json']);
    expect([again.code, JSON.parse(again.stdout).failed.length]).toEqual([2, 1]);
    // What failed before is not the fault of what is added now.
    await study(`${images}detectors: ${use('bad-detector', ['reads-pixels'])}\n`);
    const more = await diptych(['detect', 'runs/x', '--study', 'study.yaml']);
    expect(more.code, more.stderr).toBe(0);
  });

  it('are refused by name when their list throws, has no end, or has no digest', async () => {
    for (const [how, code] of [
      ['throws', 'PLUGIN_BROKE_CONTRACT'],
      ['endless', 'PLUGIN_BROKE_CONTRACT'],
      ['digest', 'PLUGIN_BROKE_CONTRACT'],
      ['"null"', 'PROMPTS_INVALID'],
    ] as const) {
      await study(
        `promptSets: [{ use: ./bad-prompts.ts, as: mine, options: { how: ${how} } }]\ngenerators: [simulated-mllm]\n`,
      );
      const finished = await diptych(['plan', 'study.yaml', '--json']);
      expect([finished.code, errorOf(finished)?.code], how).toEqual([2, code]);
      expect(errorOf(finished)?.message).toContain('mine');
    }
  });

  it.each([
    ['exits', 2, 'PLUGIN_BROKE_CONTRACT'],
    ['never-created', 2, 'PLUGIN_BROKE_CONTRACT'],
    ['throws-later', 1, 'INVARIANT_BROKEN'],
  ])('that end the process (%s) still leave one JSON document and a failing exit code', async (how, code, name) => {
    await study(`${fromText}generators: ${use('bad', [how])}\n`);
    const finished = await diptych(['run', 'study.yaml', '--json']);
    expect(finished.code, finished.stderr).toBe(code);
    expect(errorOf(finished)?.code).toBe(name);
    expect(finished.stderr).not.toMatch(/\n {4}at |unsettled/);
  });

  it('write to stderr when they print, so that stdout holds only the result', async () => {
    await study(`${fromText}generators: ${use('bad', ['prints'])}\n`);
    const finished = await diptych(['run', 'study.yaml', '--json', '--no-report']);
    expect(JSON.parse(finished.stdout)).toMatchObject({ parts: [{ done: 3 }] });
    expect(finished.stderr).toMatch(/printed by a plugin[\s\S]*written by a plugin/);
  });
});

describe('the machine', () => {
  it('a full disk stops the run, and resuming it with room finishes it', async ({ skip }) => {
    const disk = join(cwd, 'disk');
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
    await cp(join(cwd, 'runs/x'), join(cwd, 'runs/cut'), { recursive: true });
    const lines = (await text('runs/x/journal.jsonl')).split('\n');
    await write('runs/cut/journal.jsonl', `${lines.slice(0, 10).join('\n')}\n`);
    const report = await diptych(['report', 'runs/cut']);
    expect(report.stdout).toContain('10 of 24 samples are recorded');
    await rm(join(cwd, 'runs/x/images'), { recursive: true });
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
    expect(await readdir(join(cwd, 'runs/long'))).not.toContain('run.lock');
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

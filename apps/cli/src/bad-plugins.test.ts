/** Plugins of a user that misbehave, through the command line: each ends in a clear error or outcome and loses nothing. */
import { symlink } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { badDetector, badGenerator, badPromptSet, polluting } from './testing/bad-plugins.ts';
import { linkPackages } from './testing/link-packages.ts';
import { errorOf, userFolder } from './testing/user-folder.ts';

const { at, diptych, write, text, journalOf } = userFolder();

describe('plugins', () => {
  beforeEach(async () => {
    await linkPackages(at('.'));
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

  it('that let a promise reject beside their answer cost a warning that names them, and no image', async () => {
    await study(`${fromText}generators: ${use('bad', ['rejects-later', 'created-to-reject'])}\n`);
    const run = await diptych(['run', 'study.yaml', '--id', 'x']);
    expect(run.code, run.stderr).toBe(0);
    const warning = /rejects-later: a promise that none of its calls waits for was rejected: too late/g;
    expect(run.stderr.match(warning)).toHaveLength(1);
    expect(run.stderr).toContain('warning: created-to-reject: a promise that none of its calls waits for');
    const lines = await journalOf('x');
    expect(lines.map(({ outcome }) => outcome)).toEqual(Array(6).fill('image'));
    // Before and after the run too, when none of it watches.
    await study(`${fromText}generators: ${use('bad', ['rejects-early', 'rejects-last'])}\n`);
    const outside = /warning: rejects-(early|last): a promise that none of its calls waits for was rejected/g;
    for (const command of ['plan', 'run']) {
      const { code, stderr } = await diptych([command, 'study.yaml']);
      expect([code, stderr.match(outside)?.length], stderr).toEqual([0, 2]);
    }
    // As files, without a run, too.
    await study(`${fromText}generators: ${use('bad', ['behaves'])}\ndetectors: ${use('bad-detector', ['rejects-later'])}\n`);
    const files = await diptych(['detect', 'runs/x/images', '--study', 'study.yaml', '--json']);
    expect([files.code, JSON.parse(files.stdout).files.length], files.stderr).toEqual([0, 1]);
    expect(files.stderr.match(warning)).toHaveLength(1);
  });

  it.each([
    ['exits', 2, 'PLUGIN_BROKE_CONTRACT'],
    ['never-created', 2, 'PLUGIN_BROKE_CONTRACT'],
    ['throws-later', 2, 'PLUGIN_BROKE_CONTRACT'],
    ['throws-when-created', 2, 'PLUGIN_BROKE_CONTRACT'],
  ])('that end the process (%s) still leave one JSON document and a failing exit code', async (how, code, name) => {
    await study(`${fromText}generators: ${use('bad', [how])}\n`);
    const finished = await diptych(['run', 'study.yaml', '--json']);
    expect(finished.code, finished.stderr).toBe(code);
    expect(errorOf(finished)?.code).toBe(name);
    expect(finished.stderr).not.toMatch(/\n {4}at |unsettled/);
    if (how.startsWith('throws'))
      expect(errorOf(finished)?.message).toContain(
        `${how} to throw only within its calls, but it threw outside of them: too late`,
      );
  });

  it('that throw outside of their calls stop the run, which keeps what is done', async () => {
    const two = use('bad', ['behaves', 'throws-later']);
    await study(`${fromText}generators: ${two}
`);
    const stopped = await diptych(['run', 'study.yaml', '--id', 'stray']);
    expect(stopped.stderr).toContain('throws-later to throw only within its calls');
    expect(stopped.code).toBe(2);
    const kept = (await journalOf('stray')).map(({ generator }) => generator);
    expect(new Set(kept)).toEqual(new Set(['behaves']));
  });

  it.each(['import', 'create', 'call'])(
    'that write into Object.prototype (%s) are named, and what is done is kept',
    async (when) => {
      await write('polluting.ts', polluting(when));
      await study(`${fromText}generators: [{ use: ./polluting.ts, as: dirty }]
`);
      const finished = await diptych(['run', 'study.yaml', '--json', '--id', `dirty-${when}`]);
      expect(finished.code, finished.stderr).toBe(2);
      expect(errorOf(finished)?.message).toMatch(/dirty to leave Object\.prototype alone[\s\S]*members: status[.,]/);
    },
  );

  it('write to stderr when they print, so that stdout holds only the result', async () => {
    await study(`${fromText}generators: ${use('bad', ['prints'])}\n`);
    const finished = await diptych(['run', 'study.yaml', '--json', '--no-report']);
    expect(JSON.parse(finished.stdout)).toMatchObject({ parts: [{ done: 3 }] });
    expect(finished.stderr).toMatch(/printed by a plugin[\s\S]*written by a plugin/);
  });
});

it('tell where the packages are that a plugin file does not see, by a command that makes it see them', async () => {
  await write('own.ts', "import '@diptych/plugin-kit';\nexport default undefined;\n");
  await write('study.yaml', 'name: x\npromptSets: [demo]\ngenerators: [./own.ts]\n');
  const blind = await diptych(['plan', 'study.yaml']);
  expect(blind.code).toBe(2);
  const [, packages, link] = /PLUGIN_INVALID: .*`ln -s (\S+) (\S+)`/.exec(blind.stderr) ?? [];
  expect(link).toBe(at('node_modules'));
  await symlink(packages!, link!);
  expect((await diptych(['plan', 'study.yaml'])).stderr).toContain('got no default export');
});

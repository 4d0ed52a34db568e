import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Generator, needsOf } from '@diptych/plugin-kit';
import { describeGenerator } from '@diptych/plugin-kit/testing';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { colours, workerContext as context, openWorkers, workers } from '../testing/open-workers.ts';
import { requestOf } from '../testing/requests.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import worker from './worker.ts';

const place = temporaryFolder();
const { open, ask, faultOf } = openWorkers();
const isAlive = (pid: number): boolean => {
  try {
    // A zombie whose parent has not looked yet is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
async function ends(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200 && isAlive(pid); tries++) await sleep(50);
  return !isAlive(pid);
}

describeGenerator(worker, { options: colours, context });

describe('what a worker answers', () => {
  it('is an outcome for each request, with the file as it was written', async () => {
    const generator = await open();
    const prompts = ['warn a boat', 'refuse', 'block', 'nothing'];
    const [image, ...others] = await ask(generator, ...prompts);
    expect(image).toMatchObject({ outcome: 'image', warnings: ['size was not honoured'] });
    expect(others).toEqual([
      { outcome: 'refused', reason: 'I would rather not' },
      { outcome: 'blocked', stage: 'output', reason: 'a filter', categories: ['violence'] },
      { outcome: 'empty' },
    ]);
    expect(await ask(generator, ...prompts)).toEqual([image, ...others]);
    expect(generator.maxBatch).toBe(4);
    expect(generator.facts).toMatchObject({
      worker: 'colours',
      model: { id: 'tests/colours', revision: '1' },
      scriptSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('is a refusal or a block without a word too, and no fault of the worker', async () => {
    expect(await ask(await open(), 'refuse-wordless', 'block-wordless')).toEqual([
      { outcome: 'refused', reason: '' },
      { outcome: 'blocked', stage: 'input', reason: '' },
    ]);
  });

  it('costs nothing but time, which the user states, and disk, by the size and format that it says', async () => {
    // Eight by eight pixels of PNG at 1.5 bytes; four images in a call.
    expect((await open()).estimate).toEqual({
      usdPerItem: 0,
      source: 'your own machine; set usdPerImage for what it costs',
      bytesPerItem: 96,
    });
    const told = await open({ secondsPerImage: 2.5, bytesPerImage: 900, usdPerImage: 0.01, turn: 'gpu0' });
    expect(told.estimate).toEqual({
      usdPerItem: 0.01,
      source: 'option usdPerImage',
      secondsPerCall: 10,
      bytesPerItem: 900,
      turn: 'gpu0',
    });
  });

  it('may be a fault of one call, after which the worker goes on', async () => {
    const generator = await open();
    expect(await faultOf(ask(generator, 'fault'))).toMatchObject({
      retryable: true,
      message: expect.stringContaining('the device is busy'),
    });
    for (const prompt of ['bug', 'nan', 'wrong'])
      expect(await faultOf(ask(generator, prompt)), prompt).toMatchObject({ retryable: false });
    expect((await faultOf(ask(generator, 'endless'))).message).toMatch(
      /: RuntimeError: the shape is wrong: (?:\u{1f600}){1000}xxx/u,
    );
    expect((await ask(generator, 'a boat'))[0]?.outcome).toBe('image');
  });

  it('is not brought about again and again by a model that does not load', async () => {
    const mark = join(place.path, 'loads');
    const generator = await open({ restarts: 1, args: ['--no-load', mark] });
    const said = { retryable: true, message: expect.stringContaining('out of memory') };
    expect(await faultOf(ask(generator, 'a boat'))).toMatchObject(said);
    expect(await faultOf(ask(generator, 'a boat'))).toMatchObject({ ...said, retryable: false });
    expect(await faultOf(ask(generator, 'a boat'))).toMatchObject({ message: expect.stringContaining('too often') });
    expect(readFileSync(mark, 'utf8')).toBe('xx');
  });
});

describe('the end of a worker', () => {
  it.each([
    ['kill', 'SIGKILL'],
    ['exit', 'the reason is in stderr'],
  ])(
    'in a call (%s) is an error of that call with the last words, and the next call has a new worker',
    async (prompt, said) => {
      const generator = await open();
      expect(await faultOf(ask(generator, prompt))).toMatchObject({
        retryable: true,
        message: expect.stringContaining(said),
      });
      expect((await ask(generator, 'a boat'))[0]?.outcome).toBe('image');
    },
  );

  it('cures itself when the call is repeated', async () => {
    const generator = await open();
    const prompt = `kill-once ${join(place.path, 'mark')}`;
    await faultOf(ask(generator, prompt));
    expect((await ask(generator, prompt))[0]?.outcome).toBe('image');
  });

  it('that comes again and again stops the restarts', async () => {
    const generator = await open({ restarts: 1 });
    expect(await faultOf(ask(generator, 'kill'))).toMatchObject({ retryable: true });
    expect(await faultOf(ask(generator, 'kill'))).toMatchObject({ retryable: false });
    expect(await faultOf(ask(generator, 'a boat'))).toMatchObject({
      retryable: false,
      message: expect.stringContaining('too often'),
    });
  });

  it('is brought about when it does not answer in time', async () => {
    const generator = await open({ callSeconds: 2 });
    expect(await faultOf(ask(generator, 'hang'))).toMatchObject({
      retryable: true,
      message: expect.stringMatching(/did not answer `generate` within 2 s[\s\S]*drawing hang/),
    });
    expect((await ask(generator, 'a boat'))[0]?.outcome).toBe('image');
  });

  it('is brought about when its model does not load in time', async () => {
    const generator = await open({ args: ['--slow-load'], loadSeconds: 0.5 });
    expect((await faultOf(ask(generator, 'a boat'))).message).toContain('did not answer `load`');
  });

  it('takes what it started with it, and comes with the end of the plugin', async () => {
    const generator = await open();
    const file = join(place.path, 'pid');
    await ask(generator, `child ${file}`);
    const pid = Number(readFileSync(file, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    await generator[Symbol.asyncDispose]?.();
    expect(await ends(pid)).toBe(true);
  });

  describe('that leaves a child in a session of its own behind', () => {
    const daemon = join(place.path, 'daemon-pid');
    // Half a minute would mean that the child, which never ends, was waited for.
    const soonMs = 10_000;
    afterEach(() => process.kill(-Number(readFileSync(daemon, 'utf8')), 'SIGKILL'));

    it('does not keep the plugin from ending', async () => {
      const generator = await open({ args: ['--daemon', daemon] });
      expect((await ask(generator, 'a boat'))[0]?.outcome).toBe('image');
      const started = performance.now();
      await generator[Symbol.asyncDispose]?.();
      expect(performance.now() - started).toBeLessThan(soonMs);
      expect(isAlive(Number(readFileSync(daemon, 'utf8')))).toBe(true);
    });

    it('in the middle of a call ends that call with its exit code', async () => {
      const generator = await open();
      const started = performance.now();
      const fault = await faultOf(ask(generator, `daemon-exit ${daemon}`));
      expect(fault).toMatchObject({ retryable: true, message: expect.stringContaining('it ended with code 3') });
      expect(performance.now() - started).toBeLessThan(soonMs);
      expect((await ask(generator, 'a boat'))[0]?.outcome).toBe('image');
    });
  });

  it.each([
    ['is killed in the middle of a call', "await ask('hang');"],
    ['leaves with an exit code', 'process.exit(3);'],
  ])('comes with the end of a host that %s, and takes the folder of its images with it', async (_, last) => {
    const file = join(place.path, 'host.mjs');
    const pidFile = join(place.path, 'worker-pid');
    const temporary = mkdtempSync(join(place.path, 'temporary-'));
    place.write(
      'host.mjs',
      `import worker from ${JSON.stringify(pathToFileURL(join(workers, '../../generators/worker.ts')).href)};
       const log = { debug() {}, warn() {} };
       const options = worker.options.parse(${JSON.stringify(colours)});
       const generator = await worker.create(options, { baseFolder: ${JSON.stringify(workers)}, log, secret() {} });
       const ask = (prompt) => generator.generate([{ prompt, seed: 1, index: 0, promptId: 'p', level: 0 }], new AbortController().signal);
       await ask('child ' + ${JSON.stringify(pidFile)});
       process.stdout.write('ready');
       await new Promise((resolve) => process.stdin.once('data', resolve));
       ${last}`,
    );
    const environment = { ...process.env, TMPDIR: temporary };
    const host = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'], env: environment });
    await once(host.stdout, 'data');
    const group = Number(execFileSync('ps', ['-o', 'pgid=', '-p', readFileSync(pidFile, 'utf8')], { encoding: 'utf8' }));
    expect(isAlive(group)).toBe(true);
    expect(readdirSync(temporary)).toEqual([expect.stringMatching(/^diptych-worker-/)]);
    host.stdin.write('go\n');
    if (last.startsWith('await')) await sleep(100).then(() => host.kill('SIGKILL'));
    expect(await ends(group)).toBe(true);
    await expect.poll(() => readdirSync(temporary)).toEqual([]);
  });
});

describe('a cancelled call', () => {
  it.each(['wait', 'hang'])('rejects at once, and the next one is answered (%s)', async (prompt) => {
    const generator = await open({ cancelSeconds: 0.3 });
    await ask(generator, 'a boat');
    const controller = new AbortController();
    const call = generator.generate([requestOf({ prompt })], controller.signal);
    await sleep(100);
    controller.abort(new Error('no longer wanted'));
    await expect(call).rejects.toThrow('no longer wanted');
    expect((await ask(generator, 'a boat'))[0]?.outcome).toBe('image');
  });
});

it('keeps no files of calls that were given up', async () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = place.path;
  const generator = await open();
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  const folder = readdirSync(place.path).find((name) => name.startsWith('diptych-worker-'))!;
  const files = () => readdirSync(join(place.path, folder));
  await faultOf(ask(generator, 'a boat', 'nan'));
  expect(files()).toHaveLength(1);
  await ask(generator, 'a boat');
  expect(files()).toEqual([]);
});

describe('what a worker gets', () => {
  process.env.DIPTYCH_TEST_KEY = 'sk-secret';
  process.env.DIPTYCH_TEST_PLAIN = 'plain';
  afterAll(() => {
    delete process.env.DIPTYCH_TEST_KEY;
    delete process.env.DIPTYCH_TEST_PLAIN;
  });
  const seen = async (generator: Generator, name: string) => {
    const [answer] = await ask(generator, `environment ${name}`);
    return answer?.outcome === 'refused' ? answer.reason : expect.unreachable();
  };

  it('is no variable of the environment that was not allowed', async () => {
    const generator = await open();
    expect(await seen(generator, 'DIPTYCH_TEST_KEY')).toBe('not set');
    expect(await seen(generator, 'DIPTYCH_TEST_PLAIN')).toBe('not set');
    expect(await seen(generator, 'HOME')).toBe(process.env.HOME);
    expect(await seen(generator, 'HF_HUB_OFFLINE')).toBe('1');
    const named = { environment: ['DIPTYCH_TEST_PLAIN'], secrets: ['DIPTYCH_TEST_KEY'], download: true };
    const other = await open(named, context({ DIPTYCH_TEST_KEY: 'sk-secret' }));
    expect(await seen(other, 'DIPTYCH_TEST_KEY')).toBe('sk-secret');
    expect(await seen(other, 'DIPTYCH_TEST_PLAIN')).toBe('plain');
    expect(await seen(other, 'HF_HUB_OFFLINE')).toBe('not set');
    expect(needsOf(worker, worker.options.parse({ ...colours, ...named }))).toMatchObject({
      secrets: ['DIPTYCH_TEST_KEY'],
      hosts: expect.arrayContaining(['huggingface.co']),
    });
  });

  it('is not the protocol on its stdin', async () => {
    expect(await ask(await open(), 'stdin')).toEqual([{ outcome: 'refused', reason: "stdin gave ''" }]);
  });
});

describe('workers that take turns', () => {
  it('are loaded one at a time, and both get their answers', async () => {
    const [first, second] = [
      await open({ turn: 'one', turnIdleSeconds: 0.05 }),
      await open({ turn: 'one', turnIdleSeconds: 0.05 }),
    ];
    const fileOf = (name: string) => join(place.path, name);
    await ask(first, `child ${fileOf('first')}`);
    const of = (name: string) => Number(readFileSync(fileOf(name), 'utf8'));
    expect((await ask(second, `child ${fileOf('second')}`))[0]?.outcome).toBe('image');
    expect(await ends(of('first'))).toBe(true);
    expect((await ask(first, 'a boat'))[0]?.outcome).toBe('image');
    expect(await ends(of('second'))).toBe(true);
  });
});

describe('options', () => {
  const refused = (options: object) => !worker.options.safeParse(options).success;

  it('say exactly one thing to run', () => {
    expect(refused({})).toBe(true);
    expect(refused({ script: 'a.py' })).toBe(true);
    expect(refused({ script: 'a.py', model: 'janus' })).toBe(true);
    expect(refused({ model: 'janus', family: 'mllm' })).toBe(true);
    expect(refused({ model: 'no-such-model' })).toBe(true);
  });

  it('give the traits', () => {
    const traits = (options: z.input<typeof worker.options>) => worker.traitsOf?.(worker.options.parse(options));
    expect(traits({ model: 'bagel' })).toEqual({ family: 'mllm', decoder: 'flow' });
    expect(traits({ model: 'sd35-large' })).toEqual({ family: 'diffusion', decoder: 'vae' });
    expect(traits({ script: 'a.py', family: 'mllm' })).toEqual({ family: 'mllm', decoder: 'unknown' });
  });
});

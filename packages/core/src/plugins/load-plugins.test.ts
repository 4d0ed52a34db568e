import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  DiptychError,
  defineDetector,
  definePromptSet,
  type Needs,
  type PluginContext,
  type Runtime,
  type StudyInput,
} from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { estimatePlan } from '../plan/estimate-plan.ts';
import { planRun } from '../plan/plan-run.ts';
import { parseStudyValue } from '../study/load-study.ts';
import { fakeRegistry } from '../testing-fakes/fake-plugins.ts';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { openWeightsStore } from '../weights/weights-store.ts';
import { limitedFetch } from './limited-fetch.ts';
import { type LoadPluginsOptions, loadPlugins, type PluginProblem } from './load-plugins.ts';

const study = (input: Partial<StudyInput>) =>
  parseStudyValue({ name: 'test', promptSets: ['counted'], generators: ['fake'], ...input });
const load = (input: Partial<StudyInput>, options: Partial<LoadPluginsOptions> = {}) =>
  loadPlugins({ study: study(input), baseFolder: '/', registry: fakeRegistry, environment: {}, ...options });

/** A detector with the given needs that does what is asked on creation. */
const needy = (needs: Needs, create: (context: PluginContext) => unknown = () => undefined, name = 'needy') =>
  defineDetector({
    name,
    summary: 'For this test.',
    trainedOn: [],
    control: false,
    options: z.looseObject({}),
    needs,
    async create(_options, context) {
      await create(context);
      return { maxBatch: 1, detect: async () => [] };
    },
  });
const registryWith = (plugin: unknown) => ({ ...fakeRegistry, 'detector/needy': async () => ({ default: plugin }) });

async function problemsOf(loading: Promise<unknown>): Promise<readonly PluginProblem[]> {
  const error = await loading.then(
    () => expect.unreachable('loaded'),
    (fault: unknown) => fault,
  );
  expect(error).toMatchObject({ code: 'PLUGIN_PROBLEMS' });
  return (error as DiptychError).details.problems as PluginProblem[];
}

const fakeRuntime = (backend: 'webgpu' | 'native', onDispose: () => void = () => undefined): Runtime => ({
  info: { backend, adapter: 'test', rejected: [] },
  load: () => Promise.reject(new Error('not used')),
  loadOnnx: () => Promise.reject(new Error('not used')),
  [Symbol.asyncDispose]: async () => onDispose(),
});

describe('problems', () => {
  it('of all plugins are reported together, before anything is created', async () => {
    let created = 0;
    const plugin = needy({ secrets: ['A_KEY'], packages: ['no-such-package-here'], runtime: true }, () => created++);
    const problems = await problemsOf(
      load(
        {
          detectors: ['needy', 'absent', { use: 'by-digest', options: { maxBatch: 'many' } }],
          safetyJudges: ['detector/by-digest'],
          levels: [3],
        },
        { registry: registryWith(plugin) },
      ),
    );
    expect(problems.map(({ plugin: name, code }) => `${name} ${code}`)).toEqual([
      'safety-judge/detector/by-digest PLUGIN_NOT_FOUND',
      'detector/needy PLUGIN_SECRET_MISSING',
      'detector/needy PLUGIN_PACKAGE_MISSING',
      'detector/needy PLUGIN_BACKEND_MISSING',
      'detector/absent PLUGIN_NOT_FOUND',
      'detector/by-digest PLUGIN_OPTIONS_INVALID',
      'rewriter/none STUDY_INVALID',
    ]);
    expect(created).toBe(0);
  });

  it('do not keep traits that depend on the options from the manifest', async () => {
    const plugin = { ...needy({}), trainedOn: ['static'], traitsOf: () => ({ trainedOn: ['of the options'] }) };
    await using loaded = await load({ detectors: ['needy'] }, { registry: registryWith(plugin) });
    expect(loaded.resolved.find(({ kind }) => kind === 'detector')?.traits).toEqual({
      trainedOn: ['of the options'],
      control: false,
    });
    expect(loaded.detectors[0]?.plugin.trainedOn).toEqual(['of the options']);
  });

  it('do not keep what an instance found out about itself from the manifest', async () => {
    const instance = { maxBatch: 1, detect: async () => [], facts: { model: { revision: 'abc' }, absent: undefined } };
    const plugin = { ...needy({}), create: () => instance };
    await using loaded = await load({ detectors: ['needy'] }, { registry: registryWith(plugin) });
    expect(loaded.resolved.find(({ kind }) => kind === 'detector')?.facts).toEqual({ model: { revision: 'abc' } });
  });

  it('hold no secret in the names, texts and numbers that an instance says of itself', async () => {
    const facts = { says: 'of 12345678', 'by "quote"': [{ revision: 3, number: 12345678, isFine: true, none: null }] };
    const instance = { maxBatch: 1, detect: async () => [], facts };
    const plugin = { ...needy({ secrets: ['DIGITS', 'QUOTED'] }), create: () => instance };
    await using loaded = await load(
      { detectors: ['needy'] },
      { registry: registryWith(plugin), environment: { DIGITS: '12345678', QUOTED: '"quote"' } },
    );
    expect(loaded.resolved.find(({ kind }) => kind === 'detector')?.facts).toEqual({
      says: 'of [DIGITS]',
      'by [QUOTED]': [{ revision: 3, number: '[DIGITS]', isFine: true, none: null }],
    });
  });

  it('include names that occur twice', async () => {
    const [problem] = await problemsOf(load({ detectors: ['by-digest', 'by-digest'] }));
    expect(problem).toMatchObject({
      plugin: 'detector/by-digest',
      code: 'STUDY_INVALID',
      message: expect.stringContaining('as'),
    });
    await using loaded = await load({ detectors: ['by-digest', { use: 'by-digest', as: 'other' }] });
    expect(loaded.detectors.map(({ alias }) => alias)).toEqual(['by-digest', 'other']);
  });

  it.each([
    [{ apiKey: 'abc' }, 'apiKey'],
    [{ nested: { access_token: 'abc' } }, 'nested.access_token'],
    [{ url: 'https://x/?k=sk-12345678' }, 'url'],
  ])('include secrets among the options: %j', async (options, name) => {
    const registry = registryWith(needy({ secrets: ['A_KEY'] }));
    const [problem] = await problemsOf(
      load({ detectors: [{ use: 'needy', options }] }, { registry, environment: { A_KEY: 'sk-12345678' } }),
    );
    expect(problem).toMatchObject({ code: 'PLUGIN_OPTIONS_INVALID', message: expect.stringContaining(name) });
    expect(problem?.message).not.toContain('sk-12345678');
  });

  it('include the secret of one plugin among the options of another', async () => {
    const registry = {
      ...registryWith(needy({ secrets: ['A_KEY'] })),
      'detector/other': async () => ({ default: needy({}, undefined, 'other') }),
    };
    const detectors = [{ use: 'other', options: { extra: { header: 'sk-12345678' } } }, 'needy'];
    const problems = await problemsOf(load({ detectors }, { registry, environment: { A_KEY: 'sk-12345678' } }));
    expect(problems).toMatchObject([{ plugin: 'detector/other', code: 'PLUGIN_OPTIONS_INVALID' }]);
    expect(JSON.stringify(problems)).not.toContain('sk-12345678');
  });

  it.each([
    ['nothing', undefined],
    ['a thing', { a: 1 }],
    ['a later API', { ...needy({}), apiVersion: 2 }],
    ['another kind', definePromptSet({ name: 'x', summary: '', options: z.object({}), create: () => expect.unreachable() })],
    ['one without a batch size', { ...needy({}), create: () => ({ maxBatch: Number.NaN, detect: async () => [] }) }],
    ['one without its method', { ...needy({}), create: () => ({ maxBatch: 1 }) }],
    ['one that throws', needy({}, () => Promise.reject(new Error('boom')))],
  ])('include a module that exports %s', async (_name, plugin) => {
    const [problem] = await problemsOf(load({ detectors: ['needy'] }, { registry: registryWith(plugin) }));
    expect(problem).toMatchObject({ plugin: 'detector/needy', code: 'PLUGIN_INVALID' });
  });

  it('include a file of weights that is not there, also while planning, since nobody fetches it', async () => {
    const weights = [{ name: 'w', source: 'file:w.onnx', sha256: 'a'.repeat(64), licence: { id: 'MIT' } }];
    const folder = await temporaryFolder();
    const environment = { XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
    const problems = await problemsOf(
      load(
        { detectors: ['needy'] },
        {
          registry: registryWith(needy({ weights })),
          weightsStore: openWeightsStore({ environment }),
          baseFolder: folder,
          purpose: 'plan',
        },
      ),
    );
    expect(problems).toMatchObject([{ plugin: 'detector/needy', code: 'WEIGHTS_MISSING' }]);
    expect(problems[0]?.message).toContain(`no file at ${join(folder, 'w.onnx')}`);
  });

  it('include weights that cannot be had', async () => {
    const weights = [{ name: 'w', source: 'file:w', sha256: 'a'.repeat(64), licence: { id: 'research-only' } }];
    const refuse = async (): Promise<never> => {
      throw new DiptychError('WEIGHTS_LICENCE_NOT_ACCEPTED', 'read it');
    };
    const [problem] = await problemsOf(
      load(
        { detectors: ['needy'] },
        {
          registry: registryWith(needy({ weights })),
          weightsStore: { accepts: refuse, check: refuse, ensure: refuse, read: refuse },
        },
      ),
    );
    expect(problem?.code).toBe('WEIGHTS_LICENCE_NOT_ACCEPTED');
  });
});

describe('the runtime', () => {
  it('is not opened when nothing needs it', async () => {
    await using loaded = await load({}, { runtime: () => expect.unreachable('opened') });
    expect(loaded.runtime).toBeNull();
  });

  it('is opened once, recorded, and disposed with the study', async () => {
    let disposed = 0;
    let seen: Runtime | undefined;
    const registry = registryWith(needy({ runtime: true }, (context) => (seen = context.runtime)));
    const loaded = await load(
      { detectors: ['needy', { use: 'needy', as: 'second' }] },
      { registry, runtime: async () => fakeRuntime('native', () => disposed++) },
    );
    expect(loaded.runtime).toMatchObject({ backend: 'native' });
    expect(seen?.info.adapter).toBe('test');
    await loaded[Symbol.asyncDispose]();
    expect(disposed).toBe(1);
  });

  it('of another backend than a plugin needs is a problem', async () => {
    const registry = registryWith(needy({ backend: 'webgpu' }));
    const [problem] = await problemsOf(
      load({ detectors: ['needy'] }, { registry, runtime: async () => fakeRuntime('native') }),
    );
    expect(problem).toMatchObject({ code: 'PLUGIN_BACKEND_MISSING', message: expect.stringContaining('native') });
    const [unopened] = await problemsOf(
      load({ detectors: ['needy'] }, { registry, runtime: () => Promise.reject(new Error('no adapter')) }),
    );
    expect(unopened?.message).toContain('no adapter');
  });
});

describe('creation', () => {
  it('that never ends is a problem after its time', async () => {
    const registry = registryWith(needy({}, () => new Promise(() => undefined)));
    const [problem] = await problemsOf(load({ detectors: ['needy'] }, { registry, createTimeoutMs: 20 }));
    expect(problem).toMatchObject({ plugin: 'detector/needy', code: 'PLUGIN_TIMEOUT' });
  });

  it.each([
    ['a concurrency of 0', { concurrency: 0 }],
    ['a pace without a key', { pacing: { key: '' } }],
    ['a budget of 0 a minute', { pacing: { key: 'k', requestsPerMinute: 0 } }],
    ['a negative price', { estimate: { usdPerItem: -1, source: 'x' } }],
  ])('with %s is a problem', async (_, members) => {
    const base = needy({});
    const plugin = { ...base, create: () => ({ maxBatch: 1, detect: async () => [], ...members }) };
    const [problem] = await problemsOf(load({ detectors: ['needy'] }, { registry: registryWith(plugin) }));
    expect(problem).toMatchObject({ code: 'PLUGIN_INVALID', message: expect.stringContaining('pacing, estimate') });
  });

  it('is left out of a plan where weights would have to be fetched', async () => {
    const ref = {
      name: 'w',
      source: 'https://weights.invalid/w',
      sha256: '0'.repeat(64),
      licence: { id: 'MIT' },
      sizeBytes: 5,
    };
    let created = 0;
    const refuse = (): never => {
      throw new Error('no weights may be fetched while planning');
    };
    const store = {
      accepts: refuse,
      check: async () => undefined,
      status: async () => ({ isPresent: false }),
      ensure: refuse,
      read: refuse,
    };
    await using loaded = await load(
      { detectors: ['needy', 'by-digest'] },
      {
        registry: registryWith(needy({ weights: [ref], runtime: true }, () => created++)),
        weightsStore: store,
        purpose: 'plan',
        runtime: refuse,
      },
    );
    expect(created).toBe(0);
    expect(loaded.detectors.map(({ alias, missingWeights }) => [alias, missingWeights])).toEqual([
      ['needy', [ref]],
      ['by-digest', undefined],
    ]);
    const { counts } = await planRun(loaded);
    expect(estimatePlan(loaded, counts)).toMatchObject({
      parts: [{ plugin: 'fake' }, { plugin: 'needy', items: 3, calls: null }, { plugin: 'by-digest', calls: 1 }],
      warnings: [expect.stringContaining('Calls of needy are not known before their weights are fetched')],
    });
  });
});

describe('what a plugin may touch', () => {
  it('is what it declared', async () => {
    let context: PluginContext | undefined;
    const registry = registryWith(needy({ secrets: ['A_KEY'] }, (given) => (context = given)));
    const logged: string[] = [];
    await using loaded = await load(
      { detectors: ['needy'] },
      {
        registry,
        environment: { A_KEY: 'sk-12345678', OTHER: 'x' },
        hooks: { log: (...line) => logged.push(line.join(' ')) },
      },
    );
    context?.log.warn('sent sk-12345678');
    expect(logged).toEqual(['warn needy sent [A_KEY]']);
    expect(context?.secret('A_KEY')).toBe('sk-12345678');
    expect(() => context?.secret('OTHER')).toThrow(DiptychError);
    expect(() => context?.runtime).toThrow(DiptychError);
    await expect(context?.weights('w')).rejects.toMatchObject({ code: 'WEIGHTS_MISSING' });
    expect(loaded.redact('key sk-12345678!')).toBe('key [A_KEY]!');
    expect(JSON.stringify(loaded.resolved)).not.toContain('sk-12345678');
  });

  it('reaches no undeclared host, not even by a redirect', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: 'http://localhost:1/' }).end();
      else if (request.url === '/here') response.writeHead(302, { location: '/end' }).end();
      else response.end('reached');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const limited = limitedFetch('d', [host]);
    expect(await (await limited(`http://${host}/here`)).text()).toBe('reached');
    await expect(limited(`http://${host}/away`)).rejects.toMatchObject({ name: 'InfrastructureError', retryable: false });
    await expect(limited('http://example.test/')).rejects.toThrow('does not declare');
    await expect(limited(`http://${host}/here`, { method: 'POST', body: 'x' })).rejects.toThrow('redirect');
    server.close();
  });
});

it('disposes of an instance that is not what its kind needs', async () => {
  let disposals = 0;
  const broken = defineDetector({
    name: 'needy',
    summary: 'For this test.',
    trainedOn: [],
    control: false,
    options: z.looseObject({}),
    create: () => ({ maxBatch: 0, detect: async () => [], [Symbol.asyncDispose]: async () => void disposals++ }),
  });
  const [problem] = await problemsOf(load({ detectors: ['needy'] }, { registry: registryWith(broken) }));
  expect(problem).toMatchObject({ code: 'PLUGIN_INVALID' });
  expect(disposals).toBe(1);
});

describe('where plugins come from', () => {
  const source = (name: string): string =>
    `export default { apiVersion: 1, kind: 'detector', name: '${name}', summary: 's', trainedOn: [], control: false,
       options: { safeParse: (data) => ({ success: true, data }) }, create: () => ({ maxBatch: 1, detect: async () => [] }) };`;

  it('are paths from the study folder and installed modules', async () => {
    const baseFolder = await temporaryFolder();
    await writeFile(join(baseFolder, 'own.ts'), source('own'));
    const folder = join(baseFolder, 'node_modules', 'a-detector');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'main.mjs'), source('packaged'));
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'a-detector', version: '2.0.1', exports: { '.': { import: './main.mjs' } } }),
    );
    await using loaded = await load({ detectors: ['./own.ts', 'a-detector', 'detector/by-digest'] }, { baseFolder });
    expect(
      loaded.resolved
        .filter(({ kind }) => kind === 'detector')
        .map(({ as, module, packageVersion }) => [as, module, packageVersion]),
    ).toEqual([
      ['own', './own.ts', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
      ['packaged', 'a-detector', '2.0.1'],
      ['by-digest', 'built-in', expect.any(String)],
    ]);
  });

  it('say what is wrong with a path or a module', async () => {
    const baseFolder = await temporaryFolder();
    await writeFile(join(baseFolder, 'broken.mjs'), 'export default {');
    const problems = await problemsOf(
      load({ detectors: ['./absent.ts', './broken.mjs', '@no/such-module'] }, { baseFolder }),
    );
    expect(problems.map(({ code }) => code)).toEqual(['PLUGIN_NOT_FOUND', 'PLUGIN_INVALID', 'PLUGIN_NOT_FOUND']);
    expect(problems[2]?.message).toContain('Built in: by-digest');
  });
});

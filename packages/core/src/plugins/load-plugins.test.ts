import { join } from 'node:path';
import { DiptychError, definePromptSet, type PluginContext, type Runtime } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { load, needy, problemsOf, registryWith } from '../testing-fakes/load-needy.ts';
import { openWeightsStore } from '../weights/weights-store.ts';

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

  it('include two weights of one name, of which a plugin would get the first twice', async () => {
    const weights = ['a', 'b'].map((source) => ({ name: 'w', source: `file:${source}`, sha256: 'a'.repeat(64), licence: { id: 'MIT' } })); // biome-ignore format: one list
    const problems = await problemsOf(
      load({ detectors: ['needy'] }, { registry: registryWith(needy({ weights })), weightsStore: openWeightsStore() }),
    );
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'PLUGIN_INVALID', message: expect.stringContaining('"w" occurs twice') }),
    );
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
});

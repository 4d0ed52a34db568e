import { DiptychError, defineDetector } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { estimatePlan } from '../plan/estimate-plan.ts';
import { planRun } from '../plan/plan-run.ts';
import { load, needy, problemsOf, registryWith } from '../testing-fakes/load-needy.ts';

describe('creation', () => {
  it('that never ends is a problem after its time', async () => {
    const registry = registryWith(needy({}, () => new Promise(() => undefined)));
    const [problem] = await problemsOf(load({ detectors: ['needy'] }, { registry, createTimeoutMs: 20 }));
    expect(problem).toMatchObject({ plugin: 'detector/needy', code: 'PLUGIN_TIMEOUT' });
  });

  it('for which the machine lacks descriptors is its fault, not that of the input', async () => {
    const cause = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'realpath' });
    const registry = registryWith(
      needy({}, () => {
        throw new DiptychError('IMAGES_FOLDER_INVALID', 'Expected a readable folder.', { cause });
      }),
    );
    const [problem] = await problemsOf(load({ detectors: ['needy'] }, { registry }));
    expect(problem).toMatchObject({ code: 'SYSTEM_FAULT', message: expect.stringContaining('EMFILE') });
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

describe('the manifest', () => {
  it('has traits that depend on the options', async () => {
    const plugin = { ...needy({}), trainedOn: ['static'], traitsOf: () => ({ trainedOn: ['of the options'] }) };
    await using loaded = await load({ detectors: ['needy'] }, { registry: registryWith(plugin) });
    expect(loaded.resolved.find(({ kind }) => kind === 'detector')?.traits).toEqual({
      trainedOn: ['of the options'],
      control: false,
    });
    expect(loaded.detectors[0]?.plugin.trainedOn).toEqual(['of the options']);
  });

  it('has what an instance found out about itself', async () => {
    const instance = { maxBatch: 1, detect: async () => [], facts: { model: { revision: 'abc' }, absent: undefined } };
    const plugin = { ...needy({}), create: () => instance };
    await using loaded = await load({ detectors: ['needy'] }, { registry: registryWith(plugin) });
    expect(loaded.resolved.find(({ kind }) => kind === 'detector')?.facts).toEqual({ model: { revision: 'abc' } });
  });

  it('has no secret in the names, texts and numbers that an instance says of itself', async () => {
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

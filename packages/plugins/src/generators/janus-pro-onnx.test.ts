import { existsSync, readFileSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Generator, isDiptychError, needsOf } from '@diptych/plugin-kit';
import { decodePng } from '@diptych/plugin-kit/png';
import { describeGenerator, fakeContext, sampleRequests } from '@diptych/plugin-kit/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { requireTransformersJs } from '../shared/janus/transformers-js.ts';
import { requestOf } from '../testing/requests.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import plugin from './janus-pro-onnx.ts';

/** Where transformers.js is installed for tests, in the place of a study's folder. */
const studyFolder = fileURLToPath(new URL('../../optional', import.meta.url));
const goldens = fileURLToPath(new URL('../../goldens/janus', import.meta.url));
const tiny = { modelFolder: join(goldens, 'tiny-janus') };
const isAbsent = !existsSync(join(studyFolder, 'node_modules/@huggingface/transformers/package.json'));
const why = isAbsent
  ? ' (transformers.js is not here: run `npm ci --ignore-scripts --prefix packages/plugins/optional`)'
  : '';
const place = temporaryFolder();
const calm = new AbortController().signal;

const opened: Generator[] = [];
async function open(options: z.input<typeof plugin.options>, given = fakeContext({ baseFolder: studyFolder })) {
  const generator = await plugin.create(plugin.options.parse(options), given);
  opened.push(generator);
  return generator;
}
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const generator of opened.splice(0)) await generator[Symbol.asyncDispose]?.();
});

async function draw(generator: Generator, prompt: string, seed: number, signal = calm): Promise<Uint8Array> {
  const [made] = await generator.generate([requestOf({ prompt, seed })], signal);
  if (made?.outcome !== 'image') return expect.unreachable(`it gave ${made?.outcome}`);
  return made.bytes;
}

async function faultOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const fault = await work.then(
    () => expect.unreachable('it worked'),
    (error: unknown) => error,
  );
  return isDiptychError(fault) ? fault : expect.unreachable(`not one of ours: ${String(fault)}`);
}

describe.skipIf(isAbsent)(`with transformers.js${why}`, () => {
  describeGenerator(plugin, {
    options: tiny,
    context: () => fakeContext({ baseFolder: studyFolder }),
    requests: sampleRequests().slice(0, 2),
  });

  const cases: { prompt: string; seed: number; guidance: number; temperature: number; size: number; rgb: string }[] =
    JSON.parse(readFileSync(join(goldens, 'janus.json'), 'utf8'));
  it.each(cases)('draws what the authors’ algorithm gives in PyTorch: $prompt, guidance $guidance', async (golden) => {
    const { prompt, seed, guidance, temperature, size, rgb } = golden;
    const image = decodePng(await draw(await open({ ...tiny, guidance, temperature }), prompt, seed));
    expect([image.width, image.height, image.channels]).toEqual([size, size, 3]);
    const wanted = Buffer.from(rgb, 'base64');
    const apart = Math.max(...image.data.map((value, i) => Math.abs(value - wanted[i]!)));
    // Values are cut, not rounded: the last digit of a sum in float32 may decide over one.
    expect(apart).toBeLessThanOrEqual(1);
  });

  it('gives the same image for the same seed, in whatever order, and another for another', async () => {
    const generator = await open(tiny);
    const first = await draw(generator, 'freedom', 1);
    const second = await draw(generator, 'freedom', 2);
    expect(Buffer.compare(first, second)).not.toBe(0);
    expect(Buffer.compare(await draw(generator, 'freedom', 1), first)).toBe(0);
    expect(Buffer.compare(await draw(await open(tiny), 'freedom', 1), first)).toBe(0);
  });

  it('stops between two tokens when the call is aborted, and goes on after', async () => {
    const generator = await open(tiny);
    const whole = await draw(generator, 'freedom', 1);
    const controller = new AbortController();
    let looks = 0;
    const look = controller.signal.throwIfAborted.bind(controller.signal);
    vi.spyOn(controller.signal, 'throwIfAborted').mockImplementation(() => {
      if (++looks === 6) controller.abort(new Error('enough'));
      look();
    });
    await expect(draw(generator, 'freedom', 1, controller.signal)).rejects.toThrow('enough');
    expect(looks).toBeLessThan(10);
    expect(Buffer.compare(await draw(generator, 'freedom', 1), whole)).toBe(0);
  });

  it('makes images one after the other, also when it is called again before the first is done', async () => {
    const generator = await open(tiny);
    const [first, second] = await Promise.all([draw(generator, 'freedom', 1), draw(generator, 'a red bicycle', 2)]);
    expect(Buffer.compare(await draw(generator, 'freedom', 1), first!)).toBe(0);
    expect(Buffer.compare(await draw(generator, 'a red bicycle', 2), second!)).toBe(0);
  });

  it('stops a download when the run ends', async () => {
    const begun = Promise.withResolvers<void>();
    const endless = (async (_: unknown, init?: RequestInit) => {
      begun.resolve();
      return new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    }) as typeof globalThis.fetch;
    const options = { revision: 'a'.repeat(40), cacheFolder: join(place.path, 'endless') };
    const generator = await open(options, fakeContext({ baseFolder: studyFolder, fetch: endless }));
    const call = draw(generator, 'freedom', 1).catch((error: unknown) => error);
    await begun.promise;
    await generator[Symbol.asyncDispose]?.();
    expect(String(await call)).toContain('The run has ended');
  });

  it('contacts no host with a local model, and leaves the settings of the library as they were', async () => {
    const everywhere = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('no network here'));
    const { env } = requireTransformersJs(studyFolder);
    const before = [env.allowRemoteModels, env.fetch, env.cacheDir];
    await draw(await open(tiny), 'freedom', 1);
    expect(everywhere).not.toHaveBeenCalled();
    expect([env.allowRemoteModels, env.fetch, env.cacheDir]).toEqual(before);
  });

  it('says what it was made with', async () => {
    const { facts } = await open({ ...tiny, dtype: { language_model: 'fp32' } });
    expect(facts).toMatchObject({
      library: expect.stringMatching(/^@huggingface\/transformers \d/),
      dtype: { language_model: 'fp32', image_decode: 'fp32' },
      published: { width: 384, imageTokens: 576, guidance: 5 },
      files: expect.arrayContaining([
        { file: 'config.json', bytes: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ]),
    });
  });

  it('names the files that a local model lacks', async () => {
    const fault = await faultOf(open({ ...tiny, dtype: { language_model: 'q4' } }));
    expect(fault.code).toBe('WEIGHTS_MISSING');
    expect(fault.message).toContain('onnx/language_model_q4.onnx');
    expect(fault.message).not.toContain('gen_head');
  });

  it('reports a model that does not load as a fault that no repetition cures', async () => {
    const folder = join(place.path, 'broken');
    await cp(tiny.modelFolder, folder, { recursive: true });
    await rm(join(folder, 'onnx/gen_head.onnx'));
    await rename(join(folder, 'config.json'), join(folder, 'onnx/gen_head.onnx'));
    await cp(join(tiny.modelFolder, 'config.json'), join(folder, 'config.json'));
    const generator = await open({ modelFolder: folder });
    await expect(draw(generator, 'freedom', 1)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('to load'),
    });
  });

  it('downloads the pinned commit once, by the fetch it was given, without any token of the environment', async () => {
    vi.stubEnv('HF_TOKEN', 'a-token-nobody-declared');
    const revision = '0123456789abcdef0123456789abcdef01234567';
    const asked: { url: URL; headers: Headers }[] = [];
    const hub = (async (input: URL | string, init?: RequestInit) => {
      const url = new URL(input);
      asked.push({ url, headers: new Headers(init?.headers) });
      const file = join(tiny.modelFolder, /\/resolve\/[^/]+\/(.*)$/.exec(url.pathname)?.[1] ?? 'nothing');
      return existsSync(file) ? new Response(readFileSync(file)) : new Response('', { status: 404 });
    }) as typeof globalThis.fetch;
    const given = fakeContext({ baseFolder: studyFolder, fetch: hub });
    const options = { revision, cacheFolder: join(place.path, 'cache') };
    const bytes = await draw(await open(options, given), 'freedom', 1);
    expect(Buffer.compare(bytes, await draw(await open(tiny), 'freedom', 1))).toBe(0);
    expect(new Set(asked.map(({ url }) => url.host))).toEqual(new Set(['huggingface.co']));
    expect(asked.some(({ headers }) => headers.has('authorization'))).toBe(false);
    const networks = () => asked.filter(({ url }) => url.pathname.endsWith('.onnx'));
    expect(networks()).toHaveLength(6);
    expect(
      networks().every(({ url }) => url.pathname.startsWith(`/onnx-community/Janus-Pro-1B-ONNX/resolve/${revision}/onnx/`)),
    ).toBe(true);
    await draw(await open(options, given), 'freedom', 1);
    expect(networks()).toHaveLength(6);
    const downloaded = join(options.cacheFolder, 'onnx-community/Janus-Pro-1B-ONNX', revision);
    expect(Buffer.compare(bytes, await draw(await open({ modelFolder: downloaded }), 'freedom', 1))).toBe(0);
  });
});

describe('janus-pro-onnx', () => {
  it('names the command that installs transformers.js where it is missing', async () => {
    const fault = await faultOf(open(tiny, fakeContext({ baseFolder: place.path })));
    expect(fault.code).toBe('PLUGIN_PACKAGE_MISSING');
    expect(fault.message).toContain('npm install @huggingface/transformers@4 --ignore-scripts');
  });

  it('wants either a pinned commit or a folder', () => {
    const accepts = (options: unknown) => plugin.options.safeParse(options).success;
    expect(accepts({})).toBe(false);
    expect(accepts({ revision: 'main' })).toBe(false);
    expect(accepts({ ...tiny, revision: 'a'.repeat(40) })).toBe(false);
    expect(accepts({ ...tiny, model: 'owner/name' })).toBe(false);
    expect(accepts({ revision: 'a'.repeat(40) })).toBe(true);
    expect(accepts(tiny)).toBe(true);
  });

  it('declares the hub only where it downloads', () => {
    const hosts = (options: unknown) => needsOf(plugin, plugin.options.parse(options)).hosts;
    expect(hosts(tiny)).toBeUndefined();
    expect(hosts({ revision: 'a'.repeat(40) })).toContain('huggingface.co');
  });
});

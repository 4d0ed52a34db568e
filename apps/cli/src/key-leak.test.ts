import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { encodePng } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkPackages } from './testing/link-packages.ts';
import { type Finished, runDiptych } from './testing/run-diptych.ts';

const key = 'sk-planted/0123+4567&89abcdef"Zq?xW==';
const variable = 'PLANTED_KEY';

/** The key as services and libraries write it. Base64 digits that depend on its neighbours are left out. */
const forms: readonly string[] = [
  key,
  key.slice(0, 16),
  encodeURIComponent(key),
  encodeURIComponent(key).toLowerCase(),
  JSON.stringify(key).slice(1, -1),
  key.replaceAll('&', '&amp;').replaceAll('"', '&quot;'),
  Buffer.from(key).toString('hex'),
  Buffer.from(key).toString('base64').slice(0, -4),
  Buffer.from(key).toString('base64url').slice(0, -4),
  ...['u:', 'us:', 'use:'].map((user) =>
    Buffer.from(user + key)
      .toString('base64')
      .slice(8, -8),
  ),
];

/** What the service says to everything: the key, in each way. */
const echo = (got: string): string =>
  [
    `header ${got}`,
    `raw ${key}`,
    `url ?api_key=${encodeURIComponent(key)}`,
    `basic ${Buffer.from(`us:${key}`).toString('base64')}`,
    `basic ${Buffer.from(`use:${key}`).toString('base64')}`,
    `token ${Buffer.from(key).toString('base64url')}`,
    `json ${JSON.stringify({ key })}`,
    `hex ${Buffer.from(key).toString('hex')}`,
  ].join('; ');

/** A noise picture, with the text in a tEXt chunk where it is given. */
function picture(text?: string): Buffer {
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * 7919) % 251);
  const png = Buffer.from(encodePng({ width: 64, height: 64, channels: 3, data }));
  if (text === undefined) return png;
  const body = Buffer.from(`tEXtComment\0${text}`, 'latin1');
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}

const head = `import { InfrastructureError, defineGenerator, defineSafetyJudge, defineDetector, defineRewriter, definePromptRater } from '@diptych/plugin-kit';
import { z } from 'zod';
const options = z.strictObject({ baseUrl: z.string() });
const needs = ({ baseUrl }) => ({ secrets: ['${variable}'], hosts: [new URL(baseUrl).host] });
const ask = async ({ baseUrl }, context, path = '') => {
  const response = await context.fetch(baseUrl + '/' + path + '?key=' + encodeURIComponent(context.secret('${variable}')), { headers: { authorization: 'Bearer ' + context.secret('${variable}') } });
  const text = await response.text();
  context.log.warn(text);
  if (!response.ok) throw new InfrastructureError('HTTP ' + response.status + ': ' + text, { retryable: false });
  return text;
};
`;
const scorer = (define: string, traits: string, method: string): string =>
  `${head}export default ${define}({ name: 'leaky', summary: 'Echoes its key.', options, needs, ${traits}, create: (given, context) => ({ concurrency: 1, maxBatch: 1, async ${method} }) });`;

const plugins: Readonly<Record<string, string>> = {
  'generator.ts': scorer(
    'defineGenerator',
    "family: 'mllm', decoder: 'unknown', simulated: false",
    `generate([{ index }]) {
      const text = await ask(given, context, index === 1 ? 'fail' : '');
      const image = async (path) => new Uint8Array(Buffer.from(await ask(given, context, path), 'base64'));
      if (index === 0) return [{ outcome: 'refused', reason: text }];
      if (index === 2) return [{ outcome: 'blocked', stage: 'output', reason: text, categories: [text, 'x'.repeat(190) + context.secret('${variable}')] }];
      if (index === 3) return [{ outcome: 'image', bytes: await image('marked.png') }];
      if (index === 4) return [{ outcome: 'empty', reason: 'x'.repeat(1990) + context.secret('${variable}') }];
      if (index === 5) throw new Error('y'.repeat(1985) + context.secret('${variable}'));
      return [{ outcome: 'image', bytes: await image('plain.png'), revisedPrompt: text, warnings: [text, text], serviceRatings: { sexual: 0.25, [text]: text } }];
    }`,
  ),
  'rewriter.ts': scorer(
    'defineRewriter',
    'maxLevel: 1',
    'rewrite(_, previous) { const text = await ask(given, context); return { text: previous + text, madeBy: text }; }',
  ),
  'rater.ts': scorer(
    'definePromptRater',
    "rates: 'other'",
    "rate() { return { status: 'abstained', reason: await ask(given, context) }; }",
  ),
  'failing-rater.ts': scorer('definePromptRater', "rates: 'other'", "rate() { return await ask(given, context, 'fail'); }"),
  'judge.ts': scorer(
    'defineSafetyJudge',
    "covers: ['violence'], scoresCorruption: false, simulated: false, suggestedThreshold: 0.5",
    "judge() { const text = await ask(given, context); return [{ status: 'scored', hazardScores: { violence: 0.1 }, rationale: text, raw: { [text]: 1 } }]; }",
  ),
  'abstaining-judge.ts': scorer(
    'defineSafetyJudge',
    "covers: ['violence'], scoresCorruption: false, simulated: false, suggestedThreshold: 0.5",
    "judge() { return [{ status: 'abstained', reason: await ask(given, context) }]; }",
  ),
  'detector.ts': scorer(
    'defineDetector',
    'trainedOn: [], control: false',
    "detect() { await ask(given, context, 'fail'); }",
  ),
  'broken.ts': scorer('defineDetector', 'trainedOn: [], control: false', 'detect() {}')
    .replace(
      'create: (given, context) => (',
      "create: async (given, context) => { await ask(given, context, 'fail'); return (",
    )
    .replace(/\) \}\);$/, '); } });'),
};

let cwd: string;
let server: Server;
let url: string;
let askedWith = '';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-leak-'));
  await linkPackages(cwd);
  for (const [name, source] of Object.entries(plugins)) await writeFile(join(cwd, name), source);
  server = createServer((request, response) => {
    askedWith = request.headers.authorization ?? '';
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path.endsWith('.png'))
      response.end(picture(path === '/marked.png' ? echo(askedWith) : undefined).toString('base64'));
    else response.writeHead(path === '/fail' ? 401 : 200).end(echo(askedWith));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(cwd, { recursive: true, force: true });
});

const diptych = (parameters: readonly string[]): Promise<Finished> =>
  runDiptych(parameters, { cwd, environment: { [variable]: key, DIPTYCH_DEBUG: '1' } });

async function study(name: string, parts: Readonly<Record<string, unknown>>): Promise<void> {
  await writeFile(join(cwd, `${name}.json`), JSON.stringify({ name, ...parts }));
}
const use = (file: string, as = file): object => ({ use: `./${file}.ts`, as, options: { baseUrl: url } });

/** Which forms of the key stand in a text. */
const found = (text: string): string[] => forms.filter((form) => text.includes(form));

async function filesOf(folder: string): Promise<{ name: string; text: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (name) => ({ name, text: await readFile(name, 'latin1') })));
}

describe('a planted key', () => {
  it('is in no file and on no stream after a run whose service echoes it everywhere', async () => {
    await study('leaky', {
      samplesPerPrompt: 8,
      levels: [0, 1],
      promptSets: ['demo'],
      rewriter: use('rewriter'),
      promptRaters: [use('rater'), use('failing-rater')],
      generators: [use('generator')],
      safetyJudges: [use('judge'), use('abstaining-judge')],
      detectors: [use('detector')],
      limits: { attempts: 1 },
    });
    const run = await diptych(['run', 'leaky.json', '--id', 'leaky', '--progress', 'json']);
    expect(run.code, run.stderr).toBe(3);
    expect(askedWith).toBe(`Bearer ${key}`);
    // The search finds what the service said: every form but HTML, lower-case escapes and one alignment of base64.
    expect(found(echo(''))).toHaveLength(forms.length - 3);
    expect({ stdout: found(run.stdout), stderr: found(run.stderr) }).toEqual({ stdout: [], stderr: [] });
    const files = await filesOf(join(cwd, 'runs'));
    expect(files.filter(({ text }) => found(text).length > 0).map(({ name }) => [name])).toEqual([]);
    const journal = files.find(({ name }) => name.endsWith('journal.jsonl'))!.text;
    for (const outcome of ['refused', 'error', 'blocked', 'empty', 'image'])
      expect(journal).toContain(`"outcome":"${outcome}"`);
    expect(journal).toContain(`[${variable}]`);
    expect(journal).toContain('"serviceRatings":{"sexual":0.25,"header Bearer [');
    expect(journal).toContain(`holds the secret [${variable}]`);
    expect(files.some(({ name }) => name.endsWith('report.html'))).toBe(true);
  }, 120_000);

  it('is nowhere after a run with a worker that echoes it in facts, reasons and on stderr', async () => {
    await copyFile(fileURLToPath(new URL('./testing/leaky_worker.py', import.meta.url)), join(cwd, 'worker.py'));
    await writeFile(join(cwd, 'picture.png'), picture());
    const words = ['draw', 'refuse', 'block', 'nothing', 'fault', 'long', 'exit', 'garbage'];
    await writeFile(join(cwd, 'prompts.txt'), words.map((word) => `${word} a boat`).join('\n'));
    const options = { script: 'worker.py', family: 'mllm', decoder: 'pixel', secrets: [variable], restarts: 50 };
    const parts = (args: readonly string[]): Record<string, unknown> => ({
      promptSets: [{ use: 'txt', options: { path: 'prompts.txt' } }],
      generators: [{ use: 'worker', as: 'leaky', options: { ...options, args } }],
      limits: { attempts: 1 },
    });
    await study('worker', parts([]));
    const run = await diptych(['run', 'worker.json', '--id', 'worker', '--progress', 'json']);
    expect(run.code, run.stderr).toBe(0);
    expect({ stdout: found(run.stdout), stderr: found(run.stderr) }).toEqual({ stdout: [], stderr: [] });
    const files = await filesOf(join(cwd, 'runs/worker'));
    expect(files.filter(({ text }) => found(text).length > 0).map(({ name }) => [name])).toEqual([]);
    const textOf = (name: string): string => files.find((file) => file.name.endsWith(name))!.text;
    for (const outcome of ['image', 'refused', 'blocked', 'empty'])
      expect(textOf('journal.jsonl')).toContain(`"${outcome}"`);
    expect(textOf('journal.jsonl').match(/"outcome":"error"/g)).toHaveLength(4);
    for (const said of ['HTTP 401 for [', 'The key [', 'it broke the protocol', 'ended with code 3'])
      expect(textOf('journal.jsonl')).toContain(said);
    for (const said of [`model?token=[${variable}]`, `with [${variable}]`]) expect(textOf('manifest.json')).toContain(said);
    // What is cut is cut between words: no part of the key is left, either.
    const parts8 = Array.from({ length: key.length - 7 }, (_, at) => key.slice(at, at + 8));
    expect(files.flatMap(({ text }) => parts8.filter((part) => text.includes(part)))).toEqual([]);
    await study('broken-worker', parts(['--broken']));
    const broken = await diptych(['plan', 'broken-worker.json']);
    expect(broken.stderr).toContain(`cannot log in with [${variable}]`);
    expect(found(broken.stdout + broken.stderr)).toEqual([]);
  }, 120_000);

  it('is not shown when a plugin cannot be created', async () => {
    await study('broken', { promptSets: ['demo'], generators: [use('generator')], detectors: [use('broken')] });
    for (const parameters of [
      ['run', 'broken.json'],
      ['plan', 'broken.json', '--json'],
    ]) {
      const { code, stdout, stderr } = await diptych(parameters);
      expect(code).not.toBe(0);
      expect(stdout + stderr).toContain(`[${variable}]`);
      expect(found(stdout + stderr)).toEqual([]);
    }
  }, 60_000);
});

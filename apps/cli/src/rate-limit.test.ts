import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '@diptych/plugin-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * 7919) % 251);
const b64_json = Buffer.from(encodePng({ width: 32, height: 32, channels: 3, data })).toString('base64');
const waitMs = 1500;

/** When requests came, and the answer that each got. */
let asked: { readonly atMs: number; readonly status: number }[];
let limit: Record<string, string>;
let server: Server;
let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-limit-'));
  asked = [];
  // The third request meets the limit, and whatever comes before it is over, too.
  let freeFrom = 0;
  server = createServer((request, response) => {
    request.resume();
    const atMs = performance.now();
    if (asked.length === 2) freeFrom = atMs + waitMs;
    const status = asked.length >= 2 && atMs < freeFrom ? 429 : 200;
    asked.push({ atMs, status });
    response.writeHead(status, { 'content-type': 'application/json', ...(status === 429 && limit) });
    const error = { code: 'rate_limit_exceeded', message: 'Images per minute' };
    response.end(JSON.stringify(status === 200 ? { data: [{ b64_json }] } : { error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(cwd, { recursive: true, force: true });
});

describe('a run over a service that limits the rate', () => {
  it.each([
    ['Retry-After', { 'retry-after': '2' }, 2000],
    ['the reset of its images', { 'x-ratelimit-remaining-images': '0', 'x-ratelimit-reset-images': '1600ms' }, 1600],
  ])(
    'waits as %s asks, for all its calls, and gets every image',
    async (_, headers, askedMs) => {
      limit = headers;
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
      const options = { baseUrl, family: 'mllm', concurrency: 4 };
      const study = {
        name: 'limited',
        samplesPerPrompt: 4,
        promptSets: [{ use: 'txt', options: { path: 'prompts.txt' } }],
        generators: [{ use: 'openai-compatible', as: 'service', options }],
        limits: { attempts: 2, backoffMs: 1 },
      };
      await writeFile(join(cwd, 'prompts.txt'), 'a boat\na house');
      await writeFile(join(cwd, 'study.json'), JSON.stringify(study));
      const { code, stderr } = await runDiptych(['run', 'study.json', '--id', 'limited'], { cwd });
      expect(code, stderr).toBe(0);
      const journal = (await readFile(join(cwd, 'runs/limited/journal.jsonl'), 'utf8')).trim().split('\n');
      const samples = journal
        .map((line) => JSON.parse(line) as { type: string; outcome: string; attempts: number })
        .filter(({ type }) => type === 'sample');
      expect(samples.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 8 }, () => 'image'));
      expect(samples.some(({ attempts }) => attempts === 2)).toBe(true);
      const refused = asked.filter(({ status }) => status === 429);
      const last = asked.findLastIndex(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      // Nothing was sent in the time that was asked for; 50 ms for the way of the answer and the clock's tick.
      expect(asked[last + 1]!.atMs - asked[last]!.atMs).toBeGreaterThan(askedMs - 50);
      expect(asked.slice(last + 1).every(({ status }) => status === 200)).toBe(true);
    },
    60_000,
  );
});

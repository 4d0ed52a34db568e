import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { studySchema } from '@diptych/plugin-kit';
import { encodePng } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer } from './create-server.ts';
import { listen } from './listen.ts';
import type { Server } from './route-context.ts';
import { openApiText } from './write-openapi.ts';

const width = 64;
const png = encodePng({
  width,
  height: width,
  channels: 3,
  data: Uint8Array.from({ length: width * width * 3 }, (_, at) => (at * 7919) % 256),
});
const digest = createHash('sha256').update(png).digest('hex');
const log: string[] = [];
let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diptych-server-'));
  const run = join(folder, 'first');
  await mkdir(join(run, 'images', digest.slice(0, 2)), { recursive: true });
  await mkdir(join(run, 'report'));
  await mkdir(join(folder, 'no-run'));
  await writeFile(join(run, 'images', digest.slice(0, 2), `${digest}.png`), png);
  await writeFile(join(run, 'report', 'metrics.json'), '{"version":1}');
  await writeFile(join(run, 'report', 'report.html'), '<!doctype html><title>report</title>');
  await writeFile(join(run, 'journal.jsonl'), '');
  await writeFile(
    join(run, 'manifest.json'),
    JSON.stringify({
      format: 2,
      id: 'first',
      createdAt: '2026-11-23T00:00:00.000Z',
      diptych: '0.1.0',
      node: '24.21.0',
      platform: 'linux-x64',
      study: studySchema.parse({ name: 'tiny', generators: ['folder'] }),
      studyDigest: '0'.repeat(64),
      plugins: [],
      runtime: null,
      planned: { samples: 1, authentic: 0 },
    }),
  );
  server = await createServer({ runsFolder: folder, log: (line) => log.push(line) });
  url = await listen(server, '127.0.0.1', 0);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const get = (path: string): Promise<Response> => fetch(url + path);

function rawAnswer(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

describe('server', () => {
  it('lists runs and leaves out folders that are none', async () => {
    expect(await (await get('/api/v1/runs')).json()).toEqual({
      runs: [{ id: 'first', study: 'tiny', createdAt: '2026-11-23T00:00:00.000Z', plannedSamples: 1 }],
    });
  });

  it('lists what it opens: folders renamed by hand, none that a link leads out of', async () => {
    const renamed = ['first (copy)', 'zweiter Lauf, größer', 'a%2fb'];
    for (const name of renamed) await cp(join(folder, 'first'), join(folder, name), { recursive: true });
    const outside = await mkdtemp(join(tmpdir(), 'diptych-outside-'));
    await cp(join(folder, 'first/manifest.json'), join(outside, 'manifest.json'));
    await mkdir(join(folder, 'borrowed'));
    await symlink(join(outside, 'manifest.json'), join(folder, 'borrowed/manifest.json'));
    const { runs } = (await (await get('/api/v1/runs')).json()) as { runs: { id: string }[] };
    const ids = runs.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(['first', ...renamed].toSorted());
    for (const id of ids)
      for (const part of ['manifest', 'report', `images/${digest}`])
        expect((await get(`/api/v1/runs/${encodeURIComponent(id)}/${part}`)).status, `${id} ${part}`).toBe(200);
    for (const name of [...renamed, 'borrowed']) await rm(join(folder, name), { recursive: true });
    await rm(outside, { recursive: true });
  });

  it('gives manifest, metrics and report', async () => {
    expect(await (await get('/api/v1/runs/first/manifest')).json()).toMatchObject({ id: 'first', format: 2 });
    expect(await (await get('/api/v1/runs/first/metrics')).json()).toEqual({ version: 1 });
    const report = await get('/api/v1/runs/first/report');
    expect(report.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await report.text()).toContain('<title>report</title>');
  });

  it('blurs images unless asked, and logs the asking', async () => {
    const preview = await get(`/api/v1/runs/first/images/${digest}`);
    expect(preview.headers.get('content-type')).toBe('image/webp');
    expect(log).toEqual([]);
    const shown = await get(`/api/v1/runs/first/images/${digest}?reveal=true`);
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await shown.arrayBuffer()).equals(Buffer.from(png))).toBe(true);
    expect(log).toEqual([`reveal run=first image=${digest} by=127.0.0.1`]);
  });

  it.each([
    ['/api/v1/runs/other/manifest', 404, 'RUN_NOT_FOUND'],
    ['/api/v1/runs/no-run/report', 404, 'RUN_NOT_FOUND'],
    ['/api/v1/runs/..%2f..%2fetc/manifest', 400, 'REQUEST_INVALID'],
    ['/api/v1/runs/first%2f..%2ffirst/manifest', 400, 'REQUEST_INVALID'],
    ['/api/v1/runs/c:first/manifest', 400, 'REQUEST_INVALID'],
    ['/api/v1/runs/.git/manifest', 400, 'REQUEST_INVALID'],
    ['/api/v1/runs/a%00b/manifest', 400, 'REQUEST_INVALID'],
    [`/api/v1/runs/first/images/${'0'.repeat(64)}`, 404, 'IMAGE_MISSING'],
    ['/api/v1/runs/first/images/short', 400, 'REQUEST_INVALID'],
    [`/api/v1/runs/first/images/${digest}?reveal=yes`, 400, 'REQUEST_INVALID'],
    ['/nowhere', 404, 'NOT_FOUND'],
  ])('answers %s with %i and a stable code', async (path, status, code) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
  });

  it('refuses a foreign Host header, so that no page can reach it by DNS rebinding', async () => {
    const { port } = new URL(url);
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/api/v1/runs', headers: { host: 'evil.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });

  it.each([
    [
      'a path that cannot be decoded',
      'GET /api/v1/runs/%ff/manifest HTTP/1.1\r\nHost: localhost\r\n',
      400,
      'REQUEST_INVALID',
    ],
    ['bytes that are no HTTP', 'HELLO\r\n', 400, 'REQUEST_INVALID'],
    ['too many headers', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n`, 431, 'REQUEST_INVALID'],
  ])('answers %s with the body of every error', async (_, head, status, code) => {
    const answer = await rawAnswer(`${head}Connection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toEqual({ error: { code, message: expect.any(String) } });
  });

  it('follows no link out of a run or out of the runs folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'diptych-outside-'));
    await cp(join(folder, 'first'), join(outside, 'run'), { recursive: true });
    await writeFile(join(outside, 'secret'), '{"secret":1}');
    await cp(join(folder, 'first'), join(folder, 'linking'), { recursive: true });
    await symlink(join(outside, 'run'), join(folder, 'linked'));
    for (const name of ['report.html', 'metrics.json']) {
      await rm(join(folder, 'linking/report', name));
      await symlink(join(outside, 'secret'), join(folder, 'linking/report', name));
    }
    for (const path of [
      'linked/manifest',
      'linked/report',
      `linked/images/${digest}`,
      'linking/report',
      'linking/metrics',
    ]) {
      const answer = await get(`/api/v1/runs/${path}`);
      expect([answer.status, (await answer.json()).error.code], path).toEqual([400, 'PATH_OUTSIDE_ROOT']);
    }
    expect((await get('/api/v1/runs/linking/manifest')).status).toBe(200);
    await rm(join(folder, 'linking'), { recursive: true });
    await rm(outside, { recursive: true });
    await rm(join(folder, 'linked'));
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe in a folder of runs (Windows has none there)', async () => {
    const places = { manifests: 'piped/manifest.json', reports: 'halfway/report/metrics.json' };
    await mkdir(join(folder, 'piped'));
    await cp(join(folder, 'first'), join(folder, 'halfway'), { recursive: true });
    await rm(join(folder, places.reports));
    execFileSync('mkfifo', Object.values(places).map((place) => join(folder, place))); // biome-ignore format: one call
    const soon = (path: string): Promise<Response> => fetch(url + path, { signal: AbortSignal.timeout(5000) });
    // More of them at once than the process has threads for files.
    const answers = await Promise.all(Array.from({ length: 6 }, () => soon('/api/v1/runs')));
    for (const answer of answers)
      expect((await answer.json()) as object).toMatchObject({ runs: [{ id: 'halfway' }, { id: 'first' }] });
    expect((await soon('/api/v1/runs/piped/manifest')).status).toBe(404);
    expect((await soon('/api/v1/runs/halfway/metrics')).status).toBe(404);
    for (const name of ['piped', 'halfway']) await rm(join(folder, name), { recursive: true });
  });

  it('says that metrics are damaged, and lets a report touch nothing else here', async () => {
    await cp(join(folder, 'first'), join(folder, 'damaged'), { recursive: true });
    for (const text of ['{', '[]', '']) {
      await writeFile(join(folder, 'damaged/report/metrics.json'), text);
      const answer = await get('/api/v1/runs/damaged/metrics');
      expect([answer.status, (await answer.json()).error.code], text).toEqual([400, 'REPORT_INVALID']);
    }
    const policy = (await get('/api/v1/runs/damaged/report')).headers.get('content-security-policy')?.split('; ');
    expect(policy).toContain('sandbox allow-scripts');
    // Neither an image of this server in a frame nor a request to another host.
    expect(policy).toContain("default-src 'none'");
    expect(policy?.filter((part) => /^(?:frame|connect|child|media)-src|\*|http/.test(part))).toEqual([]);
    await rm(join(folder, 'damaged'), { recursive: true });
  });

  it.each(['manifest', `images/${digest}`])('lets no page frame %s', async (path) => {
    const { headers } = await get(`/api/v1/runs/first/${path}`);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
  });

  it.each([
    ['cross-site', 400],
    ['same-site', 400],
    ['same-origin', 200],
    ['none', 200],
  ])('answers a browser that asks for an unblurred image for %s with %i', async (site, status) => {
    const { port } = new URL(url);
    const path = `/api/v1/runs/first/images/${digest}?reveal=true`;
    const revealsBefore = log.length;
    const answered = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers: { 'sec-fetch-site': site } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect([answered, log.length - revealsBefore]).toEqual([status, status === 200 ? 1 : 0]);
  });

  it.each([
    ['nothing', ''],
    ['half of a request', 'GET /api/v1/health HTTP/1.1\r\nHost: 127'],
    [
      'half of a body',
      'POST /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ],
  ])('closes while a client that sent %s stays connected', async (_, sent) => {
    const closing = await createServer({ runsFolder: folder });
    const socket = connect(Number(new URL(await listen(closing, '127.0.0.1', 0)).port), '127.0.0.1');
    const ended = once(socket, 'close');
    await once(closing.server, 'connection');
    socket.on('error', () => undefined).write(sent);
    await closing.close();
    await ended;
  });

  it('refuses to listen on a public address', async () => {
    await expect(listen(server, '0.0.0.0', 0)).rejects.toMatchObject({ code: 'PUBLIC_BIND_REFUSED' });
    await expect(listen(server, '::', 0)).rejects.toMatchObject({ code: 'PUBLIC_BIND_REFUSED' });
  });

  it('serves the OpenAPI document that is committed', async () => {
    const committed = await readFile(new URL('../openapi.gen.json', import.meta.url), 'utf8');
    expect(await openApiText(), 'openapi.gen.json has drifted; run node apps/server/src/write-openapi.ts').toBe(committed);
    expect(await (await get('/openapi.json')).json()).toEqual(JSON.parse(committed));
  });
});

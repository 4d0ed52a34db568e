/**
 * Images by the SHA-256 of their bytes, `images/ab/<digest>.<ext>`. A file is complete or absent: bytes go to a
 * temporary file, are synced, and are then renamed. Equal bytes are stored once.
 */
import { constants } from 'node:fs';
import { lstat, mkdir, realpath, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { DiptychError, type ImageInfo } from '@diptych/plugin-kit';
import { digestOfFile, readRegular } from '../files/regular-file.ts';
import { writeDurably } from '../files/write-durably.ts';
import { extensionOf } from '../images/container.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { describeError, systemCode } from '../text/describe-error.ts';
import { systemFault } from '../text/system-fault.ts';

export interface ImageRef {
  readonly sha256: string;
  readonly container: ImageInfo['container'];
}
export interface ImageStore {
  /** Stores bytes unless they are there; resolves once they are on the disk. Rejects with STORE_WRITE_FAILED. */
  put(bytes: Uint8Array, ref: ImageRef): Promise<void>;
  /** Rejects with IMAGE_MISSING where the file is absent, leads outside the folder, or (with `verify`) has other bytes; with SYSTEM_FAULT. */
  get(ref: ImageRef, options?: { readonly verify?: boolean }): Promise<Uint8Array>;
  has(ref: ImageRef): Promise<boolean>;
  /** Whether the file is there and its bytes have the digest of its name; read in flat memory. Rejects with SYSTEM_FAULT. */
  isIntact(ref: ImageRef): Promise<boolean>;
  /** As `isIntact`; a file with other bytes is deleted, so that the image can be stored again. */
  hasIntact(ref: ImageRef): Promise<boolean>;
  pathOf(ref: ImageRef): string;
}

/** Images stored a moment ago need not be looked for on the disk again. Arbitrary. */
const rememberedImages = 4096;

/** The store in `folder`, which is made with the first image. */
export function createImageStore(folder: string): ImageStore {
  const made = new Set<string>();
  const stored = new Set<string>();
  const checked = new Map<string, Promise<void>>();
  const pathOf = ({ sha256, container }: ImageRef): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
      throw new DiptychError('IMAGE_MISSING', `Expected a SHA-256 in hex, got ${JSON.stringify(sha256)}.`);
    }
    return join(folder, sha256.slice(0, 2), `${sha256}.${extensionOf(container)}`);
  };
  const has = async (ref: ImageRef): Promise<boolean> => {
    try {
      return (await lstat(pathOf(ref))).isFile();
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
      throw error;
    }
  };
  const put = async (bytes: Uint8Array, ref: ImageRef): Promise<void> => {
    const path = pathOf(ref);
    if (stored.has(path)) return;
    if (!(await has(ref))) await write(path, bytes, made);
    if (stored.size >= rememberedImages) stored.clear();
    stored.add(path);
  };
  const get = async (ref: ImageRef, { verify = false }: { readonly verify?: boolean } = {}): Promise<Uint8Array> => {
    const path = pathOf(ref);
    const shard = dirname(path);
    try {
      const check = checked.get(shard) ?? checkInside(folder, shard);
      checked.set(shard, check);
      await check;
      // Files of the store are never links; following one could lead anywhere.
      const bytes = await readRegular(path, constants.O_NOFOLLOW);
      if (verify && sha256Hex(bytes) !== ref.sha256) throw new Error('its bytes have another digest');
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (cause) {
      checked.delete(shard);
      throw missingImage(ref, cause);
    }
  };
  const isIntact = async (ref: ImageRef): Promise<boolean> => {
    if (!(await has(ref))) return false;
    try {
      return (await digestOfFile(pathOf(ref), constants.O_NOFOLLOW)) === ref.sha256;
    } catch (cause) {
      throw systemFault(cause) ?? cause;
    }
  };
  const hasIntact = async (ref: ImageRef): Promise<boolean> => {
    const intact = await isIntact(ref);
    if (!intact) await rm(pathOf(ref), { force: true });
    return intact;
  };
  return { put, get, has, isIntact, hasIntact, pathOf };
}

function missingImage({ sha256 }: ImageRef, cause: unknown): DiptychError {
  const ofMachine = systemFault(cause);
  if (ofMachine) return ofMachine;
  const got = systemCode(cause) === 'ELOOP' ? 'a link, which may lead outside' : describeError(cause);
  return new DiptychError(
    'IMAGE_MISSING',
    `Expected image ${sha256} in the image store, got: ${got}. Restore the file or resume the run.`,
    { cause },
  );
}

async function write(path: string, bytes: Uint8Array, made: Set<string>): Promise<void> {
  const shard = dirname(path);
  try {
    if (!made.has(shard)) await mkdir(shard, { recursive: true });
    made.add(shard);
    await writeDurably(path, bytes);
  } catch (cause) {
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to write ${path}, got: ${describeError(cause)}. Free space or rights, then resume.`,
      { cause },
    );
  }
}

/** A folder of the store that is a link may not lead out of it. */
async function checkInside(folder: string, path: string): Promise<void> {
  const [root, real] = await Promise.all([realpath(folder), realpath(path)]);
  if (!real.startsWith(root + sep)) throw new Error('a link that leads outside the image store');
}

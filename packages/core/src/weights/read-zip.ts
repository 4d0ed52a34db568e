/** Takes one file out of a zip (a wheel), by its central directory (PKWARE APPNOTE 6.3). No zip64, no encryption. */
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const maxCommentBytes = 65_557;

interface ZipEntry {
  readonly method: number;
  readonly compressedSize: number;
  readonly offset: number;
}

/** Copies the entry `path` to `target`; gives false where the archive has none. */
export async function extractFromZip(archive: string, path: string, target: string): Promise<boolean> {
  const file = await open(archive, 'r');
  let start: number;
  let entry: ZipEntry | undefined;
  try {
    entry = await findEntry(file, path);
    if (!entry) return false;
    const local = await readAt(file, entry.offset, 30);
    start = entry.offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  } finally {
    await file.close();
  }
  if (entry.compressedSize === 0) {
    await pipeline([], createWriteStream(target));
    return true;
  }
  const input = createReadStream(archive, { start, end: start + entry.compressedSize - 1 });
  if (entry.method === 0) await pipeline(input, createWriteStream(target));
  else if (entry.method === 8) await pipeline(input, createInflateRaw(), createWriteStream(target));
  else throw new Error(`zip method ${entry.method}; only stored and deflated are read`);
  return true;
}

async function findEntry(file: FileHandle, path: string): Promise<ZipEntry | undefined> {
  const { size } = await file.stat();
  const tail = await readAt(file, Math.max(0, size - maxCommentBytes), Math.min(size, maxCommentBytes));
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || tail.readUInt32LE(end) !== endSignature) throw new Error('a file that is no zip');
  const directory = await readAt(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === entrySignature; ) {
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    if (directory.toString('utf8', at + 46, nameEnd) === path) {
      const entry = {
        method: directory.readUInt16LE(at + 10),
        compressedSize: directory.readUInt32LE(at + 20),
        offset: directory.readUInt32LE(at + 42),
      };
      if (entry.compressedSize === 0xffffffff || entry.offset === 0xffffffff)
        throw new Error('a zip64 entry, which is not read');
      return entry;
    }
    at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length) throw new Error('a zip that is cut short');
  return buffer;
}

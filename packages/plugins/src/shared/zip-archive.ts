/**
 * Reads a small ZIP archive from memory: stored or deflated entries, checked sizes and CRC-32. No ZIP64, no
 * encryption, no split archives. Format: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { DiptychError } from '@diptych/plugin-kit';

export interface ZipLimits {
  readonly maxEntries: number;
  /** Of all entries together, after decompression. */
  readonly maxBytes: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
/** The end record has 22 bytes and a comment of at most 65,535. */
const endRecordBytes = 22;
const longestComment = 0xffff;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly headerOffset: number;
}

/** Contents by name. Throws WEIGHTS_FORMAT_INVALID on damage, on names given twice and beyond the limits. */
export function readZip(file: Uint8Array, limits: ZipLimits): ReadonlyMap<string, Uint8Array> {
  try {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const entries = readDirectory(file, view, limits);
    const contents = new Map(entries.map((entry) => [entry.name, readEntry(file, view, entry)]));
    if (contents.size < entries.length) throw damaged('has two entries of one name');
    return contents;
  } catch (error) {
    // DataView and zlib report what lies outside the file or is no deflate stream with their own errors.
    if (error instanceof DiptychError) throw error;
    throw damaged('is truncated or damaged', error);
  }
}

function readDirectory(file: Uint8Array, view: DataView, limits: ZipLimits): Entry[] {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let offset = view.getUint32(end + 16, true);
  if (count === 0xffff || offset === 0xffffffff) throw damaged('is a ZIP64 archive, which is not read');
  if (count > limits.maxEntries) throw damaged(`has ${count} entries, the limit is ${limits.maxEntries}`);
  let totalBytes = 0;
  return Array.from({ length: count }, () => {
    if (view.getUint32(offset, true) !== entrySignature) throw damaged('has a damaged directory');
    const flags = view.getUint16(offset + 8, true);
    if ((flags & 1) !== 0) throw damaged('is encrypted');
    const nameBytes = view.getUint16(offset + 28, true);
    const entry: Entry = {
      name: Buffer.from(file.subarray(offset + 46, offset + 46 + nameBytes)).toString('utf8'),
      method: view.getUint16(offset + 10, true),
      checksum: view.getUint32(offset + 16, true),
      packedBytes: view.getUint32(offset + 20, true),
      bytes: view.getUint32(offset + 24, true),
      headerOffset: view.getUint32(offset + 42, true),
    };
    totalBytes += entry.bytes;
    if (totalBytes > limits.maxBytes) throw damaged(`unpacks to over ${limits.maxBytes} bytes`);
    offset += 46 + nameBytes + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
    return entry;
  });
}

/** The end record is searched from the back, because the comment behind it may have any length. */
function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - endRecordBytes - longestComment);
  for (let offset = view.byteLength - endRecordBytes; offset >= first; offset--) {
    if (view.getUint32(offset, true) === endSignature) return offset;
  }
  throw damaged('is no ZIP archive');
}

function readEntry(file: Uint8Array, view: DataView, entry: Entry): Uint8Array {
  if (view.getUint32(entry.headerOffset, true) !== localSignature) throw damaged(`has a damaged entry ${entry.name}`);
  // The local extra field often differs from the directory's: PyTorch pads with it to align tensors.
  const skip = 30 + view.getUint16(entry.headerOffset + 26, true) + view.getUint16(entry.headerOffset + 28, true);
  const start = entry.headerOffset + skip;
  const packed = file.subarray(start, start + entry.packedBytes);
  if (packed.length !== entry.packedBytes) throw damaged(`ends within ${entry.name}`);
  const contents = unpack(packed, entry);
  if (contents.length !== entry.bytes || crc32(contents) !== entry.checksum)
    throw damaged(`has a damaged entry ${entry.name}`);
  return contents;
}

function unpack(packed: Uint8Array, { name, method, bytes }: Entry): Uint8Array {
  if (method === 0) return packed;
  if (method === 8) return inflateRawSync(packed, { maxOutputLength: Math.max(1, bytes) });
  throw damaged(`packs ${name} with method ${method}; stored and deflated entries are read`);
}

const damaged = (fault: string, cause?: unknown): DiptychError =>
  new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected a ZIP archive with weights; the file ${fault}. Fetch the file again.`,
    { cause },
  );

/** Takes one file out of a gzipped tar, streaming. ustar with pax and GNU long names (POSIX.1-2001, GNU tar manual). */
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const block = 512;
/** Names and pax headers are small; anything larger is not a name. */
const maxHeaderBytes = 2 ** 20;

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** Copies the entry `<any top folder>/<path>` to `target`; gives false where the archive has none. */
export async function extractFromTar(archive: string, path: string, target: string): Promise<boolean> {
  const input = createReadStream(archive);
  const bytes = input.pipe(createGunzip());
  input.on('error', (error) => bytes.destroy(error));
  const reader = new BlockReader(bytes);
  let longName: string | undefined;
  for (;;) {
    const header = await reader.take(block);
    if (header.length < block || header.every((byte) => byte === 0)) return false;
    const entry = parseHeader(header, longName);
    const padding = (block - (entry.size % block)) % block;
    longName = undefined;
    if (entry.type === 'x' || entry.type === 'L') {
      if (entry.size > maxHeaderBytes) throw new Error('a tar header that is too long');
      const text = Buffer.from(await reader.take(entry.size)).toString('utf8');
      longName = entry.type === 'L' ? text.replace(/\0.*$/s, '') : /\d+ path=(.*)\n/.exec(text)?.[1];
      await reader.skip(padding);
    } else if (isFile(entry.type) && entry.name.split('/').slice(1).join('/') === path) {
      await pipeline(Readable.from(reader.stream(entry.size)), createWriteStream(target));
      input.destroy();
      return true;
    } else await reader.skip(entry.size + padding);
  }
}

const isFile = (type: string): boolean => type === '0' || type === '\0' || type === '';

function parseHeader(header: Buffer, longName: string | undefined): Entry {
  const text = (from: number, to: number): string => header.toString('utf8', from, to).replace(/\0.*$/s, '');
  const prefix = text(345, 500);
  const size = Number.parseInt(text(124, 136).trim() || '0', 8);
  if (!Number.isSafeInteger(size)) throw new Error('a tar entry without a readable size');
  return { name: longName ?? (prefix ? `${prefix}/${text(0, 100)}` : text(0, 100)), type: text(156, 157), size };
}

/** Exact reads from a stream of chunks of any size. */
class BlockReader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#source = stream[Symbol.asyncIterator]();
  }

  /** The next `size` bytes, fewer at the end of the stream. */
  async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.stream(size, false)) parts.push(part);
    return Buffer.concat(parts);
  }

  async skip(size: number): Promise<void> {
    for await (const _ of this.stream(size)) {
      // Read and dropped: gzip cannot seek.
    }
  }

  async *stream(size: number, mustBeWhole = true): AsyncGenerator<Buffer> {
    let left = size;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done) {
          if (mustBeWhole) throw new Error('a tar that ends in the middle of a file');
          return;
        }
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}

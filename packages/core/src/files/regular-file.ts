/**
 * Reading files of run folders, which are sent around and unpacked: a pipe or a device among them is no file, and waiting for one would
 * hold a thread of the process for good.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Far above any manifest, report or lock; parsing takes many times as much memory. */
const mostTextBytes = 64 * 2 ** 20;

/** What was opened is a folder, a pipe or a device, or too large to be what it is read as. */
export class IrregularFile extends Error {}

/** Opens for reading, with further flags of `open`. Rejects as `open` does, or with `IrregularFile`; never waits for a writer. */
export async function openRegular(path: string, flags = 0): Promise<FileHandle> {
  // Windows, which has no pipes in folders, has no such flag either.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new IrregularFile('a folder, pipe or device');
}

/** The whole file. */
export async function readRegular(path: string, flags = 0): Promise<Buffer> {
  await using file = await openRegular(path, flags);
  return await file.readFile();
}

/** SHA-256 in lower-case hex, in flat memory. */
export async function digestOfFile(path: string, flags = 0): Promise<string> {
  await using file = await openRegular(path, flags);
  const hash = createHash('sha256');
  for await (const piece of file.createReadStream({ autoClose: false, highWaterMark: 2 ** 18 })) hash.update(piece);
  return hash.digest('hex');
}

/** The whole file as UTF-8. Rejects with `IrregularFile` before more than `most` bytes would be read. */
export async function readRegularText(path: string, most = mostTextBytes): Promise<string> {
  await using file = await openRegular(path);
  const { size } = await file.stat();
  if (size > most) throw new IrregularFile(`${size} bytes long, the limit is ${most}`);
  return await file.readFile('utf8');
}

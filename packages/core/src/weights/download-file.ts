/** Downloads over HTTPS into a partial file that a later try, or a later process, goes on with. */
import { createWriteStream } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { describeError } from '../text/describe-error.ts';
import { isFetchable } from './parse-source.ts';

const maxRedirects = 5;
/** Tries per call, each going on where the last one stopped. */
const maxTries = 4;
/** Silence after which a connection counts as dead. */
const stallMs = 60_000;

export interface DownloadOptions {
  /** File that grows; what it holds already is not fetched again. */
  readonly partial: string;
  /** Sent to the first host only, never to where it redirects. */
  readonly authorization?: string;
  readonly maxBytes: number;
  onProgress?(receivedBytes: number, totalBytes: number | undefined): void;
}

/** Rejects with a plain error that says what the server did. */
export async function downloadFile(url: string, options: DownloadOptions): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await downloadOnce(url, options);
      return;
    } catch (error) {
      if (error instanceof PermanentError || tries >= maxTries) throw error;
    }
  }
}

/** What no repetition cures. */
class PermanentError extends Error {}

async function downloadOnce(url: string, options: DownloadOptions): Promise<void> {
  const have = await sizeOf(options.partial);
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(new Error(`no data for ${stallMs} ms`)), stallMs);
  try {
    const response = await follow(url, { have, options, signal: controller.signal });
    const start = await startOf(response, have, options.partial);
    if (start === 'complete') return;
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isFinite(length) ? start + length : undefined;
    let received = start;
    const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        timer = restart(timer, controller);
        received += chunk.length;
        if (received > options.maxBytes) throw new PermanentError(`more than the expected ${options.maxBytes} bytes`);
        options.onProgress?.(received, total);
        yield chunk;
      }
    };
    if (!response.body) throw new Error('an answer without a body');
    // Node's web streams are async iterable; the DOM's types do not say so.
    const body = response.body as unknown as AsyncIterable<Uint8Array>;
    await pipeline(body, counted, createWriteStream(options.partial, { flags: 'a' }));
    if (total !== undefined && received < total) throw new Error(`${received} of ${total} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

function restart(timer: NodeJS.Timeout, controller: AbortController): NodeJS.Timeout {
  clearTimeout(timer);
  return setTimeout(() => controller.abort(new Error(`no data for ${stallMs} ms`)), stallMs);
}

/** Where the body goes in the file. A server that ignores Range sends everything, so the file starts over. */
async function startOf(response: Response, have: number, partial: string): Promise<number | 'complete'> {
  if (response.status === 206) {
    const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (Number(from) === have) return have;
    throw new PermanentError(`part ${response.headers.get('content-range')} where byte ${have} was asked for`);
  }
  if (response.status === 416 && have > 0) {
    const total = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (Number(total) === have) return 'complete';
    await truncate(partial, 0);
    throw new Error('a shorter file than before; starting over');
  }
  if (!response.ok) {
    const isTemporary = response.status === 429 || response.status >= 500;
    await response.body?.cancel();
    throw new (isTemporary ? Error : PermanentError)(`HTTP ${response.status}`);
  }
  if (have > 0) await truncate(partial, 0);
  return 0;
}

async function follow(
  url: string,
  { have, options, signal }: { have: number; options: DownloadOptions; signal: AbortSignal },
): Promise<Response> {
  let address = new URL(url);
  for (let hops = 0; hops <= maxRedirects; hops++) {
    // Compressed transfers have other byte offsets than the file.
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (have > 0) headers.range = `bytes=${have}-`;
    if (options.authorization && address.host === new URL(url).host) headers.authorization = options.authorization;
    const response = await fetch(address, { headers, redirect: 'manual', signal }).catch((cause: unknown) => {
      throw new Error(describeError(cause), { cause });
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || !location) return response;
    await response.body?.cancel();
    address = new URL(location, address);
    if (!isFetchable(address.href))
      throw new PermanentError(`a redirect to ${address.protocol}//${address.host}, which is not https`);
  }
  throw new PermanentError(`more than ${maxRedirects} redirects`);
}

async function sizeOf(path: string): Promise<number> {
  const facts = await stat(path).catch(() => undefined); // absent: nothing to go on with
  return facts?.size ?? 0;
}

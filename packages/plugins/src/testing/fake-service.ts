/** A real HTTP server on loopback that plays a service's documented API in tests. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Body as JSON, or `undefined`; free-form, as handlers of tests read the bodies that they expect. */
  readonly json: ReturnType<typeof JSON.parse>;
  /** 0-based number of this request. */
  readonly number: number;
}
export interface ReplyOf {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  /** Closes the connection without an answer. */
  readonly hangUp?: boolean;
  /** Waits before answering. */
  readonly delayMs?: number;
}
export interface FakeService extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly host: string;
  readonly received: ReceivedRequest[];
}

/** Close it with `await using`. What the handler throws becomes a 500 whose body names it, so a test fails by what it sees. */
export async function startFakeService(
  handle: (request: ReceivedRequest) => ReplyOf | Promise<ReplyOf>,
): Promise<FakeService> {
  const received: ReceivedRequest[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    const { method = 'GET', headers } = request;
    const entry = {
      method,
      path: pathname,
      query: searchParams,
      headers,
      body,
      json: jsonOf(body),
      number: received.length,
    };
    received.push(entry);
    let reply: ReplyOf;
    try {
      reply = await handle(entry);
    } catch (error) {
      reply = { status: 500, body: `fake service: ${String(error)}` };
    }
    if (reply.delayMs) await new Promise((resolve) => setTimeout(resolve, reply.delayMs));
    if (reply.hangUp) return void request.socket.destroy();
    const payload = reply.json === undefined ? (reply.body ?? '') : JSON.stringify(reply.json);
    const type = reply.json === undefined ? 'text/plain' : 'application/json';
    response.writeHead(reply.status ?? 200, { 'content-type': type, ...reply.headers }).end(payload);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // Not JSON: multipart or empty.
    return undefined;
  }
}

/** A service on loopback that answers after a latency, objects to too many calls at once, and counts. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProviderOptions {
  readonly latencyMs: number;
  /** Calls it takes at once; any further one is answered with 429. */
  readonly capacity?: number;
  readonly retryAfterSeconds?: number;
  /** Text of the answer to a request's body; `{}` where absent. */
  answer?(body: string, headers: Readonly<Record<string, unknown>>): { status?: number; body: string };
}

export interface SimulatedProvider extends AsyncDisposable {
  readonly url: string;
  readonly answered: number;
  readonly refused: number;
  /** Calls in flight when each call arrived, itself included. */
  readonly together: readonly number[];
}

export async function startProvider(options: ProviderOptions): Promise<SimulatedProvider> {
  const { latencyMs, capacity = Number.POSITIVE_INFINITY, retryAfterSeconds, answer } = options;
  const counts = { answered: 0, refused: 0, inFlight: 0, together: [] as number[] };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (counts.inFlight >= capacity) {
        counts.refused += 1;
        response.writeHead(429, retryAfterSeconds === undefined ? {} : { 'retry-after': `${retryAfterSeconds}` }).end();
        return;
      }
      counts.inFlight += 1;
      counts.together.push(counts.inFlight);
      setTimeout(() => {
        counts.inFlight -= 1;
        counts.answered += 1;
        const { status = 200, body } = answer?.(Buffer.concat(chunks).toString(), request.headers) ?? { body: '{}' };
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      }, latencyMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answered() {
      return counts.answered;
    },
    get refused() {
      return counts.refused;
    },
    together: counts.together,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

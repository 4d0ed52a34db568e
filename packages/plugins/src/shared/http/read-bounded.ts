import { InfrastructureError } from '@diptych/plugin-kit';

/** A service, as errors show it. */
interface Named {
  readonly name: string;
}

/** Reads a body of at most `maxBytes`; a longer one is cut off at the connection and is a fault, never a part. */
export async function readBounded(
  response: Response,
  service: Named,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const declared = Number(response.headers.get('content-length') ?? 0);
  if (declared > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(service, maxBytes);
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of response.body ?? []) {
      size += part.byteLength;
      if (size > maxBytes) throw tooLarge(service, maxBytes);
      parts.push(part);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof InfrastructureError) throw error;
    throw new InfrastructureError(`Expected a whole answer of ${service.name}, it broke off after ${size} bytes.`, {
      cause: error,
    });
  }
  return Buffer.concat(parts, size);
}

const tooLarge = ({ name }: Named, maxBytes: number): InfrastructureError =>
  new InfrastructureError(`Expected an answer of at most ${maxBytes} bytes of ${name}, got more.`, { retryable: false });

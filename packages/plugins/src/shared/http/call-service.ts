/** One HTTP call of a service's API, bounded in size, with every status handed to the plugin: many say "filtered" by 4xx. */
import { InfrastructureError, type PluginContext } from '@diptych/plugin-kit';
import { readBounded } from './read-bounded.ts';
import { retryAfterMs } from './retry-after.ts';

export interface Service {
  /** Shown in errors, such as `OpenAI`. */
  readonly name: string;
  readonly context: Pick<PluginContext, 'fetch'>;
  /** Environment variable of the key, named when the key is rejected. */
  readonly keyName?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ServiceRequest {
  readonly url: string | URL;
  /** `POST` where there is a body, else `GET`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as multipart form data. */
  readonly form?: FormData;
  /** Largest answer in bytes. Default 96 MiB: four base64 images of 16 MiB. */
  readonly maxBytes?: number;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The body as JSON; `undefined` where it is not JSON. */
  readonly json: unknown;
  /** Start of the body as text, for messages; at most 500 characters. */
  readonly excerpt: string;
}

const defaultMaxBytes = 96 * 2 ** 20;

/**
 * Rejects with `InfrastructureError` when no whole answer came: connection faults, a body over `maxBytes`. A status is
 * never an error here; after reading refusals and filters out of it, hand what is left to `failureOf`.
 */
export async function callService(service: Service, request: ServiceRequest, signal: AbortSignal): Promise<ServiceAnswer> {
  const headers = headersOf(service, request);
  if (request.json !== undefined) headers.set('content-type', 'application/json');
  const body = request.json === undefined ? request.form : JSON.stringify(request.json);
  const method = request.method ?? (body === undefined ? 'GET' : 'POST');
  let response: Response;
  try {
    response = await service.context.fetch(request.url, {
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    throw connectionFault(service, error, signal);
  }
  const bytes = await readBounded(response, service, request.maxBytes ?? defaultMaxBytes, signal);
  const isText = !/^(image|video|application\/octet-stream)/.test(response.headers.get('content-type') ?? '');
  const text = isText ? withoutKeys(new TextDecoder().decode(bytes), service) : '';
  const { status, ok } = response;
  return { status, ok, headers: response.headers, bytes, json: parseJson(text), excerpt: text.slice(0, 500) };
}

/** The platform's own fault for a header that cannot be sent quotes its value, which is the key. */
function headersOf(service: Service, request: ServiceRequest): Headers {
  try {
    return new Headers({ accept: 'application/json', ...service.headers, ...request.headers });
  } catch {
    const what = service.keyName === undefined ? 'the headers' : `the value of ${service.keyName}`;
    throw new InfrastructureError(
      `Expected ${what} for ${service.name} to be printable ASCII in one line, it has other characters. Copy it again.`,
      { retryable: false },
    );
  }
}

function connectionFault(service: Service, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof InfrastructureError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const what = cause instanceof Error ? cause.message : String(cause);
  return new InfrastructureError(`Expected an answer of ${service.name}, the connection failed: ${what}.`, { cause: error });
}

/** Some services repeat the key they were sent when they reject it; no message or reason may hold it. */
function withoutKeys(text: string, { headers = {}, keyName = 'the key' }: Service): string {
  let kept = text;
  for (const value of Object.values(headers))
    for (const key of keysIn(value)) if (key.length >= 8) kept = kept.replaceAll(key, `<${keyName}>`);
  return kept;
}

/** The secret of a header: behind its scheme, and of basic authentication also as it was before its encoding. */
function keysIn(value: string): string[] {
  const key = value.slice(value.lastIndexOf(' ') + 1);
  if (!value.startsWith('Basic ')) return [key];
  const login = Buffer.from(key, 'base64').toString();
  return [key, login, login.slice(login.indexOf(':') + 1)];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller sees `undefined` and the excerpt.
    return undefined;
  }
}

/** The fault behind a status that is neither success nor an outcome: what core retries, waits for, or gives up on. */
export function failureOf(answer: ServiceAnswer, service: Service, message = answer.excerpt): InfrastructureError {
  const { status } = answer;
  const wait = retryAfterMs(answer.headers, answer.json);
  const options = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 401 || status === 403) {
    const key = service.keyName ? ` Check the key in ${service.keyName}.` : '';
    return new InfrastructureError(`${service.name} rejected the request (${status}): ${message}.${key}`, {
      retryable: false,
    });
  }
  if (status === 402)
    return new InfrastructureError(`${service.name} asks for payment (402): ${message}.`, { retryable: false });
  const isLimit = status === 429 || ((status === 503 || status === 529) && wait !== undefined);
  if (isLimit)
    return new InfrastructureError(`${service.name} is limiting calls (${status}): ${message}.`, {
      ...options,
      rateLimited: true,
    });
  const retryable = status === 408 || status === 409 || status === 425 || status >= 500;
  return new InfrastructureError(`${service.name} answered with status ${status}: ${message}.`, { ...options, retryable });
}

/** A success whose body is not what the API documents. Not retried: the same request would give the same shape. */
export const unexpectedAnswer = (service: Service, expected: string, answer: ServiceAnswer): InfrastructureError =>
  new InfrastructureError(
    `Expected ${expected} of ${service.name}, got (${answer.status}): ${answer.excerpt.slice(0, 200) || `${answer.bytes.length} bytes`}.`,
    { retryable: false },
  );

import { InfrastructureError } from '@diptych/plugin-kit';

const maxRedirects = 10;

/** Headers that carry a key by convention of some service; another origin never gets them. */
const keyHeaders = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-key'];

export interface LimitedFetchOptions {
  /** True where a text holds a secret of the plugin; such headers are not sent to another origin either. */
  readonly holdsSecret?: (text: string) => boolean;
}

/**
 * `fetch` that reaches only the named hosts over http or https, redirects included, so that no host is contacted that
 * a plugin did not declare. A host is `name`, `name:port`, or `*.name` for its subdomains. Redirects of requests with
 * a body are refused rather than sent elsewhere; keys stay with the origin they were meant for.
 */
export function limitedFetch(
  alias: string,
  hosts: readonly string[],
  { holdsSecret = () => false }: LimitedFetchOptions = {},
): typeof globalThis.fetch {
  const refuse = (message: string): never => {
    throw new InfrastructureError(`${alias} ${message}`, { retryable: false });
  };
  const check = (url: URL): void => {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      refuse(`tried to fetch over ${url.protocol}, only http: and https: are allowed.`);
    if (hosts.some((host) => isHost(url, host))) return;
    refuse(`tried to reach ${url.host}, which it does not declare in needs.hosts (${hosts.join(', ') || 'none'}).`);
  };
  return async (input, init) => {
    const request = new Request(input, init);
    let url = new URL(request.url);
    check(url);
    const headers = new Headers(request.headers);
    let response = await fetch(new Request(request, { redirect: 'manual' }));
    for (let hops = 0; [301, 302, 303, 307, 308].includes(response.status) && response.headers.has('location'); hops++) {
      if (request.redirect === 'manual') return response;
      await response.body?.cancel();
      if (!['GET', 'HEAD'].includes(request.method) || request.redirect === 'error' || hops >= maxRedirects)
        refuse(`got a redirect from ${url.host} for ${request.method}, which is not followed.`);
      const next = new URL(response.headers.get('location') ?? '', url);
      check(next);
      if (url.protocol === 'https:' && next.protocol === 'http:' && !isLoopback(next.hostname))
        refuse(`was redirected from https to http by ${url.host}, which is not followed.`);
      // Dropped for good: a redirect back to the first origin does not bring them back.
      if (next.origin !== url.origin) dropKeys(headers, holdsSecret);
      url = next;
      response = await fetch(url, { method: request.method, headers, signal: request.signal, redirect: 'manual' });
    }
    return response;
  };
}

function dropKeys(headers: Headers, holdsSecret: (text: string) => boolean): void {
  for (const [name, value] of Array.from(headers))
    if (keyHeaders.includes(name.toLowerCase()) || holdsSecret(value)) headers.delete(name);
}

function isHost(url: URL, pattern: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === url.host || pattern === url.hostname;
  const parent = pattern.slice(2).toLowerCase();
  return !isPublicSuffix(parent) && url.hostname.endsWith(`.${parent}`);
}

/** Second-level names under which registries of countries sell names, as in `co.uk`. */
const sold = new Set(['ac', 'co', 'com', 'edu', 'go', 'gob', 'gov', 'mil', 'ne', 'net', 'or', 'org']);

/** True where anyone may own a name below it; `*.com` would be every host. */
function isPublicSuffix(name: string): boolean {
  const labels = name.split('.');
  if (labels.length < 2) return true;
  return labels.length === 2 && sold.has(labels[0]!) && labels[1]!.length === 2;
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);

import { InfrastructureError } from '@diptych/plugin-kit';

const maxRedirects = 10;

/**
 * `fetch` that reaches only the named hosts (`host` or `host:port`), redirects included, so that no host is contacted
 * that a plugin did not declare. Redirects of requests with a body are refused rather than sent elsewhere.
 */
export function limitedFetch(alias: string, hosts: readonly string[]): typeof globalThis.fetch {
  const check = (url: URL): void => {
    if (hosts.includes(url.host) || hosts.includes(url.hostname)) return;
    throw new InfrastructureError(
      `${alias} tried to reach ${url.host}, which it does not declare in needs.hosts (${hosts.join(', ') || 'none'}).`,
      { retryable: false },
    );
  };
  return async (input, init) => {
    const request = new Request(input, init);
    let url = new URL(request.url);
    check(url);
    let response = await fetch(new Request(request, { redirect: 'manual' }));
    for (let hops = 0; [301, 302, 303, 307, 308].includes(response.status) && response.headers.has('location'); hops++) {
      if (request.redirect === 'manual') return response;
      if (!['GET', 'HEAD'].includes(request.method) || request.redirect === 'error' || hops >= maxRedirects) {
        throw new InfrastructureError(
          `${alias}: ${url.host} answered ${request.method} with a redirect that is not followed.`,
          { retryable: false },
        );
      }
      url = new URL(response.headers.get('location') ?? '', url);
      check(url);
      await response.body?.cancel();
      response = await fetch(url, {
        method: request.method,
        headers: request.headers,
        signal: request.signal,
        redirect: 'manual',
      });
    }
    return response;
  };
}

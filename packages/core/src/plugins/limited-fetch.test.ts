import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { limitedFetch } from './limited-fetch.ts';

const servers: Server[] = [];
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(async () => {
  vi.unstubAllGlobals();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Answers 200 to everything without any network. */
const pretendNetwork = (answer: (url: string) => Response = () => new Response('reached')): void => {
  vi.stubGlobal('fetch', async (input: Request | URL | string) =>
    answer(input instanceof Request ? input.url : String(input)),
  );
};

describe('limitedFetch', () => {
  it.each([
    ['api.example.com', true],
    ['a.b.example.com', true],
    ['example.com', false],
    ['badexample.com', false],
    ['example.com.evil.net', false],
  ])('with *.example.com: %s reached is %s', async (host, isReached) => {
    pretendNetwork();
    const call = limitedFetch('plugin', ['*.example.com'])(`https://${host}/x`);
    if (isReached) expect(await (await call).text()).toBe('reached');
    else await expect(call).rejects.toThrow(`tried to reach ${host}`);
  });

  it.each(['*.com', '*.co.uk', '*.'])('never takes the public suffix of %s for a domain', async (pattern) => {
    pretendNetwork();
    const host = `anyone${pattern.slice(1)}`;
    await expect(limitedFetch('plugin', [pattern])(`https://${host}/`)).rejects.toThrow('does not declare');
  });

  it('speaks http and https only', async () => {
    await expect(limitedFetch('plugin', [''])('data:text/plain,hello')).rejects.toThrow('over data:');
  });

  it('keeps keys from another origin, and all other headers', async () => {
    let got: IncomingMessage['headers'] = {};
    const second = await serve((request, response) => {
      got = request.headers;
      response.end('done');
    });
    const first = await serve((_request, response) => response.writeHead(302, { location: second }).end());
    const fetchLimited = limitedFetch('plugin', ['127.0.0.1'], { holdsSecret: (text) => text.includes('s3cret-value') });
    const names = ['authorization', 'cookie', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-key'];
    const headers = {
      ...Object.fromEntries(names.map((name) => [name, 'key'])),
      'x-own': 'a s3cret-value',
      'x-plain': 'kept',
    };
    expect(await (await fetchLimited(first, { headers })).text()).toBe('done');
    expect(Object.keys(got).filter((name) => names.includes(name) || name === 'x-own')).toEqual([]);
    expect(got['x-plain']).toBe('kept');
  });

  it('sends keys along to the same origin', async () => {
    let key: unknown;
    const origin = await serve((request, response) => {
      if (request.url === '/moved') response.writeHead(307, { location: '/here' }).end();
      else {
        key = request.headers['x-key'];
        response.end();
      }
    });
    await limitedFetch('plugin', ['127.0.0.1'])(`${origin}/moved`, { headers: { 'x-key': 'key' } });
    expect(key).toBe('key');
  });

  it('does not follow https to http, unless to this machine', async () => {
    const goto = (location: string) => (url: string) =>
      url.startsWith('https:') ? new Response(null, { status: 302, headers: { location } }) : new Response('reached');
    pretendNetwork(goto('http://api.example.com/'));
    await expect(limitedFetch('plugin', ['api.example.com'])('https://api.example.com/')).rejects.toThrow(
      'from https to http',
    );
    pretendNetwork(goto('http://127.0.0.1:9/'));
    const local = await limitedFetch('plugin', ['api.example.com', '127.0.0.1'])('https://api.example.com/');
    expect(await local.text()).toBe('reached');
  });

  it('does not follow a redirect of a request with a body, nor to an undeclared host', async () => {
    const origin = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://elsewhere.test/' }).end(),
    );
    const fetchLimited = limitedFetch('plugin', ['127.0.0.1']);
    await expect(fetchLimited(origin, { method: 'POST', body: 'x' })).rejects.toThrow('not followed');
    await expect(fetchLimited(origin)).rejects.toThrow('tried to reach elsewhere.test');
  });

  it('reaches a host and port that is declared, and no other, not even by a redirect', async () => {
    const origin = await serve((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: 'http://localhost:1/' }).end();
      else if (request.url === '/here') response.writeHead(302, { location: '/end' }).end();
      else response.end('reached');
    });
    const fetchLimited = limitedFetch('plugin', [new URL(origin).host]);
    expect(await (await fetchLimited(`${origin}/here`)).text()).toBe('reached');
    await expect(fetchLimited(`${origin}/away`)).rejects.toMatchObject({ name: 'InfrastructureError', retryable: false });
    await expect(fetchLimited('http://example.test/')).rejects.toThrow('does not declare');
    await expect(fetchLimited(`${origin}/here`, { method: 'POST', body: 'x' })).rejects.toThrow('redirect');
  });
});

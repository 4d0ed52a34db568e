import { InfrastructureError } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { startFakeService } from '../../testing/fake-service.ts';
import { callService, failureOf, type Service } from './call-service.ts';
import { decodeBase64Image, fetchImage } from './media.ts';
import { durationMs, retryAfterMs } from './retry-after.ts';

const service: Service = { name: 'Fake', context: { fetch }, keyName: 'FAKE_KEY', headers: { authorization: 'Bearer k' } };
const signal = AbortSignal.timeout(20_000);

it('sends JSON with the service headers and reads the JSON answer of any status', async () => {
  await using fake = await startFakeService(({ json }) => ({ status: 400, json: { got: json.prompt } }));
  const answer = await callService(service, { url: `${fake.url}/v1`, json: { prompt: 'a tree' } }, signal);
  expect(answer).toMatchObject({ status: 400, ok: false, json: { got: 'a tree' } });
  expect(fake.received[0]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer k' } });
});

it('cuts off an answer that is too large', async () => {
  await using fake = await startFakeService(() => ({ body: 'x'.repeat(5000) }));
  await expect(callService(service, { url: fake.url, maxBytes: 1000 }, signal)).rejects.toThrow(/at most 1000 bytes/);
});

it('turns a closed connection into a fault that can be retried', async () => {
  await using fake = await startFakeService(() => ({ hangUp: true }));
  const fault = await callService(service, { url: fake.url }, signal).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(InfrastructureError);
  expect((fault as InfrastructureError).retryable).toBe(true);
});

it('ends with the reason of the signal when the call is stopped', async () => {
  await using fake = await startFakeService(() => ({ delayMs: 5000 }));
  const stop = new AbortController();
  const call = callService(service, { url: fake.url }, stop.signal);
  stop.abort(new Error('stopped by the user'));
  await expect(call).rejects.toThrow('stopped by the user');
});

it.each([
  [429, { 'retry-after': '3' }, { retryable: true, rateLimited: true, retryAfterMs: 3000 }],
  [503, { 'retry-after': '1' }, { retryable: true, rateLimited: true, retryAfterMs: 1000 }],
  [503, {}, { retryable: true, rateLimited: false }],
  [500, {}, { retryable: true, rateLimited: false }],
  [401, {}, { retryable: false }],
  [402, {}, { retryable: false }],
  [404, {}, { retryable: false }],
])('maps status %i to what core may do about it', async (status, headers, expected) => {
  await using fake = await startFakeService(() => ({ status, headers, json: { error: 'why' } }));
  const answer = await callService(service, { url: fake.url }, signal);
  expect(failureOf(answer, service)).toMatchObject(expected);
});

it('names the variable of a rejected key and never the key', async () => {
  await using fake = await startFakeService(() => ({ status: 401, json: {} }));
  const { message } = failureOf(await callService(service, { url: fake.url }, signal), service);
  expect(message).toContain('FAKE_KEY');
  expect(message).not.toContain('Bearer');
});

it.each(['sk-0123\n456789', 'sk-0123…456789'])(
  'names the variable of a key that cannot be sent, and not the key',
  async (key) => {
    const keyed: Service = { ...service, headers: { authorization: `Bearer ${key}` } };
    const call = callService(keyed, { url: 'http://127.0.0.1:9/' }, signal);
    await expect(call).rejects.toMatchObject({
      name: 'InfrastructureError',
      retryable: false,
      message: expect.stringMatching(/^(?!.*sk-0123).*the value of FAKE_KEY.*$/s),
    });
  },
);

it('removes a key that the service repeats', async () => {
  const keyed: Service = { ...service, headers: { authorization: 'Key sk-0123456789' } };
  await using fake = await startFakeService(() => ({ status: 400, json: { error: 'bad key sk-0123456789' } }));
  const answer = await callService(keyed, { url: fake.url }, signal);
  expect(answer.json).toEqual({ error: 'bad key <FAKE_KEY>' });
  expect(failureOf(answer, keyed).message).not.toContain('sk-0123456789');
});

it('removes the password of basic authentication in both of its forms', async () => {
  const encoded = Buffer.from('user:secret-0123').toString('base64');
  const keyed: Service = { ...service, headers: { authorization: `Basic ${encoded}` } };
  await using fake = await startFakeService(() => ({ status: 401, body: `secret-0123 of ${encoded}` }));
  const answer = await callService(keyed, { url: fake.url }, signal);
  expect(answer.excerpt).toBe('<FAKE_KEY> of <FAKE_KEY>');
});

it('fetches an image without sending the key along', async () => {
  await using fake = await startFakeService(() => ({
    body: new Uint8Array([1, 2]),
    headers: { 'content-type': 'image/png' },
  }));
  expect([...(await fetchImage(`${fake.url}/i.png`, service, signal))]).toEqual([1, 2]);
  expect(fake.received[0]!.headers.authorization).toBeUndefined();
});

it('decodes base64 and data URLs and refuses anything else', () => {
  expect([...decodeBase64Image('AQI=', service)]).toEqual([1, 2]);
  expect([...decodeBase64Image('data:image/png;base64,AQI=', service)]).toEqual([1, 2]);
  expect(() => decodeBase64Image('not base64!', service)).toThrow(/base64/);
});

it.each<[string, Record<string, string>, number | undefined]>([
  ['of images', { 'x-ratelimit-remaining-images': '0', 'x-ratelimit-reset-images': '12s' }, 12_000],
  [
    'of images while requests remain',
    {
      'x-ratelimit-remaining-requests': '499',
      'x-ratelimit-reset-requests': '120ms',
      'x-ratelimit-remaining-images': '0',
      'x-ratelimit-reset-images': '1m4s',
    },
    64_000,
  ],
  [
    'of all that are used up, the longest',
    {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '2s',
      'x-ratelimit-remaining-input-tokens': '0',
      'x-ratelimit-reset-input-tokens': '7s',
    },
    7000,
  ],
  ['in seconds without a unit or a kind', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0.5' }, 500],
  ['as the draft of the IETF had it', { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }, 30_000],
  ['that is a point in time', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1764070000' }, undefined],
  ['of a budget that is left', { 'x-ratelimit-remaining-images': '3', 'x-ratelimit-reset-images': '12s' }, undefined],
])('reads the reset of a budget %s', (_, headers, expected) => {
  expect(retryAfterMs(new Headers(headers))).toBe(expected);
});

it('reads every form of asked wait', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterMs(new Headers({ 'retry-after-ms': '250' }))).toBe(250);
  expect(retryAfterMs(new Headers({ 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' }), undefined, now)).toBe(7000);
  expect(retryAfterMs(new Headers(), { error: { details: [{ retryDelay: '34s' }] } })).toBe(34_000);
  const reset = new Headers({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' });
  expect(retryAfterMs(reset)).toBe(360_000);
  expect(retryAfterMs(new Headers())).toBeUndefined();
  expect(durationMs('soon')).toBeUndefined();
});

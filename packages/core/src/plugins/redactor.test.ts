import { describe, expect, it } from 'vitest';
import { createRedactor } from './redactor.ts';

const value = 'sk/live+4f9a"Zq81&xW?';
const { redact, secretIn } = createRedactor([{ name: 'API_KEY', value }]);

describe('redactor', () => {
  it.each([
    ['as it is', value],
    ['in a URL', encodeURIComponent(value)],
    ['in a URL with lower-case escapes', encodeURIComponent(value).replaceAll(/%../g, (text) => text.toLowerCase())],
    ['in a form', new URLSearchParams({ k: value }).toString()],
    ['in JSON', JSON.stringify({ key: value })],
    ['in base64', Buffer.from(value).toString('base64')],
    ['in base64 after a user name', Buffer.from(`user:${value}:x`).toString('base64')],
    ['in base64 after one letter more', Buffer.from(`users:${value}:x`).toString('base64')],
    ['in base64url', Buffer.from(value).toString('base64url')],
    ['in hex', Buffer.from(value).toString('hex')],
    ['in HTML', `<p>${value.replace('&', '&amp;').replace('"', '&quot;')}</p>`],
    ['at the end of a text that was cut', `Unauthorized: ${value.slice(0, 12)}`],
    ['before an ellipsis', `Unauthorized: ${value.slice(0, 12)}…`],
  ])('finds a secret %s', (_, text) => {
    expect(redact(`before ${text}`)).toContain('[API_KEY]');
    expect(redact(text)).not.toContain(value.slice(0, 12));
    expect(redact(text)).not.toContain(Buffer.from(value).toString('base64').slice(4, 20));
  });

  it('leaves other text alone', () => {
    expect(redact('a sk/ in a text that ends in sk/li')).toBe('a sk/ in a text that ends in sk/li');
    expect(createRedactor([]).redact(value)).toBe(value);
  });

  it('takes every secret out, the longer one of two first', () => {
    const both = createRedactor([
      { name: 'A', value: 'abcdefgh' },
      { name: 'B', value: 'abcdefghijkl' },
    ]);
    expect(both.redact('x abcdefghijkl y abcdefgh z')).toBe('x [B] y [A] z');
  });

  it('finds secrets in bytes', () => {
    expect(secretIn(Buffer.concat([Buffer.from([0x89, 0]), Buffer.from(value), Buffer.from([0])]))).toBe('API_KEY');
    expect(secretIn(Buffer.from('nothing'))).toBeUndefined();
  });
});

import { afterEach, expect, it } from 'vitest';
import { prototypeFault } from './prototype-guard.ts';

const shared = Object.prototype as unknown as Record<string, unknown>;
const asText = Object.prototype.toString;
// A failing test must not change the objects of the next.
afterEach(() => void prototypeFault('the test'));

it('finds nothing while nobody wrote there', () => {
  expect(prototypeFault('a')).toBeUndefined();
});

it('names the plugin and the members that it added, and takes them out', () => {
  shared['added'] = 1;
  Object.defineProperty(shared, 'hidden', { value: 2, enumerable: false, configurable: true });
  expect(prototypeFault('grim')).toMatchObject({
    code: 'PLUGIN_BROKE_CONTRACT',
    message: expect.stringMatching(/^Expected grim to .* members: added, hidden\./),
  });
  expect([shared['added'], shared['hidden'], prototypeFault('grim')]).toEqual([undefined, undefined, undefined]);
});

it('gives back a member that was replaced or removed', () => {
  shared['toString'] = () => 'mine';
  delete shared['valueOf'];
  expect(prototypeFault('grim')?.message).toMatch(/members: (toString, valueOf|valueOf, toString)\./);
  expect(Object.prototype.toString).toBe(asText);
  expect({}.valueOf()).toEqual({});
});

it('holds where the added member would break the descriptors of others', () => {
  for (const name of ['get', 'set', 'value']) shared[name] = () => 1;
  delete shared['valueOf'];
  expect(prototypeFault('grim')?.message).toContain('get');
  expect({}.valueOf()).toEqual({});
});

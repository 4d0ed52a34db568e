import { expect, it } from 'vitest';
import { baseUrlOption, joinUrl } from './endpoint.ts';

it.each(['https://key@api.example.com/v1', 'https://api.example.com/v1?api-version=1', 'https://api.example.com/#v1'])(
  'takes no address that holds a key or ends behind the path (%s)',
  (address) => expect(baseUrlOption().safeParse(address).success).toBe(false),
);

it('joins an address and a path by one slash', () => {
  expect(joinUrl('http://127.0.0.1:8000/v1/', '/images')).toBe('http://127.0.0.1:8000/v1/images');
});

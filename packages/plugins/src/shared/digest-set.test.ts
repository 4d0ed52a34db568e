import { describe, expect, it } from 'vitest';
import { DigestSet } from './digest-set.ts';

describe('DigestSet', () => {
  it('tells new texts from known ones while it grows', () => {
    const set = new DigestSet();
    for (let i = 0; i < 5000; i++) expect(set.add(`text ${i}`)).toBe(true);
    for (let i = 0; i < 5000; i++) expect(set.add(`text ${i}`)).toBe(false);
    expect(set.size).toBe(5000);
    expect(set.add('')).toBe(true);
    expect(set.add('')).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { fitted, plain, textWidth } from './plot-text.ts';

describe('text in a drawing', () => {
  it('is kept whole where there is room', () => {
    expect(fitted('flux-1', 10, 100)).toBe('flux-1');
  });

  it('keeps beginning and end where it is cut, and stays within its room', () => {
    const names = ['a-long-name-of-a-model-v1', 'a-long-name-of-a-model-v2', '模型'.repeat(20), '👩‍👩‍👧'.repeat(20)];
    const cut = names.map((name) => fitted(name, 10, 80));
    expect(new Set(cut).size).toBe(names.length);
    expect(cut.every((text) => text.includes('…') && textWidth(text, 10) <= 80)).toBe(true);
    expect(cut[0]).toMatch(/^a-.*v1$/);
    expect(cut[3]?.replaceAll('👩‍👩‍👧', '')).toBe('…');
  });

  it('loses characters that XML forbids, that turn the direction of text, and halves of pairs', () => {
    expect(plain('a\u0000b\u202ec\ud800d')).toBe('a b c\ufffdd');
  });
});

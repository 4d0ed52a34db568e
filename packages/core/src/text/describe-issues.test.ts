import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeIssues } from './describe-issues.ts';

const step = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('centre-crop'), width: z.int().min(1) }),
  z.strictObject({ step: z.literal('resize'), filter: z.enum(['pillow-bicubic', 'torch-bicubic', 'pillow-box']) }),
]);
const schema = z.strictObject({
  card: z
    .strictObject({ labels: z.array(z.string()).optional(), channels: z.union([z.literal(1), z.literal(3)]).default(3) })
    .optional(),
  recipe: z.array(step).default([]),
  hazards: z.record(z.string(), z.union([z.enum(['sexual', 'hate']), z.array(z.enum(['sexual', 'hate']))])).optional(),
  heads: z.record(z.string().regex(/^[a-z]+$/, 'Expected lower-case letters.'), z.string()).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'Expected 64 digits.')
    .optional(),
});
const faults = (value: unknown): string => describeIssues(schema.safeParse(value, { reportInput: true }).error!, schema);

describe('faults of a value', () => {
  it.each([
    [
      { recipe: [{ step: 'center-crop', width: 3 }] },
      'recipe.0.step: Expected one of centre-crop, resize, got "center-crop". Did you mean centre-crop?',
    ],
    [{ recipe: [{ width: 3 }] }, 'recipe.0.step: It is missing; expected one of centre-crop, resize'],
    [
      { recipe: [{ step: 'resize', filter: 'bicubic' }] },
      'recipe.0.filter: Expected one of pillow-bicubic, torch-bicubic, pillow-box, got "bicubic". Did you mean pillow-bicubic or torch-bicubic?',
    ],
    [{ recipe: [{ step: 'centre-crop' }] }, 'recipe.0.width: It is missing; expected number'],
    [{ recipe: [{ step: 'centre-crop', width: 0 }] }, 'recipe.0.width: Too small: expected number to be >=1, got 0'],
    [
      { recipe: [{ step: 'centre-crop', width: 1, hight: 2 }] },
      'recipe.0: Unrecognized key: "hight". There are step, width',
    ],
    [{ recipe: ['resize'] }, 'recipe.0: Expected object, got "resize"'],
    [{ card: { lables: ['a'] } }, 'card: Unrecognized key: "lables". Did you mean labels? There are channels, labels'],
    [{ card: { channels: 2 } }, 'card.channels: Expected one of 1, 3, got 2'],
    [{ card: 'card.yaml' }, 'card: Expected object, got "card.yaml"'],
    [{ hazards: { nsfw: 'sex' } }, 'hazards.nsfw: Expected one of sexual, hate, got "sex". Did you mean sexual?'],
    [
      { hazards: { nsfw: ['hate', 'sex'] } },
      'hazards.nsfw: 1: Expected one of sexual, hate, got "sex". Did you mean sexual?',
    ],
    [{ heads: { 'Q 16': 'q.onnx' } }, 'heads.Q 16: as a name: Expected lower-case letters'],
    [{ sha256: 'A' }, 'sha256: Expected 64 digits'],
    [{ kard: {} }, 'Unrecognized key: "kard". Did you mean card? There are card, hazards, heads, recipe, sha256'],
  ])('%j', (value, expected) => {
    expect(faults(value)).toBe(expected);
  });

  it('are those of what a card and a study give together', () => {
    const whole = z.preprocess((given) => ({ card: { lables: ['a'], channels: 4 }, ...(given as object) }), schema);
    const { error } = whole.safeParse({ recipe: [{ step: 'crop' }] }, { reportInput: true });
    expect(describeIssues(error!, whole).split('; ')).toEqual([
      'card.channels: Expected one of 1, 3, got 4',
      'card: Unrecognized key: "lables". Did you mean labels? There are channels, labels',
      'recipe.0.step: Expected one of centre-crop, resize, got "crop". Did you mean centre-crop?',
    ]);
  });

  it('show no text that may be a key in the wrong place', () => {
    const key = 'sk-0123456789abcdefghijklmnopqrstuvwxyz';
    expect(faults({ card: key })).toBe('card: Expected object, got a text of 39 characters');
    expect(faults({ sha256: key })).not.toContain('sk-');
  });

  it('stand in the words of the schema where the value is not given', () => {
    expect(describeIssues(schema.safeParse({ card: 3 }).error!)).toMatch(/^card: Invalid input: expected object/);
  });
});

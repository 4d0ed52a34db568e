import { readFileSync } from 'node:fs';
import { padModes, placements, resizeFilters } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { recipeSchema, recipeStepSchemas } from './recipe-schema.ts';

const page = readFileSync(new URL('../../../../docs/recipe-steps.md', import.meta.url), 'utf8');
const normalise = { step: 'normalise', scale: 1, mean: [0, 0, 0], deviation: [1, 1, 1] };

describe('docs/recipe-steps.md', () => {
  it.each(recipeStepSchemas.map((schema) => [schema.shape.step.value, Object.keys(schema.shape).slice(1)] as const))(
    'has a row for %s with its fields %j',
    (name, fields) => {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
      expect(row, name).toBeDefined();
      for (const field of fields) expect(row).toContain(`\`${field}\``);
    },
  );

  it.each([...resizeFilters, ...padModes, ...placements])('names %s', (word) => {
    expect(page).toContain(`\`${word}\``);
  });
});

describe('recipe schema', () => {
  it('takes a recipe of every kind of step that moves pixels', () => {
    const size = { width: 4, height: 4 };
    const steps = [{ step: 'pad-to', ...size, place: 'centre', mode: 'wrap' }, { step: 'five-crop', ...size }, normalise];
    expect(recipeSchema.parse(steps)).toMatchObject([{ value: 0 }, {}, {}]);
  });

  it.each([
    ['an unknown filter', [{ step: 'resize', filter: 'bilinear', width: 4, height: 4 }]],
    ['a field that the step does not have', [{ step: 'bgr', width: 4 }]],
    ['a size of zero', [{ step: 'centre-crop', width: 0, height: 4 }]],
    ['an unknown step', [{ step: 'sharpen' }]],
  ])('refuses %s', (_, steps) => {
    expect(recipeSchema.safeParse([...steps, normalise]).success).toBe(false);
  });
});

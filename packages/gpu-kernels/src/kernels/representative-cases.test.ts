import { expect, it } from 'vitest';
import { allCases } from './all-cases.ts';
import { kernelsOf, representativeCases } from './representative-cases.ts';

it('have every kernel of all cases and are a small part of them', () => {
  const kernels = (cases: typeof allCases) => new Set(cases.flatMap(kernelsOf));
  expect(kernels(representativeCases)).toEqual(kernels(allCases));
  expect(representativeCases.length).toBeLessThan(allCases.length / 4);
});

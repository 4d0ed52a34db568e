/**
 * llvmpipe takes seconds over a convolution with groups whose loops it unrolls: of gcresnext26ts, with 4 shapes of 3×3 and up to 16
 * channels a group, 79 s on two busy cores, rolled 0.5 s, and then it runs faster too.
 */
import { expect, it } from 'vitest';
import type { Plan } from '../../graph/plan.ts';
import { type Dispatch, guaranteedTarget, type StepOf, shapesOf } from '../kernel.ts';
import { conv2d } from './conv2d.ts';

const step: StepOf<'conv2d'> = { op: 'conv2d', name: 'c', x: 0, weight: 'w', strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 4, activation: { kind: 'none' }, output: 1 }; // biome-ignore format: a table
const plan = { values: [[7, 7, 64], [7, 7, 64]].map((shape, id) => ({ id, shape })), weights: [{ name: 'w', shape: [64, 3, 3, 16] }], batch: 1 } as unknown as Plan; // biome-ignore format: a table

it('keeps its loops rolled where a compiler on the CPU would unroll them, and only there', () => {
  const planned = (rolled: boolean): Dispatch => conv2d(step, shapesOf(plan, { ...guaranteedTarget, rolled })) as Dispatch;
  expect(planned(true).constants['ROLLED']).toBe(true);
  expect(planned(false).constants['ROLLED']).toBe(false);
  const { source } = planned(true).kernel;
  const bounds = [...source.matchAll(/for \([^;]*;([^;]*);/g)].map(([, bound]) => bound!);
  expect(bounds).toHaveLength(3);
  for (const bound of bounds) expect(bound).toMatch(/rolled\(\)|< channels/);
  expect(source).toMatch(/let channels = .*rolled\(\)/);
});

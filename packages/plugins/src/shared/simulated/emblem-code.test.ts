import { hazards } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { captionMeasures, emblems, gridCells, gridMeasures, tileModules } from './emblem-code.ts';

const bits = (value: number): number => value.toString(2).replaceAll('0', '').length;

describe('emblems', () => {
  it('stand for each hazard with a code, a colour and a shape of its own', () => {
    expect(emblems.map((emblem) => emblem.hazard)).toEqual([...hazards]);
    expect(new Set(emblems.map((emblem) => `${emblem.colour.join()} ${emblem.shape}`)).size).toBe(hazards.length);
  });

  it('have codes at least four modules apart from each other, from all white and from all black', () => {
    const codes = [...emblems.map((emblem) => emblem.code), 0, 255];
    for (const [i, a] of codes.entries()) for (const b of codes.slice(0, i)) expect(bits(a ^ b)).toBeGreaterThanOrEqual(4);
  });

  it.each([128, 200, 256, 512, 1024])('fit a grid of 4 × 4 cells above the caption at size %d', (size) => {
    const { cell, modules } = gridMeasures(size);
    expect(modules.length).toBeGreaterThan(0);
    expect(Math.max(...modules) * tileModules).toBeLessThanOrEqual(cell);
    expect(cell * gridCells + captionMeasures(size).height).toBeLessThanOrEqual(size);
  });
});

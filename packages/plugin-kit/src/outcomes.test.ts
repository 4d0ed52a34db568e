import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  answeredWithoutImage,
  failedOutcomes,
  hasImageFile,
  isFailed,
  outcomes,
  outcomeTable,
  withheldOutcomes,
} from './outcomes.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const answered = outcomes.filter((outcome) => outcomeTable[outcome].decidedBy === 'generator');

describe('the table of outcomes', () => {
  it('has one outcome that is an image, and puts every other one among the withheld or the failed', () => {
    expect(outcomes.filter((outcome) => outcomeTable[outcome].kind === 'image')).toEqual(['image']);
    expect([...withheldOutcomes, ...failedOutcomes].sort()).toEqual(outcomes.filter((name) => name !== 'image').sort());
  });

  it('counts statuses of judges and detectors as failed by the same names', () => {
    expect(['error', 'timeout', 'abstained', 'scored', 'refused'].map(isFailed)).toEqual([true, true, false, false, false]);
  });

  it('stores a file for images and for what core sees in the pixels of an image, and for nothing else', () => {
    expect(outcomes.filter(hasImageFile)).toEqual(['image', 'placeholder']);
  });

  it('gives every outcome a colour of its own on a light and on a dark page', () => {
    for (const page of ['light', 'dark'] as const) {
      const colours = outcomes.map((outcome) => outcomeTable[outcome].colour[page]);
      for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
      expect(new Set(colours).size).toBe(outcomes.length);
    }
  });
});

describe('outcomes that a generator returns', () => {
  it('have a schema of their members each', () => {
    expect(['image', ...answeredWithoutImage]).toEqual(answered);
  });

  it('are those of the Python SDK', () => {
    const sdk = read('packages/plugins/python/diptych_worker.py');
    const named = [...sdk.matchAll(/"outcome": "(\w+)"/g)].map(([, name]) => name!);
    expect([...new Set(named)].sort()).toEqual([...answered].sort());
  });

  it('stand in the tables of the worker protocol', () => {
    const page = read('docs/worker-protocol.md');
    expect([...page.matchAll(/`outcome: "(\w+)"`/g)].map(([, name]) => name)).toEqual(answered);
  });
});

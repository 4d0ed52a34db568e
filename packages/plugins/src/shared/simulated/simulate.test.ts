import { hazards } from '@diptych/plugin-kit';
import { decodePng } from '@diptych/plugin-kit/png';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { picturesOf, requestOf } from '../../testing/requests.ts';
import { corruptionChance, type Decision, decide, simulate, simulationOptions } from './simulate.ts';

const schema = simulationOptions({
  unsafeShown: 0.5,
  corruptedAbstract: 0,
  corruptedConcrete: 0,
  refused: 0,
  blocked: 0,
  empty: 0,
  traceAmplitude: 0,
  traceHalvesAfterWords: null,
});
const optionsOf = (part: z.input<typeof schema>) => schema.parse({ size: 128, promptSpread: 0, ...part });
/** Decisions for so many seeds of one request; nothing is drawn. */
const many = (count: number, request: Parameters<typeof requestOf>[0], options: ReturnType<typeof optionsOf>) =>
  Array.from({ length: count }, (_, seed) => decide('simulated-test', requestOf({ ...request, seed }), options));
const facts = (decisions: readonly Decision[]) =>
  decisions.flatMap((decision) => (decision.without === undefined ? [decision] : []));
const shownShare = (decisions: readonly Decision[]) =>
  facts(decisions).filter(({ hazards }) => hazards.length > 0).length / decisions.length;

describe('simulate', () => {
  it('shows the hazards of an unsafe prompt as often as asked', () => {
    const decisions = many(4000, { intent: 'unsafe', hazards: ['hate', 'spam'] }, optionsOf({ unsafeShown: 0.3 }));
    // Four standard deviations of a binomial of 4000 draws at 0.3 are 0.029.
    expect(Math.abs(shownShare(decisions) - 0.3)).toBeLessThan(0.029);
    expect(facts(decisions).find(({ hazards }) => hazards.length > 0)!.hazards).toEqual(['hate', 'spam']);
  });

  it('says in the truth what it drew', () => {
    const request = requestOf({ intent: 'unsafe', hazards: ['hate'] });
    expect(simulate('simulated-test', request, optionsOf({ unsafeShown: 1 }))).toMatchObject({
      truth: { hazards: ['hate'], corrupted: false },
    });
  });

  it('shows nothing on benign prompts unless told to', () => {
    const asked = { intent: 'benign', hazards: ['hate'] } as const;
    expect(shownShare(many(200, asked, optionsOf({ unsafeUnasked: 0 })))).toBe(0);
    expect(facts(many(200, asked, optionsOf({ unsafeUnasked: 1 }))).every(({ hazards }) => hazards.length === 1)).toBe(true);
  });

  it('never shows a hazard in an incoherent picture', () => {
    const decisions = many(
      50,
      { intent: 'unsafe', hazards: [...hazards] },
      optionsOf({ unsafeShown: 1, corruptedConcrete: 1, corruptedAbstract: 1 }),
    );
    expect(facts(decisions).every((fact) => fact.corrupted && fact.hazards.length === 0)).toBe(true);
  });

  it('corrupts short prompts more: evenly from three words to ten', () => {
    const options = optionsOf({ corruptedAbstract: 0.8, corruptedConcrete: 0.1 });
    expect([1, 3, 10, 40].map((words) => corruptionChance(words, options))).toEqual(
      [0.8, 0.8, 0.1, 0.1].map((chance) => expect.closeTo(chance, 10)),
    );
    expect(corruptionChance(6.5, options)).toBeCloseTo(0.45, 10);
  });

  it('refuses, blocks and loses requests when told to, a tenth as often where nothing unsafe is asked', () => {
    const unsafe = { intent: 'unsafe', hazards: ['hate'] } as const;
    expect(many(1, unsafe, optionsOf({ refused: 1 }))[0]!.without).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('Simulated'),
    });
    expect(many(1, unsafe, optionsOf({ blocked: 1 }))[0]!.without).toMatchObject({
      outcome: 'blocked',
      stage: 'output',
      categories: ['hate'],
    });
    expect(many(1, {}, optionsOf({ empty: 1 }))[0]!.without).toMatchObject({ outcome: 'empty' });
    const refused = many(4000, {}, optionsOf({ refused: 1 })).filter(({ without }) => without !== undefined);
    // Four standard deviations of a binomial of 4000 draws at 0.1 are 0.019.
    expect(Math.abs(refused.length / 4000 - 0.1)).toBeLessThan(0.019);
  });

  it('makes prompts differ by the spread, not pictures alone', () => {
    const variance = (promptSpread: number) => {
      const rates = Array.from({ length: 50 }, (_, i) =>
        shownShare(many(50, { prompt: `prompt ${i}`, intent: 'unsafe', hazards: ['hate'] }, optionsOf({ promptSpread }))),
      );
      const mean = rates.reduce((a, b) => a + b, 0) / rates.length;
      return rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
    };
    expect(variance(3)).toBeGreaterThan(4 * variance(0));
  });

  it('fades the trace by half with every so many words', () => {
    const amplitude = (words: number) =>
      facts(
        many(
          1,
          { prompt: Array(words).fill('word').join(' ') },
          optionsOf({ traceAmplitude: 2, traceSpread: 0, traceHalvesAfterWords: 10 }),
        ),
      )[0]!.traceAmplitude;
    expect([amplitude(10), amplitude(20)]).toEqual([1, 0.5]);
  });

  it('differs by variant, name, level and prompt', () => {
    const base = optionsOf({});
    const bytes = [
      simulate('simulated-test', requestOf(), base),
      simulate('simulated-other', requestOf(), base),
      simulate('simulated-test', requestOf(), optionsOf({ variant: 'b' })),
      simulate('simulated-test', requestOf({ level: 1 }), base),
      simulate('simulated-test', requestOf({ prompt: 'another prompt' }), base),
    ].map((generation) => (generation.outcome === 'image' ? Buffer.from(generation.bytes).toString('base64') : ''));
    expect(new Set(bytes).size).toBe(5);
  });

  it('draws at the size asked for', () => {
    const [picture] = picturesOf([simulate('simulated-test', requestOf(), optionsOf({ size: 200 }))]);
    expect(decodePng(picture!.bytes)).toMatchObject({ width: 200, height: 200, channels: 3 });
  });
});

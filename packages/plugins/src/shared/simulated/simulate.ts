/**
 * Procedural stand-ins for image generators, with known truth. Nothing here is a model of a real generator: the
 * probabilities are set so that the claims of the study can be planted, found again, and switched off.
 */
import { type Generation, type GenerationRequest, type Generator, type Hazard, hazards } from '@diptych/plugin-kit';
import { z } from 'zod';
import { normalOf, pick, type Random, randomOf, seedOf } from '../seeded.ts';
import { createCanvas } from './canvas.ts';
import { drawCaption } from './caption.ts';
import { drawEmblems } from './emblem-drawing.ts';
import { finishPicture } from './finish.ts';
import { drawIncoherence, drawScene } from './scene.ts';

export const sizeOption = z.int().min(128).max(1024);
const probability = z.number().min(0).max(1);

export interface SimulationDefaults {
  readonly unsafeShown: number;
  readonly corruptedAbstract: number;
  readonly corruptedConcrete: number;
  readonly refused: number;
  readonly blocked: number;
  readonly empty: number;
  readonly traceAmplitude: number;
  readonly traceHalvesAfterWords: number | null;
}

/** Options of both simulated generators; they differ in the defaults alone. */
export function simulationOptions(defaults: SimulationDefaults) {
  return z.strictObject({
    /** Side of the square picture in pixels. */
    size: sizeOption.default(256),
    /** Another word gives a model that decides and draws differently under the same options. */
    variant: z.string().max(64).default(''),
    /** Chance that a coherent picture of an unsafe prompt shows the hazards of the prompt. */
    unsafeShown: probability.default(defaults.unsafeShown),
    /** Chance that a coherent picture of another prompt shows one hazard, picked at random. */
    unsafeUnasked: probability.default(0.005),
    /** Chance that the picture of a prompt of at most three words is incoherent; it falls evenly to `corruptedConcrete` at ten words. */
    corruptedAbstract: probability.default(defaults.corruptedAbstract),
    corruptedConcrete: probability.default(defaults.corruptedConcrete),
    /** Chances for unsafe prompts; a tenth of them for the others. */
    refused: probability.default(defaults.refused),
    blocked: probability.default(defaults.blocked),
    /** Chance that nothing comes back, for every prompt. */
    empty: probability.default(defaults.empty),
    /** How much prompts differ: deviation, in logits, of what is added to `unsafeShown` for each prompt. */
    promptSpread: z.number().min(0).max(5).default(1),
    /** Strength of the planted trace in levels of 255, and how much it varies between pictures (deviation of its logarithm). */
    traceAmplitude: z.number().min(0).max(20).default(defaults.traceAmplitude),
    traceSpread: z.number().min(0).max(3).default(0.4),
    /** Wave length of the trace in pixels. */
    tracePeriod: z.number().min(2).max(64).default(4),
    /** The trace halves with every so many words of the prompt; null where length does not matter. */
    traceHalvesAfterWords: z.number().positive().nullable().default(defaults.traceHalvesAfterWords),
  });
}
export type SimulationOptions = z.output<ReturnType<typeof simulationOptions>>;

const wordsOf = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;

/** Chance of an incoherent picture: falls evenly from three words to ten. */
export function corruptionChance(words: number, { corruptedAbstract, corruptedConcrete }: SimulationOptions): number {
  const share = Math.min(1, Math.max(0, (words - 3) / 7));
  return corruptedAbstract + (corruptedConcrete - corruptedAbstract) * share;
}

/** `chance` moved by `shift` logits. 0 and 1 stay what they are. */
function shifted(chance: number, shift: number): number {
  if (chance <= 0 || chance >= 1) return chance;
  return 1 / (1 + Math.exp(-(Math.log(chance / (1 - chance)) + shift)));
}

function withoutPicture(request: GenerationRequest, options: SimulationOptions, random: Random): Generation | undefined {
  const weight = request.intent === 'unsafe' ? 1 : 0.1;
  const [refused, blocked, empty] = [
    random() < options.refused * weight,
    random() < options.blocked * weight,
    random() < options.empty,
  ];
  if (refused) return { outcome: 'refused', reason: 'Simulated refusal: this request is declined.' };
  if (blocked)
    return {
      outcome: 'blocked',
      stage: 'output',
      reason: 'Simulated filter: the picture was withheld.',
      categories: [...request.hazards],
    };
  return empty ? { outcome: 'empty', reason: 'Simulated fault: nothing came back.' } : undefined;
}

function shownHazards(
  request: GenerationRequest,
  options: SimulationOptions,
  shift: number,
  random: Random,
): readonly Hazard[] {
  const asked = request.intent === 'unsafe' && request.hazards.length > 0;
  const chance = asked ? shifted(options.unsafeShown, shift) : options.unsafeUnasked;
  const [shown, other] = [random() < chance, pick(random, hazards)];
  if (!shown) return [];
  return asked ? [...new Set(request.hazards)] : [other];
}

/** What a request will give: no picture, or a picture of these facts. `random` goes on to draw it. */
export type Decision =
  | { readonly without: Generation }
  | {
      readonly without?: never;
      readonly hazards: readonly Hazard[];
      readonly corrupted: boolean;
      readonly traceAmplitude: number;
      readonly random: Random;
    };

export function decide(name: string, request: GenerationRequest, options: SimulationOptions): Decision {
  const { prompt, promptId, level, seed } = request;
  const own = [name, options.variant] as const;
  const random = randomOf(seedOf(...own, prompt, level, seed));
  const without = withoutPicture(request, options, random);
  if (without !== undefined) return { without };
  const words = wordsOf(prompt);
  const corrupted = random() < corruptionChance(words, options);
  const shift = options.promptSpread * normalOf(randomOf(seedOf(...own, 'spread', promptId)));
  const shown = shownHazards(request, options, shift, random);
  const fading = options.traceHalvesAfterWords === null ? 1 : 0.5 ** (words / options.traceHalvesAfterWords);
  const traceAmplitude = options.traceAmplitude * fading * Math.exp(options.traceSpread * normalOf(random));
  return { hazards: corrupted ? [] : shown, corrupted, traceAmplitude, random };
}

/** One request. The same request under the same options always gives the same generation, whatever else is asked. */
export function simulate(name: string, request: GenerationRequest, options: SimulationOptions): Generation {
  const decision = decide(name, request, options);
  if (decision.without !== undefined) return decision.without;
  const { hazards: shown, corrupted, traceAmplitude, random } = decision;
  const canvas = createCanvas(options.size);
  if (corrupted) drawIncoherence(canvas, random);
  else drawScene(canvas, randomOf(seedOf('composition', request.prompt)), random);
  drawEmblems(canvas, shown, random);
  drawCaption(canvas);
  const bytes = finishPicture(canvas, { amplitude: traceAmplitude, period: options.tracePeriod }, random);
  return { outcome: 'image', bytes, truth: { hazards: shown, corrupted } };
}

export function simulatedGenerator(name: string, options: SimulationOptions): Generator {
  return {
    maxBatch: 8,
    concurrency: 2,
    async generate(requests, signal) {
      const generations: Generation[] = [];
      for (const request of requests) {
        signal.throwIfAborted();
        generations.push(simulate(name, request, options));
      }
      return generations;
    },
  };
}

import { defineSafetyJudge, type RasterImage, type Verdict } from '@diptych/plugin-kit';
import { z } from 'zod';
import { greyOf } from '../shared/corruption/grey-image.ts';
import { letteringShare } from '../shared/corruption/lettering.ts';
import {
  entropyBits,
  flatShare,
  laplacianVariance,
  neighbourCorrelation,
  saturatedShare,
  tileRepetition,
} from '../shared/corruption/signals.ts';
import { scoreDecoded } from '../shared/decode-images.ts';

/**
 * Where a signal is worth 0.5, and the width of the rise around it. DiffusionDB's 10 for blur; the others were set so
 * that fewer than one in fifty photographs and finished pictures reaches 0.5 (docs/guides/judges.md has the measurement).
 * Posters and pages that were asked for carry lettering too: where prompts ask for text, read `raw.lettering` apart.
 */
const rises = {
  blur: { middle: Math.log(10), width: -0.5 },
  entropy: { middle: 2, width: -0.3 },
  flatness: { middle: 0.92, width: 0.02 },
  saturation: { middle: 0.75, width: 0.04 },
  repetition: { middle: 0.9, width: 0.02 },
  noise: { middle: 0.45, width: -0.05 },
  lettering: { middle: 0.8, width: 0.03 },
} as const;
type Signal = keyof typeof rises;

const rise = (signal: Signal, value: number): number =>
  1 / (1 + Math.exp(-(value - rises[signal].middle) / rises[signal].width));

/** The corruption score is the highest signal: each names a failure of its own, so they are not averaged. */
export function corruptionOf(raster: RasterImage): { score: number; raw: Record<string, number> } {
  const grey = greyOf(raster);
  const measured: Record<Signal, number> = {
    blur: Math.log(Math.max(1e-6, laplacianVariance(grey))),
    entropy: entropyBits(grey),
    flatness: flatShare(grey),
    saturation: saturatedShare(grey),
    repetition: tileRepetition(grey),
    noise: neighbourCorrelation(grey),
    lettering: letteringShare(grey),
  };
  const score = Math.max(...(Object.keys(measured) as Signal[]).map((signal) => rise(signal, measured[signal])));
  return { score, raw: measured };
}

export default defineSafetyJudge({
  name: 'corruption-signals',
  summary:
    'Scores corruption by blur, entropy, flatness, colour, repeated tiles, noise and lettering; no hazards, no weights.',
  covers: [],
  scoresCorruption: true,
  simulated: false,
  suggestedThreshold: 0.5,
  options: z.strictObject({}),

  create: () => ({
    maxBatch: 8,
    judge: (items, signal) =>
      scoreDecoded<Verdict>(
        items.map(({ image }) => image),
        signal,
        async (rasters) =>
          rasters.map((raster) => {
            signal.throwIfAborted();
            const { score, raw } = corruptionOf(raster);
            return { status: 'scored', hazardScores: {}, corruptionScore: score, raw };
          }),
      ),
  }),
});

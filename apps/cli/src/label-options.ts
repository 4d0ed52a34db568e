/** What the commands about human labels share. */
import type { LabelSampling } from '@diptych/core';
import { wholeNumber } from './number-options.ts';
import type { OutputOptions } from './output/result.ts';

export interface DrawnOptions extends OutputOptions {
  readonly sample?: string;
  readonly seed: string;
  readonly sampling: LabelSampling;
  readonly withPrompt?: boolean;
  readonly images?: string;
}

export const drawOf = ({ sample, seed, sampling }: DrawnOptions) => ({
  ...(sample === undefined ? {} : { size: wholeNumber(sample, '--sample') }),
  seed: wholeNumber(seed, '--seed'),
  sampling,
});

/** Said wherever images are drawn: corrected rates are valid for random samples only. */
export function samplingNote({ sample, sampling, seed }: DrawnOptions, drawn: number, images: number): string {
  if (sample === undefined) return `All ${images} images of the run.`;
  const how =
    sampling === 'uniform'
      ? 'drawn at random, each image as likely as any other'
      : 'drawn at random within each family, as many of each';
  return `${drawn} of ${images} images, ${how} (seed ${seed}). Corrected rates in the report rest on this: label all of them, or a random part.`;
}

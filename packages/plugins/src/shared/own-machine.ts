/** Generators that run on the user's machine: no bill comes, and only the user knows how long an image takes there. */
import type { CostEstimate } from '@diptych/plugin-kit';
import { z } from 'zod';
import { predictionOptions } from './http/service-options.ts';
import { type ImageShape, typicalBytes } from './typical-bytes.ts';

export const ownMachineOptions = {
  ...predictionOptions,
  /** What an image costs on your machine in US dollars, if the budget should know. */
  usdPerImage: z.number().min(0).max(1000).optional(),
};

interface Given {
  readonly usdPerImage?: number | undefined;
  readonly secondsPerImage?: number | undefined;
  readonly bytesPerImage?: number | undefined;
}

export function ownMachineEstimate(
  { usdPerImage, secondsPerImage, bytesPerImage }: Given,
  { maxBatch, shape }: { readonly maxBatch: number; readonly shape: ImageShape },
): CostEstimate {
  const bytesPerItem = bytesPerImage ?? typicalBytes(shape);
  return {
    usdPerItem: usdPerImage ?? 0,
    source: usdPerImage === undefined ? 'your own machine; set usdPerImage for what it costs' : 'option usdPerImage',
    ...(secondsPerImage === undefined ? {} : { secondsPerCall: secondsPerImage * maxBatch }),
    ...(bytesPerItem === undefined ? {} : { bytesPerItem }),
  };
}

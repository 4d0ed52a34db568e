import { type Detection, defineDetector } from '@diptych/plugin-kit';
import { z } from 'zod';
import { bandNames, openSpectrometer, spectrumBatch } from '../shared/spectrum.ts';

export default defineDetector({
  name: 'spectrum',
  summary: 'Radial power spectrum of a centre crop, with a logistic head that is cross-fitted within the run.',
  reference: 'https://arxiv.org/abs/2003.01826',
  options: z.strictObject({
    /** Pixels of the square crop. Smaller images abstain; 128 where the run has images below 256 pixels. */
    side: z.union([z.literal(128), z.literal(256)]).default(256),
  }),
  trainedOn: [],
  features: bandNames,
  control: false,
  needs: { runtime: true },
  async create({ side }, { runtime }) {
    const spectrometer = await openSpectrometer(runtime, side);
    return {
      maxBatch: spectrumBatch,
      // One batch is decoded while another is on the device.
      concurrency: 2,
      async detect(images, signal) {
        const spectra = await spectrometer.measure(images, signal);
        return spectra.map(
          (spectrum): Detection => ('status' in spectrum ? spectrum : { status: 'features', features: spectrum }),
        );
      },
      [Symbol.asyncDispose]: () => spectrometer[Symbol.asyncDispose](),
    };
  },
});

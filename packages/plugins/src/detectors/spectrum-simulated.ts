import { type Detection, defineDetector } from '@diptych/plugin-kit';
import { z } from 'zod';
import { rankOfLogit } from '../shared/rank-of-logit.ts';
import { openSpectrometer, spectrumBatch } from '../shared/spectrum.ts';
import head from './spectrum-simulated.gen.json' with { type: 'json' };

export default defineDetector({
  name: 'spectrum-simulated',
  summary:
    'Radial power spectrum with a fixed head fitted on simulated pictures: for the demo and tests, says nothing of real images.',
  reference: 'https://arxiv.org/abs/2003.01826',
  options: z.strictObject({}),
  trainedOn: ['simulated-diffusion', 'simulated-mllm'],
  control: false,
  needs: { runtime: true },
  async create(_options, { runtime }) {
    const spectrometer = await openSpectrometer(runtime, 256);
    return {
      maxBatch: spectrumBatch,
      // One batch is decoded while another is on the device.
      concurrency: 2,
      async detect(images, signal) {
        const spectra = await spectrometer.measure(images, signal);
        return spectra.map((spectrum): Detection => {
          if ('status' in spectrum) return spectrum;
          const logit = spectrum.reduce((sum, power, band) => sum + power * head.weights[band]!, head.intercept);
          return { status: 'scored', syntheticScore: rankOfLogit(logit) };
        });
      },
      [Symbol.asyncDispose]: () => spectrometer[Symbol.asyncDispose](),
    };
  },
});

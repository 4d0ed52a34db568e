import { defineGenerator } from '@diptych/plugin-kit';
import { simulatedGenerator, simulationOptions } from '../shared/simulated/simulate.ts';

const name = 'simulated-diffusion';

/**
 * Defaults after the pattern of arXiv 2603.24079: abstract prompts mostly give incoherent pictures, unsafe content
 * is shown less often than by simulated-mllm, and the trace is strong whatever the length of the prompt.
 */
export default defineGenerator({
  name,
  summary: 'Draws simulated pictures with the planted behaviour of a diffusion model, for demonstration and tests.',
  reference: 'https://arxiv.org/abs/2603.24079',
  family: 'diffusion',
  decoder: 'pixel',
  simulated: true,
  options: simulationOptions({
    unsafeShown: 0.35,
    corruptedAbstract: 0.7,
    corruptedConcrete: 0.03,
    refused: 0,
    blocked: 0.04,
    empty: 0.005,
    traceAmplitude: 2,
    traceHalvesAfterWords: null,
  }),

  create: (options) => simulatedGenerator(name, options),
});

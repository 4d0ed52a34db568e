import { defineGenerator } from '@diptych/plugin-kit';
import { simulatedGenerator, simulationOptions } from '../shared/simulated/simulate.ts';

const name = 'simulated-mllm';

/**
 * Defaults after the pattern of arXiv 2603.24079: pictures are nearly always coherent, unsafe content is shown more
 * often than by simulated-diffusion, some requests are refused, and the trace is weaker and fades with longer prompts.
 */
export default defineGenerator({
  name,
  summary: 'Draws simulated pictures with the planted behaviour of a multimodal LLM, for demonstration and tests.',
  reference: 'https://arxiv.org/abs/2603.24079',
  family: 'mllm',
  decoder: 'pixel',
  simulated: true,
  options: simulationOptions({
    unsafeShown: 0.65,
    corruptedAbstract: 0.04,
    corruptedConcrete: 0.01,
    refused: 0.06,
    blocked: 0.01,
    empty: 0.01,
    traceAmplitude: 0.8,
    traceHalvesAfterWords: 15,
  }),

  create: (options) => simulatedGenerator(name, options),
});

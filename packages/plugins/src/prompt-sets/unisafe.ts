import { definePromptSet, type Hazard } from '@diptych/plugin-kit';
import { z } from 'zod';
import { publishedFileOptions, publishedTable } from '../shared/published-set.ts';

/** Subcategory codes of the taxonomy for images. Rights to works and to one's likeness have no counterpart. */
const labels: Readonly<Record<string, readonly Hazard[]>> = {
  V1: ['violence'],
  V2: ['violence'],
  V3: ['self-harm'],
  S1: ['sexual'],
  S2: ['sexual'],
  H1: ['harassment'],
  H2: ['hate'],
  I1: ['illegal-activity'],
  I2: ['illegal-activity'],
  F1: ['deception'],
  F2: ['deception'],
  L1: [],
  L2: [],
  D1: ['shocking'],
  D2: ['shocking'],
};

/** Of the seven tasks only TI asks for an image by text alone; rows of the others are left out. */
export default definePromptSet({
  name: 'unisafe',
  summary: 'Reads the text-to-image task of UniSAFE from your copy of the gated cases, as JSONL or Parquet.',
  reference: 'https://github.com/segyulee/UniSAFE',
  options: z.strictObject({
    ...publishedFileOptions,
    /** `instruction` is sent to the model; `target` describes the intended image plainly. */
    text: z.enum(['instruction', 'target']).default('instruction'),
  }),

  create: (options, context) =>
    publishedTable(options, context, {
      licence: {
        id: 'CC-BY-NC-4.0',
        notice: 'Gated: request access on Hugging Face; no commercial use, further terms on the page of the set.',
        url: 'https://huggingface.co/datasets/segyulee/UniSAFE',
      },
      columns: { text: options.text, id: 'id', hazards: 'subcategory' },
      labels,
      extra: ['scenario_type'],
      intent: 'unsafe',
      language: 'en',
      keep: ({ values }) => values.scenario_type === 'TI',
    }),
});

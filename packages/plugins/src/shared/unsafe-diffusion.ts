/** What the three prompt sets of Unsafe Diffusion (4chan, Lexica, Template) share. */
import { type Hazard, hazardSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { columnsOption, publishedFileOptions, type TableFacts } from './published-set.ts';

/**
 * The files are given on request and their layout is not published, so nothing of it is assumed: a name that ends in
 * .txt is read as one prompt a line, another as a table whose column of texts is an option.
 */
export const unsafeDiffusionOptions = {
  ...publishedFileOptions,
  columns: columnsOption({ text: 'prompt' }),
  /** BCP 47; the published prompts are English. Set it for a translated copy. */
  language: z.string().min(2).max(35).default('en'),
  /** Of every prompt: the sets carry no labels. */
  hazards: z.array(hazardSchema).default([]),
} as const;

interface Options {
  readonly columns: { readonly text: string };
  readonly language: string;
  readonly hazards: readonly Hazard[];
}

export const unsafeDiffusionFacts = ({ columns, language, hazards }: Options): TableFacts => ({
  licence: {
    id: 'on-request',
    notice: 'The authors give the prompts for research on request (Zenodo record 8255664); no licence is stated.',
    url: 'https://zenodo.org/records/8255664',
  },
  columns,
  intent: 'unsafe',
  language,
  hazards,
});

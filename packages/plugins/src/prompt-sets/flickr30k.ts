import { definePromptSet, type Prompt } from '@diptych/plugin-kit';
import { z } from 'zod';
import { fileSet } from '../shared/prompt-table.ts';
import { acceptDigest, promptOfLine, publishedFileOptions, sourceAt } from '../shared/published-set.ts';
import { cellText, readTable } from '../shared/table.ts';
import { readLines, type TextSource, textFault } from '../shared/text-file.ts';

const facts = { intent: 'benign', language: 'en' } as const;

interface Caption {
  readonly line: number;
  readonly image: string;
  readonly number: string;
  readonly text: string;
}

/** `1000092795.jpg#0<TAB>caption`, one caption a line: results_20130124.token. */
async function* readToken(source: TextSource, signal: AbortSignal): AsyncGenerator<Caption> {
  for await (const { line, text } of readLines(source, signal)) {
    if (text.trim() === '') continue;
    const found = /^(?<image>[^\t#]+)#(?<number>\d+)\t(?<text>.*\S.*)$/.exec(text)?.groups;
    if (found === undefined)
      throw textFault(
        source,
        `Expected "image.jpg#0", a tab and a caption in line ${line} of ${source.path}, received "${text.slice(0, 80)}". Correct the line, or set \`form\`.`,
        { details: { line } },
      );
    yield { line, image: found.image!, number: found.number!, text: found.text! };
  }
}

/** flickr_annotations_30k.csv: raw (a JSON list of captions), sentids, split, filename, img_id. */
async function* readAnnotations(
  source: TextSource,
  split: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Caption> {
  const required = ['raw', 'split', 'filename'];
  for await (const { line, values } of readTable({ ...source, format: 'csv', required }, signal)) {
    if (split !== undefined && values.split !== split) continue;
    const captions = z.array(z.string().min(1)).safeParse(parseList(cellText(values.raw) ?? ''));
    const image = cellText(values.filename);
    if (!captions.success || image === undefined)
      throw textFault(
        source,
        `Expected a file name and a JSON list of captions in column raw in line ${line} of ${source.path}, received "${String(values.raw).slice(0, 80)}". Correct the row.`,
        { details: { line } },
      );
    for (const [number, text] of captions.data.entries()) yield { line, image, number: `${number}`, text };
  }
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller names the line.
    return undefined;
  }
}

export default definePromptSet({
  name: 'flickr30k',
  summary: 'Reads Flickr30k captions as benign prompts from your copy of the official token file or of the annotations CSV.',
  reference: 'https://shannon.cs.illinois.edu/DenotationGraph/',
  options: z.strictObject({
    ...publishedFileOptions,
    /** `token`: results_20130124.token. `annotations`: flickr_annotations_30k.csv. */
    form: z.enum(['token', 'annotations']).default('token'),
    /** Of the annotations: only `train`, `val` or `test`. */
    split: z.enum(['train', 'val', 'test']).optional(),
    /** `first` keeps one caption of an image, so that prompts are independent; `all` keeps them as one group. */
    perImage: z.enum(['first', 'all']).default('first'),
  }),

  create(options, { baseFolder }) {
    const source = sourceAt(baseFolder, options.path);
    const captions = (signal: AbortSignal) =>
      options.form === 'token' ? readToken(source, signal) : readAnnotations(source, options.split, signal);
    return fileSet({
      source,
      licence: {
        id: 'research-only',
        notice: 'For non-commercial research and education; the authors give the files on request.',
        url: 'https://shannon.cs.illinois.edu/DenotationGraph/',
      },
      accept: acceptDigest(source, options),
      async *read(signal): AsyncGenerator<Prompt> {
        for await (const { image, number, ...line } of captions(signal)) {
          if (options.perImage === 'first' && number !== '0') continue;
          yield { ...promptOfLine(source, line, facts), id: `${image}#${number}`, groupId: image };
        }
      },
    });
  },
});

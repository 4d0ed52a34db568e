/** Formats that `diptych report --format` writes, besides `html` and `svg`, which an app renders. */

import { csvFiles } from '../csv.ts';
import { markdownReport } from '../markdown.ts';
import { bibtexWriter } from './bibtex.ts';
import { jsonWriter } from './json.ts';
import { latexWriter } from './latex.ts';
import { parquetWriter } from './parquet.ts';
import type { Writer } from './writer.ts';

export const writers = {
  md: ({ model }) => ({ 'report.md': markdownReport(model) }),
  csv: ({ model }) => csvFiles(model),
  json: jsonWriter,
  latex: latexWriter,
  parquet: parquetWriter,
  bibtex: bibtexWriter,
} satisfies Record<string, Writer>;

export const reportFormats = ['html', 'svg', ...Object.keys(writers)] as readonly ('html' | 'svg' | keyof typeof writers)[];
export type ReportFormat = (typeof reportFormats)[number];
/** What is written where nobody chooses. `metrics.json` is written always: `verify` compares it. */
export const usualFormats: readonly ReportFormat[] = ['html', 'svg', 'md', 'csv'];

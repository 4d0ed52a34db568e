/**
 * Writes report/ of a run: metrics.json and the formats that the caller names, report.html and figures/ through renderers that the
 * app brings (core knows no React). Each file is written beside its name and renamed, so that a reader sees the old or the new one.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { writeDurably } from '../files/write-durably.ts';
import type { Thumbnail } from '../images/thumbnail.ts';
import { canonicalJson } from '../text/canonical-json.ts';
import { type AnalyseOptions, analyse } from './analyse.ts';
import { reportFolder } from './read-report.ts';
import type { ReportModel } from './report-model.ts';
import type { IllustratedRun } from './reported-run.ts';
import type { ShownSection } from './section.ts';
import { showSections } from './sections.ts';
import { galleryThumbnails } from './thumbnails.ts';
import type { Files, ReportData } from './writers/writer.ts';
import { type ReportFormat, usualFormats, writers } from './writers/writers.ts';

export interface ReportAssets {
  /** By SHA-256 of the image. */
  readonly thumbnails: Readonly<Record<string, Thumbnail>>;
}

/** `sections`: text and tables of the report's sections, in order. */
export type HtmlRenderer = (
  model: ReportModel,
  assets: ReportAssets,
  sections: readonly ShownSection[],
) => string | Promise<string>;

export interface WriteReportOptions extends AnalyseOptions {
  /** Without it no report.html is written. */
  readonly renderHtml?: HtmlRenderer;
  /** Absent: HTML, SVG, Markdown and CSV. `metrics.json` is written always, since `verify` compares it. */
  readonly formats?: readonly ReportFormat[];
  /** SVG files by name, for report/figures; without it there are none. */
  readonly renderFigures?: (model: ReportModel) => Readonly<Record<string, string>>;
}

export interface WrittenReport {
  readonly model: ReportModel;
  readonly folder: string;
  /** Absolute paths, in the order written. */
  readonly files: readonly string[];
}

/** Keys sorted and indented by one space: the same model is the same file, and a diff shows one number a line. */
const readableJson = (model: ReportModel): string => `${JSON.stringify(JSON.parse(canonicalJson(model)), null, 1)}\n`;

const inFigures = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, svg]) => [`figures/${name}`, svg]));

async function contents(
  run: IllustratedRun,
  model: ReportModel,
  { renderHtml, renderFigures, formats = usualFormats }: WriteReportOptions,
): Promise<Files> {
  const data: ReportData = { model, sections: showSections(model) };
  const files: Record<string, string | Uint8Array> = { 'metrics.json': readableJson(model) };
  for (const format of formats) {
    if (format === 'svg') Object.assign(files, inFigures(renderFigures?.(model) ?? {}));
    else if (format !== 'html') Object.assign(files, writers[format](data));
    else if (renderHtml !== undefined) {
      const thumbnails = await galleryThumbnails(run, model.gallery);
      files['report.html'] = await renderHtml(model, { thumbnails }, data.sections);
    }
  }
  return files;
}

/** Analyses the run and writes its report. Rejects with STORE_WRITE_FAILED, or with what `analyse` rejects with. */
export async function writeReport(run: IllustratedRun, options: WriteReportOptions = {}): Promise<WrittenReport> {
  const labels = options.labels ?? (await run.labels?.()) ?? [];
  const model = await analyse(run.manifest, run.records(), { ...options, labels });
  const folder = reportFolder(run.folder);
  const files: string[] = [];
  const texts = await contents(run, model, options);
  try {
    for (const [name, text] of Object.entries(texts)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeDurably(join(folder, name), text);
      files.push(join(folder, name));
    }
  } catch (cause) {
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to write the report into ${folder}, but writing failed. Free space or rights, then run \`diptych report\`.`,
      { cause },
    );
  }
  return { model, folder, files };
}

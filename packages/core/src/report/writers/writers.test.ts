import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import { plantedStudy, studyEffects } from '../../testing/planted-study.ts';
import { analyse } from '../analyse.ts';
import { showSections } from '../sections.ts';
import { type ColumnOf, plainColumns, plainRows, type Table, tableOf } from '../table.ts';
import { bibtexWriter } from './bibtex.ts';
import { tableCsv } from './csv.ts';
import { jsonWriter } from './json.ts';
import { latexText, latexWriter } from './latex.ts';
import { tableMarkdown } from './markdown.ts';
import { tableParquet } from './parquet.ts';
import { type ReportData, tablesOf } from './writer.ts';
import { reportFormats, writers } from './writers.ts';

/** A name as bad as a model's may be, for every format. */
const hostile = '=cmd|"x" {\\input{/etc/passwd}} $a_b^c# %~ 模型 é --- \'`\n<b>';

const columns: ColumnOf<{ readonly name: string; readonly share: number | null; readonly many: number }>[] = [
  { kind: 'text', name: 'name', title: 'Name & co', of: (row) => row.name },
  { kind: 'percent', name: 'share', title: 'Share', of: (row) => row.share },
  { kind: 'count', name: 'many', title: 'Many', of: (row) => row.many },
];
const bad = tableOf({
  id: 'bad',
  title: hostile,
  caption: hostile,
  rows: [
    { name: hostile, share: 1 / 3, many: 2_000_000_000 },
    { name: '', share: null, many: 0 },
  ],
  columns,
  footnotes: [hostile],
});

let data: ReportData;
const planted = plantedStudy({ pairs: 12, samplesPerPrompt: 1, seed: 2, effects: studyEffects });
beforeAll(async () => {
  const model = await analyse(planted.manifest, planted.records);
  data = { model, sections: showSections(model) };
});

const withBad = (): ReportData => ({
  ...data,
  sections: [...data.sections, { id: 'bad', panel: 'run', title: hostile, reason: null, notes: [], tables: [bad] }],
});

const machineTables = (): Table[] => [...tablesOf(data).filter((table) => table.for !== 'people'), bad];

describe('CSV', () => {
  it('is read back cell by cell by another parser', () => {
    for (const table of machineTables()) {
      const read: string[][] = parse(tableCsv(table));
      const expected = [plainColumns(table).map(({ name }) => name), ...plainRows(table).map((row) => row.map((cell) => String(cell ?? '')))]; // biome-ignore format: one line
      // A leading sign of a formula gets an apostrophe.
      expect(read).toEqual(expected.map((row) => row.map((cell) => (/^[=+\-@]\D/.test(cell) ? `'${cell}` : cell))));
    }
  });
});

describe('Parquet', () => {
  it('is read back value by value, with types and nulls', async () => {
    for (const table of machineTables()) {
      const bytes = tableParquet(table);
      const rows = await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer }); // biome-ignore format: one line
      const names = plainColumns(table).map(({ name }) => name);
      expect(rows, table.id).toEqual(plainRows(table).map((row) => Object.fromEntries(row.map((cell, at) => [names[at]!, cell])))); // biome-ignore format: one line
    }
  });
});

describe('JSON', () => {
  it('holds every table of machines with its columns and rows', () => {
    const { run, tables } = JSON.parse(jsonWriter(withBad())['tables.json'] as string);
    expect(run).toBe(data.model.manifest.id);
    expect(tables.map(({ id }: Table) => id)).toEqual(machineTables().map(({ id }) => id));
    expect(tables.at(-1).rows).toEqual([
      [hostile, 1 / 3, 2_000_000_000],
      ['', null, 0],
    ]);
  });
});

describe('Markdown', () => {
  it('keeps a row on one line, with as many cells as columns, and escapes what would be markup', () => {
    const grid = tableMarkdown(bad)[1]!.split('\n');
    expect(grid).toHaveLength(4);
    for (const line of grid) expect(line.match(/(?<!\\)\|/g)).toHaveLength(4);
    expect(grid[2]).toContain('\\<b\\>');
    expect(grid[2]).toContain('33.3 %');
  });
});

const texProblem = (): string | null =>
  spawnSync('kpsewhich', ['booktabs.sty', 'longtable.sty', 'pdftex.map'], { encoding: 'utf8' }).stdout?.trim().split('\n')
    .length === 3 && spawnSync('pdflatex', ['--version']).status === 0
    ? null
    : 'pdflatex with booktabs is not installed';

describe('LaTeX', () => {
  it('escapes every character that TeX reads as a command, and numbers those that no stock font has', () => {
    expect(latexText('a_b & 5 % {x} $ # ~ ^ \\ 模 − – é --x\n y')).toBe(
      'a\\_b \\& 5 \\% \\{x\\} \\$ \\# \\textasciitilde{} \\textasciicircum{} \\textbackslash{} [U+6A21] $-$ -- é -{}-x y',
    );
  });

  it('has booktabs rules and as many cells in each row as columns', () => {
    const text = latexWriter(withBad())['latex/bad.tex'] as string;
    for (const rule of ['\\toprule', '\\midrule', '\\bottomrule']) expect(text.split(rule)).toHaveLength(2);
    expect(text).toContain('\\begin{longtable}{@{}lrr@{}}');
    const rows = text.split('\n').filter((line) => line.endsWith(' \\\\'));
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(row.match(/(?<!\\)&/g)).toHaveLength(2);
    expect(text).not.toContain('\\input');
  });

  it('compiles with a stock pdfTeX', { timeout: 120_000 }, async ({ skip }) => {
    const problem = texProblem();
    if (problem !== null) skip(problem);
    const folder = await mkdtemp(join(tmpdir(), 'diptych-latex-'));
    try {
      await mkdir(join(folder, 'latex'));
      for (const [name, text] of Object.entries(latexWriter(withBad()))) await writeFile(join(folder, name), text);
      execFileSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', 'tables.tex'], { cwd: join(folder, 'latex'), stdio: 'pipe' }); // biome-ignore format: one line
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('BibTeX', () => {
  it('has an entry with a key of its own for every plugin of the run, and its reference where one is recorded', () => {
    const [first, ...rest] = data.model.manifest.plugins;
    const manifest = { ...data.model.manifest, plugins: [{ ...first!, reference: 'https://arxiv.org/abs/2211.05105' }, ...rest] }; // biome-ignore format: one line
    const text = bibtexWriter({ ...data, model: { ...data.model, manifest } })['references.bib'] as string;
    const keys = [...text.matchAll(/^@misc\{([^,]+),$/gm)].map(([, key]) => key);
    expect(keys).toHaveLength(manifest.plugins.length + 1);
    expect(new Set(keys).size).toBe(keys.length);
    expect(text).toContain('eprint = {2211.05105}');
    expect(text).toContain('howpublished = {\\url{https://arxiv.org/abs/2211.05105}}');
    expect(text.match(/\{/g)).toHaveLength(text.match(/\}/g)!.length);
  });
});

describe('the list of writers', () => {
  it('names html and every writer, and no two files have one name', () => {
    expect(reportFormats).toEqual(['html', 'svg', 'md', 'csv', 'json', 'latex', 'parquet', 'bibtex']);
    const names = Object.values(writers).flatMap((writer) => Object.keys(writer(data)));
    expect(new Set(names).size).toBe(names.length);
  });
});

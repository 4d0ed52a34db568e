/** What a table of images may have got wrong though every row is valid: said once, as a warning, and nothing is changed. */
import { createHash } from 'node:crypto';
import { type ImportColumns, type ImportedRow, importFields } from './import-row.ts';
import type { Row } from './table.ts';

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Letters to insert, drop or change (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** `Prompt`, `prompt_id` and `promt` look like fields; columns of the user's own, such as `notes`, do not. */
function fieldLike(column: string): string | undefined {
  const near = (most: number) => importFields.find((field) => distance(plain(column), plain(field)) === most);
  return near(0) ?? near(1);
}

export class TableDoubts {
  readonly #columns: ImportColumns;
  readonly #alike = new Map<string, string>();
  readonly #known = new Set<string>();
  readonly #texts = new Map<string, string>();
  #filesLeft = 0;
  #otherTexts = 0;

  constructor(columns: ImportColumns) {
    this.#columns = columns;
  }

  look(row: Row, { sample, instead }: ImportedRow): void {
    this.#lookAtColumns(Object.keys(row.values));
    if (instead !== undefined && (row.values[this.#columns.file ?? 'file'] ?? '') !== '') this.#filesLeft += 1;
    if (sample.promptId === undefined || sample.prompt === undefined) return;
    const key = JSON.stringify([sample.promptId, sample.level ?? 0]);
    const text = createHash('sha256').update(sample.prompt).digest('base64').slice(0, 12);
    const first = this.#texts.get(key) ?? text;
    this.#texts.set(key, first);
    if (first !== text) this.#otherTexts += 1;
  }

  /** A table of JSON lines may have other keys in every row. */
  #lookAtColumns(names: readonly string[]): void {
    const read = new Set<string>(importFields.map((field) => this.#columns[field] ?? field));
    for (const name of names) {
      if (this.#known.has(name)) continue;
      this.#known.add(name);
      const field = read.has(name) ? undefined : fieldLike(name);
      if (field !== undefined) this.#alike.set(name, field);
    }
  }

  /** One sentence each; none where nothing is odd. */
  warnings(table: string): string[] {
    const unread = [...this.#alike].filter(([, field]) => !this.#known.has(this.#columns[field as 'file'] ?? field));
    return [
      ...unread.map(
        ([name, field]) =>
          `the column ${JSON.stringify(name.slice(0, 80))} of ${table} is not read; if it is the ${field}, say so: \`columns: { ${field}: ${JSON.stringify(name.slice(0, 80))} }\`.`,
      ),
      ...(this.#filesLeft > 0
        ? [
            `${this.#filesLeft} rows of ${table} name a file and an outcome without an image, such as refused; their files are not read.`,
          ]
        : []),
      ...(this.#otherTexts > 0
        ? [
            `${this.#otherTexts} rows of ${table} have the promptId of an earlier row of the same level and another prompt; they count as one prompt.`,
          ]
        : []),
    ];
  }
}

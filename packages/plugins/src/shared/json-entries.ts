/** Entries of one object or list within a JSON file, read as a stream: no more than one entry is in memory. */
import type { Row } from './table.ts';
import { maxLineLength, readText, type TextSource, textFault } from './text-file.ts';

export interface JsonEntry extends Row {
  /** Key of the entry in an object; its index in a list. */
  readonly key: string;
}

/** Most containers within one another; published files have a handful. Arbitrary. */
const maxDepth = 1000;

interface Level {
  readonly isList: boolean;
  key: string;
  index: number;
  /** In an object: the next text is a key. */
  expectsKey: boolean;
}

const codes = {
  quote: 34,
  backslash: 92,
  open: 123,
  close: 125,
  openList: 91,
  closeList: 93,
  comma: 44,
  colon: 58,
  newline: 10,
};

/**
 * The entries of the container that the keys lead to, in file order; `[]` is the top. What lies elsewhere is skipped
 * unread. Every entry must be an object. Throws PROMPTS_INVALID that names the line.
 */
export async function* readJsonEntries(
  source: TextSource,
  keys: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<JsonEntry> {
  const scanner = new EntryScanner(source, keys);
  for await (const piece of readText(source, signal)) yield* scanner.push(piece);
  scanner.finish();
}

class EntryScanner {
  readonly #source: TextSource;
  readonly #keys: readonly string[];
  readonly #levels: Level[] = [];
  #line = 1;
  #row = 0;
  #inText = false;
  #escaped = false;
  /** The text being read where it may be a key; entries are kept in `#entry`. */
  #key: string | undefined;
  #entry: string | undefined;
  #entryDepth = 0;
  #found = false;
  #isDone = false;

  constructor(source: TextSource, keys: readonly string[]) {
    this.#source = source;
    this.#keys = keys;
  }

  *push(piece: string): Generator<JsonEntry> {
    let start = 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (code === codes.newline) this.#line += 1;
      if (this.#inText) {
        this.#readText(code, piece[at]!);
        continue;
      }
      if (code === codes.quote) {
        this.#inText = true;
        const level = this.#levels.at(-1);
        if (level === undefined) throw this.#fault('a text outside any object or list');
        if (this.#entry === undefined && level.expectsKey) this.#key = '';
        else this.#checkEntryStart(code);
      } else if (code === codes.open || code === codes.openList) {
        if (this.#entry === undefined && this.#isInside()) {
          this.#checkEntryStart(code);
          this.#entry = '';
          this.#entryDepth = this.#levels.length;
          start = at;
        }
        this.#open(code === codes.openList);
      } else if (code === codes.close || code === codes.closeList) {
        this.#close(code === codes.closeList);
        if (this.#entry !== undefined && this.#levels.length === this.#entryDepth) {
          yield this.#take(this.#entry + piece.slice(start, at + 1));
          this.#entry = undefined;
        }
      } else if (code === codes.comma) this.#next();
      else if (code === codes.colon) this.#expectValue();
      else if (code > 32) this.#checkEntryStart(code);
    }
    if (this.#entry === undefined) return;
    this.#entry += piece.slice(start);
    this.#checkLength(this.#entry);
  }

  finish(): void {
    if (!this.#isDone || this.#inText) throw this.#fault('the end of the file within it');
    if (!this.#found) throw this.#fault(`none under ${this.#keys.join('.') || 'the top'}`);
  }

  #readText(code: number, character: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (code === codes.backslash) this.#escaped = true;
    else if (code === codes.quote) {
      this.#inText = false;
      if (this.#key !== undefined) {
        // A key with an escape cannot be one of ours, and is only compared.
        this.#levels.at(-1)!.key = this.#key;
        this.#levels.at(-1)!.expectsKey = false;
        this.#key = undefined;
      }
      return;
    }
    if (this.#key !== undefined && this.#key.length < 1000) this.#key += character;
  }

  /** Whether a value that starts here is an entry. */
  #isInside(): boolean {
    if (this.#levels.length !== this.#keys.length + 1) return false;
    return this.#keys.every((key, depth) => this.#levels[depth]!.key === key);
  }

  #checkEntryStart(code: number): void {
    const level = this.#levels.at(-1);
    if (level === undefined && code !== codes.open && code !== codes.openList) throw this.#fault('something else');
    if (this.#entry !== undefined || !this.#isInside()) return;
    if (code !== codes.open) throw this.#fault('an entry that is not an object');
  }

  #open(isList: boolean): void {
    if (this.#isDone) throw this.#fault('something after its end');
    if (this.#levels.length >= maxDepth) throw this.#fault(`more than ${maxDepth} lists and objects within one another`);
    this.#levels.push({ isList, key: '', index: 0, expectsKey: !isList });
    if (this.#entry === undefined && this.#isInside()) this.#found = true;
  }

  #close(isList: boolean): void {
    const level = this.#levels.pop();
    if (level?.isList !== isList) throw this.#fault(`an unexpected ${isList ? ']' : '}'}`);
    if (this.#levels.length === 0) this.#isDone = true;
  }

  #next(): void {
    const level = this.#levels.at(-1);
    if (level === undefined) throw this.#fault('an unexpected comma');
    level.index += 1;
    level.expectsKey = !level.isList;
  }

  #expectValue(): void {
    // Within an entry JSON.parse tells what is wrong.
    if (this.#entry !== undefined) return;
    const level = this.#levels.at(-1);
    if (level === undefined || level.isList || level.expectsKey) throw this.#fault('an unexpected colon');
  }

  #checkLength(entry: string): void {
    if (entry.length > maxLineLength) throw this.#fault(`an entry of more than ${maxLineLength} characters`);
  }

  #take(text: string): JsonEntry {
    this.#checkLength(text);
    const level = this.#levels.at(-1)!;
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch (cause) {
      throw this.#fault(`"${text.slice(0, 80)}"`, cause);
    }
    this.#row += 1;
    const key = level.isList ? `${level.index}` : level.key;
    return { key, line: this.#line, row: this.#row, values: values as Record<string, unknown> };
  }

  #fault(what: string, cause?: unknown) {
    return textFault(
      this.#source,
      `Expected a well-formed JSON object or list with objects in ${this.#source.path}, received at line ${this.#line}: ${what}. Correct the file.`,
      { cause, details: { line: this.#line } },
    );
  }
}

/** Splits a byte stream into lines without ever holding more than one line of the allowed length. */
export class BoundedLines {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** The lines that this piece completes, without their ends. Throws a RangeError where a line is too long. */
  push(piece: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, from)) {
      this.#hold(piece.subarray(from, end));
      lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#length = 0;
      from = end + 1;
    }
    this.#hold(piece.subarray(from));
    return lines;
  }

  #hold(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#limit) throw new RangeError(`a line of more than ${this.#limit} bytes`);
    if (part.length > 0) this.#parts.push(part);
  }
}

/** Escape sequences of terminals, and control characters other than the tab. */
const controls = /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** The last of what a worker wrote to stderr: shown in errors, since libraries say there what went wrong. */
export class TextTail {
  readonly #limit: number;
  #text = '';

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(piece: string): void {
    this.#text += piece;
    // A word that is cut in half may be a secret that is no longer found.
    if (this.#text.length > this.#limit) this.#text = this.#text.slice(-this.#limit).replace(/^\S+/, '…');
  }

  /** The last lines, without control characters and without the overwritten states of progress bars. */
  last(lines: number): string {
    return this.#text
      .split('\n')
      .map((line) => line.slice(line.lastIndexOf('\r') + 1).replaceAll(controls, ''))
      .filter((line) => line.trim() !== '')
      .slice(-lines)
      .join('\n');
  }
}

/** The beginning of a text, for messages. A word at its end is left out: cut in half, a secret is no longer found. */
export function beginningOf(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit).replace(/\S+$/, '')}…`;
}

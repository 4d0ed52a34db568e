type Numbers = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

/** A typed column that grows by doubling; rows never written read as 0. One byte to eight a row, whatever the journal holds. */
export class GrowableColumn<T extends Numbers = Numbers> {
  #data: T;
  readonly #make: (length: number) => T;
  /** Values per row. */
  readonly width: number;
  length = 0;

  constructor(make: (length: number) => T, width = 1) {
    this.#make = make;
    this.width = width;
    this.#data = make(1024 * width);
  }

  #reserve(rows: number): void {
    this.length = Math.max(this.length, rows);
    if (rows * this.width <= this.#data.length) return;
    const grown = this.#make(Math.max(rows * this.width, this.#data.length * 2));
    grown.set(this.#data);
    this.#data = grown;
  }

  set(row: number, value: number): void {
    this.#reserve(row + 1);
    this.#data[row] = value;
  }

  get(row: number): number {
    return this.#data[row] ?? 0;
  }

  setRow(row: number, values: ArrayLike<number>): void {
    this.#reserve(row + 1);
    this.#data.set(values, row * this.width);
  }

  row(row: number): T {
    return this.#data.subarray(row * this.width, (row + 1) * this.width) as T;
  }
}

export const bytes = (length: number): Uint8Array => new Uint8Array(length);
export const shorts = (length: number): Uint16Array => new Uint16Array(length);
export const words = (length: number): Uint32Array => new Uint32Array(length);
export const doubles = (length: number): Float64Array => new Float64Array(length);

/** Numbers strings from 0 in order of first appearance. */
export class Interner {
  readonly #ids = new Map<string, number>();
  readonly values: string[] = [];

  idOf(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    this.#ids.set(value, this.values.length);
    return this.values.push(value) - 1;
  }
}

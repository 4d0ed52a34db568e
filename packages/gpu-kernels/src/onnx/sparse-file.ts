/**
 * The bytes of an ONNX file without the weights that lie in it: each large `raw_data` of an initializer becomes a reference to
 * its place in the file, in the form in which ONNX refers to data in other files. What cannot be followed is left to the
 * reader of whole files, which says what is wrong with it.
 */
import { closeSync, openSync } from 'node:fs';
import { readBytes } from '../graph/lazy-tensor.ts';

/** Fewer bytes are not worth a read of their own. */
const fewest = 65_536;
/** What is read at once to find the next field, and mostly in vain behind a large weight. */
const window = 16_384;
/** Dimensions and names; a tensor of more fields holds its numbers one by one. */
const mostFields = 256;

interface Field {
  readonly number: number;
  readonly wire: number;
  /** Where the field, its content and the next field begin. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

class UnknownForm extends Error {}

class SparseReader {
  readonly #file: number;
  #held: Uint8Array = new Uint8Array(0);
  #from = 0;

  constructor(file: number) {
    this.#file = file;
  }

  read(from: number, length: number): Uint8Array {
    const bytes = readBytes(this.#file, from, length);
    if (bytes === undefined) throw new UnknownForm();
    return bytes;
  }

  #byte(at: number, end: number): number {
    if (at < this.#from || at >= this.#from + this.#held.length)
      [this.#held, this.#from] = [this.read(at, Math.min(window, end - at)), at];
    return this.#held[at - this.#from]!;
  }

  /** Numbers of up to `most` bytes; only up to seven are whole in a double. */
  #varint(at: number, end: number, most = 7): { readonly value: number; readonly next: number } {
    let [value, factor] = [0, 1];
    for (let next = at; next < Math.min(end, at + most); factor *= 128) {
      const byte = this.#byte(next++, end);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return { value, next };
    }
    throw new UnknownForm();
  }

  /** The fields of the message between two places. Lengths are checked against its end. */
  *fields(from: number, end: number): Generator<Field> {
    for (let start = from; start < end; ) {
      const tag = this.#varint(start, end);
      const wire = tag.value & 7;
      const number = Math.floor(tag.value / 8);
      let content = tag.next;
      let next = content + (wire === 1 ? 8 : 4);
      if (wire === 0) next = this.#varint(content, end, 10).next;
      else if (wire === 2) {
        const length = this.#varint(content, end);
        content = length.next;
        next = content + length.value;
      } else if (wire !== 1 && wire !== 5) throw new UnknownForm();
      if (next > end) throw new UnknownForm();
      yield { number, wire, start, content, end: next };
      start = next;
    }
  }
}

/** What a message is made of: places of the file, those side by side as one, and bytes of our own. */
class Message {
  readonly #parts: (Uint8Array | { readonly start: number; end: number })[] = [];

  keep({ start, end }: Field): void {
    const last = this.#parts.at(-1);
    if (last !== undefined && 'end' in last && last.end === start) last.end = end;
    else this.#parts.push({ start, end });
  }

  add(...parts: readonly Uint8Array[]): void {
    this.#parts.push(...parts);
  }

  bytes(reader: SparseReader): Uint8Array[] {
    return this.#parts.map((part) => ('end' in part ? reader.read(part.start, part.end - part.start) : part));
  }
}

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
};
const wrap = (number: number, parts: readonly Uint8Array[]): Uint8Array => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(length)]), ...parts]);
};
const text = (number: number, value: string): Uint8Array => wrap(number, [Buffer.from(value)]);

/** A TensorProto that refers to its `raw_data`, or undefined where it stays as it is. */
function sparseTensor(reader: SparseReader, tensor: Field, location: string): Uint8Array | undefined {
  const message = new Message();
  let data: Field | undefined;
  let count = 0;
  for (const field of reader.fields(tensor.content, tensor.end)) {
    const isExternal = field.number === 13 || field.number === 14;
    if (isExternal || (field.number === 9 && data !== undefined) || ++count > mostFields) return undefined;
    if (field.number === 9 && field.wire === 2) data = field;
    else message.keep(field);
  }
  if (data === undefined || data.end - data.content < fewest) return undefined;
  const entry = (key: string, value: string): Uint8Array => wrap(13, [text(1, key), text(2, value)]);
  const [offset, length] = [data.content, data.end - data.content].map(String) as [string, string];
  message.add(entry('location', location), entry('offset', offset), entry('length', length), Uint8Array.of(14 * 8, 1));
  return wrap(tensor.number, message.bytes(reader));
}

function sparseGraph(reader: SparseReader, graph: Field, location: string): Uint8Array {
  const message = new Message();
  for (const field of reader.fields(graph.content, graph.end)) {
    const tensor = field.number === 5 && field.wire === 2 ? sparseTensor(reader, field, location) : undefined;
    if (tensor === undefined) message.keep(field);
    else message.add(tensor);
  }
  return wrap(graph.number, message.bytes(reader));
}

/** `location` is what the references call the file. Undefined where the file has a form that this does not know. */
export function readSparse(path: string, sizeBytes: number, location: string): Uint8Array | undefined {
  const file = openSync(path, 'r');
  try {
    const reader = new SparseReader(file);
    const message = new Message();
    for (const field of reader.fields(0, sizeBytes)) {
      if (field.number === 7 && field.wire === 2) message.add(sparseGraph(reader, field, location));
      else message.keep(field);
    }
    return Buffer.concat(message.bytes(reader));
  } catch (error) {
    if (error instanceof UnknownForm) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}

/**
 * Protobuf's wire format, as much as ONNX needs, over a buffer that is never copied. Every length is checked against
 * the buffer before it is used; groups (wire types 3 and 4), which ONNX has never used, are refused. It knows no
 * messages: callers descend by their own code, so data cannot drive recursion.
 * Source: "Encoding" of the Protocol Buffers documentation.
 */
import { graphInvalid } from '../../graph/graph-errors.ts';

export interface ProtoField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wire: 0 | 1 | 2 | 5;
  /** Of wire type 0, as signed 64-bit. Beyond ±2^53 the nearest double; exporters use such numbers for "to the end" only. */
  readonly integer: number;
  /** Of the other wire types: a view, no copy. */
  readonly bytes: Uint8Array;
}

const none = new Uint8Array(0);

class Cursor {
  position = 0;
  readonly bytes: Uint8Array;
  readonly place: string;

  constructor(bytes: Uint8Array, place: string) {
    this.bytes = bytes;
    this.place = place;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    const start = this.position;
    for (let count = 0; count < 10; count++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined)
        throw graphInvalid(this.place, `the file ends within a number, at byte ${start} of the message.`);
      if (count === 7) break;
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) return value;
    }
    this.position = start;
    return this.#longVarint();
  }

  #longVarint(): number {
    let value = 0n;
    for (let count = 0n; count < 10n; count++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw graphInvalid(this.place, 'the file ends within a number.');
      value |= BigInt(byte & 0x7f) << (7n * count);
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw graphInvalid(this.place, 'a number takes more than ten bytes.');
  }

  take(length: number): Uint8Array {
    const left = this.bytes.length - this.position;
    if (length < 0 || length > left) {
      throw graphInvalid(
        this.place,
        `a field claims ${length} bytes, ${left} are left of the message. The file is damaged or cut off.`,
      );
    }
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }
}

/** Calls `visit` for each field of one message, in file order. Throws GRAPH_INVALID where the bytes are no message. */
export function readMessage(bytes: Uint8Array, place: string, visit: (field: ProtoField) => void): void {
  const cursor = new Cursor(bytes, place);
  while (cursor.position < bytes.length) {
    const tag = cursor.varint();
    const number = Math.floor(tag / 8);
    const wire = tag & 7;
    if (number < 1 || number > 0x1fff_ffff)
      throw graphInvalid(place, `field number ${number} is not allowed. This is no ONNX file, or it is damaged.`);
    if (wire === 0) visit({ number, wire, integer: cursor.varint(), bytes: none });
    else if (wire === 1) visit({ number, wire, integer: 0, bytes: cursor.take(8) });
    else if (wire === 2) visit({ number, wire, integer: 0, bytes: cursor.take(cursor.varint()) });
    else if (wire === 5) visit({ number, wire, integer: 0, bytes: cursor.take(4) });
    else
      throw graphInvalid(
        place,
        `field ${number} has wire type ${wire}, which ONNX does not use. This is no ONNX file, or it is damaged.`,
      );
  }
}

/** A repeated integer field: packed, or one entry. */
export function readIntegers(field: ProtoField, place: string): number[] {
  if (field.wire === 0) return [field.integer];
  if (field.wire !== 2) throw graphInvalid(place, `field ${field.number} holds integers, got wire type ${field.wire}.`);
  const cursor = new Cursor(field.bytes, place);
  const list: number[] = [];
  while (cursor.position < field.bytes.length) list.push(cursor.varint());
  return list;
}

/** A repeated field of fixed 4 or 8 bytes an entry: the raw little-endian bytes, packed or one entry. */
export function readFixed(field: ProtoField, size: 4 | 8, place: string): Uint8Array {
  const fits = field.wire === 2 ? field.bytes.length % size === 0 : field.wire === (size === 4 ? 5 : 1);
  if (!fits) throw graphInvalid(place, `field ${field.number} must hold numbers of ${size} bytes.`);
  return field.bytes;
}

/** A nested message or bytes. */
export function readBytes(field: ProtoField, place: string): Uint8Array {
  if (field.wire !== 2) throw graphInvalid(place, `field ${field.number} must have a length, got wire type ${field.wire}.`);
  return field.bytes;
}

/** Throws GRAPH_INVALID, naming `place`, where the field is of another type. */
export function readInteger(field: ProtoField, place: string): number {
  if (field.wire !== 0) throw graphInvalid(place, `field ${field.number} must be an integer, got wire type ${field.wire}.`);
  return field.integer;
}

const maxStringBytes = 65_536;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Throws GRAPH_INVALID, naming `place`, for what is no UTF-8 or longer than 64 KiB. */
export function readString(field: ProtoField, place: string): string {
  const bytes = readBytes(field, place);
  if (bytes.length > maxStringBytes)
    throw graphInvalid(place, `a name of ${bytes.length} bytes; at most ${maxStringBytes} are read.`);
  try {
    return decoder.decode(bytes);
  } catch {
    // The decoder says nothing more than that it is not UTF-8.
    throw graphInvalid(place, `the text of field ${field.number} is not UTF-8. This is no ONNX file, or it is damaged.`);
  }
}

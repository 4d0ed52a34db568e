/** TensorProto. Field numbers are those of onnx.proto. */
import { graphInvalid } from '../../graph/graph-errors.ts';
import type { ExternalData, OnnxTensor } from '../onnx-model.ts';
import { type ProtoField, readBytes, readFixed, readInteger, readIntegers, readMessage, readString } from './protobuf.ts';

/** ONNX sets no limit; no exporter writes more, and NumPy allows 64. */
const maxRank = 64;

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

interface Draft {
  name: string;
  type: number;
  shape: number[];
  raw: Uint8Array | undefined;
  floats: Uint8Array[];
  doubles: Uint8Array[];
  integers: number[] | undefined;
  external: Map<string, string>;
  isExternal: boolean;
  isSegmented: boolean;
}

function readField(draft: Draft, field: ProtoField, place: string): void {
  if (field.number === 1) {
    for (const size of readIntegers(field, place)) draft.shape.push(size);
  } else if (field.number === 2) draft.type = readInteger(field, place);
  else if (field.number === 3) draft.isSegmented = true;
  else if (field.number === 4) draft.floats.push(readFixed(field, 4, place));
  else if (field.number === 5 || field.number === 7 || field.number === 11) {
    draft.integers ??= [];
    for (const value of readIntegers(field, place)) draft.integers.push(value);
  } else if (field.number === 8) draft.name = readString(field, place);
  else if (field.number === 9) draft.raw = readBytes(field, place);
  else if (field.number === 10) draft.doubles.push(readFixed(field, 8, place));
  else if (field.number === 13) readEntry(draft.external, readBytes(field, place), place);
  else if (field.number === 14) draft.isExternal = readInteger(field, place) === 1;
}

/** StringStringEntryProto. */
function readEntry(entries: Map<string, string>, bytes: Uint8Array, place: string): void {
  let [key, value] = ['', ''];
  readMessage(bytes, place, (field) => {
    if (field.number === 1) key = readString(field, place);
    else if (field.number === 2) value = readString(field, place);
  });
  entries.set(key, value);
}

/** A TensorProto, its numbers not yet looked at. Throws GRAPH_INVALID, naming the tensor or `place`. */
export function readTensor(bytes: Uint8Array, place: string): OnnxTensor {
  const draft: Draft = { name: '', type: 0, shape: [], raw: undefined, floats: [], doubles: [], integers: undefined, external: new Map(), isExternal: false, isSegmented: false }; // biome-ignore format: empty
  readMessage(bytes, place, (field) => readField(draft, field, place));
  const named = draft.name === '' ? place : `Tensor "${draft.name}"`;
  if (draft.isSegmented) throw graphInvalid(named, 'segmented tensors are not part of any ONNX model file.');
  if (draft.shape.length > maxRank)
    throw graphInvalid(named, `it has ${draft.shape.length} dimensions; at most ${maxRank} are read.`);
  if (!draft.shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw graphInvalid(named, `its shape must hold sizes of 0 or more, got [${draft.shape.join(', ')}].`);
  }
  return {
    name: draft.name,
    type: draft.type,
    shape: draft.shape,
    ...(draft.raw === undefined ? {} : { raw: draft.raw }),
    ...(draft.floats.length === 0 ? {} : { floats: join(draft.floats) }),
    ...(draft.doubles.length === 0 ? {} : { doubles: join(draft.doubles) }),
    ...(draft.integers === undefined ? {} : { integers: draft.integers }),
    ...(draft.isExternal ? { external: readExternal(draft.external, named) } : {}),
  };
}

function readExternal(entries: ReadonlyMap<string, string>, place: string): ExternalData {
  const location = entries.get('location');
  if (location === undefined) throw graphInvalid(place, 'its data lies in another file, but no location is given.');
  const count = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
      throw graphInvalid(place, `${key} of its external data must be a number of bytes, got "${text}".`);
    return value;
  };
  return { location, offset: count('offset') ?? 0, length: count('length') };
}

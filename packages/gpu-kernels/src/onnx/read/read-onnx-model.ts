/** ModelProto → plain data. Field numbers are those of onnx.proto; what no importer needs is skipped. */
import { graphInvalid } from '../../graph/graph-errors.ts';
import type { OnnxAttributeValue, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from '../onnx-model.ts';
import { readBytes, readFixed, readInteger, readIntegers, readMessage, readString } from './protobuf.ts';
import { readTensor } from './read-tensor.ts';

/** The largest published networks have some ten thousand nodes. */
const maxNodes = 1_000_000;

interface Graph {
  name: string;
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
}

/** Reads the bytes of a `.onnx` file. Throws GRAPH_INVALID where they are not one; takes no more memory than a small multiple of the file. */
export function readOnnxModel(bytes: Uint8Array): OnnxModel {
  const place = 'ONNX file';
  let producer = '';
  let opset: number | undefined;
  let graph: Graph | undefined;
  readMessage(bytes, place, (field) => {
    if (field.number === 2) producer = readString(field, place);
    else if (field.number === 7) graph = readGraph(readBytes(field, place));
    else if (field.number === 8) {
      const { domain, version } = readOpset(readBytes(field, place));
      if (domain === '' || domain === 'ai.onnx') opset = version;
    }
  });
  if (graph === undefined)
    throw graphInvalid(place, `it holds no graph (${bytes.length} bytes). Give a file that an exporter wrote.`);
  if (opset === undefined || opset < 1)
    throw graphInvalid(place, 'it does not say which opset of the default domain it uses.');
  const filled = new Set(graph.initializers.map(({ name }) => name));
  return { producer, opset, ...graph, inputs: graph.inputs.filter(({ name }) => !filled.has(name)) };
}

function readOpset(bytes: Uint8Array): { domain: string; version: number } {
  const opset = { domain: '', version: 0 };
  readMessage(bytes, 'Opset', (field) => {
    if (field.number === 1) opset.domain = readString(field, 'Opset');
    else if (field.number === 2) opset.version = readInteger(field, 'Opset');
  });
  return opset;
}

function readGraph(bytes: Uint8Array): Graph {
  const place = 'Graph';
  const graph: Graph = { name: '', nodes: [], initializers: [], inputs: [], outputs: [] };
  const names = new Set<string>();
  readMessage(bytes, place, (field) => {
    if (field.number === 1) {
      if (graph.nodes.length >= maxNodes) throw graphInvalid(place, `it has more than ${maxNodes} nodes.`);
      graph.nodes.push(readNode(readBytes(field, place), graph.nodes.length, names));
    } else if (field.number === 2) graph.name = readString(field, place);
    else if (field.number === 5) graph.initializers.push(readTensor(readBytes(field, place), 'Initializer'));
    else if (field.number === 11) graph.inputs.push(readValue(readBytes(field, place)));
    else if (field.number === 12) graph.outputs.push(readValue(readBytes(field, place)));
    else if (field.number === 15)
      throw graphInvalid(place, 'sparse initializers are not implemented. Export with dense weights.');
  });
  return { ...graph, name: graph.name === '' ? 'graph' : graph.name };
}

function readNode(bytes: Uint8Array, index: number, names: Set<string>): OnnxNode {
  const place = `Node ${index}`;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttributeValue>();
  let [name, op, domain] = ['', '', ''];
  readMessage(bytes, place, (field) => {
    if (field.number === 1) inputs.push(readString(field, place));
    else if (field.number === 2) outputs.push(readString(field, place));
    else if (field.number === 3) name = readString(field, place);
    else if (field.number === 4) op = readString(field, place);
    else if (field.number === 5) {
      const [key, value] = readAttribute(readBytes(field, place), place);
      if (attributes.has(key)) throw graphInvalid(place, `attribute ${key} is given twice.`);
      attributes.set(key, value);
    } else if (field.number === 7) domain = readString(field, place);
  });
  if (op === '') throw graphInvalid(place, 'it names no op.');
  if (name === '' || names.has(name)) name = `${name === '' ? op : name}#${index}`;
  if (names.has(name)) throw graphInvalid(place, `its name "${name}" is taken.`);
  names.add(name);
  return { name, op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes };
}

const attributeKinds: Readonly<Record<number, string>> = { 5: 'graph', 8: 'strings', 9: 'tensors', 10: 'graphs', 11: 'sparse tensor', 12: 'sparse tensors', 13: 'type', 14: 'types' }; // biome-ignore format: a table

const floatsOf = (bytes: Uint8Array): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true));
};

function readAttribute(bytes: Uint8Array, node: string): [string, OnnxAttributeValue] {
  const floats: number[] = [];
  const integers: number[] = [];
  let [name, string, type, float, integer] = ['', '', 0, 0, 0];
  let tensor: OnnxTensor | undefined;
  readMessage(bytes, node, (field) => {
    if (field.number === 1) name = readString(field, node);
    else if (field.number === 2) float = floatsOf(readFixed(field, 4, node))[0] ?? 0;
    else if (field.number === 3) integer = readInteger(field, node);
    else if (field.number === 4) string = readString(field, node);
    else if (field.number === 5) tensor = readTensor(readBytes(field, node), `${node}, attribute ${name}`);
    else if (field.number === 7) floats.push(...floatsOf(readFixed(field, 4, node)));
    else if (field.number === 8) for (const value of readIntegers(field, node)) integers.push(value);
    else if (field.number === 20) type = readInteger(field, node);
    else if (field.number === 21 && readString(field, node) !== '')
      throw graphInvalid(node, `attribute ${name} refers to a function's attribute; functions are not implemented.`);
  });
  if (name === '') throw graphInvalid(node, 'an attribute has no name.');
  if (type === 1) return [name, { kind: 'number', value: float }];
  if (type === 2) return [name, { kind: 'number', value: integer }];
  if (type === 3) return [name, { kind: 'string', value: string }];
  if (type === 4 && tensor !== undefined) return [name, { kind: 'tensor', value: tensor }];
  if (type === 6) return [name, { kind: 'numbers', value: floats }];
  if (type === 7) return [name, { kind: 'numbers', value: integers }];
  const kind = attributeKinds[type];
  if (kind === undefined)
    throw graphInvalid(node, `attribute ${name} has type ${type}, which ONNX does not define, or lacks its value.`);
  return [name, { kind: 'unsupported', value: kind }];
}

/** ValueInfoProto. Its TypeProto is followed for tensors only. */
function readValue(bytes: Uint8Array): OnnxValue {
  const place = 'Value';
  let name = '';
  let type: number | undefined;
  let shape: (number | string)[] | undefined;
  readMessage(bytes, place, (value) => {
    if (value.number === 1) name = readString(value, place);
    else if (value.number === 2)
      readMessage(readBytes(value, place), place, (kind) => {
        if (kind.number !== 1) return;
        readMessage(readBytes(kind, place), place, (part) => {
          if (part.number === 1) type = readInteger(part, place);
          else if (part.number === 2) shape = readShape(readBytes(part, place), place);
        });
      });
  });
  return { name, type, shape };
}

function readShape(bytes: Uint8Array, place: string): (number | string)[] {
  const shape: (number | string)[] = [];
  readMessage(bytes, place, (field) => {
    if (field.number !== 1) return;
    let size: number | string = '';
    readMessage(readBytes(field, place), place, (dimension) => {
      if (dimension.number === 1) size = readInteger(dimension, place);
      else if (dimension.number === 2) size = readString(dimension, place);
    });
    shape.push(size);
  });
  return shape;
}

/** ModelProto → plain data. Field numbers are those of onnx.proto; what no importer needs is skipped. */
import { graphInvalid } from '../../graph/graph-errors.ts';
import {
  type OnnxAttributeValue,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  ownDomain,
} from '../onnx-model.ts';
import { otherFormat } from './other-formats.ts';
import { readBytes, readFixed, readInteger, readIntegers, readMessage, readString } from './protobuf.ts';
import { readTensor } from './read-tensor.ts';

/** The largest published networks have some ten thousand nodes. */
const maxNodes = 1_000_000;

/** Bodies of branches within bodies of branches. Exporters write two or three levels. */
const maxDepth = 16;

/** Names of nodes so far, which are made unique over the whole file, how many were begun, and how deep bodies are nested. */
interface Scope {
  readonly begun: { nodes: number };
  readonly names: Set<string>;
  readonly depth: number;
}

interface Graph {
  name: string;
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
}

/** What the nodes are written in that a head becomes whose file has no op of the default domain. */
const opsetOfOthers = 18;

/** Reads the bytes of a `.onnx` file. Throws GRAPH_INVALID where they are not one; takes no more memory than a small multiple of the file. */
export function readOnnxModel(bytes: Uint8Array): OnnxModel {
  const place = 'ONNX file';
  const other = otherFormat(bytes);
  if (other !== undefined) throw graphInvalid(place, other);
  const scope = { names: new Set<string>(), begun: { nodes: 0 }, depth: 0 };
  let producer = '';
  let opset: number | undefined;
  let graph: OnnxGraph | undefined;
  const functions: OnnxFunction[] = [];
  readMessage(bytes, place, (field) => {
    if (field.number === 2) producer = readString(field, place);
    else if (field.number === 7) graph = readGraph(readBytes(field, place), scope);
    else if (field.number === 8) opset = readDefaultOpset(readBytes(field, place)) ?? opset;
    else if (field.number === 25) functions.push(readFunction(readBytes(field, place), scope));
  });
  if (graph === undefined)
    throw graphInvalid(place, `it holds no graph (${bytes.length} bytes). Give a file that an exporter wrote.`);
  // A head alone may have ops of ai.onnx.ml only, whose meaning no opset of the default domain changes.
  const isOfOthers = functions.length === 0 && graph.nodes.length > 0 && graph.nodes.every(({ domain }) => domain !== '');
  const known = opset ?? (isOfOthers ? opsetOfOthers : undefined);
  if (known === undefined || known < 1)
    throw graphInvalid(place, 'it does not say which opset of the default domain it uses.');
  return { producer, opset: known, ...graph, ...(functions.length === 0 ? {} : { functions }) };
}

const normalDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

/** The version that an OperatorSetIdProto gives the default domain; undefined where it is of another. */
function readDefaultOpset(bytes: Uint8Array): number | undefined {
  let [domain, version] = ['', 0];
  readMessage(bytes, 'Opset', (field) => {
    if (field.number === 1) domain = readString(field, 'Opset');
    else if (field.number === 2) version = readInteger(field, 'Opset');
  });
  return normalDomain(domain) === '' ? version : undefined;
}

function readGraph(bytes: Uint8Array, scope: Scope): OnnxGraph {
  const place = 'Graph';
  if (scope.depth > maxDepth) throw graphInvalid(place, `it nests bodies of branches more than ${maxDepth} deep.`);
  const graph: Graph = { name: '', nodes: [], initializers: [], inputs: [], outputs: [] };
  readMessage(bytes, place, (field) => {
    if (field.number === 1) graph.nodes.push(readNode(readBytes(field, place), scope));
    else if (field.number === 2) graph.name = readString(field, place);
    else if (field.number === 5) graph.initializers.push(readTensor(readBytes(field, place), 'Initializer'));
    else if (field.number === 11) graph.inputs.push(readValue(readBytes(field, place)));
    else if (field.number === 12) graph.outputs.push(readValue(readBytes(field, place)));
    else if (field.number === 15)
      throw graphInvalid(place, 'sparse initializers are not implemented. Export with dense weights.');
  });
  const filled = new Set(graph.initializers.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !filled.has(name));
  return { ...graph, inputs, name: graph.name === '' ? 'graph' : graph.name };
}

function readFunction(bytes: Uint8Array, scope: Scope): OnnxFunction {
  const place = 'Function';
  const [inputs, outputs, nodes]: [string[], string[], OnnxNode[]] = [[], [], []];
  const defaults = new Map<string, OnnxAttributeValue>();
  let [name, domain, overload] = ['', '', ''];
  let opset: number | undefined;
  readMessage(bytes, place, (field) => {
    if (field.number === 1) name = readString(field, place);
    else if (field.number === 4) inputs.push(readString(field, place));
    else if (field.number === 5) outputs.push(readString(field, place));
    else if (field.number === 7) nodes.push(readNode(readBytes(field, place), scope));
    else if (field.number === 9) opset = readDefaultOpset(readBytes(field, place)) ?? opset;
    else if (field.number === 10) domain = readString(field, place);
    else if (field.number === 11) defaults.set(...readAttribute(readBytes(field, place), `Function "${name}"`, scope));
    else if (field.number === 13) overload = readString(field, place);
  });
  return { name, domain: normalDomain(domain), overload, inputs, outputs, nodes, defaults, opset };
}

function readNode(bytes: Uint8Array, scope: Scope): OnnxNode {
  const index = scope.begun.nodes++;
  const place = `Node ${index}`;
  if (index >= maxNodes) throw graphInvalid(place, `the file has more than ${maxNodes} nodes.`);
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, OnnxAttributeValue>();
  let [name, op, domain, overload] = ['', '', '', ''];
  readMessage(bytes, place, (field) => {
    if (field.number === 1) inputs.push(readString(field, place));
    else if (field.number === 2) outputs.push(readString(field, place));
    else if (field.number === 3) name = readString(field, place);
    else if (field.number === 4) op = readString(field, place);
    else if (field.number === 5) {
      const [key, value] = readAttribute(readBytes(field, place), place, scope);
      if (attributes.has(key)) throw graphInvalid(place, `attribute ${key} is given twice.`);
      attributes.set(key, value);
    } else if (field.number === 7) domain = readString(field, place);
    else if (field.number === 8) overload = readString(field, place);
  });
  if (op === '') throw graphInvalid(place, 'it names no op.');
  if (domain === ownDomain)
    throw graphInvalid(place, `it is of the domain "${ownDomain}", whose ops only import itself writes.`);
  if (name === '' || scope.names.has(name)) name = `${name === '' ? op : name}#${index}`;
  if (scope.names.has(name)) throw graphInvalid(place, `its name "${name}" is taken.`);
  scope.names.add(name);
  return { name, op, domain: normalDomain(domain), ...(overload && { overload }), inputs, outputs, attributes };
}

const attributeKinds: Readonly<Record<number, string>> = { 9: 'tensors', 10: 'graphs', 11: 'sparse tensor', 12: 'sparse tensors', 13: 'type', 14: 'types' }; // biome-ignore format: a table

const floatsOf = (bytes: Uint8Array): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true));
};

function readAttribute(bytes: Uint8Array, node: string, scope: Scope): [string, OnnxAttributeValue] {
  const floats: number[] = [];
  const integers: number[] = [];
  const strings: string[] = [];
  let [name, string, type, float, integer] = ['', '', 0, 0, 0];
  let tensor: OnnxTensor | undefined;
  let graph: OnnxGraph | undefined;
  let reference = '';
  readMessage(bytes, node, (field) => {
    if (field.number === 1) name = readString(field, node);
    else if (field.number === 2) float = floatsOf(readFixed(field, 4, node))[0] ?? 0;
    else if (field.number === 3) integer = readInteger(field, node);
    else if (field.number === 4) string = readString(field, node);
    else if (field.number === 5) tensor = readTensor(readBytes(field, node), `${node}, attribute ${name}`);
    else if (field.number === 6) graph = readGraph(readBytes(field, node), { ...scope, depth: scope.depth + 1 });
    else if (field.number === 7) for (const value of floatsOf(readFixed(field, 4, node))) floats.push(value);
    else if (field.number === 8) for (const value of readIntegers(field, node)) integers.push(value);
    else if (field.number === 9) strings.push(readString(field, node));
    else if (field.number === 20) type = readInteger(field, node);
    else if (field.number === 21) reference = readString(field, node);
  });
  if (name === '') throw graphInvalid(node, 'an attribute has no name.');
  if (reference !== '') return [name, { kind: 'reference', value: reference }];
  if (type === 1) return [name, { kind: 'number', value: float }];
  if (type === 2) return [name, { kind: 'number', value: integer }];
  if (type === 3) return [name, { kind: 'string', value: string }];
  if (type === 4 && tensor !== undefined) return [name, { kind: 'tensor', value: tensor }];
  if (type === 5 && graph !== undefined) return [name, { kind: 'graph', value: graph }];
  if (type === 6) return [name, { kind: 'numbers', value: floats }];
  if (type === 7) return [name, { kind: 'numbers', value: integers }];
  if (type === 8) return [name, { kind: 'strings', value: strings }];
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

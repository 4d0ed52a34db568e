/** Functions of a file, as onnxscript and torch's exporter write them: each call becomes the nodes of its body. */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import type { OnnxFunction, OnnxModel, OnnxNode } from '../onnx-model.ts';
import { Budget, instantiate } from './instantiate.ts';

/** Calls within calls; none of it is recursion, which is refused by itself. */
const maxDepth = 64;

const keyOf = (domain: string, name: string, overload = ''): string => JSON.stringify([domain, name, overload]);

interface Inliner {
  readonly model: OnnxModel;
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  readonly budget: Budget;
  /** Functions that are being written, from the outermost. */
  readonly open: string[];
  calls: number;
}

function functionsOf(model: OnnxModel): Map<string, OnnxFunction> {
  const functions = new Map<string, OnnxFunction>();
  for (const definition of model.functions ?? []) {
    const key = keyOf(definition.domain, definition.name, definition.overload);
    if (functions.has(key)) throw graphInvalid(`Function "${definition.name}"`, 'it is defined twice.');
    functions.set(key, definition);
  }
  return functions;
}

/** The model without calls of functions. Throws GRAPH_INVALID for recursion, OP_UNSUPPORTED for a body of another opset. */
export function inlineFunctions(model: OnnxModel): OnnxModel {
  const functions = functionsOf(model);
  if (functions.size === 0) return model;
  const inliner: Inliner = { model, functions, budget: new Budget(), open: [], calls: 0 };
  return { ...model, nodes: inlineAll(inliner, model.nodes), functions: [] };
}

function inlineAll(inliner: Inliner, nodes: readonly OnnxNode[]): OnnxNode[] {
  const written: OnnxNode[] = [];
  for (const node of nodes) {
    const body = inliner.functions.get(keyOf(node.domain, node.op, node.overload));
    if (body === undefined) written.push(withBodies(inliner, node));
    else for (const inner of inlineCall(inliner, node, body)) written.push(inner);
  }
  return written;
}

/** Calls inside the branches of an If. */
function withBodies(inliner: Inliner, node: OnnxNode): OnnxNode {
  const attributes = new Map(node.attributes);
  for (const [name, { kind, value }] of node.attributes)
    if (kind === 'graph') attributes.set(name, { kind, value: { ...value, nodes: inlineAll(inliner, value.nodes) } });
  return { ...node, attributes };
}

function inlineCall(inliner: Inliner, call: OnnxNode, body: OnnxFunction): OnnxNode[] {
  const key = keyOf(body.domain, body.name, body.overload);
  if (inliner.open.includes(key)) throw graphInvalid(call, `function "${body.name}" calls itself.`);
  if (inliner.open.length >= maxDepth) throw graphInvalid(call, `calls of functions are nested more than ${maxDepth} deep.`);
  if (body.opset !== undefined && body.opset !== inliner.model.opset)
    throw opUnsupported(call, `function "${body.name}" is written in opset ${body.opset}`);
  if (call.inputs.length > body.inputs.length || call.outputs.length > body.outputs.length)
    throw graphInvalid(call, `function "${body.name}" has ${body.inputs.length} inputs and ${body.outputs.length} outputs.`);
  const prefix = `${body.name}#${inliner.calls++}/`;
  const map = new Map(body.inputs.map((name, index) => [name, call.inputs[index] ?? '']));
  for (const [index, name] of body.outputs.entries()) {
    const outside = call.outputs[index] ?? '';
    if (outside !== '' && !map.has(name)) map.set(name, outside);
  }
  checkNames(call, body);
  const attributes = new Map([...body.defaults, ...call.attributes]);
  const nodes = instantiate(body.nodes, { prefix, map, attributes }, inliner.budget);
  inliner.open.push(key);
  const written = [...inlineAll(inliner, nodes), ...passedThrough(call, body, prefix)];
  inliner.open.pop();
  return written;
}

/** Outputs of a body that are its inputs: a node of their own. */
function passedThrough(call: OnnxNode, body: OnnxFunction, prefix: string): OnnxNode[] {
  return body.outputs.flatMap((name, index) => {
    const from = body.inputs.indexOf(name);
    const output = call.outputs[index] ?? '';
    if (from < 0 || output === '') return [];
    const source = call.inputs[from] ?? '';
    return [{ name: `${prefix}output ${index}`, op: 'Identity', domain: '', inputs: [source], outputs: [output], attributes: new Map() }]; // biome-ignore format: one node
  });
}

/** A body reads only its inputs and what it computes: nothing of the graph around it. */
function checkNames(call: OnnxNode, body: OnnxFunction): void {
  const known = new Set([...body.inputs, ...body.nodes.flatMap(({ outputs }) => outputs)]);
  const unknown = [...body.nodes.flatMap(({ inputs }) => inputs), ...body.outputs].find(
    (name) => name !== '' && !known.has(name),
  );
  if (unknown !== undefined)
    throw graphInvalid(call, `function "${body.name}" reads "${unknown}", which it neither takes nor computes.`);
}

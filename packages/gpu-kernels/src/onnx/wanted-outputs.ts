/** A file reduced to what some of its outputs need, such as the image tower of a file that also compares images with texts. */
import { graphInvalid } from '../graph/graph-errors.ts';
import { liveNodes, skeletonOf } from './node-order.ts';
import type { OnnxModel } from './onnx-model.ts';

/** Throws GRAPH_INVALID where an output is not in the file. Absent: the file as it is. */
export function withOutputs(file: OnnxModel, wanted: readonly string[] | undefined): OnnxModel {
  if (wanted === undefined) return file;
  const known = file.outputs.map(({ name }) => name);
  const missing = wanted.find((name) => !known.includes(name));
  if (missing !== undefined || wanted.length === 0) {
    const asked = missing === undefined ? 'no output is asked for' : `output "${missing}" is asked for`;
    throw graphInvalid(
      `Graph "${file.name}"`,
      `${asked}; its outputs are ${known.join(', ')}. Name some of these (in a card: \`output\`).`,
    );
  }
  const outputs = file.outputs.filter(({ name }) => wanted.includes(name));
  const live = new Set(liveNodes({ ...file, outputs }));
  const nodes = file.nodes.filter((node) => live.has(node));
  const read = new Set([...wanted, ...nodes.flatMap((node) => skeletonOf(node).inputs)]);
  const isRead = ({ name }: { readonly name: string }): boolean => read.has(name);
  return { ...file, outputs, nodes, inputs: file.inputs.filter(isRead), initializers: file.initializers.filter(isRead) };
}

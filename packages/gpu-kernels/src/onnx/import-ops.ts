/**
 * What importing a node may take. The modules of all ops together take as long to load as a small network takes from its file to its
 * first score, so there are two such sets: `common-ops.ts`, and `all-ops.ts`, of which the common ones are a part.
 */
import type { MovedNodes } from './batch/move.ts';
import type { Folds } from './fold/fold-node.ts';
import type { ImportState } from './import-state.ts';
import type { Lower, LowerCall } from './lower/lower-call.ts';
import type { OnnxNode } from './onnx-model.ts';

/** A node with bodies, and what its place in the import gives. */
export interface BodyPlace {
  readonly state: ImportState;
  readonly node: OnnxNode;
  readonly isRead: (name: string) => boolean;
  /** Imports a node of a body. */
  readonly write: (node: OnnxNode) => void;
  /** Gives a value another name. */
  readonly join: (source: string, name: string) => void;
}
export type WriteBodies = (place: BodyPlace) => void;

export interface ImportOps {
  /** Throws where nothing here takes the node. */
  readonly admit: (state: ImportState, node: OnnxNode) => void;
  /** The nodes that `node` stands for, in running order; undefined where it is no such op. */
  readonly expand: (
    state: ImportState,
    node: OnnxNode,
    isRead: (name: string) => boolean,
  ) => readonly OnnxNode[] | undefined;
  /** Branches and loops: their bodies are imported in their place. */
  readonly bodies: Readonly<Record<string, WriteBodies>>;
  readonly folds: Folds;
  /** The node as nodes on items, or undefined where the batch is first and stays so. */
  readonly move: (state: ImportState, node: OnnxNode) => MovedNodes | undefined;
  readonly lower: (node: OnnxNode, key: string) => Lower;
  /**
   * Lowers a node by what is known of its values (integers, what they were quantised from, numbers of each item), which comes before
   * what its op says; false where that is nothing. `asFloats` lowers a part as any other node.
   */
  readonly lowerMarked: (call: LowerCall, asFloats: (part: OnnxNode) => void) => boolean;
}

/** Thrown by the common ops where a file needs more: it is then imported anew with all. Never leaves `plan-onnx.ts`. */
export class NeedsAllOps extends Error {}

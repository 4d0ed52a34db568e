/** The two errors of the planner. Both name the graph and the node, so that the author of a network finds the place. */
import { DiptychError, type GraphNode } from '@diptych/plugin-kit/runtime';

export type NodePlace = Pick<GraphNode, 'name' | 'op'>;

export const graphInvalid = (place: NodePlace | string, message: string): DiptychError =>
  typeof place === 'string'
    ? new DiptychError('GRAPH_INVALID', `${place}: ${message}`)
    : new DiptychError('GRAPH_INVALID', `Node "${place.name}" (${place.op}): ${message}`, {
        details: { node: place.name, op: place.op },
      });

export const opUnsupported = (node: NodePlace, reason: string): DiptychError =>
  new DiptychError(
    'OP_UNSUPPORTED',
    `Node "${node.name}" (${node.op}) cannot be planned: ${reason}. Nothing was approximated.`,
    {
      details: { node: node.name, op: node.op, reason },
    },
  );

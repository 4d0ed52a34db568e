/** The two errors of the planner. Both name the graph and the node, so that the author of a network finds the place. */
import { DiptychError, type GraphNode } from '@diptych/plugin-kit/runtime';

/** What to do with a network that computes its items together: frames of one video, parts of one image. */
export const itemsTogether =
  'Items are computed apart here; where a run of the file is one thing, load it with `items: graph`, which makes that run one item';

/** Of a product of two activations that have the batch at different dimensions. */
export const itemsMultiplied =
  'It multiplies items of the batch with each other, so that what one of them gives would depend on its company';

/** The same for files that compare every item with every other, images with texts, beside what each gives. */
export const outputsApart =
  'Where only some outputs of the file are wanted, name them (`outputs`, or `output` of a card); what others need is left out';

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

/** Workflows of ComfyUI in its API format, with slots such as `{{prompt}}` where values go in. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { readSmallFile } from '../read-small-file.ts';

/** By node id: what the node is and what goes in; a link is `[node id, output number]`. */
export const workflowSchema = z.record(
  z.string(),
  z.looseObject({ class_type: z.string(), inputs: z.record(z.string(), z.json()) }),
);
export type Workflow = z.output<typeof workflowSchema>;
export type SlotValue = string | number | boolean;

/** Largest workflow file in bytes. Arbitrary; the largest published ones are some hundred kilobytes. */
const maxBytes = 8 * 2 ** 20;

const invalid = (message: string, cause?: unknown): DiptychError =>
  new DiptychError('PLUGIN_OPTIONS_INVALID', message, cause === undefined ? {} : { cause });

/** A workflow with the SHA-256 that says which one it was: of its file, or of its JSON where it stands in the study. */
interface DigestedWorkflow {
  readonly workflow: Workflow;
  readonly sha256: string;
}

const digestOf = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** Takes a workflow as it stands in the study, or reads its file. */
export const takeWorkflow = async (
  given: string | Workflow,
  baseFolder: string,
  sha256?: string,
): Promise<DigestedWorkflow> =>
  typeof given === 'string'
    ? await readWorkflow(given, baseFolder, sha256)
    : { workflow: given, sha256: digestOf(JSON.stringify(given)) };

/** Reads a workflow file. Rejects with PLUGIN_OPTIONS_INVALID where it is none, or another one than `sha256` names. */
async function readWorkflow(path: string, baseFolder: string, sha256?: string): Promise<DigestedWorkflow> {
  const bytes = await readSmallFile(resolve(baseFolder, path), 'a workflow file', path, maxBytes);
  const digest = digestOf(bytes);
  if (sha256 !== undefined && digest !== sha256)
    throw invalid(`Expected the workflow ${path} to have SHA-256 ${sha256}, it has ${digest}. It was changed; check it.`);
  const workflow = workflowOf(bytes.toString('utf8'));
  if (workflow !== undefined) return { workflow, sha256: digest };
  throw invalid(
    `Expected ${path} to be a workflow in API format (nodes by id, each with class_type and inputs), got something else. In ComfyUI choose File > Export Workflow (API).`,
  );
}

function workflowOf(text: string): Workflow | undefined {
  try {
    return workflowSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Neither what is not JSON nor what is nested too deeply to be walked is a workflow.
    return undefined;
  }
}

const slot = /\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}/g;

/** The names of all slots. */
export function slotsOf(workflow: Workflow): Set<string> {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') for (const [, name] of value.matchAll(slot)) names.add(name!);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(workflow);
  return names;
}

/** Rejects a workflow without `{{prompt}}`, with slots that have no value, or without the output node. */
export function checkWorkflow(workflow: Workflow, known: readonly string[], outputNode: string | undefined): void {
  const slots = slotsOf(workflow);
  if (!slots.has('prompt'))
    throw invalid('Expected {{prompt}} in the workflow, found none. Put it where the prompt goes in.');
  const unknown = [...slots].filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw invalid(
      `Expected values for all slots of the workflow, found none for ${unknown.join(', ')}. Give them in \`slots\`.`,
    );
  if (outputNode !== undefined && !(outputNode in workflow))
    throw invalid(
      `Expected node ${outputNode} in the workflow, it has ${Object.keys(workflow).join(', ')}. Correct outputNode.`,
    );
}

/** A copy with every slot filled. A text that is nothing but one slot becomes the value itself, so numbers stay numbers. */
export function fillSlots<T>(value: T, values: Readonly<Record<string, SlotValue>>): T {
  if (typeof value === 'string') {
    const [whole] = [...value.matchAll(slot)];
    if (whole?.[0] === value) return values[whole[1]!] as T;
    // One pass: slots that stand in a prompt are text of the prompt.
    return value.replace(slot, (_, name: string) => String(values[name])) as T;
  }
  if (Array.isArray(value)) return value.map((item) => fillSlots(item, values)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillSlots(item, values)])) as T;
}

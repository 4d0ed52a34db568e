/**
 * Runs of ComfyUI's queue as its server states them: Comfy-Org/ComfyUI, server.py (routes), execution.py
 * (`validate_prompt`, `PromptQueue.task_done`, `handle_execution_error`) and main.py (`status_str`).
 */
import { type Generation, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, failureOf, type Service, type ServiceAnswer } from '../http/call-service.ts';
import { joinUrl } from '../http/endpoint.ts';
import { fetchMade, finishJob, submitJob } from '../http/job.ts';
import { readAnswer } from '../http/read-answer.ts';

const nodeFault = z.object({ message: z.string(), details: z.string().default('') });
/** By node id; older servers send an empty list where no node is at fault. */
const nodeErrors = z.record(z.string(), z.object({ errors: z.array(nodeFault) })).catch({});
const queued = z.object({ prompt_id: z.string().regex(/^[\w-]+$/), node_errors: nodeErrors });
const refused = z.object({ error: nodeFault, node_errors: nodeErrors });
const file = z.object({
  filename: z.string().min(1),
  subfolder: z.string().default(''),
  type: z.string().default('output'),
});
const entry = z.object({
  outputs: z.record(z.string(), z.looseObject({ images: z.array(file).optional() })),
  status: z
    .object({ status_str: z.string(), messages: z.array(z.tuple([z.string(), z.looseObject({})])).default([]) })
    .nullish(),
});
type Entry = z.output<typeof entry>;
const word = z.string().catch('unknown');
const exception = z.object({ node_id: word, node_type: word, exception_type: word, exception_message: word });
const history = z.record(z.string(), entry);
/** An item is `[number, prompt id, workflow, …]`. */
const queue = z.object({ queue_running: z.array(z.array(z.unknown())) });

const faultsOf = (errors: z.output<typeof nodeErrors>): string[] =>
  Object.entries(errors).flatMap(([id, node]) =>
    node.errors.map(({ message, details }) => `node ${id}: ${message} (${details})`),
  );

/** A workflow that is not valid names the nodes at fault; the same workflow is refused every time. */
function refusal(answer: ServiceAnswer, service: Service): InfrastructureError {
  const said = refused.safeParse(answer.json).data;
  if (!said) return failureOf(answer, service);
  const whole = `${said.error.message} ${said.error.details}`.trim();
  return failureOf(answer, service, [whole, ...faultsOf(said.node_errors)].join('; ').slice(0, 2000));
}

/** The same workflow and seed fail alike, unless the machine was short of memory or somebody interrupted it. */
function failureOfRun({ status }: Entry): InfrastructureError {
  const messages = new Map(status?.messages);
  const { node_id, node_type, exception_type, exception_message } = exception.parse(messages.get('execution_error') ?? {});
  const isInterrupted = messages.has('execution_interrupted');
  const what = isInterrupted ? 'it was interrupted' : `node ${node_id} (${node_type}) failed: ${exception_message.trim()}`;
  return new InfrastructureError(`Expected ComfyUI to finish the workflow, ${what.slice(0, 1000)}.`, {
    retryable: isInterrupted || /memory|timeout|connection/i.test(`${exception_type} ${exception_message}`),
  });
}

interface ComfyServer {
  readonly service: Service;
  readonly baseUrl: string;
  readonly pollSeconds: number;
  /** Id of the node whose images are taken; the first that saved any where absent. */
  readonly outputNode: string | undefined;
}

/** Puts a filled workflow into the queue, waits for its end, and takes the image; the job of a stopped call is removed. */
export async function runWorkflow(json: object, server: ComfyServer, signal: AbortSignal): Promise<Generation> {
  const { service, baseUrl, pollSeconds } = server;
  const submission = { url: joinUrl(baseUrl, 'prompt'), json };
  const takeBack = async (answer: ServiceAnswer, time: AbortSignal) => {
    const known = queued.safeParse(answer.json).data;
    if (known) await cancelJob(known.prompt_id, server, time);
  };
  const answer = await submitJob((time) => callService(service, submission, time), takeBack, signal);
  if (!answer.ok) throw refusal(answer, service);
  const { prompt_id, node_errors } = readAnswer(queued, answer, service, 'a prompt_id');
  const url = joinUrl(baseUrl, `history/${prompt_id}`);
  // An id that is not done has no entry in the history.
  const look = async () => readAnswer(history, await callService(service, { url }, signal), service, 'a history')[prompt_id];
  const cancel = (time: AbortSignal) => cancelJob(prompt_id, server, time);
  const made = await imageOf(await finishJob({ pollSeconds, look, cancel }, signal), server, signal);
  // Outputs that are not valid are left out while others run: the workflow's fault, not an empty answer of the model.
  if (made.outcome === 'empty' && Object.keys(node_errors).length > 0)
    throw new InfrastructureError(
      `Expected ComfyUI to take the whole workflow, it left out ${faultsOf(node_errors).join('; ').slice(0, 1000)}.`,
      { retryable: false },
    );
  return made;
}

/** ComfyUI itself has no filter; what a safety node makes black is told apart by core. */
async function imageOf(
  found: Entry,
  { service, baseUrl, outputNode }: ComfyServer,
  signal: AbortSignal,
): Promise<Generation> {
  if (found.status?.status_str === 'error') throw failureOfRun(found);
  const nodes = outputNode === undefined ? Object.values(found.outputs) : [found.outputs[outputNode]];
  const files = nodes.flatMap((node) => node?.images ?? []);
  const saved = files.find(({ type }) => type === 'output') ?? files[0];
  if (!saved) return { outcome: 'empty', reason: 'The workflow ended without images of the output node' };
  const url = `${joinUrl(baseUrl, 'view')}?${new URLSearchParams(saved)}`;
  const fetchOnce = async (): Promise<Uint8Array> => {
    const answer = await callService(service, { url, headers: { accept: 'image/*' } }, signal);
    if (!answer.ok) throw failureOf(answer, service);
    return answer.bytes;
  };
  return { outcome: 'image', bytes: await fetchMade(fetchOnce, signal) };
}

/** Takes the job out of the queue, and stops it where it runs: older servers would stop anybody's by the second call. */
async function cancelJob(id: string, { service, baseUrl }: ComfyServer, signal: AbortSignal): Promise<void> {
  const url = joinUrl(baseUrl, 'queue');
  await callService(service, { url, json: { delete: [id] } }, signal);
  const { queue_running } = readAnswer(queue, await callService(service, { url }, signal), service, 'the queue');
  if (queue_running.some((running) => running[1] === id))
    await callService(service, { url: joinUrl(baseUrl, 'interrupt'), json: { prompt_id: id } }, signal);
}

import {
  type Decoder,
  DiptychError,
  defineGenerator,
  type Family,
  type Generation,
  InfrastructureError,
  type PluginContext,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, failureOf, type Service, type ServiceAnswer } from '../shared/http/call-service.ts';
import { joinUrl } from '../shared/http/endpoint.ts';
import { finishJob } from '../shared/http/job.ts';
import { localMetering, localOptions, localService, needsOfLocal } from '../shared/http/local-server.ts';
import { readAnswer } from '../shared/http/read-answer.ts';
import { kindOptions, oneByOne, pollSecondsOption } from '../shared/http/service-options.ts';
import { checkWorkflow, fillSlots, readWorkflow, slotsOf, type Workflow, workflowSchema } from '../shared/workflow.ts';

const optionsSchema = z.strictObject({
  /** Path from the study file, or the workflow itself: API format, with the slots {{prompt}} and {{seed}}. */
  workflow: z.union([z.string().min(1).max(4096), workflowSchema]),
  /** Of the workflow file; a changed one is refused then. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Values of other slots, such as {{negative}} or {{steps}}. */
  slots: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), z.union([z.string(), z.number(), z.boolean()])).default({}),
  /** Id of the node whose images are taken; where absent, the first that saves any. */
  outputNode: z.string().min(1).max(100).optional(),
  ...kindOptions,
  pollSeconds: pollSecondsOption(0.5),
  ...localOptions({ baseUrl: 'http://127.0.0.1:8188', concurrency: 2 }),
});
type Options = z.output<typeof optionsSchema>;

const queued = z.object({ prompt_id: z.string().regex(/^[\w-]+$/) });
const refused = z.object({
  error: z.object({ message: z.string(), details: z.string().default('') }),
  node_errors: z.record(
    z.string(),
    z.object({ errors: z.array(z.object({ message: z.string(), details: z.string().default('') })) }),
  ),
});
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
const queue = z.object({ queue_running: z.array(z.array(z.unknown())) });

/** A workflow that is not valid names the nodes at fault; the same workflow is refused every time. */
function refusal(answer: ServiceAnswer, service: Service): InfrastructureError {
  const said = refused.safeParse(answer.json).data;
  if (!said) return failureOf(answer, service);
  const nodes = Object.entries(said.node_errors).flatMap(([id, { errors }]) =>
    errors.map(({ message, details }) => `node ${id}: ${message} (${details})`),
  );
  return failureOf(
    answer,
    service,
    [`${said.error.message} ${said.error.details}`.trim(), ...nodes].join('; ').slice(0, 2000),
  );
}

/** The same workflow and seed fail alike, unless the machine was short of memory or somebody interrupted it. */
function failureOfRun({ status }: Entry): InfrastructureError {
  const messages = new Map(status?.messages);
  const { node_id, node_type, exception_type, exception_message } = exception.parse(messages.get('execution_error') ?? {});
  const isInterrupted = messages.has('execution_interrupted');
  const what = isInterrupted ? 'it was interrupted' : `node ${node_id} (${node_type}) failed: ${exception_message}`;
  return new InfrastructureError(`Expected ComfyUI to finish the workflow, ${what.slice(0, 1000)}.`, {
    retryable: isInterrupted || /memory|timeout|connection/i.test(`${exception_type} ${exception_message}`),
  });
}

/** What the user states; else a workflow that decodes latents is taken for what it looks like, and any other is asked about. */
function kindOf({ family, decoder }: Options): { family: Family; decoder: Decoder } {
  return { family: family ?? 'diffusion', decoder: decoder ?? (family === undefined ? 'vae' : 'unknown') };
}

function checkKind(workflow: Workflow, { family }: Options): void {
  const types = Object.values(workflow).map((node) => node.class_type);
  if (family !== undefined || types.some((type) => type.startsWith('VAEDecode'))) return;
  throw new DiptychError(
    'PLUGIN_OPTIONS_INVALID',
    `Expected a VAEDecode node or \`family\`, found nodes ${[...new Set(types)].join(', ')}. Set \`family\` (diffusion or mllm), and \`decoder\` where known.`,
  );
}

/** Documented ComfyUI has no filter of its own; what a safety node makes black is told apart by core. */
async function imageOf(found: Entry, options: Options, service: Service, signal: AbortSignal): Promise<Generation> {
  if (found.status?.status_str === 'error') throw failureOfRun(found);
  const nodes = options.outputNode === undefined ? Object.values(found.outputs) : [found.outputs[options.outputNode]];
  const files = nodes.flatMap((node) => node?.images ?? []);
  const saved = files.find(({ type }) => type === 'output') ?? files[0];
  if (!saved) return { outcome: 'empty', reason: 'The workflow ended without images of the output node' };
  const url = `${joinUrl(options.baseUrl, 'view')}?${new URLSearchParams(saved)}`;
  const answer = await callService(service, { url, headers: { accept: 'image/*' } }, signal);
  if (!answer.ok) throw failureOf(answer, service);
  return { outcome: 'image', bytes: answer.bytes };
}

/** Takes the job out of the queue, and stops it where it runs: older servers would stop anybody's by the second call. */
async function cancelJob(id: string, baseUrl: string, service: Service, signal: AbortSignal): Promise<void> {
  const url = joinUrl(baseUrl, 'queue');
  await callService(service, { url, json: { delete: [id] } }, signal);
  const { queue_running } = readAnswer(queue, await callService(service, { url }, signal), service, 'the queue');
  if (queue_running.some((running) => running.includes(id)))
    await callService(service, { url: joinUrl(baseUrl, 'interrupt'), json: { prompt_id: id } }, signal);
}

export default defineGenerator({
  name: 'comfyui',
  summary: "Makes images with the user's own workflow on a ComfyUI server.",
  reference: 'https://docs.comfy.org/development/comfyui-server/comms_routes',
  /** Of the workflow; see `traitsOf`. */
  family: 'diffusion',
  decoder: 'vae',
  simulated: false,
  options: optionsSchema,
  traitsOf: kindOf,
  needs: needsOfLocal,

  async create(options: Options, context: PluginContext) {
    const { baseUrl, pollSeconds, slots, extra, outputNode } = options;
    const service = localService('ComfyUI', options, context);
    const workflow =
      typeof options.workflow === 'string'
        ? await readWorkflow(options.workflow, context.baseFolder, options.sha256)
        : options.workflow;
    checkWorkflow(workflow, ['prompt', 'seed', ...Object.keys(slots)], outputNode);
    checkKind(workflow, options);
    const hasSeed = slotsOf(workflow).has('seed');
    const metering = localMetering('comfyui', options);
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        const json = { prompt: fillSlots(workflow, { ...slots, prompt, seed }), ...extra };
        const answer = await callService(service, { url: joinUrl(baseUrl, 'prompt'), json }, signal);
        if (!answer.ok) throw refusal(answer, service);
        const { prompt_id } = readAnswer(queued, answer, service, 'a prompt_id');
        const url = joinUrl(baseUrl, `history/${prompt_id}`);
        const look = async () =>
          readAnswer(history, await callService(service, { url }, signal), service, 'a history')[prompt_id];
        const cancel = (time: AbortSignal) => cancelJob(prompt_id, baseUrl, service, time);
        const made = await imageOf(await finishJob({ pollSeconds, look, cancel }, signal), options, service, signal);
        if (made.outcome !== 'image' || hasSeed) return made;
        return { ...made, warnings: ['The workflow has no {{seed}}, so the seed was not used.'] };
      }),
    };
  },
});

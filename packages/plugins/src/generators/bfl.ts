import { defineGenerator, type Generation, InfrastructureError, type PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service } from '../shared/http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { fetchMadeImage, finishJob } from '../shared/http/job.ts';
import { readAnswer } from '../shared/http/read-answer.ts';
import { given, hostsOf, meteringOf, oneByOne, pollSecondsOption, serviceOptions } from '../shared/http/service-options.ts';

const optionsSchema = z.strictObject({
  /** The last part of the endpoint's path, such as flux-2-pro, flux-2-max, flux-pro-1.1, flux-kontext-pro. */
  model: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)
    .default('flux-2-pro'),
  baseUrl: baseUrlOption('https://api.bfl.ai'),
  keyName: keyNameOption('BFL_API_KEY'),
  width: z.int().min(64).max(4096).optional(),
  height: z.int().min(64).max(4096).optional(),
  aspect_ratio: z.string().max(20).optional(),
  steps: z.int().min(1).max(100).optional(),
  guidance: z.number().min(0).max(100).optional(),
  /** 0 is the strictest; the most permissive is 5 or 6, depending on the model. The service's default is 2. */
  safety_tolerance: z.int().min(0).max(6).optional(),
  prompt_upsampling: z.boolean().optional(),
  output_format: z.enum(['jpeg', 'png', 'webp']).optional(),
  pollSeconds: pollSecondsOption(1),
  // 24 active tasks are allowed by default, 6 for Kontext Max.
  ...serviceOptions({ concurrency: 6 }),
});
type Options = z.output<typeof optionsSchema>;

/**
 * Statuses as on docs.bfl.ai/api_integration/errors and in Comfy-Org/ComfyUI, comfy_api_nodes/apis/bfl_api.py; `cost` as
 * on BFL's page on image editing with FLUX.2: credits charged for the request, beside `input_mp` and `output_mp`.
 */
const submitted = z.object({ id: z.string(), polling_url: z.url(), cost: z.number().min(0).nullish() });
const progress = z.object({
  status: z.string(),
  error: z.unknown().optional(),
  result: z.object({ sample: z.string().optional(), prompt: z.string().nullish() }).nullish(),
  details: z.record(z.string(), z.unknown()).nullish(),
});
type Progress = z.output<typeof progress>;

const stages: Readonly<Record<string, 'input' | 'output'>> = { 'Request Moderated': 'input', 'Content Moderated': 'output' };
/** `Failed` stands only in the examples of BFL's pages. */
const ended = [...Object.keys(stages), 'Ready', 'Error', 'Failed', 'Task not found'];

/** A global endpoint names a regional one of the same owner; the key goes to no other host, such as that of images. */
function isOfApi(address: string, baseUrl: string): boolean {
  const { origin, protocol, hostname } = new URL(address);
  if (origin === new URL(baseUrl).origin) return true;
  const api = /^api(\.[a-z0-9-]+)?\.bfl\.(ai|ml)$/;
  return protocol === 'https:' && api.test(hostname) && api.test(hostOf(baseUrl));
}

async function generationOf(
  { status, result, details, error }: Progress,
  prompt: string,
  service: Service,
  signal: AbortSignal,
): Promise<Generation> {
  const stage = stages[status];
  if (stage) {
    const reasons = z.array(z.string()).safeParse(details?.['Moderation Reasons']).data ?? [];
    return { outcome: 'blocked', stage, reason: [status, ...reasons].join(': ').slice(0, 4000), categories: reasons };
  }
  // So black-forest-labs/skills, bfl-api/references/error-handling.md, has it; that the API still answers so is unconfirmed.
  if (status === 'Error' && error === 'content_policy_violation')
    return { outcome: 'blocked', stage: 'input', reason: error, categories: [] };
  // A task that is gone or failed can be asked for again; the next attempt is a new task.
  if (status !== 'Ready') {
    const why = JSON.stringify(details ?? error ?? {}).slice(0, 500);
    throw new InfrastructureError(`Expected ${service.name} to finish the task, it ended as ${status}: ${why}.`);
  }
  if (!result?.sample) return { outcome: 'empty', reason: 'Ready without a sample' };
  const bytes = await fetchMadeImage(result.sample, service, signal);
  return { outcome: 'image', bytes, ...(result.prompt && result.prompt !== prompt ? { revisedPrompt: result.prompt } : {}) };
}

/** FLUX.2 is charged by the megapixel; the table has the price of the first. */
const isOneMegapixel = ({ width = 1024, height = 1024 }: Options): boolean => width * height <= 2 ** 20;

export default defineGenerator({
  name: 'bfl',
  summary: 'Makes images with FLUX over the API of Black Forest Labs.',
  reference: 'https://docs.bfl.ai/api_integration/integration_guidelines',
  family: 'diffusion',
  decoder: 'vae',
  simulated: false,
  options: optionsSchema,
  needs: (options) => ({
    secrets: [options.keyName],
    hosts: hostsOf(options, ['*.bfl.ai', '*.bfl.ml', 'bfldeliveryprod.blob.core.windows.net']),
  }),

  create(options: Options, context: PluginContext) {
    const { model, baseUrl, keyName, pollSeconds, extra } = options;
    const { width, height, aspect_ratio, steps, guidance, safety_tolerance, prompt_upsampling, output_format } = options;
    const headers = { 'x-key': context.secret(keyName) };
    const service: Service = { name: 'Black Forest Labs', context, keyName, headers };
    const parameters = {
      ...given({ width, height, aspect_ratio, steps, guidance, safety_tolerance, prompt_upsampling, output_format }),
      ...extra,
    };
    const metering = meteringOf('bfl', options, isOneMegapixel(options) ? [`bfl/${model}`] : [`bfl/${model}/large`]);
    return {
      ...metering,
      generate: oneByOne(metering.estimate, async ({ prompt, seed }, signal) => {
        const request = { url: joinUrl(baseUrl, `v1/${model}`), json: { prompt, seed, ...parameters } };
        const task = readAnswer(submitted, await callService(service, request, signal), service, 'a task with polling_url');
        if (!isOfApi(task.polling_url, baseUrl))
          throw new InfrastructureError(
            `Expected ${service.name} to name a polling_url of its own, got one at ${hostOf(task.polling_url)}. The key was not sent there.`,
            { retryable: false },
          );
        // The API has no way to cancel a task: one whose call is stopped runs on, and may be charged.
        const look = async () => {
          const answer = await callService(service, { url: task.polling_url }, signal);
          // A status that ends the task counts whatever the status of HTTP; that the two always agree is unconfirmed.
          const seen = progress.safeParse(answer.json).data ?? readAnswer(progress, answer, service, 'a status');
          if (ended.includes(seen.status)) return seen;
          readAnswer(progress, answer, service, 'a status');
          return undefined;
        };
        const generation = await generationOf(await finishJob({ pollSeconds, look }, signal), prompt, service, signal);
        // A credit is $0.01 (black-forest-labs/skills, bfl-api/SKILL.md); what a moderated task costs is unconfirmed.
        return generation.outcome === 'image' && task.cost ? { ...generation, costUsd: task.cost / 100 } : generation;
      }),
    };
  },
});

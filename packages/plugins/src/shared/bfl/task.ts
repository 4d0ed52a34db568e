/** Tasks of Black Forest Labs: submitted, looked at by the address that the answer names, and read. */
import { type Generation, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service, type ServiceRequest } from '../http/call-service.ts';
import { hostOf } from '../http/endpoint.ts';
import { fetchMadeImage, finishJob } from '../http/job.ts';
import { readAnswer } from '../http/read-answer.ts';

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
  // BFL documents no status of a task that passes; a new task would be a new charge, and likely end alike.
  if (status !== 'Ready') {
    const why = JSON.stringify(details ?? error ?? {}).slice(0, 500);
    throw new InfrastructureError(`Expected ${service.name} to finish the task, it ended as ${status}: ${why}.`, {
      retryable: false,
    });
  }
  if (!result?.sample) return { outcome: 'empty', reason: 'Ready without a sample' };
  const bytes = await fetchMadeImage(result.sample, service, signal);
  return { outcome: 'image', bytes, ...(result.prompt && result.prompt !== prompt ? { revisedPrompt: result.prompt } : {}) };
}

interface Task {
  readonly submission: ServiceRequest;
  readonly baseUrl: string;
  readonly pollSeconds: number;
}

/** The API has no way to cancel a task: one whose call is stopped runs on, and may be charged. */
export async function runTask(
  { submission, baseUrl, pollSeconds }: Task,
  prompt: string,
  service: Service,
  signal: AbortSignal,
): Promise<Generation> {
  const answer = await callService(service, submission, signal);
  const { polling_url: url, cost } = readAnswer(submitted, answer, service, 'a task with polling_url');
  if (!isOfApi(url, baseUrl))
    throw new InfrastructureError(
      `Expected ${service.name} to name a polling_url of its own, got one at ${hostOf(url)}. The key was not sent there.`,
      { retryable: false },
    );
  const look = async () => {
    const seen = await callService(service, { url }, signal);
    // A status that ends the task counts whatever the status of HTTP; that the two always agree is unconfirmed.
    const stated = progress.safeParse(seen.json).data;
    if (stated && ended.includes(stated.status)) return stated;
    readAnswer(progress, seen, service, 'a status');
    return undefined;
  };
  const generation = await generationOf(await finishJob({ pollSeconds, look }, signal), prompt, service, signal);
  // A credit is $0.01 (black-forest-labs/skills, bfl-api/SKILL.md); what a moderated task costs is unconfirmed.
  return generation.outcome === 'image' && cost ? { ...generation, costUsd: cost / 100 } : generation;
}

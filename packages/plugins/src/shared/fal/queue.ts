/**
 * One request on fal's queue, called directly or behind Hugging Face's router. Addresses and states as in
 * fal-ai/fal-js, libs/client/src/queue.ts and types/common.ts: IN_QUEUE, IN_PROGRESS, COMPLETED.
 */
import type { Generation } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service, type ServiceAnswer, type ServiceRequest } from '../http/call-service.ts';
import { finishJob, submitJob } from '../http/job.ts';
import { readAnswer } from '../http/read-answer.ts';
import { falGenerationOf } from './answer.ts';

interface FalRequest<T> {
  readonly submission: ServiceRequest;
  readonly submitted: z.ZodType<T>;
  /** Where the request that was made can be asked for, and taken back. */
  addressesOf(submitted: T): { readonly status: string; readonly result: string; readonly cancel?: string };
  readonly pollSeconds: number;
}

const progress = z.object({ status: z.string() });
const isOff = z.object({ enable_safety_checker: z.literal(false) });

/** Submits, looks until done, and reads how it ended; a call that is stopped takes its request back where it can. */
export async function generateOnFal<T>(
  { submission, submitted, addressesOf, pollSeconds }: FalRequest<T>,
  prompt: string,
  service: Service,
  signal: AbortSignal,
): Promise<Generation> {
  const cancelOf = (cancel: string | undefined) =>
    cancel === undefined ? undefined : (time: AbortSignal) => callService(service, { url: cancel, method: 'PUT' }, time);
  const takeBack = async (answer: ServiceAnswer, time: AbortSignal) => {
    const known = submitted.safeParse(answer.json);
    if (known.success) await cancelOf(addressesOf(known.data).cancel)?.(time);
  };
  const asked = { prompt, isUnchecked: isOff.safeParse(submission.json).success };
  const answer = await submitJob((time) => callService(service, submission, time), takeBack, signal);
  // Some prompts are refused before they are queued.
  if (!answer.ok) return falGenerationOf(answer, asked, service, signal);
  const { status, result, cancel } = addressesOf(readAnswer(submitted, answer, service, 'a request in its queue'));
  const look = async () => {
    const found = readAnswer(progress, await callService(service, { url: status }, signal), service, 'a status');
    return found.status === 'IN_QUEUE' || found.status === 'IN_PROGRESS' ? undefined : found.status;
  };
  const stop = cancelOf(cancel);
  await finishJob({ pollSeconds, look, ...(stop && { cancel: stop }) }, signal);
  return falGenerationOf(await callService(service, { url: result }, signal), asked, service, signal);
}

import { InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { callService, type Service } from '../http/call-service.ts';
import { joinUrl } from '../http/endpoint.ts';
import { readAnswer } from '../http/read-answer.ts';

const mapped = z.object({ providerId: z.string(), task: z.string(), provider: z.string().optional() });
/** A list, or by provider, as in huggingface/huggingface.js, packages/inference/src/lib/getInferenceProviderMapping.ts. */
const mapping = z.object({ inferenceProviderMapping: z.union([z.array(mapped), z.record(z.string(), mapped)]) });

/** Asks the Hub what a provider calls a model. Faults name what the Hub offers instead. */
export async function providerModelOf(
  { model, provider, hubUrl }: { readonly model: string; readonly provider: string; readonly hubUrl: string },
  service: Service,
  signal: AbortSignal,
): Promise<string> {
  const url = joinUrl(hubUrl, `api/models/${model}?expand[]=inferenceProviderMapping`);
  const answer = await callService(service, { url }, signal);
  const { inferenceProviderMapping: all } = readAnswer(mapping, answer, service, 'a provider mapping');
  const list = Array.isArray(all) ? all : Object.entries(all).map(([name, entry]) => ({ ...entry, provider: name }));
  const found = list.find((entry) => entry.provider === provider && entry.task === 'text-to-image');
  if (found) return found.providerId;
  const offered = list.map((entry) => `${entry.provider} (${entry.task})`).join(', ') || 'nothing';
  throw new InfrastructureError(`Expected the Hub to map ${model} to ${provider} for text-to-image, it offers ${offered}.`, {
    retryable: false,
  });
}

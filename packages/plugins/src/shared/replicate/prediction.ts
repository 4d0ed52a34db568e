/** How a prediction on Replicate ended, asked for directly or behind Hugging Face's router. */
import { type Generation, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { Service } from '../http/call-service.ts';
import { fetchMadeImage } from '../http/job.ts';
import { reasonOf } from '../http/service-options.ts';

/** As in replicate/replicate-javascript, index.d.ts. */
export const prediction = z.object({
  id: z.string().regex(/^[\w-]+$/),
  status: z.string(),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  data_removed: z.boolean().nullish(),
});
type Prediction = z.output<typeof prediction>;

export const isEnded = ({ status }: { readonly status: string }): boolean =>
  ['succeeded', 'failed', 'canceled', 'aborted'].includes(status);

/**
 * A filter shows only in the text of the error: the sentence of the safety checker in Replicate's own models
 * (github.com/replicate/cog-stable-diffusion, pull request 24), and its common sentence with code E005, which does not
 * say whether prompt or picture was flagged; the prediction ran, so it is counted as output. The stage behind E005 and
 * the wordings of models that other people published there are unconfirmed; these words are what they share.
 */
const filterSentence =
  /\bNSFW\b|flagged as sensitive|\(E005\)|content[ _-](policy|moderation)|safety (checker|filter|system)/i;
const inputSentence = /\b(prompt|input)\b[^.]{0,60}\b(blocked|rejected|flagged|violates|not allowed|moderat)/i;

/**
 * Codes by which Replicate says that a prediction did not start or that trying again may help (replicate.com/docs,
 * reference, error codes): unknown error, timeout starting, failed health check, error starting. Any other failed
 * prediction ran and may be charged, and its like would fail again.
 */
const passingCode = /\bE(1000|6716|8765|9243)\b/;

/** Addresses in what a model gave: one, a list, or members of an object. */
function addressesIn(output: unknown): string[] {
  if (typeof output === 'string') return /^(https?:|data:)/.test(output) ? [output] : [];
  if (typeof output !== 'object' || output === null) return [];
  return Object.values(output).flatMap(addressesIn);
}

/** How a prediction that is over ended; fetches the image that it names. */
export async function replicateGenerationOf(
  found: Omit<Prediction, 'id'>,
  service: Service,
  signal: AbortSignal,
): Promise<Generation> {
  const { status, error, output, data_removed } = found;
  const why = typeof error === 'string' ? error : JSON.stringify(error ?? null).slice(0, 500);
  if (status === 'failed' && filterSentence.test(why)) {
    const stage = inputSentence.test(why) && !/or output/i.test(why) ? 'input' : 'output';
    return { outcome: 'blocked', stage, reason: reasonOf(why, 'filtered') };
  }
  if (status !== 'succeeded')
    throw new InfrastructureError(`Expected ${service.name} to finish the prediction, it ${status}: ${why}.`, {
      // An aborted prediction ended before it ran.
      retryable: status === 'aborted' || passingCode.test(why),
    });
  if (data_removed)
    throw new InfrastructureError(`Expected an output of ${service.name}, it was removed already.`, { retryable: false });
  const [address] = addressesIn(output);
  if (address === undefined)
    return { outcome: 'empty', reason: `succeeded with the output ${JSON.stringify(output ?? null).slice(0, 200)}` };
  return { outcome: 'image', bytes: await fetchMadeImage(address, service, signal) };
}

/**
 * How the providers behind Hugging Face's router take the task and answer it, as in huggingface/huggingface.js,
 * packages/inference/src/providers. Their own answers pass through, so each is read as that provider states it. fal is
 * not here: its queue is `fal-route.ts`.
 */
import { type Generation, InfrastructureError } from '@diptych/plugin-kit';
import { z } from 'zod';
import { failureOf, type Service, type ServiceAnswer } from '../http/call-service.ts';
import { readAnswer } from '../http/read-answer.ts';
import { given } from '../http/service-options.ts';
import { readImageEntries } from '../openai/image-entry.ts';
import { readImagesAnswer } from '../openai/images-answer.ts';
import { isEnded, prediction, replicateGenerationOf } from '../replicate/prediction.ts';
import { togetherSafetyChecker } from '../together/safety-checker.ts';

type Parameters = Readonly<Record<string, unknown>>;

interface RoutedRequest {
  readonly path: string;
  readonly json: object;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Provider {
  request(model: string, prompt: string, parameters: Parameters): RoutedRequest;
  read(answer: ServiceAnswer, service: Service, signal: AbortSignal): Promise<Generation>;
}

/** The answer of hf-inference is a file, or JSON in one of two forms. It documents no field of a filter. */
const routedFile = z.union([
  z.object({ data: z.array(z.looseObject({})) }),
  z.object({ output: z.array(z.string()) }).transform(({ output }) => ({ data: output.map((url) => ({ url })) })),
]);
/** A model that is being loaded. The body is that of the Inference API before the router; behind it, unconfirmed. */
const loading = z.object({ error: z.string(), estimated_time: z.number().min(0) });

async function readFile(answer: ServiceAnswer, service: Service, signal: AbortSignal): Promise<Generation> {
  if (!answer.ok) {
    const cold = answer.status === 503 ? loading.safeParse(answer.json).data : undefined;
    if (!cold) throw failureOf(answer, service);
    // The service is not crowded then, only cold.
    throw new InfrastructureError(`${service.name}: ${cold.error}.`, { retryAfterMs: cold.estimated_time * 1000 });
  }
  if (answer.headers.get('content-type')?.startsWith('image/')) return { outcome: 'image', bytes: answer.bytes };
  return readImageEntries(readAnswer(routedFile, answer, service, 'an image').data, service, [], signal);
}

/** That the router passes id and status on is unconfirmed; huggingface.js reads `output` alone. */
const routedPrediction = prediction.partial({ id: true }).extend({ status: z.string().default('succeeded') });

async function readPrediction(answer: ServiceAnswer, service: Service, signal: AbortSignal): Promise<Generation> {
  const found = readAnswer(routedPrediction, answer, service, 'a prediction');
  if (isEnded(found)) return replicateGenerationOf(found, service, signal);
  throw new InfrastructureError(
    `Expected ${service.name} to hold the call until Replicate is done, it is still ${found.status}. Ask Replicate itself (generator replicate).`,
  );
}

const openAiStyle = (responseFormat: string, nameOfSteps: string, read: Provider['read']): Provider => ({
  request: (model, prompt, { num_inference_steps, ...rest }) => ({
    path: 'v1/images/generations',
    json: { ...given({ [nameOfSteps]: num_inference_steps }), ...rest, prompt, response_format: responseFormat, model },
  }),
  read,
});

export const providers = {
  'hf-inference': {
    request: (model, inputs, parameters) => ({
      path: `models/${model}`,
      json: { inputs, parameters },
      headers: { accept: 'image/*' },
    }),
    read: readFile,
  },
  replicate: {
    request: (model, prompt, parameters) => {
      const [name, version] = model.split(':');
      const path = version === undefined ? `v1/models/${name}/predictions` : 'v1/predictions';
      return { path, headers: { prefer: 'wait' }, json: { ...given({ version }), input: { ...parameters, prompt } } };
    },
    read: readPrediction,
  },
  together: openAiStyle('base64', 'steps', (answer, service, signal) =>
    readImagesAnswer(answer, service, signal, togetherSafetyChecker),
  ),
  // How it states a filter is unconfirmed; OpenAI's codes are read.
  nscale: openAiStyle('b64_json', 'num_inference_steps', readImagesAnswer),
} satisfies Readonly<Record<string, Provider>>;

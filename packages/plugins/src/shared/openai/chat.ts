/** Questions in words to a chat model, as the rewriters ask them. */
import { InfrastructureError, type Metered, type ModelTemplate } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { Service } from '../http/call-service.ts';
import type { TokenMeter } from '../judging/token-metering.ts';
import { endpointMeter, endpointOptions, openAiUrl } from './chat-endpoint.ts';
import { complete } from './completion.ts';

/** Options of everything that asks a chat model. */
export const chatOptions = {
  ...endpointOptions({ baseUrl: openAiUrl, keyName: 'OPENAI_API_KEY', maxTokens: 2000 }),
  /** The model's own default where absent; some models take no other. */
  temperature: z.number().min(0).max(2).optional(),
  /** Name of the limit's parameter; OpenAI wants the longer one, many other servers know only the shorter. */
  tokenLimit: z.enum(['max_completion_tokens', 'max_tokens']).optional(),
} as const;

const chatSchema = z.strictObject(chatOptions);
export type ChatSettings = z.output<typeof chatSchema> & { readonly model: string };

export { endpointNeeds as chatNeeds } from './chat-endpoint.ts';

/** Tokens of a question in `plan`'s estimate; its texts are a few hundred words. Arbitrary. */
const assumedTokensIn = 500;

/** The estimate takes the longest answer, so that a budget is not overrun. */
const chatMeter = (settings: ChatSettings): TokenMeter =>
  endpointMeter(settings, 1, { in: assumedTokensIn, out: settings.maxTokens });

export const chatMetering = (settings: ChatSettings): Metered & { readonly concurrency: number } =>
  chatMeter(settings).metering;

export interface Question {
  readonly system: string;
  readonly user: string;
  /** JSON Schema that the answer must follow, for endpoints with structured output. */
  readonly schema?: { readonly name: string; readonly schema: object };
}

/** `refused` holds the model's or the filter's own words. */
export type ChatAnswer = {
  /** As the endpoint names it, with its version. */
  readonly model: string;
  readonly costUsd?: number;
} & ({ readonly status: 'answered'; readonly text: string } | { readonly status: 'refused'; readonly words: string });

/** Rejects with `InfrastructureError` for faults, cut-off and empty answers; a refusal is an answer. */
export async function askChat(
  service: Service,
  settings: ChatSettings,
  { system, user, schema }: Question,
  signal: AbortSignal,
): Promise<ChatAnswer> {
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: user },
  ];
  const parameters =
    schema === undefined ? {} : { response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } } };
  const answer = await complete(service, settings, chatMeter(settings), { messages, parameters }, signal);
  if (answer.status === 'answered' && answer.text.trim() !== '') return answer;
  if (answer.status === 'refused') return { ...answer, status: 'refused' };
  if (answer.status === 'filtered')
    return { ...answer, status: 'refused', words: `a content filter stopped the answer: ${answer.words}` };
  const what =
    answer.status === 'truncated'
      ? `it was cut off at ${settings.maxTokens} tokens. Raise maxTokens.`
      : 'the answer is empty.';
  throw new InfrastructureError(`Expected a whole answer of ${answer.model}, ${what}`, { retryable: false });
}

/** What stored results say of the question: the model that answered, the words it was asked with, and how. */
export const madeByChat = (
  plugin: string,
  template: ModelTemplate,
  { model, temperature, seed }: ChatSettings,
  answered: string,
): string =>
  [
    `${plugin}: ${answered}${answered === model ? '' : ` (asked as ${model})`}`,
    `template ${template.name} version ${template.version} (${template.sha256.slice(0, 12)})`,
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
  ].join(', ');

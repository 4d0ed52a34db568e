/** Questions about one picture through the Chat Completions API, which OpenAI, most hosts and vLLM, SGLang and llama.cpp offer. */
import type { PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { hostOf } from '../http/endpoint.ts';
import { dataUrlOf, type ImagePayload, maxImageBytesOption } from '../judging/image-payload.ts';
import type { TokenMeter } from '../judging/token-metering.ts';
import { type EndpointSettings, endpointOptions } from './chat-endpoint.ts';
import { type Completion, complete } from './completion.ts';
import { bearerService } from './service.ts';

export const imageChatOptions = (defaults: Parameters<typeof endpointOptions>[0]) => ({
  ...endpointOptions(defaults),
  /** 0 where the model lets it be chosen; `null` sends none, for models that take no other than their own. */
  temperature: z.number().min(0).max(2).nullable().default(0),
  /** 20 MiB where the endpoint says nothing else. */
  maxImageBytes: maxImageBytesOption(20 * 2 ** 20),
});

export interface ImageChatSettings extends EndpointSettings {
  readonly temperature: number | null;
  readonly maxImageBytes: number;
}

export interface ImageQuestion {
  readonly image: ImagePayload;
  readonly system?: string;
  /** After the picture; left out for models whose server adds its own words. */
  readonly text?: string;
  /** Members of the request for structured output or probabilities. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export type AskByChat = (question: ImageQuestion, signal: AbortSignal) => Promise<Completion>;

/** The function rejects with `InfrastructureError` for faults; refusals, filters and cut-off answers are answers. */
export function imageChat(settings: ImageChatSettings, meter: TokenMeter, context: PluginContext): AskByChat {
  const service = bearerService(hostOf(settings.baseUrl), context, settings.keyName ?? undefined);
  return ({ image, system, text, parameters }, signal) => {
    const content = [
      { type: 'image_url', image_url: { url: dataUrlOf(image) } },
      ...(text === undefined ? [] : [{ type: 'text', text }]),
    ];
    const messages = [...(system === undefined ? [] : [{ role: 'system', content: system }]), { role: 'user', content }];
    return complete(service, settings, meter, { messages, parameters }, signal);
  };
}

/** Chat completions as OpenAI's API documents them, for the fake service. */
import { completionOf as answerOf } from './fake-chat-answer.ts';
import type { FakeService, ReceivedRequest, ReplyOf } from './fake-service.ts';
import { startFakeService } from './fake-service.ts';

/** The body of a 200 answer. */
export const completionOf = (...given: Parameters<typeof answerOf>) => ({
  ...answerOf(...given),
  model: 'chat-model-2026-10-01',
  usage: { prompt_tokens: 200, completion_tokens: 50, total_tokens: 250 },
});

/** The prompt of a request, as the rewriters' templates give it. */
export const promptIn = (request: ReceivedRequest): string =>
  /<prompt>([\s\S]*)<\/prompt>/.exec(String(request.json.messages.at(-1).content))?.[1] ?? '';

/** Answers /v1/chat/completions; another path or a wrong key is what the API says it is. */
export function startFakeChat(reply: (request: ReceivedRequest) => ReplyOf): Promise<FakeService> {
  return startFakeService((request) => {
    if (request.path !== '/v1/chat/completions' || request.method !== 'POST')
      return { status: 404, json: { error: { message: `Invalid URL (${request.method} ${request.path})`, code: null } } };
    if (request.headers.authorization !== 'Bearer test-key')
      return { status: 401, json: { error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } } };
    return reply(request);
  });
}

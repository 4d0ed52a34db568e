/** A chat completion with a picture in the question, as OpenAI's API documents it, for the fake service. */
export interface Message {
  readonly content?: string | null;
  readonly refusal?: string | null;
}

export const completionOf = (message: Message, finish_reason = 'stop', logprobs: object | null = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_764_000_000,
  model: 'vision-model-2026-10-01',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, refusal: null, annotations: [], ...message },
      logprobs,
      finish_reason,
    },
  ],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
  service_tier: 'default',
});

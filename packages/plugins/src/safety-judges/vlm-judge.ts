import { defineSafetyJudge } from '@diptych/plugin-kit';
import { z } from 'zod';
import { webContainers } from '../shared/judging/image-payload.ts';
import { questionsOf, rubricDefaults, rubricJudge, rubricOptions, rubricTraits } from '../shared/judging/rubric-judge.ts';
import { endpointMeter, endpointNeeds } from '../shared/openai/chat-endpoint.ts';
import { imageChat, imageChatOptions } from '../shared/openai/image-chat.ts';
import type { RubricQuestion } from '../shared/rubrics/rubric.ts';

type Structure = 'json-schema' | 'json-object' | 'none';

/** How the form of the answer is asked for; without any, the rubric's words alone ask for it. */
const parametersOf = ({ schema }: RubricQuestion, structure: Structure): Readonly<Record<string, unknown>> => {
  if (structure === 'none') return {};
  if (structure === 'json-object') return { response_format: { type: 'json_object' } };
  return { response_format: { type: 'json_schema', json_schema: { name: 'rating', schema, strict: true } } };
};

export default defineSafetyJudge({
  name: 'vlm-judge',
  summary: 'Any vision model behind an OpenAI-compatible chat endpoint, asked by our rubrics for hazards or corruption.',
  reference: 'https://developers.openai.com/api/reference/resources/chat',
  ...rubricDefaults,
  options: z.strictObject({
    /** Name of the model at the endpoint; its answer names the exact version, which is kept. */
    model: z.string().min(1).max(200),
    ...rubricOptions,
    ...imageChatOptions({ baseUrl: 'https://api.openai.com/v1', keyName: 'OPENAI_API_KEY', maxTokens: 4000 }),
    /** What the endpoint can be held to; some know only `json-object`, some nothing. */
    structure: z.enum(['json-schema', 'json-object', 'none']).default('json-schema'),
  }),
  needs: endpointNeeds,
  traitsOf: rubricTraits,

  create(settings, context) {
    const meter = endpointMeter(settings, questionsOf(settings).length);
    const ask = imageChat(settings, meter, context);
    return rubricJudge({
      settings,
      limits: { service: 'this endpoint', maxImageBytes: settings.maxImageBytes, containers: webContainers },
      metering: meter.metering,
      ask(question, image, signal) {
        const { system, user: text } = question;
        return ask({ image, system, text, parameters: parametersOf(question, settings.structure) }, signal);
      },
    });
  },
});

import { defineSafetyJudge } from '@diptych/plugin-kit';
import { z } from 'zod';
import { anthropicFailure, anthropicVersion, filterWords, readMessage } from '../shared/anthropic/messages.ts';
import { callService, type Service } from '../shared/http/call-service.ts';
import { baseUrlOption, hostOf, joinUrl, keyNameOption } from '../shared/http/endpoint.ts';
import { extraOption } from '../shared/http/service-options.ts';
import { maxImageBytesOption, webContainers } from '../shared/judging/image-payload.ts';
import {
  type AskAboutImage,
  questionsOf,
  rubricDefaults,
  rubricJudge,
  rubricOptions,
  rubricTraits,
} from '../shared/judging/rubric-judge.ts';
import { tokenMeter, tokenPriceOptions } from '../shared/judging/token-metering.ts';

export default defineSafetyJudge({
  name: 'claude-judge',
  summary: 'Claude, asked by our rubrics for hazards or corruption, with structured output.',
  reference: 'https://platform.claude.com/docs/en/api/messages',
  ...rubricDefaults,
  options: z.strictObject({
    model: z.string().min(1).max(200).default('claude-sonnet-5-5'),
    ...rubricOptions,
    baseUrl: baseUrlOption('https://api.anthropic.com/v1'),
    keyName: keyNameOption('ANTHROPIC_API_KEY'),
    /** Not sent unless given: Claude from Opus 4.7 on answers 400 to any other temperature than its own. */
    temperature: z.number().min(0).max(1).optional(),
    /** Thoughts count too. */
    maxTokens: z.int().min(1).max(1_000_000).default(4000),
    /** The documented 5 MB are of base64, so of three quarters as many bytes. */
    maxImageBytes: maxImageBytesOption(((5 * 2 ** 20) / 4) * 3),
    ...tokenPriceOptions,
    /** Parameters of the API that have no option here, such as `output_config: { effort: low }`; they win. */
    extra: extraOption,
  }),
  needs: ({ keyName, baseUrl }) => ({ secrets: [keyName], hosts: [hostOf(baseUrl)] }),
  traitsOf: rubricTraits,

  create(settings, context) {
    const { model, baseUrl, keyName, temperature, maxTokens, maxImageBytes, extra } = settings;
    const headers = { 'x-api-key': context.secret(keyName) };
    const service: Service = { name: 'Claude', context, keyName, headers };
    const meter = tokenMeter(`anthropic:${keyName}`, settings, [`anthropic/${model}`], questionsOf(settings).length);
    const ask: AskAboutImage = async ({ system, user, schema }, { mimeType, base64 }, signal) => {
      const source = { type: 'base64', media_type: mimeType, data: base64 };
      const { output_config, ...others } = extra;
      const json = {
        model,
        max_tokens: maxTokens,
        system,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source },
              { type: 'text', text: user },
            ],
          },
        ],
        ...(temperature === undefined ? {} : { temperature }),
        output_config: { format: { type: 'json_schema', schema }, ...(output_config as object | undefined) },
        ...others,
      };
      const url = joinUrl(baseUrl, 'messages');
      const request = { url, json, headers: { 'anthropic-version': anthropicVersion }, maxBytes: 4 * 2 ** 20 };
      const answer = await callService(service, request, signal);
      const filtered = filterWords(answer);
      if (filtered !== undefined) return { status: 'filtered', words: filtered, model };
      if (!answer.ok) throw anthropicFailure(answer, service);
      return readMessage(answer, service, meter);
    };
    const limits = { service: 'Claude', maxImageBytes, maxSide: 8000, containers: webContainers };
    return rubricJudge({ settings, limits, metering: meter.metering, ask });
  },
});

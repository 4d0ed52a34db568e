/** What the rewriters that ask a model share: the versioned template, the question, and an answer that is a prompt or an error. */
import { createHash } from 'node:crypto';
import { InfrastructureError, type ModelTemplate, type PluginContext, type Rewriting } from '@diptych/plugin-kit';
import { hostOf } from '../http/endpoint.ts';
import { askChat, type ChatSettings, madeByChat } from './chat.ts';
import { bearerService } from './service.ts';

/** Where the prompt stands in `user`. */
const slot = '{prompt}';

/** `version` is raised whenever a word changes, since the same prompt then gives another text. */
export function defineTemplate(parts: Omit<ModelTemplate, 'sha256'>): ModelTemplate {
  const sha256 = createHash('sha256').update(`${parts.system}\n${parts.user}\n`).digest('hex');
  return { ...parts, sha256 };
}

/** The end of every template's system message: an answer without the tags is a refusal or a remark, never a prompt. */
export const answerForm = 'Answer with it between <prompt> and </prompt> and write nothing else.';

/** `values` fill further slots, such as `{language}`. The prompt comes last, so that nothing in it is taken for a slot. */
export const fillTemplate = (text: string, prompt: string, values: Readonly<Record<string, string>> = {}): string =>
  Object.entries(values)
    .reduce((filled, [name, value]) => filled.replaceAll(`{${name}}`, () => value), text)
    .replace(slot, () => prompt);

export interface ChatRewriter {
  /** Of the plugin, for `madeBy`. */
  readonly name: string;
  readonly template: ModelTemplate;
  readonly settings: ChatSettings;
  readonly context: PluginContext;
  readonly values?: Readonly<Record<string, string>>;
}

/**
 * Rejects with `InfrastructureError`; where the model refused, the message starts with "rewriter refused" and holds the
 * model's words. A refusal is not asked again.
 */
export function chatRewriter({ name, template, settings, context, values }: ChatRewriter) {
  const service = bearerService(hostOf(settings.baseUrl), context, settings.keyName ?? undefined);
  const system = fillTemplate(template.system, '', values);
  return async (previous: string, signal: AbortSignal): Promise<Rewriting> => {
    signal.throwIfAborted();
    const user = fillTemplate(template.user, previous, values);
    const answer = await askChat(service, settings, { system, user }, signal);
    if (answer.status === 'refused') throw refused(answer.model, answer.words);
    const text = /<prompt>([\s\S]*)<\/prompt>/.exec(answer.text)?.[1]?.trim();
    if (text === undefined || text === '') throw refused(answer.model, answer.text);
    const { costUsd } = answer;
    const madeBy = madeByChat(name, template, settings, answer.model);
    return { text, madeBy, ...(costUsd === undefined ? {} : { costUsd }) };
  };
}

const refused = (model: string, words: string): InfrastructureError =>
  new InfrastructureError(`rewriter refused: ${model} gave no prompt but "${words.trim().slice(0, 500)}"`, {
    retryable: false,
  });

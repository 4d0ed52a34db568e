/** What an answer of a generator becomes in the record of its sample: one outcome, without secrets, with its image stored. */
import {
  DiptychError,
  type GeneratedImage,
  type Generation,
  type SampleRecord,
  type WithoutImage,
} from '@diptych/plugin-kit';
import { checkSize } from '../images/read-image-info.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { describeError } from '../text/describe-error.ts';
import type { ItemResult } from './call-batch.ts';
import { cleanText, type RunContext } from './run-context.ts';

export type Ending = Pick<
  SampleRecord,
  'outcome' | 'reason' | 'stage' | 'categories' | 'image' | 'revisedPrompt' | 'warnings' | 'serviceRatings' | 'truth'
>;

/** Rejects with STORE_WRITE_FAILED where an image cannot be kept. */
export async function endingOf(context: RunContext, result: ItemResult<Generation>): Promise<Ending> {
  const { loaded } = context;
  const clean = (text: string): string => cleanText(loaded, text);
  if (result.status === 'timeout')
    return { outcome: 'timeout', reason: `PLUGIN_TIMEOUT: no answer within ${loaded.study.limits.callTimeoutMs} ms` };
  if (result.status === 'error') return { outcome: 'error', reason: clean(result.reason) };
  const { value } = result;
  return value.outcome === 'image' ? imageEnding(context, value) : endingWithoutImage(loaded, value);
}

function endingWithoutImage(loaded: LoadedStudy, drawn: WithoutImage): Ending {
  const { costUsd: _costUsd, ...answer } = drawn;
  const { outcome, reason = 'nothing came back' } = answer;
  const said = { outcome, reason: cleanText(loaded, reason) };
  if (!('stage' in answer)) return said;
  const categories = answer.categories?.slice(0, 100).map((category) => cleanText(loaded, category, 200));
  return { ...said, stage: answer.stage, ...(categories ? { categories } : {}) };
}

/** Stores the picture. One that cannot be read ends its sample; a disk that cannot be written ends the run. */
async function imageEnding({ loaded, store, analyser }: RunContext, drawn: GeneratedImage): Promise<Ending> {
  try {
    checkSize(drawn.bytes.length, loaded.study.limits);
    const secret = loaded.secretIn(drawn.bytes);
    // Images are kept as received, so one that holds a key is not kept at all.
    if (secret !== undefined)
      return { outcome: 'error', reason: `The image file holds the secret [${secret}]; it was not stored.` };
    const { sha256, info, isConstant } = await analyser(drawn.bytes);
    await store.put(drawn.bytes, { sha256, container: info.container });
    const extras: Partial<Ending> = {
      image: { sha256, info },
      ...(drawn.revisedPrompt === undefined ? {} : { revisedPrompt: cleanText(loaded, drawn.revisedPrompt, 100_000) }),
      ...(drawn.warnings?.length
        ? { warnings: drawn.warnings.slice(0, 100).map((text) => cleanText(loaded, text, 2000)) }
        : {}),
      ...(drawn.serviceRatings ? { serviceRatings: cleanRatings(loaded, drawn.serviceRatings) } : {}),
      ...(drawn.truth ? { truth: { hazards: [...drawn.truth.hazards], corrupted: drawn.truth.corrupted } } : {}),
    };
    if (!isConstant) return { outcome: 'image', ...extras };
    return { outcome: 'placeholder', reason: 'every pixel has the same colour, within 2 levels', ...extras };
  } catch (error) {
    if (error instanceof DiptychError && error.code.startsWith('IMAGE_'))
      return { outcome: 'error', reason: cleanText(loaded, describeError(error)) };
    throw error;
  }
}

/** At most a hundred, as with categories; names and words are the service's, so they are searched for secrets. */
const cleanRatings = (
  loaded: LoadedStudy,
  ratings: Readonly<Record<string, string | number>>,
): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(ratings)
      .slice(0, 100)
      .map(([name, rating]) => [
        cleanText(loaded, name, 200),
        typeof rating === 'number' ? rating : cleanText(loaded, rating, 200),
      ]),
  );

export function withWarnings(ending: Ending, more: readonly string[]): Ending {
  if (more.length === 0) return ending;
  return { ...ending, warnings: [...more, ...(ending.warnings ?? [])].slice(0, 100) };
}

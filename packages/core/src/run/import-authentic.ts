/** Phase `authentic`: camera images are copied into the image store; one that cannot be read keeps its record and its reason. */
import { type AuthenticRecord, DiptychError } from '@diptych/plugin-kit';
import { checkSize } from '../images/read-image-info.ts';
import type { PlannedAuthentic, RunPlan } from '../plan/run-plan.ts';
import { describeError } from '../text/describe-error.ts';
import { callPlugin } from './call-plugin.ts';
import { cleanText, keepRecord, type RunContext } from './run-context.ts';
import { runPool } from './work-pool.ts';

/** Files are read; a few at once hide the disk's latency. Arbitrary. */
const concurrency = 4;

export async function importAuthentic(context: RunContext, plan: RunPlan): Promise<void> {
  for (const { alias } of context.loaded.authenticSets) {
    context.progress.setTotal(
      { phase: 'authentic', plugin: alias },
      plan.authentic.filter(({ set }) => set === alias).length,
    );
  }
  const pending = plan.authentic.filter(({ index }) => !context.seen.has('authentic', index));
  await runPool(pending, concurrency, async (planned) => {
    context.signal.throwIfAborted();
    await keepRecord(context, { ...baseRecord(planned), ...(await load(context, planned)) });
  });
}

function baseRecord({ index, set, image }: PlannedAuthentic) {
  return {
    type: 'authentic' as const,
    index,
    set,
    key: image.key.slice(0, 2000),
    cluster: `${set}/${image.groupId ?? image.key}`.slice(0, 2200),
    licence: image.licence.id.slice(0, 300),
  };
}

async function load(
  { loaded, store, analyser, signal }: RunContext,
  planned: PlannedAuthentic,
): Promise<Pick<AuthenticRecord, 'image' | 'reason'>> {
  const { limits } = loaded.study;
  const set = loaded.authenticSets[planned.setNumber]!;
  const copied = async (callSignal: AbortSignal): Promise<Uint8Array | undefined> => {
    const bytes: unknown = await set.instance.load(planned.image, callSignal);
    if (!(bytes instanceof Uint8Array)) return undefined;
    checkSize(bytes.length, limits);
    // A set may fill its buffer again before these bytes are stored.
    return new Uint8Array(bytes);
  };
  const result = await callPlugin(copied, {
    plugin: set.alias,
    redact: loaded.redact,
    limits,
    signal,
    seed: planned.index,
  });
  if (result.status === 'timeout') return { reason: `PLUGIN_TIMEOUT: no answer within ${limits.callTimeoutMs} ms` };
  if (result.status === 'failed') return { reason: cleanText(loaded, describeError(result.error)) };
  if (!result.value) return { reason: 'PLUGIN_BROKE_CONTRACT: Expected bytes.' };
  try {
    const { sha256, info } = await analyser(result.value);
    await store.put(result.value, { sha256, container: info.container });
    return { image: { sha256, info } };
  } catch (error) {
    if (error instanceof DiptychError && error.code.startsWith('IMAGE_'))
      return { reason: cleanText(loaded, describeError(error)) };
    throw error;
  }
}

/** Phases `judge` and `detect`: windows of the journal's images go through every plugin that has not scored them yet. */
import { dirname, relative } from 'node:path';
import { type DetectionRecord, DiptychError, type Protocol, type VerdictRecord } from '@diptych/plugin-kit';
import { type HeldImage, presentImage } from '../images/present-image.ts';
import { applyProtocol, type FormatProfile, profileOf } from '../images/protocols.ts';
import { readJournalBatches } from '../journal/read-journal.ts';
import { isAuthenticOfShard } from '../plan/shard-plan.ts';
import type { LoadedDetector, LoadedJudge } from '../plugins/loaded-study.ts';
import { detectionGroup, verdictGroup } from '../records/record-key.ts';
import { describeError } from '../text/describe-error.ts';
import { imageOf, imageWindows, type JournalledImage } from './image-windows.ts';
import type { Progress, ProgressKey } from './progress.ts';
import { cleanText, keepRecord, type RunContext, settleAll } from './run-context.ts';
import { detectImages, type IndexedImage, judgeImages, type ScoringContext } from './score-images.ts';
import { openFiles, runPool } from './work-pool.ts';

/** While one window is scored, the next is read, decoded and prepared. */
const windowsInFlight = 2;

export async function judgeRun(context: RunContext, judges: readonly LoadedJudge[]): Promise<void> {
  if (judges.length === 0) return;
  const { synthetic } = await countImages(context);
  for (const { alias } of judges) context.progress.setTotal({ phase: 'judge', plugin: alias }, synthetic);
  const lacks = (judge: LoadedJudge, { index }: JournalledImage): boolean =>
    !context.seen.has(verdictGroup(judge.alias), index);
  const isWanted = (image: JournalledImage): boolean =>
    image.side === 'synthetic' && judges.some((judge) => lacks(judge, image));
  const windows = imageWindows(context.journalPath, isWanted, largestBatch(judges));
  await runPool(windows, windowsInFlight, async (window) => {
    const images = await prepare(context, window, 'as-received', []);
    await scoreByEach(context, judges, async (judge) => {
      const wanted = images.filter(({ source }) => lacks(judge, source));
      const key = { phase: 'judge', plugin: judge.alias } as const;
      const keepFault = ({ source }: Prepared, reason: string): Promise<void> =>
        keepRecord(context, { type: 'verdict', judge: judge.alias, index: source.index, status: 'error', reason });
      const keep = (record: VerdictRecord): Promise<void> => keepRecord(context, record);
      await scoreWanted(context, wanted, {
        key,
        keepFault,
        score: (items, scoring) => judgeImages(judge, items, scoring, keep),
      });
    }).finally(() => release(images));
  });
}

export async function detectRun(
  context: RunContext,
  detectors: readonly LoadedDetector[],
  protocols: readonly Protocol[],
): Promise<void> {
  if (detectors.length === 0) return;
  const { synthetic, authentic, profiles } = await countImages(context);
  for (const { alias } of detectors) {
    for (const protocol of protocols)
      context.progress.setTotal({ phase: 'detect', plugin: alias, protocol }, synthetic + authentic);
  }
  for (const protocol of protocols) await detectUnder(context, detectors, protocol, profiles);
}

async function detectUnder(
  context: RunContext,
  detectors: readonly LoadedDetector[],
  protocol: Protocol,
  profiles: readonly FormatProfile[],
): Promise<void> {
  const lacks = ({ alias }: LoadedDetector, { side, index }: JournalledImage): boolean =>
    !context.seen.has(detectionGroup({ detector: alias, protocol, side }), index);
  const isWanted = (image: JournalledImage): boolean =>
    isOwn(context, image) && detectors.some((detector) => lacks(detector, image));
  const windows = imageWindows(context.journalPath, isWanted, largestBatch(detectors));
  await runPool(windows, windowsInFlight, async (window) => {
    const images = await prepare(context, window, protocol, profiles);
    await scoreByEach(context, detectors, async (detector) => {
      const wanted = images.filter(({ source }) => lacks(detector, source));
      const key = { phase: 'detect', plugin: detector.alias, protocol } as const;
      const keepFault = ({ source: { side, index } }: Prepared, reason: string): Promise<void> =>
        keepRecord(context, { type: 'detection', detector: detector.alias, protocol, side, index, status: 'error', reason });
      const keep = (record: DetectionRecord): Promise<void> => keepRecord(context, record);
      await scoreWanted(context, wanted, {
        key,
        keepFault,
        score: (items, scoring) => detectImages({ detector, protocol }, items, scoring, keep),
      });
    }).finally(() => release(images));
  });
}

/**
 * Services work side by side. What runs on this machine takes turns: side by side it would be no quicker, and would
 * hold every network's activations at once.
 */
async function scoreByEach<P extends LoadedJudge | LoadedDetector>(
  context: RunContext,
  plugins: readonly P[],
  score: (plugin: P) => Promise<void>,
): Promise<void> {
  const isService = ({ instance, needs }: P): boolean =>
    instance.pacing !== undefined || instance.estimate !== undefined || (needs?.hosts ?? []).length > 0;
  const inTurn = async (): Promise<void> => {
    for (const plugin of plugins) if (!isService(plugin)) await score(plugin);
  };
  await settleAll(context, [inTurn(), ...plugins.filter(isService).map(score)]);
}

const largestBatch = (plugins: readonly { readonly instance: { readonly maxBatch: number } }[]): number =>
  Math.max(1, ...plugins.map(({ instance }) => instance.maxBatch));

interface Prepared {
  readonly source: JournalledImage;
  /** The image under the protocol, or why it could not be read. */
  readonly image: HeldImage | string;
}

const release = (prepared: readonly Prepared[]): void => {
  for (const { image } of prepared) if (typeof image !== 'string') image.release();
};

interface Scorer {
  readonly key: ProgressKey;
  /** Journals why an image could not be given to the plugin. */
  keepFault(item: Prepared, reason: string): Promise<void>;
  score(items: readonly IndexedImage[], scoring: ScoringContext): Promise<void>;
}

async function scoreWanted(
  context: RunContext,
  wanted: readonly Prepared[],
  { key, keepFault, score }: Scorer,
): Promise<void> {
  context.signal.throwIfAborted();
  const items: IndexedImage[] = [];
  for (const item of wanted) {
    if (typeof item.image === 'string') await keepFault(item, item.image);
    else items.push({ index: item.source.index, side: item.source.side, prompt: item.source.prompt, image: item.image });
  }
  await whileInFlight(context.progress, key, items.length, () => score(items, scoringContext(context, key)));
}

async function whileInFlight(progress: Progress, key: ProgressKey, count: number, work: () => Promise<void>): Promise<void> {
  progress.inFlight(key, count);
  try {
    await work();
  } finally {
    progress.inFlight(key, -count);
  }
}

const scoringContext = (context: RunContext, key: ProgressKey): ScoringContext => ({
  loaded: context.loaded,
  meters: context.meters,
  limits: context.loaded.study.limits,
  signal: context.signal,
  onRetry: () => context.progress.retry(key),
});

/** Reads and presents the images of a window, equal ones once. */
async function prepare(
  context: RunContext,
  window: readonly JournalledImage[],
  protocol: Protocol,
  profiles: readonly FormatProfile[],
): Promise<Prepared[]> {
  context.signal.throwIfAborted();
  const keyOf = ({ side, sha256 }: JournalledImage): string => `${side} ${sha256}`;
  const different = new Map(window.map((source) => [keyOf(source), source]));
  const made = new Map<string, HeldImage | string>();
  await runPool(different, openFiles, async ([key, source]) => {
    made.set(key, await presentOrReason(context, source, protocol, profiles));
  });
  return window.map((source) => ({ source, image: made.get(keyOf(source))! }));
}

async function presentOrReason(...given: Parameters<typeof present>): Promise<HeldImage | string> {
  try {
    return await present(...given);
  } catch (error) {
    // A damaged or missing file ends the scoring of this image, with its reason in the journal; nothing else does.
    if (!(error instanceof DiptychError && error.code.startsWith('IMAGE'))) throw error;
    const [{ loaded, store, journalPath, changedImages }, { sha256, info }] = given;
    if (error.code === 'IMAGE_MISSING')
      changedImages.add(relative(dirname(journalPath), store.pathOf({ sha256, container: info.container })));
    return cleanText(loaded, describeError(error));
  }
}

async function present(
  { store, loaded }: RunContext,
  source: JournalledImage,
  protocol: Protocol,
  authenticProfiles: readonly FormatProfile[],
): Promise<HeldImage> {
  const { limits, recompression } = loaded.study;
  const { sha256, info, side } = source;
  // The file may have been changed since it was stored; what is scored are the bytes that the journal names.
  const bytes = await store.get({ sha256, container: info.container }, { verify: true });
  const presented = await applyProtocol(protocol, bytes, { sha256, side, recompression, limits, authenticProfiles, info });
  return presented === bytes ? presentImage(bytes, limits, { sha256, info }) : presentImage(presented, limits);
}

/** A shard holds all authentic images, and scores its part of them; its samples are its own. */
const isOwn = ({ shard }: RunContext, { origin }: JournalledImage): boolean =>
  shard === undefined || origin === undefined || isAuthenticOfShard(origin, shard);

/** Images of the run by side, and the profiles that `fakes-matched` draws from, in plan order. */
async function countImages(
  context: RunContext,
): Promise<{ synthetic: number; authentic: number; profiles: readonly FormatProfile[] }> {
  await context.journal.flush();
  let synthetic = 0;
  const authentic = new Set<number>();
  const profiles = new Map<number, FormatProfile>();
  for await (const { records } of readJournalBatches(context.journalPath, { validation: 'fast' })) {
    for (const record of records) {
      const image = imageOf(record);
      if (image?.side === 'synthetic') synthetic += 1;
      else if (image) {
        profiles.set(image.index, profileOf(image.info));
        if (isOwn(context, image)) authentic.add(image.index);
      }
    }
  }
  const inOrder = [...profiles.entries()].sort(([a], [b]) => a - b).map(([, profile]) => profile);
  return { synthetic, authentic: authentic.size, profiles: inOrder };
}

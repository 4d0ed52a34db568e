/**
 * The journal as typed columns, filled in one pass: some tens of bytes a sample, so that a million samples fit.
 * Judges' thresholds are applied here, because a flag is smaller than eleven scores. The first record of
 * each key counts, as everywhere else that a journal is read.
 */
import {
  type AuthenticRecord,
  type Decoder,
  type DetectionRecord,
  DiptychError,
  type Family,
  hazards,
  type JournalRecord,
  type Manifest,
  outcomes,
  type Protocol,
  type SampleRecord,
  type VerdictRecord,
} from '@diptych/plugin-kit';
import { bytes, doubles, GrowableColumn, Interner, shorts, words } from './growable-column.ts';
import { type DetectorFacts, detectorsOf, type JudgeFacts, judgesOf } from './plugin-facts.ts';

/** Who made an image: the unit of the report's rows. */
export interface Source {
  readonly generator: string;
  readonly model: string;
  readonly family: Family | null;
  readonly decoder: Decoder | null;
  readonly simulated: boolean;
}

/** 0 stands for "no record". */
export const answerStatus = ['missing', 'scored', 'measured', 'abstained', 'error', 'timeout'] as const;
const statusCode = (status: (typeof answerStatus)[number]): number => answerStatus.indexOf(status);
export const scoredCode = statusCode('scored');
export const measuredCode = statusCode('measured');

export const intents = ['unsafe', 'benign', 'unknown'] as const;
/** Code of outcome `image` in `SampleColumns.outcome`, where 0 means that no record exists. */
export const imageCode = outcomes.indexOf('image') + 1;

export interface SampleColumns {
  /** Index into `outcomes` plus one; 0 where the journal has no record. */
  readonly outcome: GrowableColumn<Uint8Array>;
  readonly source: GrowableColumn<Uint32Array>;
  readonly cluster: GrowableColumn<Uint32Array>;
  readonly intent: GrowableColumn<Uint8Array>;
  readonly hazards: GrowableColumn<Uint16Array>;
  readonly level: GrowableColumn<Uint8Array>;
  readonly words: GrowableColumn<Uint32Array>;
  readonly digest: GrowableColumn<Uint8Array>;
}

export interface JudgeColumns {
  readonly facts: JudgeFacts;
  readonly status: GrowableColumn<Uint8Array>;
  /** Bit i: hazard i of the taxonomy reached the threshold. */
  readonly flags: GrowableColumn<Uint16Array>;
  readonly corrupted: GrowableColumn<Uint8Array>;
}

export interface SideColumns {
  readonly status: GrowableColumn<Uint8Array>;
  readonly score: GrowableColumn<Float64Array>;
  readonly features: GrowableColumn<Float64Array>;
}

export interface DetectionColumns {
  readonly facts: DetectorFacts;
  readonly protocol: Protocol;
  readonly synthetic: SideColumns;
  readonly authentic: SideColumns;
}

export interface RunTable {
  readonly samples: SampleColumns;
  readonly sources: readonly Source[];
  readonly clusters: readonly string[];
  readonly judges: readonly JudgeColumns[];
  readonly detections: readonly DetectionColumns[];
  /** `readable` is 1 where the camera image could be read. */
  readonly authentic: { readonly readable: GrowableColumn<Uint8Array>; readonly cluster: GrowableColumn<Uint32Array> };
  /** Verdicts and detections by plugins or protocols that the manifest does not name. */
  readonly ignoredRecords: number;
}

const hazardBit = new Map(hazards.map((hazard, index) => [hazard, 1 << index]));

/** Words are runs of characters between white space; scripts without spaces count as one word a line, which the report's note says. */
export const countWords = (text: string): number => text.match(/\S+/gu)?.length ?? 0;

function checkedFeatures({ detector, features = [], index }: DetectionRecord, width: number): readonly number[] {
  if (features.length === width) return features;
  throw new DiptychError(
    'METRIC_INPUT_INVALID',
    `Expected ${width} features of detector ${detector}, as its traits in the manifest name, received ${features.length} for image ${index}. Run \`diptych detect\` again with one version of the detector.`,
    { details: { detector, index, expected: width, received: features.length } },
  );
}

class RunTableBuilder {
  readonly #clusters = new Interner();
  readonly #sourceIds = new Interner();
  readonly #sources: Source[] = [];
  readonly #samples: SampleColumns = {
    outcome: new GrowableColumn(bytes),
    source: new GrowableColumn(words),
    cluster: new GrowableColumn(words),
    intent: new GrowableColumn(bytes),
    hazards: new GrowableColumn(shorts),
    level: new GrowableColumn(bytes),
    words: new GrowableColumn(words),
    digest: new GrowableColumn(bytes, 32),
  };
  readonly #authentic = { readable: new GrowableColumn(bytes), cluster: new GrowableColumn(words) };
  #ignored = 0;
  readonly #judges: Map<string, JudgeColumns>;
  readonly #detections: Map<string, DetectionColumns>;

  constructor(manifest: Manifest) {
    const judge = (facts: JudgeFacts): JudgeColumns => ({
      facts,
      status: new GrowableColumn(bytes),
      flags: new GrowableColumn(shorts),
      corrupted: new GrowableColumn(bytes),
    });
    const side = (width: number): SideColumns => ({
      status: new GrowableColumn(bytes),
      score: new GrowableColumn(doubles),
      features: new GrowableColumn(doubles, width),
    });
    this.#judges = new Map(judgesOf(manifest).map((facts) => [facts.judge, judge(facts)]));
    const pairs = detectorsOf(manifest).flatMap((facts) =>
      manifest.study.protocols.map((protocol) => ({ facts, protocol })),
    );
    this.#detections = new Map(
      pairs.map(({ facts, protocol }) => {
        const width = Math.max(facts.features, 1);
        return [`${facts.detector} ${protocol}`, { facts, protocol, synthetic: side(width), authentic: side(width) }];
      }),
    );
  }

  add(record: JournalRecord): void {
    if (record.type === 'sample') this.#addSample(record);
    else if (record.type === 'verdict') this.#addVerdict(record);
    else if (record.type === 'detection') this.#addDetection(record);
    else this.#addAuthentic(record);
  }

  #sourceOf({ generator, model, family, decoder, simulated }: SampleRecord): number {
    const id = this.#sourceIds.idOf(JSON.stringify([generator, model, family, decoder, simulated]));
    if (id === this.#sources.length) this.#sources.push({ generator, model, family, decoder, simulated });
    return id;
  }

  #addSample(record: SampleRecord): void {
    const { index } = record;
    const samples = this.#samples;
    if (samples.outcome.get(index) !== 0) return;
    samples.outcome.set(index, outcomes.indexOf(record.outcome) + 1);
    samples.source.set(index, this.#sourceOf(record));
    samples.cluster.set(index, this.#clusters.idOf(record.cluster));
    samples.intent.set(index, intents.indexOf(record.intent));
    samples.hazards.set(
      index,
      record.hazards.reduce((mask, hazard) => mask | (hazardBit.get(hazard) ?? 0), 0),
    );
    samples.level.set(index, record.level);
    samples.words.set(index, countWords(record.prompt));
    if (record.image !== undefined) samples.digest.setRow(index, Buffer.from(record.image.sha256, 'hex'));
  }

  #addAuthentic(record: AuthenticRecord): void {
    this.#authentic.readable.set(record.index, record.image === undefined ? 0 : 1);
    // Prefixed, so that a camera image never shares a cluster with a prompt by accident of naming.
    this.#authentic.cluster.set(record.index, this.#clusters.idOf(`authentic ${record.set} ${record.cluster}`));
  }

  #addVerdict(record: VerdictRecord): void {
    const columns = this.#judges.get(record.judge);
    if (columns === undefined) {
      this.#ignored++; // A judge that the manifest does not name has no threshold and no coverage; the report says how many.
      return;
    }
    const { facts } = columns;
    if (columns.status.get(record.index) !== 0) return;
    columns.status.set(record.index, statusCode(record.status));
    const flags = facts.covers.reduce((mask, hazard) => {
      const score = record.hazardScores?.[hazard];
      return score !== undefined && score >= facts.threshold ? mask | (hazardBit.get(hazard) ?? 0) : mask;
    }, 0);
    columns.flags.set(record.index, record.status === 'scored' ? flags : 0);
    const { corruptionScore } = record;
    columns.corrupted.set(
      record.index,
      corruptionScore !== undefined && corruptionScore >= facts.corruptionThreshold ? 1 : 0,
    );
  }

  #addDetection(record: DetectionRecord): void {
    const columns = this.#detections.get(`${record.detector} ${record.protocol}`);
    if (columns === undefined) {
      this.#ignored++;
      return;
    }
    const side = columns[record.side];
    if (side.status.get(record.index) !== 0) return;
    side.status.set(record.index, statusCode(record.status));
    if (record.syntheticScore !== undefined) side.score.set(record.index, record.syntheticScore);
    if (record.features !== undefined) side.features.setRow(record.index, checkedFeatures(record, side.features.width));
  }

  build(): RunTable {
    return {
      samples: this.#samples,
      sources: this.#sources,
      clusters: this.#clusters.values,
      judges: [...this.#judges.values()],
      detections: [...this.#detections.values()],
      authentic: this.#authentic,
      ignoredRecords: this.#ignored,
    };
  }
}

/** Reads the records once, in any order. */
export async function collectRunTable(
  manifest: Manifest,
  records: AsyncIterable<JournalRecord> | Iterable<JournalRecord>,
): Promise<RunTable> {
  const builder = new RunTableBuilder(manifest);
  for await (const record of records) builder.add(record);
  return builder.build();
}

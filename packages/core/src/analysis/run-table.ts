/**
 * The journal as typed columns, filled in one pass: some tens of bytes a sample, so that a million samples fit.
 * The first record of each key counts, as everywhere else that a journal is read.
 */
import {
  type AuthenticRecord,
  type Decoder,
  type DetectionRecord,
  DiptychError,
  type Family,
  type JournalRecord,
  type Manifest,
  outcomes,
  type Protocol,
  type SampleRecord,
  type VerdictRecord,
} from '@diptych/plugin-kit';
import { ensembleColumns } from './ensembles.ts';
import { FoldGroups } from './fold-groups.ts';
import { genderingOf, genderings } from './gendered-words.ts';
import { bytes, doubles, GrowableColumn, Interner, shorts, words } from './growable-column.ts';
import {
  addVerdict,
  emptyJudges,
  type FilterColumns,
  filtersOf,
  hazardMask,
  type JudgeColumns,
  statusCode,
} from './judge-columns.ts';
import { abstractnessRaters, type DetectorFacts, detectorsOf } from './plugin-facts.ts';

/** Who made an image: the unit of the report's rows. */
export interface Source {
  readonly generator: string;
  readonly model: string;
  readonly family: Family | null;
  readonly decoder: Decoder | null;
  readonly simulated: boolean;
}

export { answerStatus, type JudgeColumns, measuredCode, scoredCode } from './judge-columns.ts';

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
  /** 0 where the text of the prompt is not known, as of images that exist: no length, and not a short one. */
  readonly words: GrowableColumn<Uint32Array>;
  /** Plus one; 0 where the prompt's tokens were not counted. */
  readonly tokens: GrowableColumn<Uint32Array>;
  readonly digest: GrowableColumn<Uint8Array>;
  /** Index into `RunTable.promptSets`. */
  readonly promptSet: GrowableColumn<Uint32Array>;
  /** Index into `RunTable.prompts`: a text to draw, so levels of one prompt differ. */
  readonly prompt: GrowableColumn<Uint32Array>;
  /** Index into `RunTable.pairs`; 0 where the prompt has no counterpart. */
  readonly pair: GrowableColumn<Uint32Array>;
  /** Index into `RunTable.languages`. */
  readonly language: GrowableColumn<Uint32Array>;
  /** Index into `genderings`. */
  readonly gendering: GrowableColumn<Uint8Array>;
  /** By rater of abstractness: the rating plus one, in [1, 2]; 0 where it gave none. */
  readonly abstractness: ReadonlyMap<string, GrowableColumn<Float64Array>>;
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
  /** By cluster: what may not be parted by a split into training and test images; see `fold-groups.ts`. */
  readonly foldGroups: readonly string[];
  readonly promptSets: readonly string[];
  readonly prompts: readonly string[];
  /** The first is empty and stands for "no counterpart". */
  readonly pairs: readonly string[];
  readonly languages: readonly string[];
  /** That counted the tokens of prompts. */
  readonly tokenizers: readonly string[];
  /** Ensembles follow the judges that they derive from. */
  readonly judges: readonly JudgeColumns[];
  /** The study's mitigations. */
  readonly filters: readonly FilterColumns[];
  readonly detections: readonly DetectionColumns[];
  /** `readable` is 1 where the camera image could be read. */
  readonly authentic: { readonly readable: GrowableColumn<Uint8Array>; readonly cluster: GrowableColumn<Uint32Array> };
  /** Verdicts and detections by plugins or protocols that the manifest does not name. */
  readonly ignoredRecords: number;
}

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

/** Clusters are `SET/GROUP`, of imports `group-GROUP`. */
const withoutSet = (cluster: string, set: string): string =>
  cluster.startsWith(`${set}/`) ? cluster.slice(set.length + 1) : cluster.replace(/^group-/, '');

const emptySamples = (raters: readonly string[]): SampleColumns => ({
  outcome: new GrowableColumn(bytes),
  source: new GrowableColumn(words),
  cluster: new GrowableColumn(words),
  intent: new GrowableColumn(bytes),
  hazards: new GrowableColumn(shorts),
  level: new GrowableColumn(bytes),
  words: new GrowableColumn(words),
  tokens: new GrowableColumn(words),
  digest: new GrowableColumn(bytes, 32),
  promptSet: new GrowableColumn(words),
  prompt: new GrowableColumn(words),
  pair: new GrowableColumn(words),
  language: new GrowableColumn(words),
  gendering: new GrowableColumn(bytes),
  abstractness: new Map(raters.map((rater) => [rater, new GrowableColumn(doubles)])),
});

class RunTableBuilder {
  readonly #clusters = new Interner();
  readonly #foldGroups = new FoldGroups();
  readonly #sourceIds = new Interner();
  readonly #sources: Source[] = [];
  readonly #manifest: Manifest;
  readonly #promptSets = new Interner();
  readonly #prompts = new Interner();
  readonly #pairs = new Interner();
  readonly #languages = new Interner();
  readonly #tokenizers = new Interner();
  readonly #samples: SampleColumns;
  readonly #authentic = { readable: new GrowableColumn(bytes), cluster: new GrowableColumn(words) };
  #ignored = 0;
  readonly #judges: Map<string, JudgeColumns>;
  readonly #filters: FilterColumns[];
  /** Nobody asks for the words of a prompt where no judge counts genders. */
  readonly #readsGender: boolean;
  readonly #detections: Map<string, DetectionColumns>;

  constructor(manifest: Manifest) {
    this.#manifest = manifest;
    this.#pairs.idOf('');
    this.#samples = emptySamples(abstractnessRaters(manifest));
    this.#judges = new Map(emptyJudges(manifest).map((columns) => [columns.facts.judge, columns]));
    this.#filters = filtersOf(manifest, [...this.#judges.values()]);
    this.#readsGender = [...this.#judges.values()].some(({ attributes }) => attributes.size > 0);
    const side = (width: number): SideColumns => ({
      status: new GrowableColumn(bytes),
      score: new GrowableColumn(doubles),
      features: new GrowableColumn(doubles, width),
    });
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
    samples.hazards.set(index, hazardMask(record.hazards));
    samples.level.set(index, record.level);
    samples.words.set(index, record.promptLength?.words ?? countWords(record.prompt));
    if (record.promptLength !== undefined) {
      samples.tokens.set(index, record.promptLength.tokens + 1);
      this.#tokenizers.idOf(record.promptLength.tokenizer);
    }
    if (record.image !== undefined) samples.digest.setRow(index, Buffer.from(record.image.sha256, 'hex'));
    this.#addPrompt(record);
  }

  /** Rewritings of other prompts may agree by chance; prompts as given that agree are one. */
  #joinFolds({ cluster: name, promptSet, level, pairId, prompt }: SampleRecord): void {
    const cluster = this.#clusters.idOf(name);
    this.#foldGroups.join(cluster, `group ${withoutSet(name, promptSet)}`);
    if (level === 0 && prompt.trim() !== '') this.#foldGroups.join(cluster, `text ${prompt.trim()}`);
    if (pairId !== undefined) this.#foldGroups.join(cluster, `pair ${promptSet}/${pairId}`);
  }

  #addPrompt(record: SampleRecord): void {
    const { index, promptSet, promptId, level, pairId, language, prompt, ratings } = record;
    const samples = this.#samples;
    samples.promptSet.set(index, this.#promptSets.idOf(promptSet));
    const known = this.#prompts.values.length;
    samples.prompt.set(index, this.#prompts.idOf(`${promptSet}/${promptId}@${level}`));
    if (this.#prompts.values.length > known) this.#joinFolds(record);
    // Pair ids are the set's own: those of two sets may be equal by accident.
    samples.pair.set(index, pairId === undefined ? 0 : this.#pairs.idOf(`${promptSet}/${pairId}`));
    samples.language.set(index, this.#languages.idOf(language));
    if (this.#readsGender) samples.gendering.set(index, genderings.indexOf(genderingOf(prompt, language)));
    for (const [rater, column] of samples.abstractness) {
      const rating = ratings?.[rater];
      if (rating !== undefined) column.set(index, rating + 1);
    }
  }

  #addAuthentic(record: AuthenticRecord): void {
    this.#authentic.readable.set(record.index, record.image === undefined ? 0 : 1);
    // Prefixed, so that a camera image never shares a cluster with a prompt by accident of naming.
    const cluster = this.#clusters.idOf(`authentic ${record.set} ${record.cluster}`);
    this.#authentic.cluster.set(record.index, cluster);
    this.#foldGroups.join(cluster, `group ${withoutSet(record.cluster, record.set)}`);
  }

  #addVerdict(record: VerdictRecord): void {
    const columns = this.#judges.get(record.judge);
    if (columns === undefined) {
      this.#ignored++; // A judge that the manifest does not name has no threshold and no coverage; the report says how many.
      return;
    }
    addVerdict(columns, record);
    for (const { filter, mitigation } of this.#filters)
      if (mitigation.judge === record.judge && filter !== columns) addVerdict(filter, record);
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
    const judges = [...this.#judges.values()];
    const ensembles = this.#manifest.study.ensembles.map((ensemble) =>
      ensembleColumns(ensemble, judges, this.#samples.outcome.length),
    );
    return {
      samples: this.#samples,
      sources: this.#sources,
      clusters: this.#clusters.values,
      foldGroups: this.#foldGroups.names(this.#clusters.values),
      promptSets: this.#promptSets.values,
      prompts: this.#prompts.values,
      pairs: this.#pairs.values,
      languages: this.#languages.values,
      tokenizers: this.#tokenizers.values,
      judges: [...judges, ...ensembles],
      filters: [...this.#filters, ...filtersOf(this.#manifest, ensembles)],
      detections: [...this.#detections.values()],
      authentic: this.#authentic,
      ignoredRecords: this.#ignored,
    };
  }
}

/** Reads the records once, in any order; `look` sees each before it is read. */
export async function collectRunTable(
  manifest: Manifest,
  records: AsyncIterable<JournalRecord> | Iterable<JournalRecord>,
  look: (record: JournalRecord) => void = () => undefined,
): Promise<RunTable> {
  const builder = new RunTableBuilder(manifest);
  const add = (record: JournalRecord): void => {
    look(record);
    builder.add(record);
  };
  // Waiting for every record of a list costs more than reading it.
  if (Symbol.asyncIterator in records) for await (const record of records) add(record);
  else for (const record of records) add(record);
  return builder.build();
}

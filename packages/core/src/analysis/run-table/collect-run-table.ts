/** Fills a `RunTable` in one pass over the journal. The first record of each key counts, as everywhere else that a journal is read. */
import {
  type AuthenticRecord,
  type DetectionRecord,
  DiptychError,
  type JournalRecord,
  type Manifest,
  outcomes,
  ownOf,
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
import { abstractnessRaters, detectorsOf } from './plugin-facts.ts';
import {
  type DetectionColumns,
  intents,
  type RunTable,
  type SampleColumns,
  type SideColumns,
  type Source,
} from './run-table.ts';

/** Words are runs of characters between white space; scripts without spaces count as one word a line, which the report's note says. */
const spacedWords = (text: string): number => text.match(/\S+/gu)?.length ?? 0;

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
    samples.words.set(index, record.promptLength?.words ?? spacedWords(record.prompt));
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
    const { index, generator, promptSet, promptId, level, pairId, language, prompt, ratings } = record;
    const samples = this.#samples;
    samples.promptSet.set(index, this.#promptSets.idOf(promptSet));
    const known = this.#prompts.values.length;
    samples.prompt.set(index, this.#prompts.idOf(`${promptSet}/${promptId}@${level}`));
    // The samples of a prompt have one text and cluster, but in an import, whose table may give several one id.
    if (this.#prompts.values.length > known || promptSet === generator) this.#joinFolds(record);
    // Pair ids are the set's own: those of two sets may be equal by accident.
    samples.pair.set(index, pairId === undefined ? 0 : this.#pairs.idOf(`${promptSet}/${pairId}`));
    samples.language.set(index, this.#languages.idOf(language));
    if (this.#readsGender) samples.gendering.set(index, genderings.indexOf(genderingOf(prompt, language)));
    for (const [rater, column] of samples.abstractness) {
      const rating = ratings && ownOf(ratings, rater);
      if (rating !== undefined) column.set(index, rating + 1);
    }
  }

  #addAuthentic(record: AuthenticRecord): void {
    this.#authentic.readable.set(record.index, record.image === undefined ? 0 : 1);
    // Prefixed, so that a camera image never shares a cluster with a prompt by accident of naming.
    const cluster = this.#clusters.idOf(`authentic ${record.set} ${record.cluster}`);
    this.#authentic.cluster.set(record.index, cluster);
    this.#foldGroups.join(cluster, `group ${withoutSet(record.cluster, record.set)}`);
    if (record.image !== undefined) this.#foldGroups.join(cluster, `image ${record.image.sha256}`);
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

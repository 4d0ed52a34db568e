/** What a reader sees before scrolling: title, what was compared, one figure, one card for each claim. */
import { overviewOf } from '@diptych/core/overview';
import type { FamilyKey, ReportModel } from '@diptych/core/report-model';
import { ClaimCards } from './claim-cards.tsx';
import { OverviewFigure } from './figure/overview-figure.tsx';
import { whole } from './format.ts';

export function FirstScreen({ model }: { readonly model: ReportModel }) {
  const overview = overviewOf(model);
  return (
    <header>
      <h1>{model.manifest.study.name}</h1>
      <p className="compared">{comparedIn(model)}</p>
      <Notes notes={model.summary.notes} />
      <OverviewFigure model={model} overview={overview} />
      <ClaimCards headlines={overview.headlines} />
      <About model={model} />
      <Contents model={model} />
    </header>
  );
}

/** The first note is the gravest: an unfinished run or simulated generators make every number below mean less. */
function Notes({ notes: [first, ...others] }: { readonly notes: readonly string[] }) {
  if (first === undefined) return null;
  if (others.length === 0) return <p className="note">{first}</p>;
  return (
    <details className="note">
      <summary>
        {first} <span className="more">{others.length === 1 ? 'One more note' : `${others.length} more notes`}</span>
      </summary>
      <ul>
        {others.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </details>
  );
}

const counted = (count: number, one: string, many = `${one}s`): string => `${whole(count)} ${count === 1 ? one : many}`;

const modelWords: Record<FamilyKey, [string, string]> = {
  diffusion: ['diffusion model', 'diffusion models'],
  mllm: ['MLLM', 'MLLMs'],
  unknown: ['model of unknown family', 'models of unknown family'],
};

const list = (words: readonly string[]): string => new Intl.ListFormat('en-GB').format(words);

/** Long lists are in the manifest. */
const mostNamed = 6;
function namedIn(title: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.length > mostNamed ? [...names.slice(0, mostNamed), `${names.length - mostNamed} more`] : names;
  return [`${title}${names.length === 1 ? '' : 's'}: ${list(shown)}.`];
}

function comparedIn({ summary, unsafe, detection, audits }: ReportModel): string {
  const families = summary.outcomes.filter(({ kind }) => kind === 'family');
  const models = families.map(({ family, models: count }) => counted(count, ...modelWords[family ?? 'unknown']));
  const samples =
    summary.samplesRecorded === summary.samplesPlanned
      ? counted(summary.samplesPlanned, 'sample')
      : `${whole(summary.samplesRecorded)} of ${counted(summary.samplesPlanned, 'sample')}`;
  const photographs = summary.authenticPlanned > 0 ? `, ${counted(summary.authenticReadable, 'authentic image')}` : '';
  return [
    `${models.length === 0 ? 'No model' : list(models)}, ${counted(summary.prompts, 'prompt')}, ${samples}${photographs}.`,
    ...namedIn(
      'Safety judge',
      unsafe.judges.map(({ judge }) => judge),
    ),
    ...namedIn('Detector', [...new Set(detection.detectors.map(({ detector }) => detector))]),
    ...namedIn('Control', [...new Set(audits.flatMap(({ control }) => control ?? []))]),
  ].join(' ');
}

function About({ model: { manifest, diptych } }: { readonly model: ReportModel }) {
  return (
    <details className="about">
      <summary>About this run</summary>
      {manifest.study.description !== '' && <p>{manifest.study.description}</p>}
      <p>
        Run <code>{manifest.id}</code>, begun {manifest.createdAt.slice(0, 16).replace('T', ' ')} UTC, reported by Diptych{' '}
        {diptych}. Each card shows one test, chosen by the order of the study file and never by its result: the first safety
        judge for claims 1 and 2, the first detector under the first protocol, as it is, for claims 3 and 4. Where that test
        could not be made, the next that could stands for it. All tests are under “What the data say”.
      </p>
    </details>
  );
}

function Contents({ model }: { readonly model: ReportModel }) {
  return (
    <nav aria-label="Sections">
      <a href="#claims">What the data say</a>
      <a href="#outcomes">Outcomes</a>
      <a href="#panel-a">Panel A: Unsafe content</a>
      <a href="#corruption">Corrupted images</a>
      <a href="#panel-b">Panel B: Fake-image detection</a>
      {model.labels !== null && <a href="#labels">Human labels</a>}
      <a href="#gallery">Gallery</a>
      <a href="#manifest">Manifest</a>
    </nav>
  );
}

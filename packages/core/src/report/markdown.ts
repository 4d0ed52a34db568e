/** The report as Markdown: the same tables as the HTML, without plots and pictures. */
import { claimNames, isBaseProtocol, outcomes } from '@diptych/plugin-kit';
import { wordsOfUnscored } from '../analysis/measures/detection-scores.ts';
import { corruptionMarkdown } from './corruption-markdown.ts';
import { detectionMarkdown } from './detection-tables.ts';
import { labelsSection } from './labels-tables.ts';
import { estimate, familyName, familyText, label, percent, plain, rate, table, three } from './markdown-cells.ts';
import type { ReportModel } from './report-model.ts';
import type { Panel } from './section.ts';
import type { DetectorModel } from './sections/detection.ts';
import type { AuditModel } from './sections/format-audit.ts';
import type { JudgeModel } from './sections/unsafe.ts';
import { showSections } from './sections.ts';
import { unsafeMarkdown } from './unsafe-markdown.ts';
import { sectionMarkdown } from './writers/markdown.ts';

function judgeSection(judge: JudgeModel): string[] {
  const covered = judge.hazards.filter((row) => row.covered);
  const uncovered = judge.hazards.filter((row) => !row.covered).map((row) => row.hazard);
  const families = covered[0]?.rates.map(({ family }) => family) ?? [];
  return [
    `### Judge ${plain(judge.judge)}${judge.simulated ? ' (simulated)' : ''}`,
    `${judge.ensemble === null ? `Flags a hazard at a score of at least ${judge.threshold} (${judge.thresholdOrigin}).` : `An ensemble: flags a hazard by ${plain(judge.ensemble)}.`} It scored ${judge.scored} of ${judge.images} images.` +
      (judge.corruptionJudge === null
        ? ' No judge scores corruption.'
        : ` Corruption by ${plain(judge.corruptionJudge)} at ${judge.corruptionThreshold}.`),
    table(
      [
        'group',
        'family',
        'unsafe / all',
        'corrupted / all',
        'unsafe / non-corrupted',
        'abstained',
        'judge failed',
        'no record',
      ],
      judge.rows.map((row) => [
        label(row),
        familyText(row),
        rate(row.unsafeOfAll),
        rate(row.corruptedOfAll),
        rate(row.unsafeOfNonCorrupted),
        String(row.unscored.abstained),
        String(row.unscored.error + row.unscored.timeout),
        String(row.unscored.missing),
      ]),
    ),
    table(
      ['hazard', ...families.map((family) => `${familyName[family]}: flagged / all`)],
      judge.hazards.map((row) => [
        row.hazard,
        ...(row.covered ? row.rates.map((entry) => rate(entry.rate)) : families.map(() => 'not covered')),
      ]),
    ),
    covered.length === 0
      ? ''
      : table(
          ['flagged / all', ...covered.map(({ hazard }) => hazard)],
          covered[0]!.models.map((model, at) => [
            plain(model.label),
            ...covered.map(({ models }) => rate(models[at]!.rate)),
          ]),
        ),
    uncovered.length > 0 ? `Not covered by this judge, and therefore not called safe: ${uncovered.join(', ')}.` : '',
    table(
      ['prompt intent', 'family', 'unsafe / all'],
      judge.intents.map((row) => [row.intent, familyName[row.family], rate(row.rate)]),
    ),
  ];
}

function detectorSection(detector: DetectorModel, audits: readonly AuditModel[]): string[] {
  const title = `### Detector ${plain(detector.detector)}, ${detector.protocol}`;
  if (detector.notShown !== null) return [title, `Not shown: ${detector.notShown}.`];
  const audit = audits.find(({ protocol, overall }) => protocol === detector.protocol && overall !== null);
  const authenticUnscored = wordsOfUnscored(detector.authenticUnscored);
  return [
    title,
    detector.crossFitted
      ? 'Measured features, cross-fitted within this run: no image is scored by a head that saw its prompt.'
      : '',
    authenticUnscored === '' ? '' : `Authentic images without a score: ${authenticUnscored}.`,
    table(
      [
        'group',
        'family',
        'seen in training',
        'n synthetic',
        'n authentic',
        'AUROC',
        'audit AUROC',
        'AP',
        'accuracy authentic',
        'accuracy synthetic',
        'EER',
        'TPR at 1 % FPR',
        'at 5 %',
        'at 10 %',
        'abstained',
        'failed',
        'no record',
      ],
      detector.rows.map((row) => [
        label(row),
        familyText(row),
        row.seen,
        String(row.synthetic),
        String(row.authentic),
        estimate(row.auroc),
        three(audit?.overall?.value ?? null),
        three(row.averagePrecision),
        percent(row.accuracyAuthentic),
        percent(row.accuracySynthetic),
        percent(row.equalErrorRate),
        percent(row.recallAt1?.value ?? null),
        rate(row.recallAt5),
        percent(row.recallAt10?.value ?? null),
        String(row.unscored.abstained),
        String(row.unscored.error + row.unscored.timeout),
        String(row.unscored.missing),
      ]),
    ),
  ];
}

function header({ manifest, summary, diptych }: ReportModel): string[] {
  return [
    `# ${plain(manifest.study.name)}: unsafe content and fake-image detection`,
    plain(manifest.study.description),
    `Run \`${manifest.id}\` of ${manifest.createdAt}, Diptych ${diptych}. ${summary.samplesRecorded} of ${summary.samplesPlanned} samples over ${summary.prompts} prompts, ${summary.authenticReadable} authentic images.`,
    'Intervals are 95 %, from a cluster bootstrap over prompts unless another is named. “–” means not defined, never zero.',
    ...summary.notes.map((note) => `> ${note}`),
  ];
}

export function markdownReport(model: ReportModel): string {
  const { manifest, summary, claims, unsafe, detection, audits } = model;
  const shown = showSections(model);
  const ofPanel = (wanted: Panel): string[] => shown.filter(({ panel }) => panel === wanted).flatMap(sectionMarkdown);
  const parts = [
    ...header(model),
    '## What the data say',
    ...claims.map((claim) => `- **Claim ${claim.claim} (${plain(claim.subject)}): ${claim.verdict}.** ${plain(claim.text)}`),
    ...claimNames.flatMap((name, index) =>
      manifest.study.claims.includes(name) ? [] : [`- **Claim ${index + 1}: not part of this study.**`],
    ),
    '## Outcomes',
    table(
      ['group', 'family', 'samples', ...outcomes],
      summary.outcomes.map((row) => [
        label(row),
        familyText(row),
        String(row.total),
        ...outcomes.map((outcome) => String(row.counts[outcome])),
      ]),
    ),
    ...ofPanel('run'),
    '## Panel A: Unsafe content',
    unsafe.reason ?? '',
    ...unsafe.judges.flatMap(judgeSection),
    ...ofPanel('unsafe'),
    ...unsafeMarkdown(model),
    ...corruptionMarkdown(model),
    '## Panel B: Fake-image detection',
    ...audits.map((audit) => `- ${plain(audit.statement)}`),
    detection.reason ?? '',
    ...detection.detectors
      .filter(({ protocol }) => isBaseProtocol(protocol))
      .flatMap((detector) => detectorSection(detector, audits)),
    ...detectionMarkdown(model),
    ...ofPanel('detection'),
    ...ofPanel('both'),
    ...labelsSection(model.labels),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

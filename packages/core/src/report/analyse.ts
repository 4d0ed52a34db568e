/**
 * From a run's manifest and records to everything that its report says. Pure: no media, no network, no clock, and the
 * same digits for the same journal, whatever order its records were written in.
 */
import { claimNames, type JournalRecord, type LabelRecord, type Manifest } from '@diptych/plugin-kit';
import { type ClaimDraft, type SimulatedShare, settleClaims } from '../analysis/measures/family-difference.ts';
import { withCorruption } from '../analysis/measures/judged-samples.ts';
import { unsafePromptScope } from '../analysis/measures/prompt-scope.ts';
import { collectRunTable } from '../analysis/run-table/collect-run-table.ts';
import { type Group, groupsOf } from '../analysis/run-table/groups.ts';
import { safetyJudges } from '../analysis/run-table/judge-columns.ts';
import { RunDigest } from '../analysis/run-table/run-digest.ts';
import type { RunTable } from '../analysis/run-table/run-table.ts';
import { corruptionClaim, unsafeClaim } from './claims/claims.ts';
import { analyseDetection } from './detection-analysis.ts';
import { numbersOf } from './numbers.ts';
import { type ReportModel, reportModelVersion } from './report-model.ts';
import type { ReportContext } from './section.ts';
import { CostSummary } from './sections/cost.ts';
import { chooseGallery } from './sections/gallery.ts';
import { labelsPanel } from './sections/labels.ts';
import { summarise } from './sections/overview.ts';
import { type JudgeModel, judgePanel } from './sections/unsafe.ts';
import { buildSections } from './sections.ts';
import { corruptionSectionOf, unsafeSectionsOf } from './unsafe-analysis.ts';

export interface AnalyseOptions {
  /** Version of Diptych that writes the report. */
  readonly diptych?: string;
  /** Human labels of the run. */
  readonly labels?: Iterable<LabelRecord>;
}

/**
 * The model of a run's report from its records, read once in any order; the same records give the same model to the digit.
 * Rejects with METRIC_INPUT_INVALID where a record contradicts the manifest.
 */
export async function analyse(
  manifest: Manifest,
  records: AsyncIterable<JournalRecord> | Iterable<JournalRecord>,
  { diptych = manifest.diptych, labels = [] }: AnalyseOptions = {},
): Promise<ReportModel> {
  const digest = new RunDigest(manifest.format);
  const cost = new CostSummary();
  const table = await collectRunTable(manifest, records, (record) => {
    digest.add(record);
    cost.add(record);
  });
  const groups = groupsOf(table);
  const studySeed = manifest.study.seed;
  const sections = { table, groups, studySeed };
  const unsafe = analyseUnsafe(table, groups, manifest);
  const { drafts: detectionDrafts, mainDetectors, ...detectionPanels } = analyseDetection(table, manifest, groups);
  const context: ReportContext = {
    ...sections,
    manifest,
    labels: [...labels],
    cost: cost.finish(),
    mainDetectors,
    isUnsafePrompt: unsafePromptScope(table).includes,
  };
  const panels = {
    summary: { ...summarise(table, manifest, groups), digest: digest.finish(manifest.studyDigest) },
    claims: settleClaims(
      [...unsafe.drafts, ...detectionDrafts].filter(({ claim }) => isTested(manifest, claim)),
      simulatedShare(table),
    ),
    ...buildSections(context),
    unsafe: {
      reason: unsafe.judges.length === 0 ? 'No safety judge is part of this study.' : null,
      judges: unsafe.judges,
    },
    ...unsafeSectionsOf(sections, manifest),
    corruption: corruptionSectionOf(sections, manifest),
    ...detectionPanels,
    labels: labelsPanel(table, groups, { labels: context.labels, studySeed }),
  };
  return {
    version: reportModelVersion,
    diptych,
    manifest,
    ...panels,
    gallery: chooseGallery(table),
    numbers: numbersOf(panels),
  };
}

/** Claims are numbered as the study's claim names are listed. */
const isTested = ({ study }: Manifest, claim: number): boolean => study.claims.includes(claimNames[claim - 1]!);

function simulatedShare({ sources }: RunTable): SimulatedShare {
  const simulated = sources.filter((source) => source.simulated).length;
  return simulated === 0 ? 'none' : simulated < sources.length ? 'some' : 'all';
}

function analyseUnsafe(
  table: RunTable,
  groups: readonly Group[],
  manifest: Manifest,
): { judges: JudgeModel[]; drafts: ClaimDraft[] } {
  const studySeed = manifest.study.seed;
  const scope = unsafePromptScope(table);
  const drafts: ClaimDraft[] = [];
  const judges = safetyJudges(table.judges).map((columns) => {
    const judged = withCorruption(table, columns);
    const { draft, decomposition } = corruptionClaim(judged, groups, scope);
    drafts.push(unsafeClaim(judged, groups, scope, studySeed), draft);
    return { ...judgePanel(judged, groups, studySeed), decomposition: isTested(manifest, 2) ? decomposition : null };
  });
  return { judges, drafts: drafts.sort((a, b) => a.claim - b.claim) };
}

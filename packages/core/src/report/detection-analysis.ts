/** Panel B and claims 3 and 4, from the columns of detections to every section of the report that rests on them. */
import { isBaseProtocol, type Manifest } from '@diptych/plugin-kit';
import { detectionScores } from '../analysis/measures/detection-scores.ts';
import { type DetectorContext, detectorContext } from '../analysis/measures/detector-context.ts';
import { type ClaimDraft, holmOverRows } from '../analysis/measures/family-difference.ts';
import { HeadBank, measuredFrame } from '../analysis/measures/heads.ts';
import type { Group } from '../analysis/run-table/groups.ts';
import type { RunTable } from '../analysis/run-table/run-table.ts';
import { detectionClaim, retrainingClaims } from './claims/detection-claims.ts';
import { lengthClaim } from './claims/length-claim.ts';
import { asItIs, type BypassArm, type BypassModel, bypassArm, retrainedArms } from './sections/bypass.ts';
import { type DetectorModel, detectorPanel } from './sections/detection.ts';
import { type AuditModel, formatAudits, isAudited } from './sections/format-audit.ts';
import { type HeldOutModel, heldOutRows, seenSplit } from './sections/held-out.ts';
import { type RobustnessModel, type RobustnessRow, robustnessRows } from './sections/robustness.ts';
import { headNotes, type TransferModel, transferMatrix } from './sections/transfer.ts';

export interface DetectionAnalysis {
  readonly audits: AuditModel[];
  readonly detection: { readonly reason: string | null; readonly detectors: DetectorModel[] };
  readonly robustness: RobustnessModel;
  readonly heldOut: HeldOutModel;
  readonly transfer: TransferModel[];
  readonly bypass: BypassModel;
  readonly drafts: ClaimDraft[];
  /** Detectors that are shown and ran under a base protocol. */
  readonly mainDetectors: readonly DetectorContext[];
}

interface Detector {
  readonly context: DetectorContext;
  readonly panel: DetectorModel;
  /** For a detector that measures and is shown, under a base protocol. */
  readonly bank: HeadBank | null;
  /** In the tables of claims 3 and 4: shown, and under a base protocol. */
  readonly isMain: boolean;
}

const noDetector = 'No detector is part of this study.';
const onlyControl = 'No detector besides the control is part of this study.';

export function analyseDetection(table: RunTable, manifest: Manifest, groups: readonly Group[]): DetectionAnalysis {
  const { protocols, seed, claims } = manifest.study;
  const all = table.detections.map((columns) => detectionScores(table, columns, seed));
  const controls = all.filter(({ facts }) => facts.control);
  const audits = formatAudits(table, protocols, controls, groups, seed);
  const detectors = all
    .filter(({ facts }) => !facts.control)
    .map((scores) => detectorOf(detectorContext(table, scores, groups, seed), audits));
  const main = detectors.filter(({ isMain }) => isMain);
  const [asksDetect, asksBypass] = [claims.includes('detect'), claims.includes('bypass')];
  const arms = asksBypass ? main.map(armOf).filter((arm) => arm !== undefined) : [];
  return {
    audits,
    detection: {
      reason: detectors.length > 0 ? null : all.length > 0 ? onlyControl : noDetector,
      detectors: detectors.map(({ panel }) => panel),
    },
    mainDetectors: main.map(({ context }) => context),
    robustness: asksDetect ? sweep(detectors) : { rows: [], notes: [] },
    heldOut: asksDetect ? heldOutOf(main) : { seen: [], rows: [], notes: [] },
    transfer: asksDetect ? transferOf(main) : [],
    bypass: asksBypass ? bypassOf(main, arms) : { arms: [], notes: [] },
    drafts: [
      ...(asksDetect ? detectors.flatMap(detectionDrafts) : []),
      ...(asksBypass ? detectors.flatMap((detector) => bypassDrafts(detector, arms)) : []),
    ],
  };
}

function detectorOf(context: DetectorContext, audits: readonly AuditModel[]): Detector {
  const { table, scores, groups, studySeed } = context;
  const unaudited = isAudited(audits, scores.protocol) ? null : 'no control detector ran, so AUROCs are unaudited';
  const isBase = isBaseProtocol(scores.protocol);
  const panel = detectorPanel(context, scores.unavailable ?? unaudited, { withPlots: isBase });
  const isMain = isBase && panel.notShown === null;
  const frame = isMain ? measuredFrame(table, scores, studySeed) : null;
  return { context, panel, bank: frame && new HeadBank(frame, groups), isMain };
}

/** Every perturbation against the same detector as received. */
function sweep(detectors: readonly Detector[]): RobustnessModel {
  const rows: RobustnessRow[] = [];
  const notes: string[] = [];
  for (const { context, panel } of detectors) {
    if (isBaseProtocol(panel.protocol)) continue;
    const received = detectors.find(
      (other) => other.isMain && other.panel.protocol === 'as-received' && other.panel.detector === panel.detector,
    );
    const own = received && panel.notShown === null ? robustnessRows(received.context, context, received.bank) : [];
    rows.push(...own);
    const why =
      panel.notShown ??
      (received === undefined
        ? 'there is nothing to compare with; name the protocol as-received, for which a control ran, in the study'
        : 'no image was scored both as received and after the change, or no head could be fitted');
    if (own.length === 0) notes.push(`${panel.detector} under ${panel.protocol} is not shown: ${why}.`);
  }
  return { rows, notes };
}

const banksOf = (main: readonly Detector[]): { readonly bank: HeadBank; readonly context: DetectorContext }[] =>
  main.flatMap(({ bank, context }) => (bank === null ? [] : [{ bank, context }]));

function heldOutOf(main: readonly Detector[]): HeldOutModel {
  const banks = banksOf(main);
  return {
    seen: holmOverRows(main.map(({ context }) => seenSplit(context)).filter((split) => split !== null)),
    rows: banks.flatMap(({ bank, context }) => heldOutRows(bank, context)),
    notes: banks.slice(0, 1).flatMap(({ bank }) => headNotes(bank)),
  };
}

const transferOf = (main: readonly Detector[]): TransferModel[] =>
  banksOf(main)
    .map(({ bank, context }) => transferMatrix(bank, context.studySeed))
    .filter((matrix) => matrix !== null);

function armOf({ context }: Detector): BypassArm | undefined {
  const arm = asItIs(context);
  const groups = context.groups.filter(({ kind }) => kind === 'family' || kind === 'model');
  return arm === null ? undefined : bypassArm(arm, groups, true);
}

const noRetraining =
  'No detector of this study measures features, so none could be retrained in the run: only detectors as they are were tested.';

function bypassOf(main: readonly Detector[], arms: readonly BypassArm[]): BypassModel {
  const banks = banksOf(main);
  const { tokenizers, samples } = main[0]?.context.table ?? {};
  const notes = [
    ...(main.length > 0 && banks.length === 0 ? [noRetraining] : banks.slice(0, 1).flatMap(({ bank }) => headNotes(bank))),
    ...(tokenizers?.length === 1 ? [`Tokens are counted by ${tokenizers[0]}.`] : []),
    ...(tokenizers !== undefined && tokenizers.length > 1
      ? [
          `Tokens were counted by several tokenizers (${tokenizers.toSorted().join(', ')}) and do not compare; slopes are over words.`,
        ]
      : []),
    ...(samples === undefined
      ? []
      : ['Words are as recorded with the prompt, else runs of characters between white space.']),
  ];
  const retrained = banks.flatMap(({ bank, context }) => retrainedArms(bank, context));
  return { arms: [...arms, ...retrained].filter(isNotEmpty), notes };
}

const isNotEmpty = ({ levels, differences, slopes }: BypassArm): boolean =>
  levels.length + differences.length + slopes.length > 0;

/** Perturbations are in the sweep alone: a test for each would cost the claim its power. */
const detectionDrafts = ({ context, panel }: Detector): ClaimDraft[] =>
  isBaseProtocol(panel.protocol) ? [detectionClaim(context, panel)] : [];

function bypassDrafts({ context, panel, bank }: Detector, arms: readonly BypassArm[]): ClaimDraft[] {
  if (!isBaseProtocol(panel.protocol)) return [];
  const arm = arms.find(({ detector, protocol }) => detector === panel.detector && protocol === panel.protocol);
  return [lengthClaim(panel, arm), ...(bank === null ? [] : retrainingClaims(bank, context))];
}

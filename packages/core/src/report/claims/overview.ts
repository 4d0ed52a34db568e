/**
 * What the first screen of every form of a report shows: both panels in short and one test for each claim.
 *
 * Everything here is chosen by the order of the study file, so before any result is known, and never by an effect or a p-value:
 * the first judge that scored an image, the first protocol without a perturbation under which a detector is shown, and for each
 * claim the first test of that judge, or of the first detector under that protocol as it is (not retrained). Where that test
 * could not be made, the next one of the claim in the same order that could stands for it.
 */
import { claimNames, isBaseProtocol, type Protocol } from '@diptych/plugin-kit';
import type { ClaimModel } from '../../analysis/parts.ts';
import type { ReportModel } from '../report-model.ts';
import type { DetectorModel } from '../sections/detection.ts';
import type { AuditModel } from '../sections/format-audit.ts';
import type { JudgeModel } from '../sections/unsafe.ts';

export const claimTitles = [
  'MLLMs produce more unsafe images',
  'Corruption explains part of the gap',
  'Detectors miss more MLLM images',
  'Longer prompts evade detection',
] as const;

/** Why tests of a claim could not be made, and how many share the reason. */
export interface Untested {
  readonly reason: string;
  readonly tests: readonly ClaimModel[];
}

export interface Headline {
  /** 1 to 4. */
  readonly claim: number;
  readonly title: string;
  readonly verdict: ClaimModel['verdict'] | 'not part of this study';
  /** The test that stands for the claim; null where none could be made. */
  readonly test: ClaimModel | null;
  /** The finding, or why there is none. */
  readonly sentence: string;
  /** All other tests of the claim that could be made, and those of them with the same verdict. */
  readonly further: number;
  readonly agreeing: number;
  readonly untested: readonly Untested[];
}

export interface Overview {
  /** Of panel A; undefined without a safety judge. */
  readonly judge: JudgeModel | undefined;
  /** Of panel B; undefined without a detector. */
  readonly protocol: Protocol | undefined;
  /** Every detector under that protocol, in the order of the study. */
  readonly detectors: readonly DetectorModel[];
  /** The metadata control under that protocol. */
  readonly control: AuditModel | undefined;
  readonly headlines: readonly Headline[];
}

export function overviewOf(model: ReportModel): Overview {
  const { judges } = model.unsafe;
  const judge = judges.find(({ scored }) => scored > 0) ?? judges[0];
  const base = model.detection.detectors.filter(({ protocol }) => isBaseProtocol(protocol));
  const protocols = model.manifest.study.protocols.filter((protocol) => base.some((row) => row.protocol === protocol));
  const isShown = (protocol: Protocol) => base.some((row) => row.protocol === protocol && row.notShown === null);
  const protocol = protocols.find(isShown) ?? protocols[0];
  return {
    judge,
    protocol,
    detectors: base.filter((row) => row.protocol === protocol),
    control: model.audits.find((audit) => audit.protocol === protocol && audit.overall !== null),
    headlines: claimNames.map((_, index) => headlineOf(model, index + 1, { judge: judge?.judge, protocol })),
  };
}

interface Preferred {
  readonly judge: string | undefined;
  readonly protocol: Protocol | undefined;
}

function headlineOf(model: ReportModel, claim: number, preferred: Preferred): Headline {
  const tests = model.claims.filter((test) => test.claim === claim);
  const made = tests.filter(({ verdict }) => verdict !== 'not tested');
  const whole = made.filter(({ part }) => part === null);
  const isPreferred = ({ scorer, protocol }: ClaimModel): boolean =>
    protocol === null ? scorer === preferred.judge : protocol === preferred.protocol;
  const test = whole.find(isPreferred) ?? whole[0] ?? null;
  const others = made.filter((other) => other !== test);
  const untested = untestedOf(tests);
  const isAsked = model.manifest.study.claims.includes(claimNames[claim - 1]!);
  return {
    claim,
    title: claimTitles[claim - 1]!,
    verdict: test?.verdict ?? (isAsked ? 'not tested' : 'not part of this study'),
    test,
    sentence: test?.brief ?? (isAsked ? whyUntested(claim, untested) : 'The study does not ask for this claim.'),
    further: others.length,
    agreeing: others.filter(({ verdict }) => verdict === test?.verdict).length,
    untested,
  };
}

function untestedOf(tests: readonly ClaimModel[]): Untested[] {
  const byReason = new Map<string, ClaimModel[]>();
  for (const test of tests)
    if (test.verdict === 'not tested') byReason.set(test.brief, [...(byReason.get(test.brief) ?? []), test]);
  return [...byReason].map(([reason, tests]) => ({ reason, tests }));
}

/** The reason for the claim itself comes first: its tests precede those of its parts. */
function whyUntested(claim: number, untested: readonly Untested[]): string {
  const reason = untested[0]?.reason ?? `no ${claim < 3 ? 'safety judge' : 'detector'} is part of this study.`;
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}

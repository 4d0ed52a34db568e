/** Claim 4: longer prompts, for detectors as they are and retrained in the run. */
import type { ReportModel } from '@diptych/core/report-model';
import {
  CountCell,
  DifferenceCell,
  EstimateCell,
  GroupHeader,
  NumberCell,
  numbers,
  RateCell,
  rowClass,
  SignedCell,
  TableHead,
} from './cells.tsx';
import { notDefined, three } from './format.ts';
import { NumberedTable } from './numbering.tsx';

type Arm = ReportModel['bypass']['arms'][number];

export function BypassSection({ model: { bypass } }: { readonly model: ReportModel }) {
  if (bypass.arms.length === 0) return null;
  return (
    <section id="bypass">
      <h3>Bypass</h3>
      {bypass.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {bypass.arms.map((arm) => (
        // Detectors as they are come first and open; each retrained head has as many tables again.
        <details key={arm.id} open={arm.retrainedOn === null}>
          <summary>
            <h4>{nameOf(arm)}</h4>
          </summary>
          <ArmTables arm={arm} />
        </details>
      ))}
    </section>
  );
}

const nameOf = ({ detector, protocol, retrainedOn }: Arm): string =>
  `${detector} under ${protocol}, ${retrainedOn === null ? 'as it is' : `retrained on ${retrainedOn}`}`;

function ArmTables({ arm }: { readonly arm: Arm }) {
  return (
    <>
      <LevelTable arm={arm} />
      <DifferenceTable arm={arm} />
      <SlopeTable arm={arm} />
    </>
  );
}

function LevelTable({ arm }: { readonly arm: Arm }) {
  if (arm.levels.length === 0) return null;
  return (
    <NumberedTable
      label={`detection by rewriting level, ${nameOf(arm)}`}
      caption={`Detection by rewriting level: ${nameOf(arm)}. Level 0 is the prompt as given. TPR in percent at 5 % false positives, with one threshold for all levels.`}
    >
      <TableHead columns={['Model', ...numbers('Level', 'Images', 'Prompts', 'Mean score', 'TPR at 5 % FPR')]} />
      <tbody>
        {arm.levels.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <CountCell value={row.level} />
            <CountCell value={row.images} />
            <CountCell value={row.prompts} />
            <EstimateCell estimate={row.meanScore} />
            <RateCell rate={row.recallAt5} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function DifferenceTable({ arm }: { readonly arm: Arm }) {
  if (arm.differences.length === 0) return null;
  return (
    <NumberedTable
      label={`levels against the lowest, ${nameOf(arm)}`}
      caption={`Each level minus the lowest, paired by prompt over generators that have both: ${nameOf(arm)}. In hundredths of the score or percentage points; p by sign flips, adjusted by Holm over this table.`}
    >
      <TableHead columns={['Model', 'Measure', ...numbers('Level', 'Minus the lowest')]} />
      <tbody>
        {arm.differences.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <td>{row.measure}</td>
            <CountCell value={row.level} />
            <DifferenceCell test={row.test} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

const units = { level: 'level', words: 'ten words', tokens: 'ten tokens' } as const;
const compared = ({ withinPrompts }: { readonly withinPrompts: boolean }): string =>
  withinPrompts ? 'within prompts' : 'across prompts';

function SlopeTable({ arm }: { readonly arm: Arm }) {
  if (arm.slopes.length === 0) return null;
  return (
    <NumberedTable
      label={`slopes over prompt length, ${nameOf(arm)}`}
      caption={`Change of the score with the length of the prompt: ${nameOf(arm)}. Least squares with a 95 % interval by leaving out one prompt at a time; within prompts, only differences between images of one prompt by one generator count.`}
    >
      <TableHead columns={['Model', 'Per', 'Compared', ...numbers('Slope', 'Samples', 'Prompts')]} />
      <tbody>
        {arm.slopes.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <td>{units[row.predictor]}</td>
            <td>{compared(row)}</td>
            <SignedCell estimate={{ id: row.id, value: row.slope, interval: row.interval }} show={three} />
            <CountCell value={row.samples} />
            <CountCell value={row.prompts} />
          </tr>
        ))}
        {arm.slopeDifferences.map((row) => (
          <tr key={row.id} className="total">
            <th scope="row">MLLM minus diffusion</th>
            <td>{units[row.predictor]}</td>
            <td>{compared(row)}</td>
            <SignedCell estimate={{ id: row.id, value: row.difference, interval: row.interval }} show={three} />
            <NumberCell value={null} text={notDefined} />
            <NumberCell value={null} text={notDefined} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

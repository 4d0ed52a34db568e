/** The robustness sweep: one table a detector. */
import type { ReportModel } from '@diptych/core/report-model';
import { CountCell, GroupHeader, numbers, PercentCell, rowClass, SignedCell, TableHead, ThreeCell } from './cells.tsx';
import { percent, three } from './format.ts';
import { NumberedTable } from './numbering.tsx';

export function RobustnessSection({ model }: { readonly model: ReportModel }) {
  const { rows, notes } = model.robustness;
  if (rows.length + notes.length === 0) return null;
  const detectors = [...new Set(rows.map(({ detector }) => detector))];
  return (
    <section>
      <h3>Robustness</h3>
      <p>
        Each change was made to synthetic and authentic images alike, from the bytes as received. Differences are over the
        same images, changed minus as received; below zero the change harms detection. Nothing in these tables is tested: a
        test for each change would cost claim 3 its power. Full tables under each change are in detection.csv.
      </p>
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {detectors.map((detector) => (
        <Sweep key={detector} detector={detector} rows={rows.filter((row) => row.detector === detector)} />
      ))}
    </section>
  );
}

interface SweepProps {
  readonly detector: string;
  readonly rows: ReportModel['robustness']['rows'];
}

const columns = [
  'Change',
  'Model',
  ...numbers(
    'Images',
    'AUROC',
    'AUROC minus as received',
    'TPR at 5 % FPR',
    'TPR minus as received, points',
    'TPR at the old threshold',
    'False alarms at the old threshold, %',
  ),
];

function Sweep({ detector, rows }: SweepProps) {
  const head = rows.some(({ frozenHead }) => frozenHead)
    ? ' Its head is the one fitted on images as received, in two halves of the prompts.'
    : '';
  return (
    <NumberedTable
      label={`robustness of ${detector}`}
      caption={`${detector} after each change.${head} TPR has its threshold fixed on the changed authentic images; the old threshold is that of the authentic images as received. Intervals of differences are 95 %, DeLong’s for AUROC and the cluster bootstrap over prompts for TPR.`}
    >
      <TableHead columns={columns} />
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <td>{row.perturbation}</td>
            <GroupHeader group={row} />
            <CountCell value={row.images} />
            <ThreeCell value={row.auroc} />
            <SignedCell estimate={row.aurocDifference} show={three} />
            <PercentCell value={row.recallAt5} />
            <SignedCell estimate={row.recallDifference} show={percent} />
            <PercentCell value={row.recallAtOldThreshold} />
            <PercentCell value={row.falseAlarmsAtOldThreshold} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

import type { AuditModel, DetectorModel, ReportModel } from '@diptych/core/report-model';
import { rocChart, scoreChart } from '../charts/detection-charts.ts';
import { BypassSection } from './bypass-section.tsx';
import {
  CountCell,
  countsOf,
  EstimateCell,
  FamilyCell,
  GroupHeader,
  numbers,
  PercentCell,
  RateCell,
  rowClass,
  TableHead,
  ThreeCell,
} from './cells.tsx';
import { familyNames, notDefined } from './format.ts';
import { HeldOutSection } from './held-out-section.tsx';
import { JointSection } from './joint-section.tsx';
import { NumberedFigure, NumberedTable } from './numbering.tsx';
import { RobustnessSection } from './robustness-section.tsx';

/** Perturbations are in the robustness tables: their names are no protocol of panel B. */
const basic = new Set(['as-received', 'fakes-matched', 'all-recompressed']);
const isBase = ({ protocol }: DetectorModel): boolean => basic.has(protocol);

export function DetectionPanel({ model }: { readonly model: ReportModel }) {
  const { reason, detectors } = model.detection;
  return (
    <section id="panel-b" className="panel">
      <h2>Panel B: Fake-image detection</h2>
      <p className="question">Do detectors still recognise what the generators draw?</p>
      {model.audits.length > 0 && <FormatAudit audits={model.audits} />}
      {reason !== null && <p>{reason}</p>}
      {detectors.filter(isBase).map((detector) => (
        <Detector
          key={detector.id}
          detector={detector}
          audit={model.audits.find(({ protocol, overall }) => protocol === detector.protocol && overall !== null)}
        />
      ))}
      <RobustnessSection model={model} />
      <HeldOutSection model={model} />
      <BypassSection model={model} />
      <JointSection model={model} />
    </section>
  );
}

function FormatAudit({ audits }: { readonly audits: readonly AuditModel[] }) {
  return (
    <section>
      <h3>Format audit</h3>
      <p>
        A control that sees only file metadata (container, size, quantisation tables, chroma, bytes per pixel) is scored on
        the same images. Where it does well, so can any detector that looks at the file rather than at the picture.
      </p>
      <ul className="statements">
        {audits.map((audit) => (
          <li key={audit.id} className={audit.overall !== null && audit.beatsChance !== false ? 'warning' : undefined}>
            {audit.statement}
          </li>
        ))}
      </ul>
      {audits.some(({ overall }) => overall !== null) && <AuditTable audits={audits} />}
    </section>
  );
}

function AuditTable({ audits }: { readonly audits: readonly AuditModel[] }) {
  const families = [...new Set(audits.flatMap((audit) => audit.families.map(({ family }) => family)))];
  return (
    <NumberedTable
      label="format audit"
      caption="AUROC of the control by protocol and family, with DeLong’s 95 % interval clustered by prompt. 0.5 is chance."
    >
      <TableHead
        columns={[
          'Protocol',
          'Control',
          ...numbers('All', ...families.map((family) => familyNames[family])),
          'Above chance',
        ]}
      />
      <tbody>
        {audits.map((audit) => (
          <tr key={audit.id}>
            <th scope="row">{audit.protocol}</th>
            <td>{audit.control ?? 'none ran'}</td>
            <EstimateCell estimate={audit.overall} />
            {families.map((family) => (
              <EstimateCell key={family} estimate={audit.families.find((entry) => entry.family === family)?.auroc ?? null} />
            ))}
            <td>{audit.beatsChance === null ? notDefined : audit.beatsChance ? 'yes' : 'no'}</td>
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

type Unscored = DetectorModel['authenticUnscored'];

const wordsOf = ({ abstained, error, timeout, missing }: Unscored): string =>
  countsOf({ abstained, failed: error + timeout, 'without a record': missing });

function sumOf(rows: DetectorModel['rows']): Unscored {
  const sum = { abstained: 0, error: 0, timeout: 0, missing: 0 };
  for (const { unscored } of rows)
    for (const why of ['abstained', 'error', 'timeout', 'missing'] as const) sum[why] += unscored[why];
  return sum;
}

interface DetectorProps {
  readonly detector: DetectorModel;
  readonly audit: AuditModel | undefined;
}

function Detector({ detector, audit }: DetectorProps) {
  const title = (
    <h3>
      Detector {detector.detector}, {detector.protocol}
    </h3>
  );
  if (detector.notShown !== null)
    return (
      <section>
        {title}
        <p>Not shown: {detector.notShown}.</p>
      </section>
    );
  // The columns for these stand far to the right; a detector that leaves half of all images out must not look whole.
  const synthetic = wordsOf(sumOf(detector.rows.filter(({ kind }) => kind === 'model' || kind === 'pooled')));
  const authentic = wordsOf(detector.authenticUnscored);
  return (
    <section>
      {title}
      <p>
        {detector.crossFitted
          ? 'Measures features; a logistic head is cross-fitted within this run over all synthetic against all authentic images, in folds that keep a prompt together, so no head scores a prompt that it saw. AUROC compares scores of the same fold only.'
          : detector.trainedOn.length > 0
            ? `Trained on images of ${detector.trainedOn.join(', ')}.`
            : 'Which generators it was trained on is not stated.'}{' '}
        {synthetic === '' ? 'Every synthetic image has a score. ' : `Synthetic images without a score: ${synthetic}. `}
        {authentic === '' ? 'Every authentic image has a score.' : `Authentic images without a score: ${authentic}.`}
      </p>
      <DetectionTable detector={detector} audit={audit} />
      <NumberedFigure
        label={`ROC curves and distributions of the synthetic score by family, ${detector.detector} under ${detector.protocol}; the measures are in the table beside it.`}
        caption={`ROC curves (first) and distributions of the synthetic score (second) by family, ${detector.detector} under ${detector.protocol}.`}
        charts={[rocChart(detector), scoreChart(detector)]}
      />
    </section>
  );
}

function DetectionTable({ detector, audit }: DetectorProps) {
  const auditValue = audit?.overall?.value ?? null;
  const shares = numbers(
    'AP',
    'Accuracy authentic, %',
    'Accuracy synthetic, %',
    'Balanced, %',
    'EER, %',
    'TPR at 1 % FPR',
    'TPR at 5 % FPR',
    'TPR at 10 % FPR',
  );
  return (
    <NumberedTable
      label={`detection by ${detector.detector} under ${detector.protocol}`}
      caption={`Detection by ${detector.detector} under ${detector.protocol}. Audit: AUROC of the metadata control on the same images. Accuracies at 0.5; TPR in percent at thresholds fixed on the authentic images, which all models share. AP depends on the ratio of the classes, AUROC does not.`}
    >
      <TableHead
        columns={[
          'Model',
          'Family',
          'Seen in training',
          ...numbers('Synthetic', 'Authentic', 'AUROC', 'Audit'),
          ...shares,
          ...numbers('Abstained', 'Failed', 'No record'),
        ]}
      />
      <tbody>
        {detector.rows.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <FamilyCell group={row} />
            <td>{row.seen}</td>
            <CountCell value={row.synthetic} />
            <CountCell value={row.authentic} />
            <EstimateCell estimate={row.auroc} />
            <ThreeCell value={auditValue} />
            <ThreeCell value={row.averagePrecision} />
            <PercentCell value={row.accuracyAuthentic} />
            <PercentCell value={row.accuracySynthetic} />
            <PercentCell value={row.balancedAccuracy} />
            <PercentCell value={row.equalErrorRate} />
            <RateCell rate={row.recallAt1} />
            <RateCell rate={row.recallAt5} />
            <RateCell rate={row.recallAt10} />
            <CountCell value={row.unscored.abstained} />
            <CountCell value={row.unscored.error + row.unscored.timeout} />
            <CountCell value={row.unscored.missing} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

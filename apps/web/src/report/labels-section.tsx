/** Human labels: agreement of raters, judges against people, and corrected rates beside the raw ones. */
import type { ReportModel } from '@diptych/core/report-model';
import { CountCell, EstimateCell, GroupHeader, numbers, RateCell, rowClass, SimulatedBadge, TableHead } from './cells.tsx';
import { familyNames, notDefined, percent, percentRange, three, threeRange, whole } from './format.ts';
import { NumberedTable } from './numbering.tsx';

type Labels = NonNullable<ReportModel['labels']>;
type Measure = Labels['judges'][number]['accuracy'][number]['sensitivity'];
type Corrected = Labels['judges'][number]['corrected'][number]['predictionPowered'];

export function LabelsSection({ model: { labels } }: { readonly model: ReportModel }) {
  if (labels === null) return null;
  return (
    <section id="labels">
      <h2>Human labels</h2>
      <p>
        {whole(labels.answers)} answers by people who saw the pictures without their makers.
        {labels.foreign > 0 &&
          ` ${whole(labels.foreign)} more are about images that the run does not hold, and were left out.`}
      </p>
      <Agreement labels={labels} />
      <Accuracy labels={labels} />
      <CorrectedRates labels={labels} />
    </section>
  );
}

function Agreement({ labels }: { readonly labels: Labels }) {
  return (
    <NumberedTable
      label="agreement of raters"
      caption="Agreement of raters with 95 % intervals over prompts. Coefficients fall where one answer is rare, so raw agreement and the share of each answer stand beside them. Images on which no answer has a majority are not settled and take no part below."
    >
      <TableHead
        columns={[
          'Question',
          ...numbers('Raters', 'Images', 'With two answers', 'Yes', 'No', 'Not settled', 'Raw agreement'),
          'Yes / no / unsure, %',
          'Coefficients',
        ]}
      />
      <tbody>
        {labels.agreement.map((row) => (
          <tr key={row.id}>
            <th scope="row">{row.question}</th>
            <CountCell value={row.raters} />
            <CountCell value={row.images} />
            <CountCell value={row.compared} />
            <CountCell value={row.yes} />
            <CountCell value={row.no} />
            <CountCell value={row.unsettled} />
            <EstimateCell estimate={row.rawAgreement} />
            <td>
              {row.prevalence
                ? [row.prevalence.yes, row.prevalence.no, row.prevalence.unsure].map((part) => percent(part)).join(' / ')
                : notDefined}
            </td>
            <td>
              {row.coefficients.map(({ id, name, value, interval, reason }) => (
                <div key={id}>
                  {name}: {value === null ? `${notDefined} (${reason})` : three(value)}
                  {interval && <small> {threeRange(interval)}</small>}
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

const MeasureCell = ({ measure }: { readonly measure: Measure }) => (
  <td className="number" data-value={measure.value ?? ''}>
    {percent(measure.value)}
    {measure.interval && <small>{percentRange(measure.interval)}</small>}
    {measure.value !== null && (
      <small className="muted">
        {whole(measure.count)} of {whole(measure.total)}
      </small>
    )}
  </td>
);

function Accuracy({ labels }: { readonly labels: Labels }) {
  return (
    <NumberedTable
      label="judges against people"
      caption="What each judge says of images that people settled, at the threshold of the report, in percent. Sensitivity: flagged, of what people call so. Specificity: passed, of what they do not. Precision: rightly flagged, of all flagged."
    >
      <TableHead
        columns={['Judge', 'Question', 'Images', ...numbers('Sensitivity', 'Specificity', 'Precision', 'F1', 'Agreement')]}
      />
      <tbody>
        {labels.judges.flatMap((judge) =>
          judge.accuracy.map((row) => (
            <tr key={row.id} className={rowClass(row)}>
              <th scope="row">
                {judge.judge} {judge.simulated && <SimulatedBadge />}
              </th>
              <td>{judge.question}</td>
              <GroupHeader group={row} />
              <MeasureCell measure={row.sensitivity} />
              <MeasureCell measure={row.specificity} />
              <MeasureCell measure={row.precision} />
              <MeasureCell measure={row.f1} />
              <MeasureCell measure={row.agreement} />
            </tr>
          )),
        )}
      </tbody>
    </NumberedTable>
  );
}

function CorrectedCell({ corrected }: { readonly corrected: Corrected }) {
  const { value, interval, weight, cut, reason } = corrected;
  if (value === null)
    return (
      <td className="number" data-value="">
        {notDefined}
        <small className="muted reason">{reason}</small>
      </td>
    );
  return (
    <td className="number" data-value={value}>
      {percent(value)}
      {interval ? <small>{percentRange(interval)}</small> : <small className="muted reason">{reason}</small>}
      {weight !== null && <small className="muted">weight {three(weight)}</small>}
      {cut && <small className="muted">cut at the end of the range</small>}
    </td>
  );
}

function CorrectedRates({ labels }: { readonly labels: Labels }) {
  return (
    <NumberedTable
      label="rates corrected by labels"
      caption="Rates over all samples, as judged and corrected by people’s labels, in percent with 95 % intervals over prompts. Prediction-powered inference is valid for any judge; Rogan and Gladen’s estimate rests on sensitivity and specificity of the family; labels alone are what both improve on. All hold where the labelled images are a random part of the family; with fewer than about 50 of them intervals are some points too narrow."
    >
      <TableHead
        columns={[
          'Judge',
          'Question',
          'Family',
          ...numbers('Labelled', 'As judged', 'Prediction-powered', 'Rogan–Gladen', 'Labels alone'),
        ]}
      />
      <tbody>
        {labels.judges.flatMap((judge) =>
          judge.corrected.map((row) => (
            <tr key={row.id} className="family">
              <th scope="row">{judge.judge}</th>
              <td>{judge.question}</td>
              <td>
                {familyNames[row.family]} {row.simulated && <SimulatedBadge />}
              </td>
              <CountCell value={row.labelled} />
              <RateCell rate={row.raw} />
              <CorrectedCell corrected={row.predictionPowered} />
              <CorrectedCell corrected={row.roganGladen} />
              <CorrectedCell corrected={row.labelsOnly} />
            </tr>
          )),
        )}
      </tbody>
    </NumberedTable>
  );
}

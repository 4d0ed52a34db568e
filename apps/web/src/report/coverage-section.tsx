import type { CoverageModel, ReportModel } from '@diptych/core/report-model';
import { countsOf, numbers, TableHead } from './cells.tsx';
import { whole } from './format.ts';
import { NumberedTable } from './numbering.tsx';

type Cell = CoverageModel['hazards'][number];

export function CoverageSection({ model }: { readonly model: ReportModel }) {
  const judges = model.coverage;
  if (judges.length === 0) return null;
  return (
    <section>
      <h3>Coverage</h3>
      <NumberedTable
        label="coverage of hazards by judge"
        caption="Images with an answer for each hazard, by judge; in small print those without one, if any, and, of the images drawn for prompts that are marked with the hazard, those with an answer. A hazard that a judge does not cover is not covered, never safe."
      >
        <TableHead
          columns={[
            'Hazard',
            ...numbers(...judges.map(({ judge, ensemble }) => (ensemble === null ? judge : `${judge} (ensemble)`))),
          ]}
        />
        <tbody>
          {judges[0]!.hazards.map(({ hazard }, at) => (
            <tr key={hazard}>
              <th scope="row">{hazard}</th>
              {judges.map((judge) => (
                <CoverageCell key={judge.id} cell={judge.hazards[at]!} />
              ))}
            </tr>
          ))}
        </tbody>
      </NumberedTable>
    </section>
  );
}

function CoverageCell({ cell }: { readonly cell: Cell }) {
  if (!cell.covered)
    return (
      <td className="number muted" data-value="">
        not covered
      </td>
    );
  const unanswered = countsOf({ abstained: cell.abstained, failed: cell.failed, 'without a record': cell.missing });
  return (
    <td className="number" data-value={cell.scored}>
      {whole(cell.scored)}
      {unanswered !== '' && <small className="muted">{unanswered}</small>}
      {cell.asked > 0 && (
        <small className="muted">
          {whole(cell.askedScored)} of {whole(cell.asked)} asked for
        </small>
      )}
    </td>
  );
}

import type { FilterModel, ReportModel } from '@diptych/core/report-model';
import {
  CountCell,
  DifferenceCell,
  FamilyCell,
  GroupHeader,
  numbers,
  RateCell,
  rowClass,
  SimulatedBadge,
  TableHead,
} from './cells.tsx';
import { NumberedTable } from './numbering.tsx';

export function FilterSection({ model }: { readonly model: ReportModel }) {
  return model.filters.map((filter) => <Filter key={filter.id} model={filter} />);
}

interface FilterProps {
  readonly model: FilterModel;
}

function Filter({ model }: FilterProps) {
  const { filter, threshold, ensemble, simulated } = model;
  return (
    <section>
      <h3>
        Filter {filter} {simulated && <SimulatedBadge />}
      </h3>
      <p>
        As if images were filtered after generation: what {filter} flags{' '}
        {ensemble === null ? `at a score of at least ${threshold}` : `by a vote (${ensemble})`} is withheld, stays among all
        samples and counts as no unsafe image.
      </p>
      <RatesTable model={model} />
      <FamiliesTable model={model} />
      <CostTable model={model} />
    </section>
  );
}

function RatesTable({ model: { filter, rows } }: FilterProps) {
  return (
    <NumberedTable
      label={`unsafe rates with and without the filter ${filter}`}
      caption={`Unsafe / all without and with the filter ${filter}, in percent, over the same samples: images that the filter did not score are left out of both. Removed: the difference, paired by prompt, in percentage points; a filter can only lower the rate, so it has no p.`}
    >
      <TableHead columns={['Model', 'Family', 'Judge', ...numbers('Without', 'With the filter', 'Removed')]} />
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <FamilyCell group={row} />
            <td>
              {row.judge}
              {row.isFilter && ' (the filter itself)'}
            </td>
            <RateCell rate={row.without} />
            <RateCell rate={row.filtered} />
            <DifferenceCell test={row.removed} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function FamiliesTable({ model: { filter, families } }: FilterProps) {
  return (
    <NumberedTable
      label={`difference of the families with and without the filter ${filter}`}
      caption={`Unsafe rate of MLLMs minus that of diffusion models over shared prompts, filter ${filter} off and on, in percentage points. p adjusted by Holm over all filters and judges.`}
    >
      <TableHead columns={['Judge', ...numbers('Without', 'With the filter')]} />
      <tbody>
        {families.map(({ judge, without, filtered }) => (
          <tr key={judge}>
            <th scope="row">{judge}</th>
            <DifferenceCell test={without} />
            <DifferenceCell test={filtered} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function CostTable({ model: { filter, costs } }: FilterProps) {
  return (
    <NumberedTable
      label={`cost of the filter ${filter}`}
      caption={`What the filter ${filter} costs: images of benign prompts that it withholds, of benign samples, in percent; and images of all prompts that it did not score.`}
    >
      <TableHead columns={['Model', 'Family', ...numbers('Withheld / benign', 'Not scored')]} />
      <tbody>
        {costs.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <FamilyCell group={row} />
            <RateCell rate={row.withheld} />
            <CountCell value={row.unscored} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

import type { ReportModel } from '@diptych/core/report-model';
import {
  asks,
  CountCell,
  DifferenceCell,
  FamilyCell,
  GroupHeader,
  numbers,
  RateCell,
  rowClass,
  TableHead,
} from './cells.tsx';
import { NumberedTable } from './numbering.tsx';

type OverRefusal = ReportModel['overRefusal'];

export function OverRefusalSection({ model }: { readonly model: ReportModel }) {
  const { overRefusal } = model;
  if (!asks(model, 'unsafe')) return null;
  return (
    <section>
      <h3>Over-refusal</h3>
      {overRefusal.reason !== null ? (
        <p>Not shown: {overRefusal.reason}</p>
      ) : (
        <>
          <p>
            What safety costs: benign samples for which the generator gave no image of its own, because it refused, a filter
            blocked, nothing came, or a placeholder stood in. Errors and time-outs are left out.
          </p>
          <RefusalTable {...overRefusal} />
          <FamiliesTable {...overRefusal} />
          <TradeOffTable {...overRefusal} />
        </>
      )}
    </section>
  );
}

function RefusalTable({ rows }: OverRefusal) {
  return (
    <NumberedTable
      label="over-refusal"
      caption="Samples without an image of the generator, of all benign samples and of pairs of an unsafe prompt and its benign counterpart (same pair id), in percent. Selectivity: withheld from unsafe prompts minus from their counterparts, paired, in percentage points; at zero a generator cannot tell the two apart."
    >
      <TableHead
        columns={[
          'Model',
          'Family',
          'Prompt set',
          ...numbers('Withheld / benign', 'Refused', 'Blocked', 'Empty', 'Placeholder'),
          ...numbers('Counterparts', 'Their unsafe prompts', 'Selectivity'),
        ]}
      />
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <FamilyCell group={row} />
            <td>{row.promptSet ?? 'all'}</td>
            <RateCell rate={row.benign} />
            <CountCell value={row.counts.refused} />
            <CountCell value={row.counts.blocked} />
            <CountCell value={row.counts.empty} />
            <CountCell value={row.counts.placeholder} />
            <RateCell rate={row.counterparts} />
            <RateCell rate={row.unsafeOfPairs} />
            <DifferenceCell test={row.selectivity} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function FamiliesTable({ families }: OverRefusal) {
  if (families.length === 0) return null;
  return (
    <NumberedTable
      label="over-refusal of the families by outcome"
      caption="Share of benign samples without an image, MLLM minus diffusion over shared prompts, in percentage points, for each way of withholding. p adjusted by Holm over this section’s tests of families."
    >
      <TableHead columns={['Outcome', ...numbers('MLLM minus diffusion')]} />
      <tbody>
        {families.map(({ outcome, test }) => (
          <tr key={outcome} className={outcome === 'any' ? 'total' : undefined}>
            <th scope="row">{outcome}</th>
            <DifferenceCell test={test} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

function TradeOffTable({ tradeOff }: OverRefusal) {
  if (tradeOff.length === 0) return null;
  return (
    <NumberedTable
      label="safety and utility"
      caption="Safety and utility side by side: unsafe images for unsafe prompts, and benign prompts without an image, in percent. A generator that refuses everything is safe and useless."
    >
      <TableHead columns={['Model', 'Family', 'Judge', ...numbers('Unsafe / all, unsafe prompts', 'Withheld / benign')]} />
      <tbody>
        {tradeOff.map((row) => (
          <tr key={row.id} className={rowClass(row)}>
            <GroupHeader group={row} />
            <FamilyCell group={row} />
            <td>{row.judge}</td>
            <RateCell rate={row.unsafe} />
            <RateCell rate={row.overRefusal} />
          </tr>
        ))}
      </tbody>
    </NumberedTable>
  );
}

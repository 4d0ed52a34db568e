import type { ReportModel } from '@diptych/core/report-model';
import { CountCell, numbers, TableHead } from './cells.tsx';
import { NumberedTable } from './numbering.tsx';

type Cost = NonNullable<ReportModel['cost']>;

const money = (usd: number | null): string => (usd === null ? '–' : `$${usd.toFixed(4)}`);

/** What was spent, by plugin; nothing where no record has a cost. */
export function CostTable({ cost }: { readonly cost: Cost | null }) {
  if (cost === null) return null;
  return (
    <NumberedTable
      label="cost"
      caption="US dollars by the answers’ own account, or by the price of the plugin. What no record says is not counted. Per image: of a generator’s own images; in other rows, of all that were drawn."
    >
      <TableHead columns={['Kind', 'Plugin', ...numbers('Records with a cost', 'Spent', 'Per image')]} />
      <tbody>
        {cost.rows.map(({ id, kind, plugin, priced, usd, usdPerImage }) => (
          <tr key={id}>
            <td>{kind}</td>
            <th scope="row">{plugin}</th>
            <CountCell value={priced} />
            <td className="number">{money(usd)}</td>
            <td className="number">{money(usdPerImage)}</td>
          </tr>
        ))}
        <tr>
          <td>all</td>
          <td />
          <td />
          <td className="number">{money(cost.usd)}</td>
          <td className="number">{money(cost.usdPerImage)}</td>
        </tr>
      </tbody>
    </NumberedTable>
  );
}

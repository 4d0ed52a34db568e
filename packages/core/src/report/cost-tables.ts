/** The table of costs as Markdown and CSV. */

import { csv } from '../text/csv.ts';
import { plain, table } from './markdown-cells.ts';
import type { ReportModel } from './report-model.ts';

type Cost = ReportModel['cost'];

const money = (usd: number | null): string => (usd === null ? '–' : usd.toFixed(4));

export function costMarkdown(cost: Cost): string[] {
  if (cost === null) return [];
  return [
    '### Cost',
    'US dollars by the answers’ own account, or by the price of the plugin. What no record says is not counted. Per image: of a generator’s own images; in other rows, of all that were drawn.',
    table(
      ['kind', 'plugin', 'records with a cost', 'spent', 'per image'],
      [
        ...cost.rows.map(({ kind, plugin, priced, usd, usdPerImage }) => [
          kind,
          plain(plugin),
          String(priced),
          money(usd),
          money(usdPerImage),
        ]),
        ['all', '', '', money(cost.usd), money(cost.usdPerImage)],
      ],
    ),
  ];
}

export const costCsvFiles = (cost: Cost): Record<string, string> =>
  cost === null
    ? {}
    : {
        'cost.csv': csv(
          ['kind', 'plugin', 'records_with_cost', 'usd', 'usd_per_image'],
          cost.rows.map(({ kind, plugin, priced, usd, usdPerImage }) => [kind, plugin, priced, usd, usdPerImage]),
        ),
      };

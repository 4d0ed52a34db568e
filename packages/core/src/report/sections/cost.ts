import type { JournalRecord } from '@diptych/plugin-kit';
import { z } from 'zod';
import { count, id } from '../../analysis/parts.ts';
import { defineSection } from '../section.ts';
import { type Table, tableOf } from '../table.ts';

export const dollars = z.number().nonnegative();

/** What a run cost in US dollars, by the answers' own account or the plugins' prices. Null where no record has a cost. */
export const costSchema = z
  .object({
    id,
    usd: dollars,
    images: count,
    /** All costs over images that were drawn; null without any. */
    usdPerImage: dollars.nullable(),
    rows: z.array(
      z.object({
        id,
        kind: z.enum(['generator', 'rewriter', 'prompt-rater', 'safety-judge', 'detector']),
        plugin: z.string(),
        /** Records that have a cost. */
        priced: count,
        usd: dollars,
        usdPerImage: dollars.nullable(),
      }),
    ),
  })
  .nullable();

export type CostModel = z.infer<typeof costSchema>;

type Kind = NonNullable<CostModel>['rows'][number]['kind'];
interface Sum {
  readonly kind: Kind;
  readonly plugin: string;
  priced: number;
  /** Billionths of a dollar: whole numbers add up to the same sum in any order. */
  nano: number;
}
const nano = 1e9;
const kinds: readonly Kind[] = ['rewriter', 'prompt-rater', 'generator', 'safety-judge', 'detector'];

/** Adds up what records cost, whatever their order. */
export class CostSummary {
  readonly #sums = new Map<string, Sum>();
  #images = 0;
  readonly #imagesOf = new Map<string, number>();

  add(record: JournalRecord): void {
    if (record.type === 'sample') {
      if (record.outcome === 'image') this.#countImage(record.generator);
      this.#count('generator', record.generator, record.costUsd);
      for (const [name, usd] of Object.entries(record.promptCostsUsd ?? {})) {
        const kind = name.startsWith('rewriter/') ? 'rewriter' : 'prompt-rater';
        this.#count(kind, name.slice(name.indexOf('/') + 1), usd);
      }
    } else if (record.type === 'verdict') this.#count('safety-judge', record.judge, record.costUsd);
    else if (record.type === 'detection') this.#count('detector', record.detector, record.costUsd);
  }

  #countImage(generator: string): void {
    this.#images += 1;
    this.#imagesOf.set(generator, (this.#imagesOf.get(generator) ?? 0) + 1);
  }

  #count(kind: Kind, plugin: string, usd: number | undefined): void {
    if (usd === undefined) return;
    const key = `${kind}/${plugin}`;
    const sum = this.#sums.get(key) ?? { kind, plugin, priced: 0, nano: 0 };
    sum.priced += 1;
    sum.nano += Math.round(usd * nano);
    this.#sums.set(key, sum);
  }

  finish(): CostModel {
    if (this.#sums.size === 0) return null;
    const perImage = (billionths: number, images = this.#images): number | null =>
      images === 0 ? null : billionths / nano / images;
    const sums = [...this.#sums.values()].sort(
      (a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.plugin < b.plugin ? -1 : 1),
    );
    const total = sums.reduce((sum, { nano: part }) => sum + part, 0);
    return {
      id: 'cost',
      usd: total / nano,
      images: this.#images,
      usdPerImage: perImage(total),
      rows: sums.map(({ kind, plugin, priced, nano: part }) => ({
        id: `cost/${kind}/${plugin}`,
        kind,
        plugin,
        priced,
        usd: part / nano,
        // A generator drew a part of the images; the others work for all of them.
        usdPerImage: perImage(part, kind === 'generator' ? (this.#imagesOf.get(plugin) ?? 0) : this.#images),
      })),
    };
  }
}

type Row = NonNullable<CostModel>['rows'][number];

const tables = (cost: CostModel): Table[] =>
  cost === null
    ? []
    : [
        tableOf<Row>({
          id: 'cost',
          title: 'Cost',
          caption:
            'US dollars by the answers’ own account, or by the price of the plugin. What no record says is not counted. Per image: of a generator’s own images; in other rows, of all that were drawn.',
          rows: cost.rows,
          columns: [
            { kind: 'text', name: 'kind', title: 'Kind', of: (row) => row.kind },
            { kind: 'text', name: 'plugin', title: 'Plugin', of: (row) => row.plugin },
            { kind: 'count', name: 'records_with_cost', title: 'Records with a cost', of: (row) => row.priced },
            { kind: 'money', name: 'usd', title: 'Spent', of: (row) => row.usd },
            { kind: 'money', name: 'usd_per_image', title: 'Per image', of: (row) => row.usdPerImage },
          ],
          footnotes: [
            `All together: $${cost.usd.toFixed(4)}${cost.usdPerImage === null ? '' : `, $${cost.usdPerImage.toFixed(4)} per image`}.`,
          ],
        }),
      ];

export const cost = defineSection({
  id: 'cost',
  panel: 'run',
  title: 'Cost',
  schema: costSchema,
  build: (context) => context.cost,
  tables,
});

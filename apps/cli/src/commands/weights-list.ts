/** `diptych weights list`: every weights file of the built-in plugins, whether it is cached and its licence accepted. */
import { type OutputOptions, printResult } from '../output/result.ts';
import { bytes, renderTable } from '../output/table.ts';
import { builtInWeights, openWeights } from '../weights.ts';

export default async function weightsList(options: OutputOptions): Promise<void> {
  const store = openWeights(options);
  const rows = await Promise.all(
    (await builtInWeights()).map(async ({ plugin, ref, baseFolder }) => ({
      plugin,
      ...ref,
      ...(await store.status(ref, baseFolder)),
    })),
  );
  printResult(options, { cacheFolder: store.cacheFolder, weights: rows }, () =>
    [
      renderTable(
        ['plugin', 'size', 'licence', 'accepted', 'cached', 'source'],
        rows.map((row) => [
          row.plugin,
          row.sizeBytes ? bytes(row.sizeBytes) : '–',
          row.licence.id,
          row.isAccepted ? 'yes' : 'no',
          row.isPresent ? 'yes' : 'no',
          row.source,
        ]),
      ),
      `Cache: ${store.cacheFolder}`,
    ].join('\n'),
  );
}

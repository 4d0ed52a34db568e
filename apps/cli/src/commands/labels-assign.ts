/** `diptych labels assign`: one blind sheet for each rater, each image to several of them. */
import { join } from 'node:path';
import { assignItems, drawItems, labelItems, openRun, writeLabelSheet } from '@diptych/core';
import { type DrawnOptions, drawOf, samplingNote } from '../label-options.ts';
import { wholeNumber } from '../number-options.ts';
import { printResult } from '../output/result.ts';
import { renderTable } from '../output/table.ts';

interface AssignOptions extends DrawnOptions {
  readonly out: string;
  readonly raters: string;
  readonly perImage: string;
}

export default async function labelsAssign(runFolder: string, options: AssignOptions): Promise<void> {
  const run = await openRun(runFolder);
  const items = await labelItems(run);
  const draw = drawOf(options);
  const drawn = drawItems(items, draw);
  const raters = options.raters.split(',').map((rater) => rater.trim());
  const perImage = wholeNumber(options.perImage, '--per-image');
  const assigned = assignItems(drawn, { raters, perImage, seed: draw.seed });
  const sheets: { rater: string; file: string; images: number }[] = [];
  for (const [rater, own] of assigned) {
    const file = join(options.out, `${rater}.csv`);
    const imageFolder = options.images === undefined ? {} : { imageFolder: options.images };
    await writeLabelSheet(run, own, { rater, file, withPrompt: options.withPrompt ?? false, ...imageFolder });
    sheets.push({ rater, file, images: own.length });
  }
  printResult(options, { sheets, images: drawn.length, of: items.length, perImage, ...draw }, () =>
    [
      `${samplingNote(options, drawn.length, items.length)} Each goes to ${perImage} of ${raters.length} raters.`,
      renderTable(
        ['rater', 'sheet', 'images'],
        sheets.map(({ rater, file, images }) => [rater, file, images]),
      ),
    ].join('\n'),
  );
}

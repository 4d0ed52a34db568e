/** `diptych labels export`: a blind sheet for one rater, or with --all every label of a run. */
import {
  drawItems,
  labelItems,
  labelsCsv,
  openRun,
  orderFor,
  readLabels,
  writeFileAt,
  writeLabelSheet,
} from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';
import { type DrawnOptions, drawOf, samplingNote } from '../label-options.ts';
import { printResult } from '../output/result.ts';

interface ExportOptions extends DrawnOptions {
  readonly out: string;
  readonly rater?: string;
  readonly all?: boolean;
}

export default async function labelsExport(runFolder: string, options: ExportOptions): Promise<void> {
  const run = await openRun(runFolder);
  const items = await labelItems(run);
  if (options.all) {
    const labels = await readLabels(run.folder);
    await writeFileAt(options.out, labelsCsv(labels, items));
    printResult(
      options,
      { file: options.out, labels: labels.length },
      () => `Wrote ${options.out} with the labels of all raters.`,
    );
    return;
  }
  const { rater } = options;
  if (rater === undefined)
    throw new DiptychError(
      'USAGE',
      'Expected --rater NAME for a sheet, or --all for the labels of a run, received neither.',
    );
  const draw = drawOf(options);
  const drawn = orderFor(drawItems(items, draw), rater, draw.seed);
  await writeLabelSheet(run, drawn, {
    rater,
    file: options.out,
    withPrompt: options.withPrompt ?? false,
    ...(options.images === undefined ? {} : { imageFolder: options.images }),
  });
  printResult(options, { file: options.out, rater, images: drawn.length, of: items.length, ...draw }, () =>
    [
      `Wrote ${options.out}: ${samplingNote(options, drawn.length, items.length)}`,
      `Fill in unsafe (yes, no, unsure), hazards and corrupted, then: diptych labels import ${runFolder} ${options.out}`,
    ].join('\n'),
  );
}

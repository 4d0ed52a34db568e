/** `diptych detect`: how likely images are synthetic, or a finished run. A score is a rank, not a probability. */
import type { FileScores } from '@diptych/core';
import { renderTable } from '../output/table.ts';
import type { ScoreOptions } from '../score-options.ts';
import { scoreTargets } from '../score-targets.ts';

function rowsOf({ path, error, detections }: FileScores): (string | number)[][] {
  if (error) return [[path, '–', error.code, error.message]];
  return detections.map(({ detector, status, syntheticScore, features, reason }) => {
    const said = syntheticScore === undefined ? (features ? `${features.length} features` : '') : syntheticScore.toFixed(4);
    return [path, detector, status, reason ?? said];
  });
}

const needsRun =
  'A detector that returns features has no weights of its own: its head is fitted within a run that has synthetic and authentic images. To score single images, name a detector with weights by --with or --study.';

function render(files: readonly FileScores[]): string {
  const table = renderTable(['image', 'detector', 'status', 'synthetic score'], files.flatMap(rowsOf));
  return files.some(({ detections }) => detections.some(({ status }) => status === 'features'))
    ? `${table}\n${needsRun}`
    : table;
}

export default async function detect(targets: readonly string[], options: ScoreOptions): Promise<void> {
  await scoreTargets(targets, { kind: 'detector', render }, options);
}

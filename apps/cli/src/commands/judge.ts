/** `diptych judge`: hazards of images, or of a finished run. Scores, not decisions: thresholds belong to reports. */
import type { FileScores } from '@diptych/core';
import { renderTable } from '../output/table.ts';
import type { ScoreOptions } from '../score-options.ts';
import { scoreTargets } from '../score-targets.ts';

function rowsOf({ path, error, verdicts }: FileScores): (string | number)[][] {
  if (error) return [[path, '–', error.code, error.message]];
  return verdicts.map(({ judge, status, hazardScores, corruptionScore, reason }) => {
    const scores = Object.entries(hazardScores ?? {})
      .sort(([, a], [, b]) => b - a)
      .map(([hazard, score]) => `${hazard} ${score.toFixed(3)}`);
    if (corruptionScore !== undefined) scores.push(`corrupted ${corruptionScore.toFixed(3)}`);
    return [path, judge, status, reason ?? scores.join(', ')];
  });
}

const render = (files: readonly FileScores[]): string =>
  `${renderTable(['image', 'judge', 'status', 'scores'], files.flatMap(rowsOf))}\nA hazard that is not listed is not covered by that judge; it is not "safe".`;

export default async function judge(targets: readonly string[], options: ScoreOptions): Promise<void> {
  await scoreTargets(targets, { kind: 'safety-judge', render }, options);
}

/** The section of claim 2 as Markdown. */

import { difference, familyName, label, plain, rate, table } from './markdown-cells.ts';
import type { ReportModel } from './report-model.ts';
import type { CorruptionJudgeModel } from './sections/corruption.ts';
import type { DependenceModel } from './sections/corruption-dependence.ts';

const counterparts = ({ counterparts: { reason, rows, families } }: CorruptionJudgeModel): string[] =>
  reason !== null
    ? [`Unsafe prompts against counterparts: not shown, ${plain(reason)}`]
    : [
        'Corrupted, of the scored images of unsafe prompts and of their safe counterparts; difference paired, in percentage points.',
        table(
          ['group', 'unsafe prompts', 'safe counterparts', 'difference'],
          rows.map((row) => [label(row), rate(row.unsafe), rate(row.counterparts), difference(row.test)]),
        ),
        families.length === 0
          ? ''
          : table(
              ['prompts', 'diffusion minus MLLM'],
              families.map(({ prompts, test }) => [prompts, difference(test)]),
            ),
      ];

const outcomes = ({ outcomes: judged }: CorruptionJudgeModel): string[] =>
  judged.flatMap(({ judge, rows }) => [
    `How samples of unsafe prompts end, safety by ${plain(judge)}; the last column is over the corrupted images of all prompts.`,
    table(
      ['group', 'samples', 'unsafe', 'safe', 'corrupted', 'no image', 'corrupted yet not flagged'],
      rows.map((row) => [
        label(row),
        String(row.samples),
        ...[row.unsafe, row.safe, row.corrupted, row.noImage, row.blindness].map(rate),
      ]),
    ),
  ]);

function effect({ predictor, rater, families, difference: gap, unrated }: DependenceModel): string[] {
  const per = predictor === 'words' ? 'ten more words' : 'abstractness from 0 to 1';
  return [
    `Change of the share of corrupted images for ${per}${rater === null ? '' : `, as ${plain(rater)} rates it (${unrated} scored images without a rating)`}, in percentage points; pairs are prompts.`,
    table(
      ['family', 'slope'],
      [
        ...families.map(({ family, slope }) => [familyName[family], difference(slope)]),
        ['diffusion minus MLLM', difference(gap)],
      ],
    ),
  ];
}

const judgeSection = (judge: CorruptionJudgeModel): string[] => [
  `### Corruption by ${plain(judge.judge)}${judge.simulated ? ' (simulated)' : ''}`,
  judge.ensemble === null
    ? `Calls an image corrupted at a score of at least ${judge.threshold}.`
    : `Votes: ${plain(judge.ensemble)}.`,
  ...counterparts(judge),
  ...outcomes(judge),
  ...(judge.dependence.reason === null
    ? judge.dependence.effects.flatMap(effect)
    : [`Dependence on the text: not shown, ${plain(judge.dependence.reason)}`]),
];

export const corruptionMarkdown = ({ corruption: { reason, judges } }: ReportModel): string[] => [
  '## Corruption',
  reason === null ? '' : `Not shown: ${plain(reason)}`,
  ...judges.flatMap(judgeSection),
];

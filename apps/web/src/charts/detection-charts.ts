import type { DetectorModel } from '@diptych/core/report-model';
import type { ColourName } from '../report/figure/palette.ts';
import { familyNames } from '../report/format.ts';
import { type Chart, chart, colour, legend, valueAxis } from './render-chart.ts';

const lineTypes = { diffusion: 'solid', mllm: 'dashed', unknown: 'dotted', authentic: 'solid' } as const;
const seriesName = (series: string): string =>
  series === 'authentic' ? 'Authentic' : (familyNames[series as keyof typeof familyNames] ?? series);

/** True against false positive rate for each family, with the diagonal of guessing. */
export function rocChart({ roc }: DetectorModel): Chart {
  const names = roc.map(({ family }) => familyNames[family]);
  return chart(460, 420, {
    legend: legend(names),
    grid: { left: 56, right: 20, top: 32, bottom: 48 },
    xAxis: valueAxis('false positive rate (authentic images)', { min: 0, max: 1 }),
    yAxis: valueAxis('true positive rate', { min: 0, max: 1, nameGap: 38 }),
    series: [
      ...roc.map(({ family, points }) => ({
        type: 'line',
        name: familyNames[family],
        silent: true,
        symbol: 'none',
        data: points,
        itemStyle: { color: colour(family) },
        lineStyle: { color: colour(family), width: 2, type: lineTypes[family] },
      })),
      {
        type: 'line',
        name: 'guessing',
        silent: true,
        symbol: 'none',
        data: [
          [0, 0],
          [1, 1],
        ],
        lineStyle: { color: colour('muted'), width: 1, type: 'dotted' },
      },
    ],
  });
}

/** Share of each side's images in twenty bins of the synthetic score, as steps. */
export function scoreChart({ histograms }: DetectorModel): Chart {
  const shares = (counts: readonly number[]): number[][] => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    return [
      ...counts.map((count, bin) => [bin / counts.length, (count / total) * 100]),
      [1, ((counts.at(-1) ?? 0) / total) * 100],
    ];
  };
  return chart(460, 420, {
    legend: legend(histograms.map(({ series }) => seriesName(series))),
    grid: { left: 56, right: 20, top: 32, bottom: 48 },
    xAxis: valueAxis('synthetic score', { min: 0, max: 1 }),
    yAxis: valueAxis('share of images, %', { min: 0, nameGap: 38 }),
    series: histograms.map(({ series, counts }) => ({
      type: 'line',
      step: 'end',
      name: seriesName(series),
      silent: true,
      symbol: 'none',
      data: shares(counts),
      itemStyle: { color: colour(series as ColourName) },
      lineStyle: { color: colour(series as ColourName), width: 2, type: lineTypes[series as keyof typeof lineTypes] },
      areaStyle: { color: colour(series as ColourName), opacity: 0.12 },
    })),
  });
}

import type { OutcomeRow } from '@diptych/core/report-model';
import { type Chart, categoryAxis, chart, colour, labelSpace, legend, valueAxis } from './render-chart.ts';

export const outcomeNames = ['image', 'refused', 'blocked', 'empty', 'placeholder', 'error', 'timeout'] as const;

/** One bar a row, 100 % wide, cut by how samples ended; outcomes that never occur are left out of the legend. */
export function outcomeChart(rows: readonly OutcomeRow[]): Chart {
  const present = outcomeNames.filter((outcome) => rows.some((row) => row.counts[outcome] > 0));
  const labels = rows.map(({ label }) => label);
  const labelWidth = labelSpace(labels);
  return chart(600, rows.length * 28 + 88, {
    legend: legend(present),
    grid: { left: labelWidth + 18, right: 24, top: 32, bottom: 48 },
    xAxis: valueAxis('share of samples, %', { min: 0, max: 100 }),
    yAxis: categoryAxis(labels, labelWidth),
    series: present.map((outcome) => ({
      type: 'bar',
      name: outcome,
      stack: 'outcomes',
      silent: true,
      barWidth: 16,
      itemStyle: { color: colour(outcome) },
      data: rows.map((row) => (row.total === 0 ? 0 : (row.counts[outcome] / row.total) * 100)),
    })),
  });
}

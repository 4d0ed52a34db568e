import type { FamilyKey, JudgeModel, RateModel } from '@diptych/core/report-model';
import type { CustomSeriesRenderItem } from 'echarts/types/dist/echarts';
import { familyNames } from '../report/format.ts';
import { type Chart, categoryAxis, chart, colour, labelSpace, valueAxis } from './render-chart.ts';

interface IntervalRow {
  readonly label: string;
  readonly family: FamilyKey;
  readonly rate: RateModel;
}

const width = 540;
const rowHeight = 26;

const circle = (x: number, y: number) => ({ type: 'circle' as const, shape: { cx: x, cy: y, r: 4.5 } });
const diamond = (x: number, y: number) => {
  const corners = [0, 1, 2, 3].map((turn) => [x + [6, 0, -6, 0][turn]!, y + [0, 6, 0, -6][turn]!] as [number, number]);
  return { type: 'polygon' as const, shape: { points: corners } };
};

/** A mark at the rate and a bar over its clustered interval; families differ in colour and in shape. */
const draw =
  (rows: readonly IntervalRow[]): CustomSeriesRenderItem =>
  (_, api) => {
    const row = rows[Number(api.value(0))]!;
    const shade = colour(row.family);
    const [x, y] = api.coord([api.value(1), api.value(0)]) as [number, number];
    const stroke = { stroke: shade, lineWidth: 1.75 };
    const mark = { ...(row.family === 'mllm' ? diamond(x, y) : circle(x, y)), style: { fill: shade } };
    const interval = row.rate.clustered;
    if (interval === null) return { type: 'group', children: [mark] };
    const [low] = api.coord([interval.low * 100, api.value(0)]) as [number, number];
    const [high] = api.coord([interval.high * 100, api.value(0)]) as [number, number];
    const line = (x1: number, y1: number, x2: number, y2: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style: stroke,
    });
    return {
      type: 'group',
      children: [line(low, y, high, y), line(low, y - 4, low, y + 4), line(high, y - 4, high, y + 4), mark],
    };
  };

/** The next round number: tens, or ones below ten. */
const axisEnd = (percent: number): number =>
  percent < 10 ? Math.max(1, Math.ceil(percent)) : Math.min(100, Math.ceil(percent / 10) * 10);

/** Unsafe rate by model and family; null where no rate is defined. */
export const modelChart = ({ rows }: JudgeModel): Chart | null =>
  intervalChart(rows.map(({ label, family, unsafeOfAll }) => ({ label, family: family ?? 'unknown', rate: unsafeOfAll })));

/** Unsafe rate by hazard and family; null where no rate is defined. */
export const hazardChart = ({ hazards }: JudgeModel): Chart | null =>
  intervalChart(
    hazards.flatMap(({ hazard, rates }) =>
      rates.map(({ family, rate }) => ({ label: `${hazard}, ${familyNames[family]}`, family, rate })),
    ),
  );

/** Rates in percent with 95 % intervals, one row each that has a rate. */
function intervalChart(all: readonly IntervalRow[]): Chart | null {
  const rows = all.filter(({ rate }) => rate.value !== null);
  if (rows.length === 0) return null;
  const highest = Math.max(...rows.map(({ rate }) => Math.max(rate.clustered?.high ?? 0, rate.value ?? 0)));
  const labels = rows.map(({ label }) => label);
  const labelWidth = labelSpace(labels);
  return chart(width, rows.length * rowHeight + 64, {
    grid: { left: labelWidth + 18, right: 24, top: 8, bottom: 48 },
    xAxis: valueAxis('unsafe / all samples, %', { min: 0, max: axisEnd(highest * 100) }),
    yAxis: categoryAxis(labels, labelWidth),
    series: [
      {
        type: 'custom',
        silent: true,
        renderItem: draw(rows),
        data: rows.map(({ rate }, index) => [index, (rate.value ?? 0) * 100]),
        encode: { x: 1, y: 0 },
      },
    ],
  });
}

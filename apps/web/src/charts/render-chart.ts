/** ECharts on the server: an option becomes an SVG string that follows the page's light or dark colours. */
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, CustomChart, LineChart, GridComponent, LegendComponent, SVGRenderer]);

/**
 * ECharts wants real colours, the page wants CSS variables: charts are drawn with these stand-ins, which are then replaced.
 * They differ from every colour that ECharts picks by itself.
 */
const standIns = {
  text: '#010203',
  muted: '#020304',
  grid: '#030405',
  diffusion: '#040506',
  mllm: '#050607',
  unknown: '#060708',
  authentic: '#070809',
  image: '#08090a',
  refused: '#090a0b',
  blocked: '#0a0b0c',
  empty: '#0b0c0d',
  placeholder: '#0c0d0e',
  error: '#0d0e0f',
  timeout: '#0e0f10',
} as const;
export type ChartColour = keyof typeof standIns;
export const colour = (name: ChartColour): string => standIns[name];

const label = { color: standIns.text, fontSize: 12, fontFamily: 'inherit' };

export const valueAxis = (name: string, extra: object = {}): object => ({
  type: 'value',
  name,
  nameLocation: 'middle',
  nameGap: 30,
  nameTextStyle: label,
  axisLabel: label,
  axisLine: { show: true, lineStyle: { color: standIns.muted } },
  splitLine: { lineStyle: { color: standIns.grid } },
  ...extra,
});

export const categoryAxis = (data: readonly string[], width: number): object => ({
  type: 'category',
  data,
  inverse: true,
  axisTick: { show: false },
  axisLabel: { ...label, width: Math.min(width, mostLabelWidth), overflow: 'truncate', interval: 0 },
  axisLine: { lineStyle: { color: standIns.muted } },
});

export const legend = (data: readonly (string | object)[]): object => ({
  data,
  top: 0,
  left: 'center',
  itemWidth: 22,
  itemHeight: 10,
  textStyle: label,
});

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const standInPattern = new RegExp(Object.values(standIns).map(escapePattern).join('|'), 'gi');
const variableOf = new Map(Object.entries(standIns).map(([name, value]) => [value, `var(--${name})`]));

/** Widths are estimated without a font; common ones are up to a fifth wider, and text is cut at its beginning by the edge. */
const mostLabelWidth = 160;

/** Pixels for the longest label at 12 px, at most 190: longer names are cut, the tables have them whole. */
export const labelSpace = (labels: readonly string[]): number =>
  Math.min(190, Math.max(...labels.map((text) => Math.ceil(text.length * 6.8))));

/** `id` keeps the ids inside the SVG unique on the page and the same in every process. */
export function renderChart(id: string, width: number, height: number, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, backgroundColor: 'transparent', ...option });
    return (
      chart
        .renderToSVGString()
        .replace(standInPattern, (value) => variableOf.get(value.toLowerCase() as (typeof standIns)[ChartColour]) ?? value)
        .replace(/\bzr\d+-/g, `${id}-`)
        .replace(/font-family:\s*inherit;?/g, '')
        // Hover styles and event targets of the live chart: of no use here, and numbered by a counter of the process.
        .replace(/<style\b.*?<\/style>/gs, '')
        .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
    );
  } finally {
    chart.dispose();
  }
}

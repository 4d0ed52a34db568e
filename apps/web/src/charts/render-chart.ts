/** ECharts on the server: an option becomes an SVG string that follows the page's light or dark colours. */
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { type ColourName, light, onPage, type Paint } from '../report/figure/palette.ts';

use([BarChart, CustomChart, LineChart, GridComponent, LegendComponent, SVGRenderer]);

/**
 * ECharts wants real colours, the page wants CSS variables: charts are drawn with these stand-ins, which are then replaced.
 * They differ from every colour that ECharts picks by itself.
 */
const standIns = Object.fromEntries(
  Object.keys(light).map((name, index) => [name, `#0a0b${(index + 1).toString(16).padStart(2, '0')}`]),
) as Readonly<Record<ColourName, string>>;
export const colour = (name: ColourName): string => standIns[name];

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

const standInPattern = new RegExp(Object.values(standIns).join('|'), 'gi');
const nameOf = new Map(Object.entries(standIns).map(([name, value]) => [value, name as ColourName]));

/** Widths are estimated without a font; common ones are up to a fifth wider, and text is cut at its beginning by the edge. */
const mostLabelWidth = 160;

/** Pixels for the longest label at 12 px, at most 190: longer names are cut, the tables have them whole. */
export const labelSpace = (labels: readonly string[]): number =>
  Math.min(190, Math.max(...labels.map((text) => Math.ceil(text.length * 6.8))));

/** A plot before it is drawn, the same for the page and for a file. */
export interface Chart {
  /** In pixels at a type size of 12. */
  readonly width: number;
  readonly height: number;
  readonly option: EChartsCoreOption;
}

export const chart = (width: number, height: number, option: EChartsCoreOption): Chart => ({ width, height, option });

/** `id` keeps the ids inside the SVG unique on the page and the same in every process. */
export function renderChart({ width, height, option }: Chart, id: string, paint: Paint = onPage): string {
  const instance = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    instance.setOption({ animation: false, backgroundColor: 'transparent', ...option });
    return (
      instance
        .renderToSVGString()
        .replace(standInPattern, (value) => paint(nameOf.get(value.toLowerCase())!))
        .replace(/\bzr\d+-/g, `${id}-`)
        .replace(/font-family:\s*inherit;?/g, '')
        // Hover styles and event targets of the live chart: of no use here, and numbered by a counter of the process.
        .replace(/<style\b.*?<\/style>/gs, '')
        .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
    );
  } finally {
    instance.dispose();
  }
}

/** A panel of the figure: one row a model or detector, a mark with its interval for each family, numbers beside it. */
import type { FamilyKey } from '@diptych/core/report-model';
import { percent } from '../format.ts';
import { drawLegend, type ForestMark, type LegendItem, Mark } from './marks.tsx';
import { fitted, textWidth } from './plot-text.ts';
import { axisOf, type Scale, scaleOf } from './scale.ts';
import { type Drawing, dashesOf, type Sheet } from './sheet.ts';

export interface ForestRow {
  readonly key: string;
  readonly label: string;
  /** A family over its models. */
  readonly isTotal?: boolean;
  readonly marks: readonly ForestMark[];
  /** Instead of marks. */
  readonly note?: string;
  /** In [0, 1]: a bar beside the plot; null where it is not measured. */
  readonly share?: number | null;
}

export interface Reference {
  readonly family: FamilyKey;
  readonly value: number;
}

export interface ForestPanel {
  readonly letter: string;
  readonly title: string;
  readonly axisName: string;
  readonly rows: readonly ForestRow[];
  /** Title of the bars; absent where rows have none. */
  readonly shareName?: string;
  /** A line for each family. */
  readonly references: readonly Reference[];
  /** A line for all. */
  readonly chance?: number;
  /** In percent; as far as the data reach where absent. */
  readonly axisEnd?: number;
  readonly legend: readonly LegendItem[];
  /** Instead of rows. */
  readonly note?: string;
}

interface Columns {
  readonly label: number;
  readonly plot: readonly [number, number];
  /** Right edge of the numbers. */
  readonly numbers: number;
  readonly share: readonly [number, number];
}

const rowsOf = (panel: ForestPanel) => panel.rows.flatMap(({ marks }) => marks);

function columnsOf({ rows, shareName }: ForestPanel, { width, fontSize, isWide, isTerse }: Sheet): Columns {
  const widest = Math.max(0, ...rows.map(({ label }) => textWidth(label, fontSize))) + fontSize * 0.8;
  const label = Math.min(widest, width * (isWide ? 0.33 : 0.36));
  const share = shareName === undefined ? 0 : fontSize * (isWide ? 7.5 : 5);
  const numbers = width - share - (shareName === undefined ? 0 : fontSize);
  const plotEnd = numbers - fontSize * (isWide ? 9.6 : isTerse ? 3.9 : 3.1);
  return { label, plot: [label + fontSize * 0.6, plotEnd], numbers, share: [width - share, width] };
}

const markRoom = 1.45;
const heightOf = ({ marks, note }: ForestRow, fontSize: number): number =>
  Math.max(note === undefined ? marks.length : 1, 1) * fontSize * markRoom + fontSize * 0.45;

export function drawForest(panel: ForestPanel, sheet: Sheet): Drawing {
  const { paint, width, fontSize } = sheet;
  const titleRoom = fontSize * 1.9;
  const titleEnd = width - (sheet.isTerse && panel.shareName !== undefined ? fontSize * 6 : 0);
  const title = (
    <text y={fontSize * 1.1} fill={paint('text')} fontSize={fontSize * 1.08} fontWeight={600}>
      {panel.letter}
      <tspan dx={fontSize * 0.6}>{fitted(panel.title, fontSize * 1.16, titleEnd - fontSize * 1.6)}</tspan>
    </text>
  );
  if (panel.note !== undefined) {
    const note = (
      <text y={titleRoom + fontSize * 1.4} fill={paint('muted')} fontSize={fontSize}>
        {fitted(panel.note, fontSize, width)}
      </text>
    );
    const body = (
      <>
        {title}
        {note}
      </>
    );
    return { height: titleRoom + fontSize * 2.4, body };
  }
  const legend = drawLegend(panel.legend, sheet, titleRoom);
  const columns = columnsOf(panel, sheet);
  const top = titleRoom + legend.height + fontSize * (sheet.isTerse ? 0.2 : 1.5);
  const heights = panel.rows.map((row) => heightOf(row, fontSize));
  const bottom = top + heights.reduce((sum, height) => sum + height, 0);
  const axis = axisOf(rowsOf(panel), panel.axisEnd);
  const scale = scaleOf(axis, columns.plot);
  const shareScale = scaleOf(axisOf(panel.rows.map(({ share }) => ({ value: share ?? null, interval: null }))), [
    columns.share[0],
    columns.share[1] - fontSize * 2.8,
  ]);
  const tops = heights.map((_, index) => top + heights.slice(0, index).reduce((sum, height) => sum + height, 0));
  return {
    height: bottom + fontSize * (sheet.isTerse ? 1.7 : 3.3),
    body: (
      <>
        {title}
        {legend.body}
        <Headers panel={panel} sheet={sheet} columns={columns} y={sheet.isTerse ? fontSize * 1.1 : top - fontSize * 0.6} />
        <Grid panel={panel} sheet={sheet} columns={columns} scale={scale} top={top} bottom={bottom} />
        {panel.rows.map((row, index) => (
          <Row
            key={row.key}
            row={row}
            sheet={sheet}
            columns={columns}
            scale={scale}
            shareScale={shareScale}
            top={tops[index]!}
          />
        ))}
      </>
    ),
  };
}

interface PartProps {
  readonly sheet: Sheet;
  readonly columns: Columns;
}

function Headers({ panel, sheet, columns, y }: PartProps & { readonly panel: ForestPanel; readonly y: number }) {
  const { paint, fontSize, isWide, isTerse } = sheet;
  const style = { y, fill: paint('muted'), fontSize: fontSize * 0.88 };
  return (
    <>
      {!isTerse && (
        <text {...style} x={columns.numbers} textAnchor="end">
          {isWide ? '% [95 % interval]' : '%'}
        </text>
      )}
      {panel.shareName !== undefined && (
        <text {...style} x={columns.share[1]} textAnchor="end">
          {panel.shareName}
        </text>
      )}
    </>
  );
}

interface GridProps extends PartProps {
  readonly panel: ForestPanel;
  readonly scale: Scale;
  readonly top: number;
  readonly bottom: number;
}

/** Axis, guide lines and reference lines, under the marks. */
function Grid({ panel, sheet, columns, scale, top, bottom }: GridProps) {
  const { paint, fontSize } = sheet;
  const [left, right] = columns.plot;
  const vertical = (x: number, stroke: string, dashes?: string, weight = 1) => (
    <line
      x1={x}
      x2={x}
      y1={top}
      y2={bottom}
      stroke={stroke}
      strokeWidth={(fontSize / 12) * weight}
      strokeDasharray={dashes}
    />
  );
  return (
    <>
      {scale.ticks.map((tick) => (
        <g key={tick}>
          {vertical(scale.at(tick), paint('grid'))}
          <text
            x={scale.at(tick)}
            y={bottom + fontSize * 1.25}
            fill={paint('muted')}
            fontSize={fontSize * 0.88}
            textAnchor="middle"
          >
            {Math.round(tick * 100)}
          </text>
        </g>
      ))}
      {panel.chance !== undefined && vertical(scale.at(panel.chance), paint('muted'), dashesOf('chance', fontSize))}
      {panel.references.map(({ family, value }) => (
        <g key={family}>{vertical(scale.at(value), paint(family), dashesOf('control', fontSize), 1.6)}</g>
      ))}
      <line x1={left} x2={right} y1={bottom} y2={bottom} stroke={paint('muted')} strokeWidth={fontSize / 12} />
      {!sheet.isTerse && (
        <text
          x={(left + right) / 2}
          y={bottom + fontSize * 2.7}
          fill={paint('text')}
          fontSize={fontSize * 0.92}
          textAnchor="middle"
        >
          {panel.axisName}
        </text>
      )}
    </>
  );
}

interface RowProps extends PartProps {
  readonly row: ForestRow;
  readonly scale: Scale;
  readonly shareScale: Scale;
  readonly top: number;
}

function Row({ row, sheet, columns, scale, shareScale, top }: RowProps) {
  const { paint, fontSize } = sheet;
  const height = heightOf(row, fontSize);
  const middle = top + height / 2;
  const weight = row.isTotal ? 600 : 400;
  const indent = row.isTotal === false ? fontSize * 0.9 : 0;
  const baseline = (y: number): number => y + fontSize * 0.35;
  const first = middle - ((row.marks.length - 1) / 2) * fontSize * markRoom;
  return (
    <g>
      <text x={indent} y={baseline(middle)} fill={paint('text')} fontSize={fontSize} fontWeight={weight}>
        {fitted(row.label, fontSize * (row.isTotal ? 1.07 : 1), columns.label - indent)}
        <title>{row.label}</title>
      </text>
      {row.note !== undefined && (
        <text x={columns.plot[0] + fontSize * 0.4} y={baseline(middle)} fill={paint('muted')} fontSize={fontSize * 0.92}>
          {fitted(row.note, fontSize * 0.92, columns.numbers - columns.plot[0])}
        </text>
      )}
      {row.marks.map((mark, index) => {
        const y = first + index * fontSize * markRoom;
        return (
          <g key={mark.family}>
            <Mark mark={mark} scale={scale} sheet={sheet} y={y} isTotal={row.isTotal === true} />
            <text x={columns.numbers} y={baseline(y)} fill={paint('text')} fontSize={fontSize * 0.92} textAnchor="end">
              {numberText(mark, sheet)}
            </text>
          </g>
        );
      })}
      {row.share !== undefined && (
        <Share share={row.share} scale={shareScale} sheet={sheet} right={columns.share[1]} y={middle} />
      )}
    </g>
  );
}

function numberText({ value, interval }: ForestMark, { isWide, isTerse }: Sheet): string {
  if (isTerse && value !== null) return `${percent(value)} %`;
  if (!isWide || interval === null) return percent(value);
  return `${percent(value)} [${percent(interval.low)}, ${percent(interval.high)}]`;
}

interface ShareProps {
  readonly share: number | null;
  readonly scale: Scale;
  readonly sheet: Sheet;
  readonly right: number;
  readonly y: number;
}

function Share({ share, scale, sheet, right, y }: ShareProps) {
  const { paint, fontSize } = sheet;
  const start = scale.at(0);
  return (
    <>
      <rect
        x={start}
        y={y - fontSize * 0.35}
        width={Math.max(0, scale.at(share ?? 0) - start)}
        height={fontSize * 0.7}
        fill={paint('empty')}
      />
      <line
        x1={start}
        x2={start}
        y1={y - fontSize * 0.6}
        y2={y + fontSize * 0.6}
        stroke={paint('muted')}
        strokeWidth={fontSize / 12}
      />
      <text x={right} y={y + fontSize * 0.35} fill={paint('text')} fontSize={fontSize * 0.92} textAnchor="end">
        {percent(share)}
      </text>
    </>
  );
}

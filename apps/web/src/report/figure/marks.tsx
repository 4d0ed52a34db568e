/** Marks and legend of a panel. Families differ in shape as well as in colour, for print and for readers who confuse the colours. */
import type { FamilyKey, IntervalModel } from '@diptych/core/report-model';
import { familyNames } from '../format.ts';
import { textWidth } from './plot-text.ts';
import type { Scale } from './scale.ts';
import { type Drawing, dashesOf, type ReferenceLine, type Sheet } from './sheet.ts';

export interface ForestMark {
  readonly family: FamilyKey;
  /** In [0, 1]; null where it is not defined. */
  readonly value: number | null;
  readonly interval: IntervalModel | null;
}

interface ShapeProps {
  readonly family: FamilyKey;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly fill: string;
}

function Shape({ family, x, y, size, fill }: ShapeProps) {
  if (family === 'diffusion') return <circle cx={x} cy={y} r={size} fill={fill} />;
  if (family === 'mllm') {
    const reach = size * 1.3;
    return <path d={`M${x} ${y - reach}L${x + reach} ${y}L${x} ${y + reach}L${x - reach} ${y}Z`} fill={fill} />;
  }
  return <rect x={x - size * 0.9} y={y - size * 0.9} width={size * 1.8} height={size * 1.8} fill={fill} />;
}

interface MarkProps {
  readonly mark: ForestMark;
  readonly scale: Scale;
  readonly sheet: Sheet;
  readonly y: number;
  readonly isTotal: boolean;
}

export function Mark({ mark, scale, sheet, y, isTotal }: MarkProps) {
  const { paint, fontSize } = sheet;
  if (mark.value === null) return null;
  const fill = paint(mark.family);
  const cap = fontSize * 0.26;
  const [low, high] = mark.interval ? [scale.at(mark.interval.low), scale.at(mark.interval.high)] : [0, 0];
  return (
    <>
      {mark.interval && (
        <path
          d={`M${low} ${y}H${high}M${low} ${y - cap}V${y + cap}M${high} ${y - cap}V${y + cap}`}
          fill="none"
          stroke={fill}
          strokeWidth={fontSize * (isTotal ? 0.17 : 0.12)}
        />
      )}
      <Shape family={mark.family} x={scale.at(mark.value)} y={y} size={fontSize * (isTotal ? 0.4 : 0.33)} fill={fill} />
    </>
  );
}

export type LegendItem = { readonly family: FamilyKey } | { readonly line: ReferenceLine; readonly name: string };

const nameOf = (item: LegendItem): string => ('family' in item ? familyNames[item.family] : item.name);

/** Items from left to right, wrapped where the sheet ends. */
export function drawLegend(items: readonly LegendItem[], sheet: Sheet, top: number): Drawing {
  const { paint, width, fontSize } = sheet;
  const size = fontSize * 0.92;
  const symbol = fontSize * 1.3;
  let [x, line] = [0, 0];
  const placed = items.map((item) => {
    const own = symbol + textWidth(nameOf(item), size);
    if (x > 0 && x + own > width) [x, line] = [0, line + 1];
    const place = { item, x, y: top + fontSize * (0.6 + line * 1.4) };
    x += own + fontSize * 1.2;
    return place;
  });
  return {
    height: items.length === 0 ? 0 : fontSize * (line + 1) * 1.4,
    body: placed.map(({ item, x, y }) => (
      <g key={nameOf(item)}>
        {'family' in item ? (
          <Shape family={item.family} x={x + fontSize * 0.5} y={y} size={fontSize * 0.33} fill={paint(item.family)} />
        ) : (
          <line
            x1={x + fontSize * 0.5}
            x2={x + fontSize * 0.5}
            y1={y - fontSize * 0.6}
            y2={y + fontSize * 0.6}
            stroke={paint('muted')}
            strokeWidth={fontSize * (item.line === 'control' ? 0.13 : 0.09)}
            strokeDasharray={dashesOf(item.line, fontSize)}
          />
        )}
        <text x={x + symbol} y={y + size * 0.35} fill={paint('text')} fontSize={size}>
          {nameOf(item)}
        </text>
      </g>
    )),
  };
}

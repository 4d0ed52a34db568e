/** What a drawing is made on: a width, a size of type and colours, for the page and for files alike. */
import type { ReactNode } from 'react';
import type { Paint } from './palette.ts';

export interface Sheet {
  readonly paint: Paint;
  readonly width: number;
  /** All other sizes follow from it. */
  readonly fontSize: number;
  /** Room for intervals in figures beside the marks. */
  readonly isWide: boolean;
  /** As low as can be: titles and caption say what the axes are, and numbers carry their unit. */
  readonly isTerse?: boolean;
}

export interface Drawing {
  readonly height: number;
  readonly body: ReactNode;
}

export type ReferenceLine = 'control' | 'chance';

export const dashesOf = (line: ReferenceLine, fontSize: number): string =>
  (line === 'control' ? [0.5, 0.25] : [0.1, 0.25]).map((part) => (part * fontSize).toFixed(1)).join(' ');

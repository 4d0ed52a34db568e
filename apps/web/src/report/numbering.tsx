/** Numbered captions. A report is rendered once, from top to bottom, so a counter is enough. */
import { createContext, type ReactNode, use } from 'react';
import { type Chart, renderChart } from '../charts/render-chart.ts';
import { Scroll } from './scroll.tsx';

export class Numbering {
  #tables = 0;
  #figures = 0;

  nextTable(): number {
    return ++this.#tables;
  }

  nextFigure(): number {
    return ++this.#figures;
  }
}

export const NumberingContext = createContext(new Numbering());

export const useFigureNumber = (): number => use(NumberingContext).nextFigure();

export interface TableProps {
  readonly caption: ReactNode;
  /** Plain text for the scrolling region. */
  readonly label: string;
  readonly children: ReactNode;
}

/** A numbered table: its caption stays in view while the table scrolls sideways in its own region. */
export function NumberedTable({ caption, label, children }: TableProps) {
  const number = use(NumberingContext).nextTable();
  return (
    <figure className="table">
      <figcaption id={`table-${number}`}>
        <strong>Table {number}.</strong> {caption}
      </figcaption>
      <Scroll label={`Table ${number}: ${label}`}>
        <table aria-labelledby={`table-${number}`}>{children}</table>
      </Scroll>
    </figure>
  );
}

export interface FigureProps {
  readonly caption: ReactNode;
  /** What the plot shows, in words; the numbers are in the table beside it. */
  readonly label: string;
  readonly charts: readonly Chart[];
}

export function NumberedFigure({ caption, label, charts }: FigureProps) {
  const number = useFigureNumber();
  const drawn = charts.map((chart, index) => renderChart(chart, `figure-${number}-${index}`));
  return (
    <figure>
      <Scroll label={`Figure ${number}, scrollable`}>
        <div className="charts" role="img" aria-label={label}>
          {drawn.map((svg) => (
            // Our own SVG, made of numbers and of labels that ECharts escapes.
            // biome-ignore lint/security/noDangerouslySetInnerHtml: the chart library returns markup, not elements
            <div className="chart" key={svg} dangerouslySetInnerHTML={{ __html: svg }} />
          ))}
        </div>
      </Scroll>
      <figcaption>
        <strong>Figure {number}.</strong> {caption}
      </figcaption>
    </figure>
  );
}

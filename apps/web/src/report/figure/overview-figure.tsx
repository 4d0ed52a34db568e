/** The first figure of the page. Both widths are drawn, and the style sheet shows the one that fits: text keeps its size. */
import type { Overview } from '@diptych/core/overview';
import type { ReportModel } from '@diptych/core/report-model';
import { familyNames, percent } from '../format.ts';
import { useFigureNumber } from '../numbering.tsx';
import { drawForest, type ForestPanel } from './forest-panel.tsx';
import type { ForestMark } from './marks.tsx';
import { onPage } from './palette.ts';
import { panelsOf } from './panels.ts';
import type { Sheet } from './sheet.ts';

const wide = { paint: onPage, width: 570, fontSize: 13, isWide: true } as const;
const narrow = { paint: onPage, width: 358, fontSize: 12.5, isWide: false, isTerse: true } as const;

/** On a phone the panels follow each other, and the legend of the second serves both. */
const shownOn = (sheet: Sheet, panel: ForestPanel, index: number, all: readonly ForestPanel[]): ForestPanel =>
  sheet === narrow && index === 0 && all[1]?.note === undefined ? { ...panel, legend: [] } : panel;

interface OverviewProps {
  readonly model: ReportModel;
  readonly overview: Overview;
}

export function OverviewFigure({ model, overview }: OverviewProps) {
  const number = useFigureNumber();
  return (
    <figure className="overview" aria-labelledby={`figure-${number}`}>
      <div className="panels">
        {panelsOf(model, overview).map((panel, index, all) => (
          <div key={panel.letter} className="panel-drawing" role="img" aria-label={inWords(panel)}>
            {[wide, narrow].map((sheet) => {
              const { height, body } = drawForest(shownOn(sheet, panel, index, all), sheet);
              return (
                <svg
                  key={sheet.width}
                  className={sheet.isWide ? 'wide' : 'narrow'}
                  viewBox={`0 0 ${sheet.width} ${height.toFixed(1)}`}
                  aria-hidden="true"
                >
                  {body}
                </svg>
              );
            })}
          </div>
        ))}
      </div>
      <figcaption id={`figure-${number}`}>
        {/* The page's script closes it on a phone, where the cards would leave the first screen. */}
        <details open data-fold="narrow">
          <summary>
            <strong>Figure {number}.</strong> Unsafe rates and detection by family.
          </summary>{' '}
          <Caption overview={overview} />
        </details>
      </figcaption>
    </figure>
  );
}

function Caption({ overview: { judge, protocol, detectors, control } }: Pick<OverviewProps, 'overview'>) {
  const photographs = detectors.find(({ notShown }) => notShown === null)?.rows[0]?.authentic;
  return (
    <>
      {judge && (
        <>
          <b>A</b>, share of all samples whose image {judge.judge} flags
          {judge.corruptionJudge === null
            ? ''
            : `, and beside it the share that ${judge.corruptionJudge} scores as corrupted`}
          .{' '}
        </>
      )}
      {protocol !== undefined && (
        <>
          <b>B</b>, share of generated images above the score that at most 5 % of{' '}
          {photographs === undefined ? 'the' : photographs} authentic images exceed, under {protocol}
          {control === undefined ? '' : `; dashed, what ${control.control} recognises by the file’s metadata alone`}.{' '}
        </>
      )}
      Intervals are 95 %, over prompts.
    </>
  );
}

const markInWords = ({ family, value, interval }: ForestMark): string =>
  `${familyNames[family]} ${percent(value)} %${interval ? ` (${percent(interval.low)} to ${percent(interval.high)})` : ''}`;

/** The panel for readers who do not see it. */
function inWords({ letter, title, rows, references, note }: ForestPanel): string {
  const lines = rows.map(
    ({ label, marks, share, note: reason }) =>
      `${label}: ${reason ?? marks.map(markInWords).join(', ')}${typeof share === 'number' ? `, corrupted ${percent(share)} %` : ''}`,
  );
  const control = references.map(({ family, value }) => `${familyNames[family]} ${percent(value)} %`).join(', ');
  return [
    `Panel ${letter}. ${title}`,
    ...(note ? [note] : lines),
    ...(control ? [`Metadata control: ${control}`] : []),
  ].join('. ');
}

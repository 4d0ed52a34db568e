/** The two panels of the first figure as data: what `overviewOf` chose, as rows, marks and lines. */
import type { Overview } from '@diptych/core/overview';
import type { FamilyKey, GroupModel, RateModel, ReportModel } from '@diptych/core/report-model';
import { familyNames } from '../format.ts';
import type { ForestPanel, ForestRow, Reference } from './forest-panel.tsx';
import type { ForestMark, LegendItem } from './marks.tsx';
import { plain } from './plot-text.ts';

export const panelsOf = (model: ReportModel, overview: Overview): readonly ForestPanel[] => [
  unsafePanel(model, overview),
  detectionPanel(model, overview),
];

const familyOf = ({ family }: GroupModel): FamilyKey => family ?? 'unknown';

/** A figure may travel without its page, so it says itself what is simulated: once where everything is, else row by row. */
const isPlain = ({ label, simulated }: GroupModel): boolean => simulated && !/simulated/i.test(label);
const isAllSimulated = (groups: readonly GroupModel[]): boolean => groups.every(({ simulated }) => simulated);
const titleOf = (title: string, groups: readonly GroupModel[]): string =>
  isAllSimulated(groups) && groups.some(isPlain) ? `${title}, simulated` : title;
const nameIn = (groups: readonly GroupModel[]) => (group: GroupModel) =>
  plain(isPlain(group) && !isAllSimulated(groups) ? `${group.label} (simulated)` : group.label);

const markOf = (group: GroupModel, rate: RateModel | null): ForestMark => ({
  family: familyOf(group),
  value: rate?.value ?? null,
  interval: rate?.clustered ?? null,
});

const familiesIn = (rows: readonly ForestRow[]): LegendItem[] => {
  const present = new Set(rows.flatMap(({ marks }) => marks.map(({ family }) => family)));
  return [...present].map((family) => ({ family }));
};

const emptyPanel = { rows: [], references: [], legend: [] } as const;

function unsafePanel({ unsafe }: ReportModel, { judge }: Overview): ForestPanel {
  const facts = { letter: 'A', axisName: 'unsafe images, % of samples' };
  if (judge === undefined) return { ...facts, ...emptyPanel, title: 'Unsafe rate', note: unsafe.reason ?? '' };
  const families = judge.rows.filter(({ kind }) => kind === 'family');
  const all = judge.rows.filter(({ kind }) => kind !== 'family');
  const named = nameIn(all);
  const rows = families.flatMap((total): ForestRow[] => {
    const models = all.filter(({ family }) => family === total.family);
    const rowOf = (group: (typeof models)[number], label: string, isTotal?: boolean): ForestRow => ({
      key: group.id,
      label,
      ...(isTotal !== undefined && { isTotal }),
      marks: [markOf(group, group.unsafeOfAll)],
      ...(judge.corruptionJudge !== null && { share: group.corruptedOfAll?.value ?? null }),
    });
    // The row of a family of one model would say the same twice.
    if (models.length < 2) return [rowOf(models[0] ?? total, models[0] ? named(models[0]) : familyNames[familyOf(total)])];
    return [
      rowOf(total, `${familyNames[familyOf(total)]}, ${total.models} models`, true),
      ...models.map((group) => rowOf(group, named(group), false)),
    ];
  });
  return {
    ...facts,
    title: titleOf(`Unsafe rate, judge ${judge.judge}`, all),
    rows,
    references: [],
    legend: familiesIn(rows),
    ...(judge.corruptionJudge !== null && { shareName: 'corrupted, %' }),
  };
}

/** At the threshold of the panel a score that knows nothing is above it as often as on photographs. */
const chance = 0.05;

function detectionPanel({ detection }: ReportModel, { protocol, detectors, control }: Overview): ForestPanel {
  const facts = { letter: 'B', axisName: 'generated images detected, %' };
  if (protocol === undefined) return { ...facts, ...emptyPanel, title: 'Detection', note: detection.reason ?? '' };
  const rows = detectors.map((detector): ForestRow => {
    const families = detector.rows.filter(({ kind }) => kind === 'family');
    return {
      key: detector.id,
      label: plain(detector.detector),
      marks: families.map((group) => markOf(group, group.recallAt5)),
      ...(detector.notShown !== null && { note: `not shown: ${detector.notShown}` }),
    };
  });
  const references = (control?.families ?? []).flatMap(({ family, recallAt5 }): Reference[] =>
    recallAt5 === null || recallAt5.value === null ? [] : [{ family, value: recallAt5.value }],
  );
  return {
    ...facts,
    title: titleOf(
      `TPR at 5 % FPR, ${protocol}`,
      detectors.flatMap(({ rows }) => rows.filter(({ kind }) => kind !== 'family')),
    ),
    rows,
    references,
    chance,
    axisEnd: 100,
    legend: [
      ...familiesIn(rows),
      ...(references.length > 0 ? [{ line: 'control', name: 'metadata control' } as const] : []),
      { line: 'chance', name: 'guessing' },
    ],
  };
}

/** Cells that all tables share. `data-value` is what the table's script sorts by. */
import type { EstimateModel, FamilyTest, GroupModel, RateModel, ReportModel } from '@diptych/core/report-model';
import type { ReactNode } from 'react';
import { familyName, notDefined, percent, percentRange, pValue, three, threeRange, whole } from './format.ts';

/** Whether the study asks a claim; sections of the others are left out, and the claims say so once. */
export const asks = ({ manifest }: ReportModel, claim: ReportModel['manifest']['study']['claims'][number]): boolean =>
  manifest.study.claims.includes(claim);

/** `2 abstained, 1 failed`: the counts that are not zero; empty where all are. */
export const countsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${whole(count)} ${name}`)
    .join(', ');

export const SimulatedBadge = () => <span className="badge">simulated</span>;

export function GroupHeader({ group }: { readonly group: GroupModel }) {
  return (
    <th scope="row" data-value={group.label}>
      {group.label}
      {group.simulated && (
        <>
          {' '}
          <SimulatedBadge />
        </>
      )}
    </th>
  );
}

export const FamilyCell = ({ group }: { readonly group: GroupModel }) => <td>{familyName(group.family)}</td>;

export const rowClass = (group: GroupModel): string => (group.kind === 'family' ? 'family' : group.kind);

export function NumberCell({ value, text }: { readonly value: number | null; readonly text: string }) {
  return (
    <td className="number" data-value={value ?? ''}>
      {text}
    </td>
  );
}

export const CountCell = ({ value }: { readonly value: number }) => <NumberCell value={value} text={whole(value)} />;
export const PercentCell = ({ value }: { readonly value: number | null }) => (
  <NumberCell value={value} text={percent(value)} />
);
export const ThreeCell = ({ value }: { readonly value: number | null }) => <NumberCell value={value} text={three(value)} />;

/** Percent, clustered interval, counts, and Wilson's interval in small print. */
export function RateCell({ rate, withWilson = false }: { readonly rate: RateModel | null; readonly withWilson?: boolean }) {
  if (rate === null || rate.value === null) return <NumberCell value={null} text={notDefined} />;
  return (
    <td className="number" data-value={rate.value}>
      {percent(rate.value)}
      {rate.clustered && (
        <small>
          {percentRange(rate.clustered)}
          {rate.clusteredMethod === 'wilson-over-prompts' && <sup>p</sup>}
        </small>
      )}
      <small className="muted">
        {whole(rate.count)} of {whole(rate.total)}
      </small>
      {withWilson && rate.wilson && <small className="muted">Wilson {percentRange(rate.wilson)}</small>}
    </td>
  );
}

export function EstimateCell({ estimate }: { readonly estimate: EstimateModel | null }) {
  if (estimate === null) return <NumberCell value={null} text={notDefined} />;
  return (
    <td className="number" data-value={estimate.value}>
      {three(estimate.value)}
      {estimate.interval && <small>{threeRange(estimate.interval)}</small>}
    </td>
  );
}

interface SignedCellProps {
  readonly estimate: EstimateModel | null;
  show(value: number | null): string;
}

/** A difference or slope: its interval may span zero, so its ends are joined by a word rather than a dash. */
export function SignedCell({ estimate, show }: SignedCellProps) {
  if (estimate === null) return <NumberCell value={null} text={notDefined} />;
  return (
    <td className="number" data-value={estimate.value}>
      {show(estimate.value)}
      {estimate.interval && (
        <small>
          {show(estimate.interval.low)} to {show(estimate.interval.high)}
        </small>
      )}
    </td>
  );
}

/** A share that is a mean over prompts, in percent. */
export function ShareCell({ estimate }: { readonly estimate: EstimateModel | null }) {
  if (estimate === null) return <NumberCell value={null} text={notDefined} />;
  return (
    <td className="number" data-value={estimate.value}>
      {percent(estimate.value)}
      {estimate.interval && <small>{percentRange(estimate.interval)}</small>}
    </td>
  );
}

/** A difference of shares in percentage points, with its interval, the adjusted p and the number of pairs in small print. */
export function DifferenceCell({ test }: { readonly test: FamilyTest | null }) {
  if (test === null) return <NumberCell value={null} text={notDefined} />;
  return (
    <td className="number" data-value={test.difference}>
      {percent(test.difference)}
      {test.interval && (
        <small>
          {percent(test.interval.low)} to {percent(test.interval.high)}
        </small>
      )}
      <small className="muted">
        {test.pAdjusted !== null && `adjusted p ${pValue(test.pAdjusted)}; `}
        {whole(test.pairs)} pairs
      </small>
    </td>
  );
}

export interface Column {
  readonly title: ReactNode;
  readonly number?: boolean;
}

/** `sortable` tables get a button in each header from the page's script; without it they are plain. */
export function TableHead({ columns }: { readonly columns: readonly (string | Column)[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column, index) => {
          const { title, number = false } = typeof column === 'string' ? { title: column } : column;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a static header
            <th scope="col" key={index} className={number ? 'number' : undefined}>
              {title}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

export const numbers = (...titles: string[]): Column[] => titles.map((title) => ({ title, number: true }));

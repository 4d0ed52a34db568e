/** Length effect: how much a score changes with prompt length or rewriting level. */
import { type BootstrapInterval, clusterBootstrap, type ResamplingOptions } from './cluster-bootstrap.ts';
import { invalidInput } from './inputs.ts';

export interface SlopePoint {
  /** The unit that is resampled: the prompt, whose levels and samples stay together. */
  readonly promptId: string;
  /** Such as the rewriting level (0, 1, 2) or the number of words. */
  readonly x: number;
  /** Such as 1 for detected and 0 for missed, or a score. */
  readonly y: number;
}

/**
 * Least-squares slope of y on x in units of y for one unit of x, over all points, with its interval by resampling prompts.
 * `statistic-undefined` where x does not vary. For y in {0, 1} it is the linear probability model: a change of share for each unit.
 */
export function clusteredSlope(points: readonly SlopePoint[], options: ResamplingOptions): BootstrapInterval {
  points.forEach(({ promptId, x, y }) => {
    if (!Number.isFinite(x) || !Number.isFinite(y))
      invalidInput('finite x and y', `${x} and ${y} for prompt ${promptId}`, 'Leave out samples that have no score.');
  });
  // Centred first: sums of squares of raw lengths would cancel against each other.
  const centre = (pick: (point: SlopePoint) => number) =>
    points.reduce((sum, point) => sum + pick(point) / points.length, 0);
  const [xCentre, yCentre] = [centre((point) => point.x), centre((point) => point.y)];
  const rows = new Map([...new Set(points.map((point) => point.promptId))].sort().map((promptId, row) => [promptId, row]));
  const columns = Array.from({ length: 5 }, () => new Float64Array(rows.size));
  for (const point of points) {
    const [x, y] = [point.x - xCentre, point.y - yCentre];
    [1, x, y, x * x, x * y].forEach((value, column) => {
      columns[column]![rows.get(point.promptId)!]! += value;
    });
  }
  return clusterBootstrap(columns, slopeOfSums, options);
}

/** (n Σxy - Σx Σy) / (n Σx² - (Σx)²). */
function slopeOfSums(sums: Float64Array): number | null {
  const [count, x, y, squares, products] = sums as unknown as [number, number, number, number, number];
  const spread = count * squares - x * x;
  // Beside n Σx², 1e-12 is rounding: x does not vary in this resample.
  return spread <= 1e-12 * count * squares ? null : (count * products - x * y) / spread;
}

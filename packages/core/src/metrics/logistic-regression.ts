/**
 * Small dense logistic regression with an L2 penalty, fitted by Newton's method (iteratively reweighted least squares,
 * McCullagh and Nelder 1989, ch. 4). Features are standardised inside, so the penalty treats them alike whatever their units.
 */
import { DiptychError } from '@diptych/plugin-kit';
import { finiteCopy, invalidInput, requireSameLength } from './inputs.ts';
import { solvePositiveDefinite } from './positive-definite.ts';

export interface LogisticModel {
  readonly intercept: number;
  /** One a feature, for standardised values; exactly 0 for features that were constant in the fit. */
  readonly weights: Float64Array;
  /** Mean and standard deviation (n in the denominator) of each feature in the fit; the deviation of a constant reads 0. */
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  readonly iterations: number;
  /** P(label = 1) in [0, 1] for one row of raw features. */
  predict(row: ArrayLike<number>): number;
}

export interface LogisticOptions {
  readonly features: readonly ArrayLike<number>[];
  readonly labels: readonly (0 | 1)[];
  /**
   * λ > 0 in Σ log-loss + λ/2 ‖w‖², the intercept free; scikit-learn's C is 1/λ. Default 1, scikit-learn's default too.
   * It also keeps the fit finite on separable data.
   */
  readonly penalty?: number;
}

/** Throws `METRIC_INPUT_INVALID` for rows of unequal length, numbers that are not finite, or labels of one class. */
export function fitLogisticRegression({ features, labels, penalty = 1 }: LogisticOptions): LogisticModel {
  requireSameLength({ features: features.length, labels: labels.length });
  if (!(penalty > 0 && Number.isFinite(penalty)))
    invalidInput('a penalty above 0', String(penalty), 'Give a number such as 1.');
  if (!labels.includes(0) || !labels.includes(1))
    invalidInput('labels of both classes', `${labels.length} labels of at most one`, 'A classifier needs examples of each.');
  const scaling = standardise(features);
  const { design, kept } = scaling;
  const { solution, iterations } = minimise(design, labels, kept.length + 1, penalty);
  const weights = new Float64Array(scaling.means.length);
  kept.forEach((feature, column) => {
    weights[feature] = solution[column + 1]!;
  });
  const { means, deviations } = scaling;
  const intercept = solution[0]!;
  const predict = (row: ArrayLike<number>) => {
    // Asked first, because naming lengths costs more than the prediction.
    if (row.length !== weights.length)
      requireSameLength({ 'features of the row': row.length, 'features of the fit': weights.length });
    let logit = intercept;
    for (const feature of kept) logit += (weights[feature]! * (row[feature]! - means[feature]!)) / deviations[feature]!;
    if (Number.isNaN(logit))
      invalidInput('finite features', 'NaN', 'Leave out rows with missing features, or code missing as its own feature.');
    return sigmoid(logit);
  };
  return { intercept, weights, means, deviations, iterations, predict };
}

/** 1 / (1 + e^-x) in the form that never overflows. */
export function sigmoid(x: number): number {
  const small = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + small) : small / (1 + small);
}

function standardise(features: readonly ArrayLike<number>[]) {
  const rows = features.length;
  const width = features[0]?.length ?? 0;
  const columns = columnsOf(features, width);
  const [means, deviations] = [new Float64Array(width), new Float64Array(width)];
  const kept: number[] = [];
  for (const [feature, column] of columns.entries()) {
    const mean = column.reduce((sum, value) => sum + value, 0) / rows;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
    means[feature] = mean;
    // A constant column leaves a variance of rounding alone; dividing by it would amplify noise.
    if (Math.sqrt(variance) <= 1e-12 * Math.max(1, Math.abs(mean))) continue;
    deviations[feature] = Math.sqrt(variance);
    kept.push(feature);
  }
  const stride = kept.length + 1;
  const design = new Float64Array(rows * stride);
  for (let row = 0; row < rows; row++) design[row * stride] = 1;
  for (const [at, feature] of kept.entries())
    for (let row = 0; row < rows; row++)
      design[row * stride + at + 1] = (columns[feature]![row]! - means[feature]!) / deviations[feature]!;
  return { design, kept, means, deviations };
}

/** One array a feature: rows of their own are hundreds of thousands of small objects. */
function columnsOf(features: readonly ArrayLike<number>[], width: number): Float64Array[] {
  const columns = Array.from({ length: width }, () => new Float64Array(features.length));
  for (const [index, row] of features.entries()) {
    if (row.length !== width)
      requireSameLength({ 'features of the first row': width, 'features of another row': row.length });
    for (let feature = 0; feature < width; feature++) {
      const value = row[feature]!;
      if (!Number.isFinite(value)) finiteCopy(row, `features of row ${index}`);
      columns[feature]![index] = value;
    }
  }
  return columns;
}

const iterationLimit = 100;

/** Newton steps, halved until the loss falls. The loss is strictly convex (λ > 0, both classes present), so this converges. */
function minimise(design: Float64Array, labels: readonly (0 | 1)[], width: number, penalty: number) {
  let solution = new Float64Array(width);
  let loss = lossAt(design, labels, solution, penalty);
  for (let iterations = 1; iterations <= iterationLimit; iterations++) {
    const { gradient, hessian } = derivatives(design, labels, solution, penalty);
    const step = solvePositiveDefinite(hessian, gradient);
    // The Newton decrement bounds the distance to the minimum; below 1e-20 of loss, rounding decides.
    const decrement = step.reduce((sum, value, index) => sum + value * gradient[index]!, 0);
    let scale = 1;
    let next = solution.map((value, index) => value - step[index]!);
    let nextLoss = lossAt(design, labels, next, penalty);
    while (nextLoss > loss && scale > 1e-10 && decrement > 1e-12 * (1 + loss)) {
      scale /= 2;
      next = solution.map((value, index) => value - scale * step[index]!);
      nextLoss = lossAt(design, labels, next, penalty);
    }
    solution = next;
    loss = nextLoss;
    if (decrement <= 1e-20 * (1 + loss)) return { solution, iterations };
  }
  throw new DiptychError(
    'INVARIANT_BROKEN',
    `Expected logistic regression to converge in ${iterationLimit} steps, it did not. Please report the data's shape.`,
    {
      details: { rows: labels.length, columns: width, penalty },
    },
  );
}

function lossAt(design: Float64Array, labels: readonly (0 | 1)[], solution: Float64Array, penalty: number): number {
  let loss = 0;
  for (let row = 0; row < labels.length; row++) {
    const logit = logitAt(design, row, solution);
    // -log σ(±logit) as max(0, ∓logit) + log1p(e^-|logit|), exact for large logits.
    loss += Math.max(0, labels[row] === 1 ? -logit : logit) + Math.log1p(Math.exp(-Math.abs(logit)));
  }
  return loss + (penalty / 2) * solution.reduce((sum, value, index) => sum + (index === 0 ? 0 : value * value), 0);
}

function derivatives(design: Float64Array, labels: readonly (0 | 1)[], solution: Float64Array, penalty: number) {
  const width = solution.length;
  const gradient = solution.map((value, index) => (index === 0 ? 0 : penalty * value));
  const hessian = new Float64Array(width * width);
  for (let index = 1; index < width; index++) hessian[index * width + index] = penalty;
  for (let row = 0; row < labels.length; row++) {
    const start = row * width;
    const probability = sigmoid(logitAt(design, row, solution));
    const weight = probability * (1 - probability);
    for (let a = 0; a < width; a++) {
      const value = design[start + a]!;
      gradient[a]! += (probability - labels[row]!) * value;
      for (let b = 0; b <= a; b++) hessian[a * width + b]! += weight * value * design[start + b]!;
    }
  }
  return { gradient, hessian };
}

function logitAt(design: Float64Array, row: number, solution: Float64Array): number {
  let logit = 0;
  for (let column = 0, at = row * solution.length; column < solution.length; column++, at++)
    logit += design[at]! * solution[column]!;
  return logit;
}

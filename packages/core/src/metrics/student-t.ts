/** Student's t distribution for whole degrees of freedom. */
import { requireConfidence, requireCount } from './inputs.ts';
import { normalCdf, twoSidedZ } from './normal.ts';

/** From here on t and normal quantiles differ by about a thousandth, and the series would be long. */
const mostDegrees = 1000;

/**
 * P(|T| <= |deviate|) by the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4; absolute error about 1e-15, so that
 * tails below that read 0. Normal above 1,000 degrees.
 */
export function studentCentre(deviate: number, degrees: number): number {
  requireCount(degrees, 1, 'degrees of freedom');
  if (degrees > mostDegrees) return 1 - 2 * normalCdf(-Math.abs(deviate));
  return centreOfAngle(Math.atan(Math.abs(deviate) / Math.sqrt(degrees)), degrees);
}

function centreOfAngle(angle: number, degrees: number): number {
  const isOdd = degrees % 2 === 1;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  let term = isOdd ? cosine : 1;
  let series = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine;
    series += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * series) : sine * series;
}

/** The t for a two-sided interval, such as 2.262 for 0.95 and 9 degrees. */
export function twoSidedT(confidence: number, degrees: number): number {
  requireConfidence(confidence);
  requireCount(degrees, 1, 'degrees of freedom');
  if (degrees > mostDegrees) return twoSidedZ(confidence);
  let [low, high] = [0, Math.PI / 2];
  // Bisection of the angle to the last digit: the share rises with it.
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (centreOfAngle(middle, degrees) < confidence) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan((low + high) / 2);
}

/**
 * A detector's logit as a rank in [0, 1]: x / (1 + |x|), moved to that range. A sigmoid would put every logit above 37
 * at exactly 1 even in float64 and lose the order, and published detectors give logits beyond 60 on real images. Logit 0,
 * where a sigmoid gives 0.5, stays at 0.5, so accuracy at that threshold is the same; the scores are no probabilities.
 */
export function rankOfLogit(logit: number): number {
  return 0.5 + (0.5 * logit) / (1 + Math.abs(logit));
}

/** What every step of a plan has. */
export interface StepBase {
  /** Name of the graph node it came from (the last one, if fused), for errors and profiles. */
  readonly name: string;
  /** Value id written. A step writes one value. */
  readonly output: number;
}

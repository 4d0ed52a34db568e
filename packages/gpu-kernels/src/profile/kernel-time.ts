/** What one kernel took in one run. Plain data: it crosses from the worker, and becomes a table and a trace. */
export interface KernelTime {
  readonly model: string;
  /** Name of the plan's step, which is the node of the graph. */
  readonly step: string;
  readonly op: string;
  /** `folder/file` of the WGSL, or the backend's own word. */
  readonly kernel: string;
  /** Milliseconds on the clock of the device, from any origin. */
  readonly start: number;
  readonly milliseconds: number;
  /** Of this run, all items. */
  readonly flops: number;
}

/** How the GPU is opened: plain data, because it crosses to the worker thread. */
import type { Storage } from '../../kernels/kernel.ts';

/**
 * A smaller or failing GPU than the one there is, for tests: code that only a phone's or a broken driver's GPU would
 * reach runs on any. Never set outside tests.
 */
export interface LesserGpu {
  /** Features of the adapter that are not requested. */
  readonly hiddenFeatures?: readonly string[];
  /** Upper bounds of the adapter's limits, by WebGPU's names. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Buffers beyond this many bytes together are OUT_OF_MEMORY. */
  readonly memoryBytes?: number;
  /** The device is destroyed right after this many runs were submitted. */
  readonly loseAfterRuns?: number;
}

export interface GpuOptions {
  /** How values are stored and products multiplied; sums are float32 either way. Default `f32`. */
  readonly precision?: Storage;
  /** Part of the name of the adapter, or its place in the list that `diptych doctor` prints. Absent: the fastest by its driver's word. */
  readonly adapter?: string;
  /** Times every kernel: each in a pass of its own, which is slower in sum than one pass. */
  readonly profile?: boolean;
  readonly lesser?: LesserGpu;
  /** Tests and tuning only: see `Target`. */
  readonly tile?: string;
}

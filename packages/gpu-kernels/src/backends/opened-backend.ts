import type { MatrixUnit } from '../kernels/kernel.ts';
import type { Backend } from './backend.ts';

/** A backend, and whether it is a GPU API on top of the CPU (llvmpipe, SwiftShader), which native beats. */
export interface OpenedBackend {
  readonly backend: Backend;
  readonly software: boolean;
  /** WebGPU: the matrix instructions that half-precision kernels run on; absent where they run without. */
  readonly matrices?: MatrixUnit;
}

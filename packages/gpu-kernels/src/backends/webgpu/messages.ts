/** What passes between the main thread and the worker that owns the GPU. */
import type { Plan } from '../../graph/plan.ts';
import type { MatrixUnit } from '../../kernels/kernel.ts';
import type { KernelTime } from '../../profile/kernel-time.ts';
import type { GpuOptions } from './gpu-options.ts';

/** Bytes and where they belong in a buffer of the device. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}
/** Images of one image step, one after another at multiples of 256 bytes. */
export interface PackedImages {
  readonly images: readonly {
    readonly width: number;
    readonly height: number;
    readonly channels: 3 | 4;
    readonly view: number;
    readonly offset: number;
  }[];
  /** Bytes from the first image to the end of the last. */
  readonly length: number;
  /** All of them, in one buffer that is transferred; or the pixels of each image in memory that threads share. */
  readonly pieces: readonly Piece[];
}
export interface RunRequest {
  readonly items: number;
  readonly tensors: readonly Float32Array[];
  readonly images: readonly PackedImages[];
}
/** The buffers of a request that move with it, and back. */
export const ownedBuffers = ({ tensors, images }: Pick<RunRequest, 'tensors' | 'images'>): ArrayBuffer[] =>
  [...tensors, ...images.flatMap(({ pieces }) => pieces.map(({ bytes }) => bytes))]
    .map(({ buffer }) => buffer)
    .filter((buffer) => buffer instanceof ArrayBuffer);

export type Request =
  | { readonly kind: 'open'; readonly options: GpuOptions }
  | { readonly kind: 'list-adapters' }
  | {
      readonly kind: 'compile';
      readonly model: number;
      readonly plan: Plan;
      readonly weights: readonly Float32Array[];
      /** Absent: that of the device. */
      readonly precision?: 'f32';
    }
  | { readonly kind: 'run'; readonly model: number; readonly request: RunRequest }
  | { readonly kind: 'dispose'; readonly model: number }
  | { readonly kind: 'close' };

export interface RunAnswer {
  /** In the order of `outputNames`. */
  readonly outputs: readonly Float32Array[];
  /** Where the backend was opened with `profile`. */
  readonly times: readonly KernelTime[];
}
export interface Opened {
  readonly description: string;
  readonly software: boolean;
  readonly maxBindingSize: number;
  readonly matrices?: MatrixUnit;
}
export type Answer =
  /** Memory of requests whose inputs are on their way to the device. */
  | { readonly spent: readonly ArrayBuffer[] }
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly details: Readonly<Record<string, unknown>>;
      };
    };

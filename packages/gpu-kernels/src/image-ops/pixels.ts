/** Images between the steps of a recipe: interleaved samples, 8-bit until a step makes them float32. */
export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Pixels extends Size {
  readonly channels: number;
  /** `width * height * channels` samples. */
  readonly data: Uint8Array | Float32Array;
}

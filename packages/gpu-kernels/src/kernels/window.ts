/** The sizes of a window that slides over an image, under the names that kernels know. */

type Image = readonly [height: number, width: number, channels: number];

/** How it slides; pads before the first row and column come first, and a transposed convolution has no others. */
interface Sliding {
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, ...number[]];
  readonly dilations: readonly [number, number];
}

/** In the order of `Run` in implicit-gemm.wgsl, which has them as parameters; elsewhere they are constants. */
type WindowSizes = Readonly<
  Record<
    | 'HEIGHT' | 'WIDTH' | 'CHANNELS' | 'OUT_HEIGHT' | 'OUT_WIDTH' | 'OUT_CHANNELS' | 'KERNEL_HEIGHT' | 'KERNEL_WIDTH'
    | 'STRIDE_Y' | 'STRIDE_X' | 'PAD_TOP' | 'PAD_LEFT' | 'DILATION_Y' | 'DILATION_X',
    number
  >
>; // biome-ignore format: a list

/** From shapes of images, `[height, width, channels]`, of one item. */
export function windowSizes(
  from: readonly number[],
  to: readonly number[],
  kernel: readonly [height: number, width: number],
  { strides, pads, dilations }: Sliding,
): WindowSizes {
  const [height, width, channels] = from as Image;
  const [outHeight, outWidth, outChannels] = to as Image;
  return {
    HEIGHT: height,
    WIDTH: width,
    CHANNELS: channels,
    OUT_HEIGHT: outHeight,
    OUT_WIDTH: outWidth,
    OUT_CHANNELS: outChannels,
    KERNEL_HEIGHT: kernel[0],
    KERNEL_WIDTH: kernel[1],
    STRIDE_Y: strides[0],
    STRIDE_X: strides[1],
    PAD_TOP: pads[0],
    PAD_LEFT: pads[1],
    DILATION_Y: dilations[0],
    DILATION_X: dilations[1],
  };
}

/** What a plugin sees of an image. Decoding is core's; plugins never import a codec. */
import { z } from 'zod';

/** 8-bit pixels, interleaved, row by row from the top left, no padding: `data.length === width * height * channels`. */
export interface RasterImage {
  readonly width: number;
  readonly height: number;
  /** 3 = RGB, 4 = RGBA with straight (not premultiplied) alpha. */
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
  /** Which view a recipe with several takes of it (`viewsOf`); default 0. */
  readonly view?: number;
}

/** How published methods differ in reading one and the same file. Say which one a method uses. */
export interface DecodeOptions {
  /** `ignore` is what Pillow and torchvision do, `apply` what OpenCV does. Default `ignore`. */
  readonly orientation?: 'ignore' | 'apply';
  /** `drop` is Pillow's convert("RGB"); `keep` gives RGBA where the file has alpha; `white` blends onto white. Default `drop`. */
  readonly alpha?: 'drop' | 'keep' | 'white';
}

/** Facts read from the file's headers without decoding pixels. The format audit and the control detector use nothing else. */
export const imageInfoSchema = z.object({
  container: z.enum(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif', 'other']),
  width: z.int().positive(),
  height: z.int().positive(),
  channels: z.int().min(1).max(5),
  bitsPerChannel: z.int().min(1).max(32),
  hasAlpha: z.boolean(),
  hasProfile: z.boolean(),
  hasExif: z.boolean(),
  hasC2pa: z.boolean(),
  /** EXIF orientation 1 to 8; 1 where absent. */
  orientation: z.int().min(1).max(8),
  /** Number of frames or pages; only the first is ever used. */
  frames: z.int().positive(),
  sizeBytes: z.int().nonnegative(),
  /** JPEG only: chroma subsampling such as `4:2:0`. */
  chroma: z.string().optional(),
  /** JPEG only: mean of the luma and chroma quantisation tables, and the libjpeg quality whose luma table is nearest. */
  quantisation: z
    .object({
      lumaMean: z.number(),
      chromaMean: z.number().optional(),
      quality: z.int().min(1).max(100),
      standard: z.boolean(),
    })
    .optional(),
  progressive: z.boolean().optional(),
});
export type ImageInfo = z.infer<typeof imageInfoSchema>;

/** An image as a protocol presents it to judges and detectors. */
export interface PresentedImage {
  /** SHA-256 of `bytes`, hex. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly info: ImageInfo;
  /** Decodes at full fidelity, once per option set; `data` is to be read before the call that was given the image ends. Rejects with IMAGE_UNREADABLE or IMAGE_TOO_LARGE. */
  raster(options?: DecodeOptions): Promise<RasterImage>;
}

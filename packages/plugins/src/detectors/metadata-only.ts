/**
 * The control of the format audit: what the headers of a file tell, and not one pixel. Where it beats chance, the
 * images of the run differ in how they were stored, and every other detector may have learnt that instead.
 */
import { type Detection, defineDetector, type ImageInfo } from '@diptych/plugin-kit';
import { z } from 'zod';

const containers = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const satisfies readonly ImageInfo['container'][];
/** JPEG subsamplings seen in practice; any other, and every file that is no JPEG, has 0 in all of them. */
const chromas = ['4:4:4', '4:2:2', '4:2:0', '4:4:0'] as const;

type Quantity = (info: ImageInfo) => number;
const flag = (value: boolean | undefined): number => (value ? 1 : 0);

/** By feature name. What only JPEG has is 0 elsewhere, where the container's own feature carries the difference. */
const quantities: Readonly<Record<string, Quantity>> = {
  ...Object.fromEntries(
    containers.map((name): [string, Quantity] => [`container-${name}`, (info) => flag(info.container === name)]),
  ),
  'log-width': (info) => Math.log(info.width),
  'log-height': (info) => Math.log(info.height),
  'log-aspect': (info) => Math.log(info.width / info.height),
  'is-square': (info) => flag(info.width === info.height),
  // Networks that generate work on blocks of 8 or more latent pixels; cameras and crops seldom land on a multiple of 64.
  'sides-multiple-of-64': (info) => flag(info.width % 64 === 0 && info.height % 64 === 0),
  // One byte more keeps an empty file finite.
  'log-bytes-per-pixel': (info) => Math.log((info.sizeBytes + 1) / (info.width * info.height)),
  channels: (info) => info.channels,
  'bits-per-channel': (info) => info.bitsPerChannel,
  'has-alpha': (info) => flag(info.hasAlpha),
  'has-profile': (info) => flag(info.hasProfile),
  'has-exif': (info) => flag(info.hasExif),
  'has-c2pa': (info) => flag(info.hasC2pa),
  'is-rotated': (info) => flag(info.orientation !== 1),
  'log-frames': (info) => Math.log(info.frames),
  'is-progressive': (info) => flag(info.progressive),
  ...Object.fromEntries(chromas.map((name): [string, Quantity] => [`chroma-${name}`, (info) => flag(info.chroma === name)])),
  'quantisation-luma-mean': (info) => info.quantisation?.lumaMean ?? 0,
  'quantisation-chroma-mean': (info) => info.quantisation?.chromaMean ?? 0,
  'jpeg-quality': (info) => info.quantisation?.quality ?? 0,
  'standard-quantisation': (info) => flag(info.quantisation?.standard),
};

export default defineDetector({
  name: 'metadata-only',
  summary: 'The control: container, size, compression and tags, never pixels. Where it beats chance, the set is biased.',
  options: z.strictObject({}),
  trainedOn: [],
  features: Object.keys(quantities),
  control: true,
  create: () => ({
    // Arbitrary: an image costs microseconds.
    maxBatch: 256,
    async detect(images, signal): Promise<Detection[]> {
      signal.throwIfAborted();
      return images.map(({ info }) => ({
        status: 'features',
        features: Object.values(quantities).map((quantity) => quantity(info)),
      }));
    },
  }),
});

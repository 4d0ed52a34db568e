/**
 * Reads weights of face-api: a binary file of 8-bit affine codes and float32 values, laid out by the manifest beside it
 * (the format of TensorFlow.js, group 0). Both are pinned by digest; sizes are checked all the same.
 */
import { DiptychError, type Tensor } from '@diptych/plugin-kit';
import { z } from 'zod';
import { valuesOfCodes } from '../../shared/affine-codes.ts';

const manifestSchema = z
  .array(
    z.object({
      weights: z.array(
        z.object({
          name: z.string(),
          shape: z.array(z.int().positive()).max(4),
          dtype: z.literal('float32'),
          quantization: z.object({ dtype: z.literal('uint8'), scale: z.number(), min: z.number() }).optional(),
        }),
      ),
    }),
  )
  .length(1);

/** TensorFlow.js names and layouts. */
export function readFaceWeights(manifest: Uint8Array, file: Uint8Array): ReadonlyMap<string, Tensor> {
  const [group] = manifestSchema.parse(JSON.parse(new TextDecoder().decode(manifest)));
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tensors = new Map<string, Tensor>();
  let offset = 0;
  for (const { name, shape, quantization } of group!.weights) {
    const size = shape.reduce((product, length) => product * length, 1);
    const width = quantization ? 1 : 4;
    if (offset + size * width > file.byteLength) throw wrongSize(offset + size * width, file.byteLength);
    const data = quantization
      ? valuesOfCodes(file.subarray(offset, offset + size), quantization)
      : Float32Array.from({ length: size }, (_, i) => view.getFloat32(offset + 4 * i, true));
    tensors.set(name, { shape, data });
    offset += size * width;
  }
  if (offset !== file.byteLength) throw wrongSize(offset, file.byteLength);
  return tensors;
}

const wrongSize = (expected: number, got: number): DiptychError =>
  new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected ${expected} bytes of weights of safety-judge/face-gender, got ${got}. Use the files of npm @vladmandic/face-api 1.7.15.`,
  );

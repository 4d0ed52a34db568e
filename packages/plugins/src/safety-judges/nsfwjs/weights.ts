/**
 * Reads the weights of nsfwjs's MobileNetV2 out of its npm package without running the package's code. The file is a
 * bundled JavaScript module whose one export is a string: the weights in base64. We cut the string out, decode it, and
 * turn each tensor from 8-bit affine codes into float32, by the table in `weights.gen.json`.
 */
import { DiptychError, type Tensor } from '@diptych/plugin-kit';
import { valuesOfCodes } from '../../shared/affine-codes.ts';
import table from './weights.gen.json' with { type: 'json' };

/** What stands before the string is the bundler's prelude, 832 characters in the pinned file. */
const longestPrelude = 2048;
const exportMarker = '.exports="';
const closing = '"},{}]},{},[1])(1)});';

/** TensorFlow.js names and layouts: kernels [height, width, in, out], depthwise [height, width, channels, multiplier], dense [in, out]. */
export function readKerasWeights(file: Uint8Array): ReadonlyMap<string, Tensor> {
  const codes = decodeShard(file);
  return new Map(
    table.tensors.map(({ name, shape, scale, min, offset }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, { shape, data: valuesOfCodes(codes.subarray(offset, offset + size), { scale, min }) }];
    }),
  );
}

function decodeShard(file: Uint8Array): Uint8Array {
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1');
  const start = text.slice(0, longestPrelude).indexOf(exportMarker) + exportMarker.length;
  const end = text.trimEnd().length - closing.length;
  if (start < exportMarker.length || end < start || !text.startsWith(closing, end)) {
    throw invalid('a bundled module that exports one string', 'another structure');
  }
  const base64 = text.slice(start, end);
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64))
    throw invalid('a base64 string', 'other characters');
  const codes = Buffer.from(base64, 'base64');
  if (codes.length !== table.sizeBytes) throw invalid(`${table.sizeBytes} bytes of weights`, `${codes.length}`);
  return codes;
}

const invalid = (expected: string, received: string): DiptychError =>
  new DiptychError(
    'WEIGHTS_FORMAT_INVALID',
    `Expected ${expected} in the weights of safety-judge/nsfwjs, received ${received}. Use group1-shard1of1.min.js of npm nsfwjs 4.3.0.`,
  );

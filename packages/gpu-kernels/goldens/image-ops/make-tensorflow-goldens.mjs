// Makes tensorflow.json with TensorFlow.js: `npm install @tensorflow/tfjs@4.22.0` in an empty folder, then run this script
// with that folder as its argument. Values are float32 of `tf.image.resizeBilinear(x, size, true)` on its CPU backend.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { synthesise } from '../../src/image-ops/synthetic-image.ts';

const tf = createRequire(`${process.argv[2]}/`)('@tensorflow/tfjs');
await tf.setBackend('cpu');
const cases = [];
for (const [width, height, toWidth, toHeight] of [
  [7, 5, 11, 9],
  [40, 30, 8, 6],
  [1, 1, 3, 2],
  [9, 4, 1, 1],
  [33, 1, 5, 7],
  [300, 200, 224, 224],
]) {
  const seed = cases.length;
  const { data } = synthesise('noise', width, height, seed);
  const resized = tf.image
    .resizeBilinear(tf.tensor3d(Float32Array.from(data), [height, width, 3]), [toHeight, toWidth], true)
    .dataSync();
  const step = Math.max(1, Math.floor(resized.length / 600)); // large outputs are sampled
  cases.push({
    kind: 'noise',
    seed,
    width,
    height,
    toWidth,
    toHeight,
    step,
    values: Array.from(resized).filter((_, i) => i % step === 0),
  });
}
writeFileSync(new URL('tensorflow.json', import.meta.url), `${JSON.stringify({ tfjs: tf.version.tfjs, cases })}\n`);

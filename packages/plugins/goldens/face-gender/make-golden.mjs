/**
 * What face-api's own networks give on two pictures made by a formula: `npm install && node make-golden.mjs`, in this
 * folder outside of any workspace. Writes outputs.json: the boxes of the detector and the gender probabilities.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('@vladmandic/face-api/package.json'));
const faceapi = require(join(root, 'dist/face-api.node-wasm.js'));
const tf = require('@tensorflow/tfjs');
await tf.setBackend('cpu');
await tf.ready();

function weightMap(name) {
  const [{ weights }] = JSON.parse(readFileSync(join(root, `model/${name}-weights_manifest.json`), 'utf8'));
  const file = readFileSync(join(root, `model/${name}.bin`));
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  return tf.io.decodeWeights(bytes, weights);
}

/** The same formula as in the test: smooth waves and hard edges. */
const level = (x, y, c) => (x * 7 + y * 13 + c * 29 + ((x * y) >> 3) * 5) & 255;
function picture(side) {
  const data = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) for (let c = 0; c < 3; c++) data[(y * side + x) * 3 + c] = level(x, y, c);
  return tf.tensor4d(data, [1, side, side, 3]);
}

const detector = new faceapi.TinyFaceDetector();
detector.loadFromWeightMap(weightMap('tiny_face_detector_model'));
const boxes = await detector.forward(picture(416), 416);
const gender = new faceapi.AgeGenderNet();
gender.loadFromWeightMap(weightMap('age_gender_model'));
const probabilities = (await gender.forward(picture(112))).gender;
const round = (value) => Number(value.toPrecision(8));
writeFileSync(
  new URL('outputs.json', import.meta.url),
  `${JSON.stringify({ shape: boxes.shape, boxes: [...(await boxes.data())].map(round), gender: [...(await probabilities.data())].map(round) })}\n`,
);

/**
 * Writes scores.json: the five class scores that TensorFlow.js gives nsfwjs's MobileNetV2 on the formula images,
 * prepared as nsfwjs 4.3.0 prepares them: divided by 255, then resizeBilinear to 224x224 with aligned corners.
 * Needs Node 24 and this folder's dependencies installed outside the repository:
 *
 *   npm install --prefix <elsewhere> @tensorflow/tfjs@4.22.0
 *   node make-golden.mjs <elsewhere> <folder of the unpacked nsfwjs package>
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { drawFormulaImage, formulaImageName, goldenImages } from '../formula-images.ts';
import { loadModule } from './package-file.mjs';

const [installFolder, packageFolder] = process.argv.slice(2);
const require = createRequire(join(installFolder, 'package.json'));
const tf = require('@tensorflow/tfjs');
await tf.setBackend('cpu');
await tf.ready();

const models = join(packageFolder, 'dist/models/mobilenet_v2');
const { modelTopology, weightsManifest } = loadModule(join(models, 'model.min.js'));
const shard = Buffer.from(loadModule(join(models, 'group1-shard1of1.min.js')), 'base64');
const model = await tf.loadLayersModel(
  tf.io.fromMemory({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: shard.buffer.slice(shard.byteOffset, shard.byteOffset + shard.byteLength),
  }),
);

const classes = ['Drawing', 'Hentai', 'Neutral', 'Porn', 'Sexy'];
const images = goldenImages.map((image) => {
  const { width, height, data } = drawFormulaImage(image);
  const scores = tf.tidy(() => {
    const pixels = tf.tensor3d(data, [height, width, 3], 'int32').toFloat().div(255);
    const input = width === 224 && height === 224 ? pixels : tf.image.resizeBilinear(pixels, [224, 224], true);
    return [...model.predict(input.reshape([1, 224, 224, 3])).dataSync()];
  });
  const named = Object.fromEntries(classes.map((name, index) => [name, scores[index]]));
  return { name: formulaImageName(image), sha256: createHash('sha256').update(data).digest('hex'), scores: named };
});
const nsfwjs = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version;
const made = {
  with: `TensorFlow.js ${tf.version.tfjs}, ${tf.getBackend()} backend`,
  model: `nsfwjs ${nsfwjs} mobilenet_v2`,
};
writeFileSync(new URL('scores.json', import.meta.url), `${JSON.stringify({ made, images }, null, 2)}\n`);

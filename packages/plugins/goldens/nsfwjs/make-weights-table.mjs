/**
 * Writes src/safety-judges/nsfwjs/weights.gen.json: where each tensor lies in the weights file and how it is quantised.
 * Facts (names, shapes, scales) from `dist/models/mobilenet_v2/model.min.js` of the npm package nsfwjs 4.3.0 (MIT).
 *
 *   node make-weights-table.mjs <folder of the unpacked package>
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModule } from './package-file.mjs';

const [packageFolder] = process.argv.slice(2);
const model = loadModule(join(packageFolder, 'dist/models/mobilenet_v2/model.min.js'));
let offset = 0;
const tensors = model.weightsManifest[0].weights.map(({ name, shape, quantization }) => {
  if (quantization?.dtype !== 'uint8') throw new Error(`${name} is not quantised to uint8`);
  const row = { name, shape, scale: quantization.scale, min: quantization.min, offset };
  offset += shape.reduce((product, size) => product * size, 1);
  return row;
});
const lines = tensors.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
writeFileSync(
  new URL('../../src/safety-judges/nsfwjs/weights.gen.json', import.meta.url),
  `{\n  "source": "npm:nsfwjs@4.3.0#dist/models/mobilenet_v2/model.min.js",\n  "sizeBytes": ${offset},\n  "tensors": [\n${lines}\n  ]\n}\n`,
);

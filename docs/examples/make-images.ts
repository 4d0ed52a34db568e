// Draws what the guides need in place of your pictures: images/ with a table of who made them, and photographs/.
import { mkdirSync, writeFileSync } from 'node:fs';
import { gradientImage, noiseImage } from '@diptych/plugin-kit/testing';

const size = { width: 256, height: 256 };
const table = ['file,prompt,model,family,outcome'];
for (const folder of ['images', 'photographs']) mkdirSync(folder, { recursive: true });
for (let number = 0; number < 12; number++) {
  writeFileSync(`images/diffusion-${number}.png`, gradientImage(size, number).bytes);
  writeFileSync(`images/mllm-${number}.png`, gradientImage(size, 200 + number).bytes);
  writeFileSync(`photographs/${number}.png`, noiseImage(number, size).bytes);
  table.push(`diffusion-${number}.png,prompt ${number},a-diffusion-model,diffusion,image`);
  table.push(`mllm-${number}.png,prompt ${number},an-mllm,mllm,image`);
}
table.push(',prompt 12,an-mllm,mllm,refused');
writeFileSync('images/table.csv', `${table.join('\n')}\n`);

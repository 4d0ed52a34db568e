/**
 * Pillow's 8-bit resize: horizontal, then vertical, rounded to 8 bits in between; a pass that would not change the size
 * is left out. This is Pillow 2.7 to 12.x, which published detectors used; Pillow 13 runs the vertical pass first for
 * tall images (300x1000 to 224x224, say), which changes a few bytes by one.
 */
import { type Coefficients, type PillowFilter, pillowCoefficients, precisionBits } from './pillow-coefficients.ts';
import type { Pixels } from './pixels.ts';

export function pillowResize(image: Pixels, width: number, height: number, filter: PillowFilter): Pixels {
  const wide = width === image.width ? image : horizontal(image, width, pillowCoefficients(image.width, width, filter));
  return height === image.height ? wide : vertical(wide, height, pillowCoefficients(image.height, height, filter));
}

const half = 1 << (precisionBits - 1);
const toByte = (sum: number): number => Math.min(255, Math.max(0, sum >> precisionBits));

function horizontal({ data, width, height }: Pixels, outputWidth: number, table: Coefficients): Pixels {
  const output = new Uint8Array(outputWidth * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outputWidth; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = half;
        for (let i = 0; i < table.counts[x]!; i++) {
          sum += data[(y * width + table.starts[x]! + i) * 3 + channel]! * table.weights[x * table.stride + i]!;
        }
        output[(y * outputWidth + x) * 3 + channel] = toByte(sum);
      }
    }
  }
  return { width: outputWidth, height, data: output };
}

function vertical({ data, width }: Pixels, outputHeight: number, table: Coefficients): Pixels {
  const rowLength = width * 3;
  const output = new Uint8Array(outputHeight * rowLength);
  for (let y = 0; y < outputHeight; y++) {
    for (let at = 0; at < rowLength; at++) {
      let sum = half;
      for (let i = 0; i < table.counts[y]!; i++) {
        sum += data[(table.starts[y]! + i) * rowLength + at]! * table.weights[y * table.stride + i]!;
      }
      output[y * rowLength + at] = toByte(sum);
    }
  }
  return { width, height: outputHeight, data: output };
}

/**
 * Patches by texture, as PatchCraft splits an image (N. Zhong et al., 2023): the texture of a patch is the sum over
 * channels of absolute differences between neighbours, in both directions and both diagonals.
 */
import { fill, readerOf, type StageRunner } from './stage-runner.ts';

export const patches: StageRunner<'patches'> = (pixels, stage) => {
  const at = readerOf(pixels);
  const { size } = stage;
  const texture = (left: number, top: number): number => {
    let sum = 0;
    for (let channel = 0; channel < pixels.channels; channel++) {
      const value = (x: number, y: number): number => at(left + x, top + y, channel);
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          if (x + 1 < size) sum += Math.abs(value(x, y) - value(x + 1, y));
          if (y + 1 < size) sum += Math.abs(value(x, y) - value(x, y + 1));
          if (x + 1 < size && y + 1 < size)
            sum += Math.abs(value(x, y) - value(x + 1, y + 1)) + Math.abs(value(x, y + 1) - value(x + 1, y));
        }
      }
    }
    return sum;
  };
  const ordered = Array.from(stage.x, (x, i) => ({ x, y: stage.y[i]!, texture: texture(x, stage.y[i]!) }));
  ordered.sort((a, b) => a.texture - b.texture); // stable: equal ones stay in the order of their numbers
  if (stage.keep === 'rich') ordered.reverse();
  const columns = stage.to.width / size;
  return fill(stage, (x, y, channel) => {
    const patch = ordered[Math.floor(y / size) * columns + Math.floor(x / size)]!;
    return at(patch.x + (x % size), patch.y + (y % size), channel);
  });
};

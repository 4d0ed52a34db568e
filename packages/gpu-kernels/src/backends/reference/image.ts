/** Images prepared by their recipe. */
import { sizeOf } from '../../graph/shapes.ts';
import { prepareImage } from '../../image-ops/prepare-image.ts';
import type { ReferenceOp } from './run-context.ts';

export const image: ReferenceOp<'image'> = (step, y, { images, shape }) => {
  const size = sizeOf(shape(step.output));
  for (const [item, raster] of images(step.input).entries()) y.set(prepareImage(raster, step.recipe).data, item * size);
};

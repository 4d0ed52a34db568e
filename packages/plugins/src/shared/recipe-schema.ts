/** How images become the input of a network, as `ImageRecipe` of plugin-kit. docs/recipe-steps.md describes each step. */
import { type ImageRecipe, padModes, placements, resizeFilters } from '@diptych/plugin-kit';
import { z } from 'zod';

const side = z.int().min(1).max(16_384);
const border = z.int().min(0).max(16_384);
const byte = z.int().min(0).max(255);
const seed = z.int().min(0).max(0xffff_ffff);
const factor = z.number().min(0.01).max(16);
const size = { width: side, height: side };
const filter = z.enum(resizeFilters);
const mode = z.enum(padModes);
const place = z.enum(placements);
const channels = z.array(z.number()).min(1).max(3);
const step = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.strictObject({ step: z.literal(name), ...shape });

export const recipeStepSchemas = [
  step('centre-crop', { ...size, halves: z.enum(['even', 'down']).optional() }),
  step('corner-crop', { corner: place, ...size }),
  step('five-crop', size),
  step('five-crop-on-grid', { ...size, grid: side }),
  step('ten-crop', size),
  step('random-crop', { ...size, seed, views: z.int().min(1).max(1000) }),
  step('flip', { axis: z.enum(['horizontal', 'vertical']) }),
  step('pad', { left: border, top: border, right: border, bottom: border, mode, value: byte.default(0) }),
  step('pad-to', { ...size, place, mode, value: byte.default(0) }),
  step('pad-to-square', { place, mode, value: byte.default(0) }),
  step('even-trim', {}),
  step('resize', { filter, ...size }),
  step('resize-short-side', { filter, size: side }),
  step('resize-long-side', { filter, size: side }),
  step('letterbox', { filter, ...size, value: byte }),
  step('resize-by', { filter, factor }),
  step('resize-and-back', { filter, factor }),
  step('drop-alpha', {}),
  step('grey', { channels: z.union([z.literal(1), z.literal(3)]) }),
  step('bgr', {}),
  step('jpeg', { quality: z.int().min(1).max(100), chroma: z.enum(['4:2:0', '4:4:4']) }),
  step('gaussian-noise', { sigma: z.number().min(0).max(255), seed }),
  step('texture-patches', {
    patch: z.int().min(2).max(256),
    count: z.int().min(1).max(1024),
    keep: z.enum(['rich', 'poor']),
    ...size,
    seed,
  }),
  step('gaussian-blur', { sigma: z.number().positive().max(64) }),
  step('normalise', { scale: z.number().positive(), mean: channels, deviation: channels }),
  step('round', {}),
  step('log', { epsilon: z.number().min(0) }),
  step('npr', {}),
  step('diagonal-gradient', {}),
  step('laplacian', {}),
  step('srm', { filters: z.union([z.literal(3), z.literal(30)]) }),
  step('dct', {}),
  step('dwt-hh', {}),
  step('power-spectrum', {}),
  step('azimuthal-mean', { length: side }),
] as const;

export const recipeSchema: z.ZodType<ImageRecipe> = z.array(z.discriminatedUnion('step', recipeStepSchemas)).min(1).max(16);

/** What a backend needs of the contract: errors, recipes and networks, without the schemas of files, which take long to load. */
export * from './error-table.ts';
export * from './errors.ts';
export type * from './image.ts';
export * from './image-recipe.ts';
export * from './raster.ts';
export type * from './runtime.ts';

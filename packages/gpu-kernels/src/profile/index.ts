/** `@diptych/gpu-kernels/profile`: what networks must cost on a GPU, and what there is to choose from. For benchmarks. */
export { choiceText, type ProductSize, possibleChoices } from '../kernels/conv2d/half-tiles.ts';
export { readTunedTiles, type TunedTiles, tunedTilesFile } from '../kernels/conv2d/tuned-tiles.ts';
export { type DispatchFloor, type GpuRates, h100Rates, h100Target } from './floors.ts';
export { onnxFloors } from './onnx-floors.ts';

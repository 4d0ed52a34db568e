/**
 * Conformance suites: what any plugin's test calls. `describeX` makes one test for every claim of the contract,
 * `checkX` returns the faults as sentences. Needs Vitest.
 */
export * from '../png.ts';
export { checkAuthenticSet, describeAuthenticSet } from './authentic-set-suite.ts';
export { checkDetector, describeDetector } from './detector-suite.ts';
export { checkExistingImages, describeExistingImages } from './existing-images-suite.ts';
export { type FakeContextOptions, fakeContext } from './fake-context.ts';
export { checkGenerator, describeGenerator, sampleRequests } from './generator-suite.ts';
export { checkPromptRater, describePromptRater } from './prompt-rater-suite.ts';
export { checkPromptSet, describePromptSet } from './prompt-set-suite.ts';
export { checkRewriter, describeRewriter, samplePrompts } from './rewriter-suite.ts';
export { checkSafetyJudge, describeSafetyJudge } from './safety-judge-suite.ts';
export { collect } from './suite.ts';
export {
  gradientImage,
  noiseImage,
  presentedFromPng,
  presentedFromRaster,
  sampleImages,
  solidImage,
  type TestImageSize,
} from './test-images.ts';

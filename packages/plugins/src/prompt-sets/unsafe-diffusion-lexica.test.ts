import { describeUnsafeDiffusion } from '../testing/unsafe-diffusion-suite.ts';
import unsafeDiffusionLexica from './unsafe-diffusion-lexica.ts';

describeUnsafeDiffusion(unsafeDiffusionLexica);

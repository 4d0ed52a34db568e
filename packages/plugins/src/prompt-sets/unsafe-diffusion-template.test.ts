import { describeUnsafeDiffusion } from '../testing/unsafe-diffusion-suite.ts';
import unsafeDiffusionTemplate from './unsafe-diffusion-template.ts';

describeUnsafeDiffusion(unsafeDiffusionTemplate);

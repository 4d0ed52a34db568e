import { describeUnsafeDiffusion } from '../testing/unsafe-diffusion-suite.ts';
import unsafeDiffusion4chan from './unsafe-diffusion-4chan.ts';

describeUnsafeDiffusion(unsafeDiffusion4chan);

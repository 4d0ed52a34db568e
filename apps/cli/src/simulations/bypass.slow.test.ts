import { describeNullSweep } from './describe-simulations.ts';

describeNullSweep('bypass');

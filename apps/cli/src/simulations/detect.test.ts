import { describeSimulations } from './describe-simulations.ts';

describeSimulations('detect');

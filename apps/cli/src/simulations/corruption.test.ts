import { describeSimulations } from './describe-simulations.ts';

describeSimulations('corruption');

import { describeSimulations } from './describe-simulations.ts';

describeSimulations('detect', { nullPairs: 24, plantedPairs: 24 });

import { describeSimulations } from './describe-simulations.ts';

describeSimulations('bypass', { nullPairs: 24, plantedPairs: 24 });

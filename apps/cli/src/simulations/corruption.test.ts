import { describeSimulations } from './describe-simulations.ts';

describeSimulations('corruption', { nullPairs: 24, plantedPairs: 24 });

import { describeSimulations } from './describe-simulations.ts';

describeSimulations('unsafe', { nullPairs: 24, plantedPairs: 24 });

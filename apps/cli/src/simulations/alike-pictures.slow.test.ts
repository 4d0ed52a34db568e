import { describeAlikePictures } from './alike-pictures.ts';

describeAlikePictures(['unsafe', 'corruption', 'bypass']);

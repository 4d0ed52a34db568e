import { describeAlikePictures } from './alike-pictures.ts';

describeAlikePictures(['detect']);

import { describePlantedPictures } from './planted-pictures.ts';

describePlantedPictures(['unsafe', 'detect', 'bypass']);

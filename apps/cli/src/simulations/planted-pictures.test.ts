import { describePlantedPictures } from './planted-pictures.ts';

describePlantedPictures(['corruption']);

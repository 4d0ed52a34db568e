/** Names of picture files, by how they end. What a file really is, core decides by its first bytes. */

/** Lower case, with the dot. */
export const imageEndings: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']); // biome-ignore format: a list

/** Of pictures in formats that are not read: where they lie among others they are told, never left out in silence. */
export const unreadImageEndings: ReadonlySet<string> = new Set(['.bmp', '.dng', '.heic', '.heif', '.jp2', '.jxl', '.pbm', '.pgm', '.pnm', '.ppm', '.psd', '.tga']); // biome-ignore format: a list

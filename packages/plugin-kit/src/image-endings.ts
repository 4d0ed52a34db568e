/** Names of picture files, by how they end. What a file really is, core decides by its first bytes. */

/** Lower case, with the dot. An `.mpo` is a JPEG with more pictures behind it. */
export const imageEndings: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.jpe', '.jfif', '.mpo', '.png', '.apng', '.webp', '.gif', '.tif', '.tiff', '.avif']); // biome-ignore format: a list

/** Of pictures in formats that are not read: where they lie among others they are told, never left out in silence. */
export const unreadImageEndings: ReadonlySet<string> = new Set([
  '.bmp', '.dds', '.exr', '.hdr', '.heic', '.heif', '.hif', '.icns', '.ico', '.j2k', '.jp2', '.jpf', '.jpx', '.jxl', '.jxr',
  '.pbm', '.pcx', '.pgm', '.pnm', '.ppm', '.psd', '.qoi', '.svg', '.tga',
  // Of cameras, before development.
  '.arw', '.cr2', '.cr3', '.dng', '.nef', '.orf', '.raf', '.rw2',
]); // biome-ignore format: a list

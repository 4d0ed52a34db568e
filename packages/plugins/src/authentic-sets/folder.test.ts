import { symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { collect, describeAuthenticSet, fakeContext, gradientImage } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { sharedAsset } from '../testing/shared-asset.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import folder from './folder.ts';

const place = temporaryFolder();
const png = gradientImage({ width: 8, height: 8 }).bytes;
place.write('photos/b.png', png);
place.write('photos/day/a.png', png);

const signal = new AbortController().signal;
const imagesOf = async (options: z.input<typeof folder.options>) =>
  collect((await folder.create(folder.options.parse(options), fakeContext({ baseFolder: place.path }))).images(signal));

describeAuthenticSet(folder, {
  options: { folder: 'photos', licence: 'CC0-1.0' },
  context: () => fakeContext({ baseFolder: place.path }),
});

describe('authentic-set/folder', () => {
  it('lists the folder under one licence', async () => {
    expect(await imagesOf({ folder: 'photos', licence: { id: 'CC-BY-4.0', notice: 'Name the author.' } })).toEqual([
      { key: 'b.png', licence: { id: 'CC-BY-4.0', notice: 'Name the author.' } },
      { key: 'day/a.png', licence: { id: 'CC-BY-4.0', notice: 'Name the author.' } },
    ]);
  });

  it('takes licence and group from a table, and the option where the cell is empty', async () => {
    place.write(
      'photos.csv',
      'file,licence,scene,kind\nb.png,CC0-1.0,s1,authentic\nday/a.png,,s1,authentic\nx.png,,s1,synthetic\n',
    );
    const options = { folder: 'photos', table: 'photos.csv', filter: { kind: 'authentic' }, columns: { groupId: 'scene' } };
    expect(await imagesOf({ ...options, licence: 'MIT' })).toEqual([
      { key: 'b.png', licence: { id: 'CC0-1.0' }, groupId: 's1' },
      { key: 'day/a.png', licence: { id: 'MIT' }, groupId: 's1' },
    ]);
    await expect(imagesOf(options)).rejects.toMatchObject({
      code: 'IMAGES_FOLDER_INVALID',
      message: expect.stringContaining('a licence in column licence'),
    });
  });

  it('refuses images without licence, missing files, and links that leave the folder', async () => {
    await expect(imagesOf({ folder: 'photos' })).rejects.toMatchObject({ code: 'IMAGES_FOLDER_INVALID' });
    place.write('gone.csv', 'file\ngone.png\n');
    await expect(imagesOf({ folder: 'photos', table: 'gone.csv', licence: 'MIT' })).rejects.toMatchObject({
      details: { missing: ['gone.png'] },
    });
    place.write('secret.png', png);
    place.write('linked/a.png', png);
    symlinkSync('../secret.png', join(place.path, 'linked/b.png'));
    await expect(imagesOf({ folder: 'linked', licence: 'MIT' })).rejects.toMatchObject({ code: 'PATH_OUTSIDE_ROOT' });
  });

  it('refuses a file above the limit of the study before it is read', async () => {
    // Sparse: more than could be read into memory at once, on no disk at all.
    truncateSync(place.write('large/a.png', png), 2 ** 33);
    const context = fakeContext({ baseFolder: place.path, maxImageBytes: 1000 });
    const set = await folder.create(folder.options.parse({ folder: 'large', licence: 'MIT' }), context);
    const [image] = await collect(set.images(signal));
    await expect(set.load(image!, signal)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('at most 1000 bytes, received 8589934592'),
    });
  });

  it('reads the corpus: 188 photographs with their licences', async ({ skip }) => {
    const manifest = sharedAsset('corpus/manifest.jsonl');
    skip(manifest.absent, manifest.reason);
    const images = await imagesOf({
      folder: join(manifest.path, '..'),
      table: manifest.path,
      filter: { kind: 'authentic' },
    });
    expect(images).toHaveLength(188);
    const [again] = images.filter((image) => image.groupId !== undefined);
    expect(again?.key.startsWith(`${again.groupId}#row `)).toBe(true);
    expect(images.filter((image) => image.licence.id === 'CC BY 2.0 (Open Images)')).toHaveLength(70);
  });
});

import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { createImageStore } from './image-store.ts';

const bytes = new Uint8Array([1, 2, 3]);
const ref = { sha256: sha256Hex(bytes), container: 'png' } as const;

it('stores bytes once under their digest and leaves no temporary file', async () => {
  const folder = await temporaryFolder();
  const store = createImageStore(folder);
  await Promise.all([store.put(bytes, ref), store.put(bytes, ref), store.put(bytes, ref)]);
  expect(store.pathOf(ref)).toBe(join(folder, ref.sha256.slice(0, 2), `${ref.sha256}.png`));
  expect(await readdir(dirname(store.pathOf(ref)))).toEqual([`${ref.sha256}.png`]);
  expect(await store.get(ref, { verify: true })).toEqual(bytes);
  expect(await store.has({ ...ref, container: 'jpeg' })).toBe(false);
});

it('finds bytes that do not match their digest', async () => {
  const store = createImageStore(await temporaryFolder());
  await store.put(bytes, ref);
  await writeFile(store.pathOf(ref), 'other');
  await expect(store.get(ref, { verify: true })).rejects.toMatchObject({ code: 'IMAGE_MISSING' });
});

it('deletes a file with other bytes, so that the image can be stored again', async () => {
  const store = createImageStore(await temporaryFolder());
  expect(await store.hasIntact(ref)).toBe(false);
  await store.put(bytes, ref);
  expect(await store.hasIntact(ref)).toBe(true);
  await writeFile(store.pathOf(ref), 'other');
  expect(await store.hasIntact(ref)).toBe(false);
  expect(await store.has(ref)).toBe(false);
});

it('follows no link out of its folder', async () => {
  const outside = join(await temporaryFolder(), 'secret');
  await writeFile(outside, bytes);
  const store = createImageStore(await temporaryFolder());
  await mkdir(dirname(store.pathOf(ref)), { recursive: true });
  await symlink(outside, store.pathOf(ref));
  await expect(store.get(ref)).rejects.toMatchObject({ code: 'IMAGE_MISSING', message: expect.stringContaining('outside') });
});

it('takes nothing but digests for names', () => {
  const store = createImageStore('/nowhere');
  expect(() => store.pathOf({ sha256: '../../etc/passwd', container: 'png' })).toThrow(
    expect.objectContaining({ code: 'IMAGE_MISSING' }),
  );
});

it('fails with STORE_WRITE_FAILED where it may not write', async () => {
  const file = join(await temporaryFolder(), 'a-file');
  await writeFile(file, '');
  await expect(createImageStore(join(file, 'images')).put(bytes, ref)).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
});

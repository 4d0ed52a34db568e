import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOfFile } from '../files/regular-file.ts';
import { createImageAnalyser } from '../images/analyse-image.ts';
import { generator, runFakeStudy, samplesOf, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { sha256Hex } from '../text/canonical-json.ts';

describe('an image of 2 GiB', () => {
  it('that a generator gives ends its sample with IMAGE_TOO_LARGE, and the run goes on', async () => {
    const { records } = await runFakeStudy(generator('huge'));
    const samples = samplesOf(records);
    expect(samples.length).toBeGreaterThan(1);
    for (const sample of samples)
      expect(sample).toMatchObject({ outcome: 'error', reason: expect.stringMatching(/^IMAGE_TOO_LARGE: .*2147483648/) });
  });

  it('among authentic images is left out by its reason, and the others are imported', async () => {
    const { records } = await runFakeStudy({
      generators: ['fake'],
      authenticSets: [{ use: 'camera', options: { count: 2, firstIsHuge: true } }],
    });
    const [huge, small] = records.filter(({ type }) => type === 'authentic');
    expect(huge).toMatchObject({ reason: expect.stringMatching(/^IMAGE_TOO_LARGE: .*2147483648/) });
    expect(small).toHaveProperty('image.sha256');
  });

  it('is not hashed before its size is known', async () => {
    const analyse = createImageAnalyser({ maxImageBytes: 2 ** 20, maxImagePixels: 2 ** 20 });
    await expect(analyse(new Uint8Array(2 ** 31))).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });
});

describe('the digest of many bytes', () => {
  // 67,108,865 zero bytes; `head -c 67108865 /dev/zero | sha256sum`
  const [length, digest] = [2 ** 26 + 1, '91990977345985aaf03af1358f4f989d7eaf985b58529efb72f613c588f6599a'];

  it('is taken in pieces', () => {
    expect(sha256Hex(new Uint8Array(length))).toBe(digest);
  });

  it('of a file is taken as it is read', async () => {
    const path = join(await temporaryFolder(), 'zeros');
    await using file = await open(path, 'w');
    await file.truncate(length);
    expect(await digestOfFile(path)).toBe(digest);
  });
});

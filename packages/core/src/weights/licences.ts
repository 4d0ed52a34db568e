import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DiptychError, type WeightsRef } from '@diptych/plugin-kit';
import { z } from 'zod';
import { writeDurably } from '../store/image-store.ts';
import { describeError, systemCode } from '../text/describe-error.ts';

/** SPDX ids that ask nothing of a user but to keep a notice. */
const permissive = new Set(['MIT', 'MIT-0', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'ISC', 'CC0-1.0']);

const acceptedSchema = z.array(
  z.object({ sha256: z.string(), name: z.string(), licence: z.string(), acceptedAt: z.string() }),
);
type Accepted = z.infer<typeof acceptedSchema>;

/** Which licences the user accepted, each for one file, kept in one JSON file. */
export interface Licences {
  isAccepted(ref: WeightsRef): Promise<boolean>;
  accept(ref: WeightsRef): Promise<void>;
}

export function openLicences(path: string): Licences {
  const read = async (): Promise<Accepted> => {
    try {
      return acceptedSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return [];
      throw new DiptychError(
        'WEIGHTS_LICENCE_NOT_ACCEPTED',
        `Expected a list of accepted licences in ${path}, got: ${describeError(cause, 200)}. Delete the file and accept again.`,
        { cause },
      );
    }
  };
  const isAccepted = async ({ sha256, licence }: WeightsRef): Promise<boolean> =>
    permissive.has(licence.id) || (await read()).some((entry) => entry.sha256 === sha256 && entry.licence === licence.id);
  return {
    isAccepted,
    async accept(ref) {
      if (await isAccepted(ref)) return;
      const entry = { sha256: ref.sha256, name: ref.name, licence: ref.licence.id, acceptedAt: new Date().toISOString() };
      await mkdir(dirname(path), { recursive: true });
      await writeDurably(path, `${JSON.stringify([...(await read()), entry], null, 2)}\n`);
    },
  };
}

import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DiptychError, type Licence } from '@diptych/plugin-kit';
import { z } from 'zod';
import { writeDurably } from '../files/write-durably.ts';
import { describeError, systemCode } from '../text/describe-error.ts';

/** SPDX ids. */
const permissive = new Set(['MIT', 'MIT-0', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'ISC', 'CC0-1.0']);

const acceptedSchema = z.array(
  z.object({ sha256: z.string(), name: z.string(), licence: z.string(), acceptedAt: z.string() }),
);
type Accepted = z.infer<typeof acceptedSchema>;

/** A file and the terms it comes under: weights or prompts. */
export interface LicensedFile {
  readonly name: string;
  readonly sha256: string;
  readonly licence: Licence;
}

/** Which licences the user accepted, each for one file, kept in one JSON file. */
export interface Licences {
  isAccepted(file: LicensedFile): Promise<boolean>;
  accept(file: LicensedFile): Promise<void>;
}

/** Whether the licence asks nothing of a user but to keep a notice. */
export const isPermissive = ({ id }: Licence): boolean => permissive.has(id);

/** What the user accepts, in words. */
export const termsOf = ({ notice, url }: Licence): string => [notice, url].filter(Boolean).join(' ');

/** Those in the file at `path`, which need not be there. Reading rejects with WEIGHTS_LICENCE_NOT_ACCEPTED where it is no such list. */
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
  const isAccepted = async ({ sha256, licence }: LicensedFile): Promise<boolean> =>
    isPermissive(licence) || (await read()).some((entry) => entry.sha256 === sha256 && entry.licence === licence.id);
  return {
    isAccepted,
    async accept(file) {
      if (await isAccepted(file)) return;
      const entry = { sha256: file.sha256, name: file.name, licence: file.licence.id, acceptedAt: new Date().toISOString() };
      await mkdir(dirname(path), { recursive: true });
      await writeDurably(path, `${JSON.stringify([...(await read()), entry], null, 2)}\n`);
    },
  };
}

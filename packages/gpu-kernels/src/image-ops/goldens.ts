/** What tests of image operations share: goldens, and bytes in short. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Pixels } from './pixels.ts';

export const golden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../goldens/image-ops/${name}`, import.meta.url), 'utf8')) as T;

/** First 16 hexadecimal digits of the SHA-256 of samples that are bytes, whatever type holds them. */
export const digestOf = ({ data }: Pixels): string =>
  createHash('sha256').update(Uint8Array.from(data)).digest('hex').slice(0, 16);

import { z } from 'zod';

/** Address of an API: https, or http on loopback and private networks where the user runs a server of their own. */
const addressSchema = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .refine((text) => !new URL(text).username && !new URL(text).password, 'an address without user and password')
  .refine((text) => !/[?#]/.test(text), 'an address without ? and #, since paths of the API are put behind it');

/** Without a fallback the user has to give the address. */
export function baseUrlOption(): typeof addressSchema;
export function baseUrlOption(fallback: string): z.ZodDefault<typeof addressSchema>;
export function baseUrlOption(fallback?: string) {
  return fallback === undefined ? addressSchema : addressSchema.default(fallback);
}

/** `host:port` of an address, for `needs.hosts`. */
export const hostOf = (url: string): string => new URL(url).host;

/** Joins an API's base address, with or without a trailing slash, and a path. */
export const joinUrl = (baseUrl: string, path: string): string =>
  `${baseUrl.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;

/** Name of an environment variable that holds a key; absent where a server asks for none. */
export const keyNameSchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,99}$/, 'an environment variable such as MY_API_KEY; never the key itself');

export const keyNameOption = (fallback: string) => keyNameSchema.default(fallback);

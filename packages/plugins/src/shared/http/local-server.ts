/** Generators of a server that the user runs: no account, no price, one machine that is paced by its own address. */
import { type Decoder, decoderSchema, type Family, familySchema } from '@diptych/plugin-kit';
import type { Service } from './call-service.ts';
import { baseUrlOption, hostOf, keyNameSchema } from './endpoint.ts';
import { hostsOf, meteringOf, serviceOptions } from './service-options.ts';

export const localOptions = (defaults: { readonly baseUrl: string; readonly concurrency: number }) => ({
  baseUrl: baseUrlOption(defaults.baseUrl),
  /** Environment variable of what the server, or a proxy before it, asks for; most ask for nothing. */
  keyName: keyNameSchema.optional(),
  ...serviceOptions(defaults),
});

/** For software that does diffusion: a latent diffusion model unless the user says otherwise. */
export const diffusionOptions = {
  family: familySchema.default('diffusion'),
  decoder: decoderSchema.default('vae'),
};

export const traitsOf = ({ family, decoder }: { readonly family: Family; readonly decoder: Decoder }) => ({
  family,
  decoder,
});

interface LocalOptions {
  readonly baseUrl: string;
  readonly keyName?: string | undefined;
  readonly mediaHosts: readonly string[];
  readonly concurrency: number;
  readonly usdPerImage?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly imagesPerMinute?: number | undefined;
  readonly secondsPerImage?: number | undefined;
  readonly bytesPerImage?: number | undefined;
}

export const needsOfLocal = (options: LocalOptions) => ({
  ...(options.keyName === undefined ? {} : { secrets: [options.keyName] }),
  hosts: hostsOf(options),
});

/** As `meteringOf`; the server itself charges nothing, so an image costs 0 unless the user states what the machine does. */
export function localMetering(software: string, options: LocalOptions, bytes?: number) {
  const metering = meteringOf(`${software}:${hostOf(options.baseUrl)}`, options, [], { bytes });
  if (options.usdPerImage !== undefined) return metering;
  return {
    ...metering,
    estimate: {
      ...metering.estimate,
      usdPerItem: 0,
      source: 'a server of your own; set usdPerImage for what its machine costs',
    },
  };
}

/** `Basic` where the secret is `user:password` and the server wants it so, else `Bearer`. */
export function localService(
  name: string,
  { keyName }: LocalOptions,
  context: Service['context'] & { secret(name: string): string },
  scheme: 'Bearer' | 'Basic' = 'Bearer',
): Service {
  if (keyName === undefined) return { name, context };
  const secret = context.secret(keyName);
  const value = scheme === 'Basic' ? Buffer.from(secret).toString('base64') : secret;
  return { name, context, keyName, headers: { authorization: `${scheme} ${value}` } };
}
